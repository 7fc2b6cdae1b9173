"""What to do when a test did not arrive: one sentence for what was answered."""

from __future__ import annotations

from tocsin.model.deliveries import ErrorClass

_ENCODED = "@ : / # in user and password are written %40 %3A %2F %23"
_PORTS = "587 with mailto:// and mode=starttls, 465 with mailtos:// and mode=ssl, 25 inside of your own network"
#: By the mode of the address of a mail server, when it cannot be asked in that mode.
_UNFIT = {
    "ssl": "a server that speaks TLS only after STARTTLS wants mode=starttls (port 587); the host must be the name that its "
    "certificate is for; verify=no believes any certificate",
    "starttls": "a server without STARTTLS wants mailtos:// and mode=ssl (port 465), or inside of your own network mailto:// "
    "and mode=insecure; the host must be the name that its certificate is for",
    "insecure": "many servers take a password only after STARTTLS: mode=starttls (port 587); one that takes tokens only "
    "(XOAUTH2) cannot be used, but its provider may give an app password",
}
_REFUSED = f"look at user and password: {_ENCODED}, and many providers want an app password in place of your own"
_MAIL = {
    ErrorClass.TRANSIENT: f"look whether host and port are right, and the server is up: {_PORTS}",
    ErrorClass.AMBIGUOUS: "it may have arrived: look into the mailbox",
    ErrorClass.NOBODY: "look whether the address of the recipient is right",
    ErrorClass.CONTENT: "the server refuses what the mail holds or its size: ask who runs it",
}
_WEB = {
    ErrorClass.TRANSIENT: "look whether the address is right, the service is up, and this machine is online",
    ErrorClass.RATE_LIMITED: "wait, and send less: rate: of this receiver",
    ErrorClass.AUTH: f"make a new token or webhook, and write it into the address: {_ENCODED}",
    ErrorClass.GONE: "the channel or webhook is gone, or its address misspelled: make a new one",
    ErrorClass.NOBODY: "look whether the recipient in the address is right",
    ErrorClass.CONTENT: "the service refuses the message: look at the parts of the address",
    ErrorClass.AMBIGUOUS: "it may have arrived: look there",
}
#: A login that is refused (RFC 4954, 6).
_LOGIN = (432, 534, 535)
#: Mail servers say so when they want TLS or a login first.
_FIRST = (530, 538)


def remedy(error_class: ErrorClass, code: int | None, *, mode: str = "") -> str:
    """Return what to do; *mode* is that of the address of a mail server, empty for every other service."""
    if not mode:
        if error_class is ErrorClass.AUTH and code is None:
            return "the host must be the name that its certificate is for; one without TLS has no s behind its scheme"
        if error_class is ErrorClass.AUTH and code is not None and 300 <= code < 400:
            return "write the address that it redirects to"
        return _WEB.get(error_class, "")
    if error_class is not ErrorClass.AUTH:
        if code is not None and code < 500:
            return "the server asks to wait: what is no test is tried again by itself"
        return _MAIL.get(error_class, "")
    if code is None:
        return _UNFIT.get(mode, "")
    if code in _LOGIN:
        return _REFUSED
    if code in _FIRST:
        return (
            f"the server wants a login, or TLS before it: mode=starttls or mode=ssl, with user and password; {_ENCODED}"
        )
    return "the server refuses this sender: from= must be an address that this login may use"
