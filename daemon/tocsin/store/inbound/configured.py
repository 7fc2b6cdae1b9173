"""The rows of the sources, brought in line with the configuration."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import NamedTuple

from sqlmodel import Session, select

from tocsin.model.entries import Cursor
from tocsin.policy.polling.history import PollHistory
from tocsin.store.db import mapping
from tocsin.store.db.statements import put
from tocsin.store.db.tables import SourceRow
from tocsin.store.inbound.sources import CHANGE, IN_ORDER, TABLE, WELL


def sync(
    session: Session,
    sources: Sequence[tuple[str, str, str]],
    now: datetime,
    groups: Mapping[str, str] = MappingProxyType({}),
) -> None:
    """Bring the rows in line with the configuration: (name, address, kind) of each source, and the host groups by name.

    A new source, and one that comes back, is due at once. A feed or page that is renamed keeps the row of its address, so
    that its new entries are news and not a baseline. A changed address begins a new baseline. A row that the
    configuration does not name is disabled. A poll under way loses its lease if its row changes.
    """
    known = [_Known(*found) for found in session.connection().execute(_ALL)]
    wanted = [_Wanted(name, mapping.digest(kind, address), kind) for name, address, kind in sources]
    rows = _assigned(wanted, known)
    # Higher than the fence of any poll under way whose name may go to another row.
    fence = max((row.fence for row in known), default=0) + 1
    added: list[dict[str, object]] = []
    # Rows whose same columns change are written by one statement.
    changed: defaultdict[tuple[str, ...], list[dict[str, object]]] = defaultdict(list)
    for item in wanted:
        row, group = rows.get(item.name), groups.get(item.name, "")
        if row is None:
            own = {"name": item.name, "kind": item.kind, "address": item.address, "host_group": group}
            added.append({**own, "due_at": now, **_NEW})
        elif fields := _changes(row, item, group, now, fence):
            changed[tuple(fields)].append({"number": row.id, **fields})
    kept = {row.id for row in rows.values()}
    off = [{"number": row.id} for row in known if row.id not in kept and not row.disabled]
    if changed or off:
        session.connection().execute(IN_ORDER).close()
    _make_way(session, rows, known)
    for values in changed.values():
        put(session, CHANGE, values)
    put(session, TABLE.insert(), added)
    put(session, _OFF, off)


class _Known(NamedTuple):
    """The columns of a row that `sync` needs."""

    id: int
    name: str
    address: str
    host_group: str
    disabled: bool
    fence: int


class _Wanted(NamedTuple):
    """A source of the configuration, with the digest of its address."""

    name: str
    address: str
    kind: str


#: Kinds whose row has known entries; a row of prices belongs to one name and symbol.
OF_ENTRIES = ("feed", "page", "watch", "mailbox")


def _assigned(wanted: Sequence[_Wanted], known: Sequence[_Known]) -> dict[str, _Known]:
    """Return the row of each source by name: of the same name and address, else of the address, else of the name.

    Of several rows with one address, one in use comes before a disabled one, and a newer one before an older one.
    """
    free = {row.name: row for row in known}
    same = {(row.name, row.address) for row in known}
    found = {item.name: free.pop(item.name) for item in wanted if (item.name, item.address) in same}
    heirs: defaultdict[str, list[_Known]] = defaultdict(list)
    for row in sorted(free.values(), key=lambda row: (not row.disabled, row.id)):
        heirs[row.address].append(row)
    for item in wanted:
        if item.kind in OF_ENTRIES and item.name not in found and heirs[item.address]:
            found[item.name] = free.pop(heirs[item.address].pop().name)
    for item in wanted:
        if item.name not in found and item.name in free:
            found[item.name] = free.pop(item.name)
    return found


def _make_way(session: Session, rows: Mapping[str, _Known], known: Sequence[_Known]) -> None:
    """Free the names that go to another row; a row without a name becomes NAME#NUMBER, which no source can be called."""
    changed = {row.id for name, row in rows.items() if row.name != name}
    kept = {row.id for row in rows.values()}
    evicted = {row.id for row in known if row.id not in kept and row.name in rows}
    moved = changed | evicted
    put(session, CHANGE, [{"number": row.id, "name": f"{row.name}#{row.id}"} for row in known if row.id in moved])


def _changes(row: _Known, wanted: _Wanted, group: str, now: datetime, fence: int) -> dict[str, object]:
    """Return the columns of *row* that must change so that it becomes the row of *wanted*."""
    fields: dict[str, object] = {}
    if row.host_group != group:
        fields |= {"host_group": group}
    if row.name != wanted.name:
        fields |= {"name": wanted.name, "lease_until": None, "fence": fence, "due_at": now}
    if row.address != wanted.address:
        fields |= {"kind": wanted.kind, "address": wanted.address, "due_at": now, "fence": fence, **_FRESH}
    if row.disabled:
        fields |= {"disabled": False, "due_at": now}
    return fields


# Built once, because building a statement costs more than running it.
_ALL = select(*(TABLE.c[name] for name in _Known._fields))
_OFF = CHANGE.values(disabled=True, lease_until=None, fence=TABLE.c.fence + 1)
_FRESH = {
    **WELL,
    **mapping.columns(Cursor(), SourceRow),
    "lease_until": None,
    "first_polled": None,
    "last_success": None,
    "reasons": (),
    "habits": PollHistory(),
    "fetches": "",
}
_NEW = {"fence": 0, "disabled": False, "polls": 0} | _FRESH
