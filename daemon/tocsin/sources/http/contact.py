"""The contact in the user agent: servers are given one, and some refuse requests without it."""

from __future__ import annotations

from tocsin import __version__

#: Domains whose servers require a contact in a special user agent: program and mail address
#: (https://www.sec.gov/os/webmaster-faq#developers).
_DECLARED = ("sec.gov",)


def needs_contact(host: str) -> bool:
    """Return whether *host* refuses requests without a contact."""
    return any(host == domain or host.endswith(f".{domain}") for domain in _DECLARED)


def user_agent(host: str, contact: str) -> str:
    """Return the user agent for requests to *host*. *contact* may be empty."""
    if not contact:
        return f"tocsin/{__version__}"
    return f"tocsin/{__version__} {contact}" if needs_contact(host) else f"tocsin/{__version__} (+{contact})"
