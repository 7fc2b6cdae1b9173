"""Errors of PostgreSQL and its driver, as sentences that name the remedy; none of them shows a password."""

from __future__ import annotations

from tocsin.errors import DamagedError, StoreError

#: Characters of an error of the server that are shown.
_LONGEST = 300

_AGAIN = "a daemon tries again by itself"
_MISSING = "there is no database {name}: make it, as a user who may: createdb --owner=USER NAME"
_REFUSED = (
    "the server of {name} refuses the user ({error}): check user and password in `database:`, and its pg_hba.conf"
)
_FULL_UP = "the server of {name} takes no more connections: lower `connections`, or raise its max_connections"
_AWAY = "the server of {name} cannot be reached ({error}): check that it runs and its address in `database:`; " + _AGAIN
_ENDING = "the server of {name} is starting or ending ({error}): " + _AGAIN
_POOLED = (
    "{name} is behind a pooler that gives its sessions to whoever begins a transaction, so no lock would last: "
    "name the server itself in `database:`, or set pool_mode = session"
)
_FOREIGN = "{name} has tables of another program ({error}): give tocsin a database of its own: createdb"
_DAMAGED = (
    "the database {name} is damaged ({error}): restore a backup with pg_restore, and look at the disk of its server"
)

#: By the beginning of the SQLSTATE; the first that fits counts.
_STATES = {
    "53100": "no space is left for {name}: free some on the disk of its server; nothing was half written",
    "53300": _FULL_UP,
    "53": "the server of {name} is out of resources ({error}): " + _AGAIN,
    "25006": "{name} may not be written: it is a standby, or default_transaction_read_only is on; name the primary server",
    "42501": "the user may not do this in {name} ({error}): make the user its owner: ALTER DATABASE ... OWNER TO ...",
    "42P07": _FOREIGN,
    "42710": _FOREIGN,
    "28": _REFUSED,
    "3D000": _MISSING,
    "57P": _ENDING,
    "08P01": _POOLED,
    "08": _AWAY,
    "55P03": "another program keeps {name} locked ({error}): end it; " + _AGAIN,
    "57014": "the server of {name} gave up a statement ({error}): raise its statement_timeout; " + _AGAIN,
    "25P03": "the server of {name} ended an idle transaction ({error}): " + _AGAIN,
    "40": "{name} undid a transaction that met another one ({error}): " + _AGAIN,
    "23": "{name} refuses what would contradict it ({error}): please report this",
}

#: By words of the server where a connection could not be made: the driver has no SQLSTATE then.
_WORDS = {
    "unsupported startup parameter": _POOLED,
    "does not exist": _MISSING,
    "authentication failed": _REFUSED,
    "no password supplied": _REFUSED,
    "pg_hba.conf": _REFUSED,
    "not permitted to log in": _REFUSED,
    "too many": _FULL_UP,
    "connection slots": _FULL_UP,
    "starting up": _ENDING,
    "shutting down": _ENDING,
    "recovery mode": _ENDING,
}


def explain(error: BaseException | None, name: str) -> StoreError:
    """Return an error of the driver about the database *name* as a StoreError that names its meaning and the remedy."""
    state = getattr(error, "sqlstate", None)
    words = said(error)
    if state is None:
        return StoreError(_without_state(words).format(name=name, error=words))
    if state.startswith("XX00") and state != "XX000":
        return DamagedError(_DAMAGED.format(name=name, error=words))
    for prefix, sentence in _STATES.items():
        if state.startswith(prefix):
            return StoreError(sentence.format(name=name, error=words))
    return StoreError(f"{name} failed: {words}")


def pooled(name: str) -> StoreError:
    """Return the error of a pooler that gives sessions away between two transactions."""
    return StoreError(_POOLED.format(name=name))


def said(error: BaseException | None) -> str:
    """Return the words of the server in one line, without the values of rows that follow them."""
    diagnosis = getattr(error, "diag", None)
    primary = getattr(diagnosis, "message_primary", None)
    words = " ".join((primary or str(error)).split())
    return words.partition(" Multiple connection attempts failed")[0][:_LONGEST]


def _without_state(words: str) -> str:
    if "role" in words and "does not exist" in words:
        return _REFUSED
    return next((sentence for text, sentence in _WORDS.items() if text in words), _AWAY)
