"""Which certificates are trusted: those of the system, and those that the configuration names beside them."""

from __future__ import annotations

import ssl
from pathlib import Path

from tocsin.errors import FileError
from tocsin.files import read_regular

#: Octets of a file of certificates; the system's own has a quarter of a million.
_LARGEST = 4 * 1024 * 1024


def trusting(ca_file: Path | None) -> ssl.SSLContext:
    """A context for clients that trusts the certificates (PEM) in *ca_file* beside those of the system.

    Raises:
        FileError: it cannot be read, or holds no certificate.
    """
    context = ssl.create_default_context()
    if ca_file is not None:
        # What stands around the certificates is commentary.
        text = read_regular(ca_file, _LARGEST).decode("ascii", "ignore")
        try:
            context.load_verify_locations(cadata=text)
        except (ssl.SSLError, ValueError) as error:
            raise FileError("holds no certificate") from error
    return context
