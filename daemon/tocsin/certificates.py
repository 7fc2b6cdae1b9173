"""Certificates of servers: those that are trusted, and the reasons why one is not."""

from __future__ import annotations

import ssl
from enum import StrEnum
from pathlib import Path

from tocsin.errors import FileError
from tocsin.files import read_regular

#: Octets of a file of certificates; the system's own has a quarter of a million.
_LARGEST = 4 * 1024 * 1024


class CertificateFault(StrEnum):
    """A fault of a certificate, as the end of a sentence about its server."""

    EXPIRED = "shows a certificate that has expired"
    TOO_EARLY = "shows a certificate that is not valid yet"
    SELF_SIGNED = "shows a certificate that it signed itself"
    UNKNOWN_AUTHORITY = "shows a certificate of an authority that is not trusted here"
    INCOMPLETE = (
        "shows a certificate of nobody who is known here: an intermediate one is missing, or its authority is unknown"
    )
    WRONG_NAME = "shows a certificate for another name"
    OTHER = "shows a certificate that is not trusted"


#: By the codes of X509_verify_cert (OpenSSL, x509_vfy.h).
_BY_CODE = {
    9: CertificateFault.TOO_EARLY,
    10: CertificateFault.EXPIRED,
    18: CertificateFault.SELF_SIGNED,
    19: CertificateFault.UNKNOWN_AUTHORITY,
    20: CertificateFault.INCOMPLETE,
    21: CertificateFault.INCOMPLETE,
    62: CertificateFault.WRONG_NAME,
    64: CertificateFault.WRONG_NAME,
}


def fault_of(error: BaseException) -> CertificateFault | None:
    """Return what was wrong with a certificate, where *error* is about one."""
    if not isinstance(error, ssl.SSLCertVerificationError):
        return None
    return _BY_CODE.get(error.verify_code, CertificateFault.OTHER)


def speaks_no_tls(error: BaseException) -> bool:
    """Return whether *error* says that a server answered in something else than TLS."""
    return isinstance(error, ssl.SSLError) and error.reason in ("WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE")


def trusting(ca_file: Path | None) -> ssl.SSLContext:
    """Return a context for clients that trusts the certificates (PEM) in *ca_file* beside those of the system.

    Raises:
        FileError: it cannot be read, or has no certificate in it.
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
