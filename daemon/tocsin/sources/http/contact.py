"""How a server is told who asks."""

from __future__ import annotations

from tocsin import __version__

#: Domains whose servers refuse who does not say whom to write to, in a form of their own: program and address
#: (https://www.sec.gov/os/webmaster-faq#developers).
_DECLARED = ("sec.gov",)


def needs_contact(host: str) -> bool:
    """Whether *host* refuses requests that name nobody to write to."""
    return any(host == domain or host.endswith(f".{domain}") for domain in _DECLARED)


def user_agent(host: str, contact: str) -> str:
    """Return the user agent for requests to *host*; *contact* may be empty."""
    if not contact:
        return f"tocsin/{__version__}"
    return f"tocsin/{__version__} {contact}" if needs_contact(host) else f"tocsin/{__version__} (+{contact})"
