"""Price sources of the instruments: the rows that are polled, and where each price comes from."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from tocsin.config.price_tables import TableConfig, load_preset
from tocsin.config.shipped import preset_files
from tocsin.config.yaml.nodes import Node, Scalar, entries, member, problem, said, scalars
from tocsin.errors import Problem, meant
from tocsin.model.prices import Listing
from tocsin.sources.prices import yahoo

YAHOO = "yahoo"
#: The same charts with the trades before and after the market.
_EXTENDED = "yahoo-extended"
#: The shortest interval of one chart, and the least time between two requests for any charts.
_EVERY, _GAP = timedelta(minutes=5), timedelta(seconds=2)


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceConfig:
    """A row that is polled for the prices of *symbols*: a Yahoo chart, or the *table*."""

    name: str
    symbols: tuple[str, ...]
    every: timedelta
    table: TableConfig | None = None
    extended: bool = False

    @property
    def kind(self) -> str:
        """The kind of source."""
        if self.table is None:
            return YAHOO
        return "file" if self.table.path else "table"

    @property
    def address(self) -> str:
        """Its address as it may be shown."""
        return self.table.address if self.table else self.name

    @property
    def identity(self) -> str:
        """Return the address by which the database knows the source."""
        return self.table.identity if self.table else self.name

    @property
    def host(self) -> str:
        """An address at the server that is polled."""
        asking = self.table.asking if self.table else None
        return asking.url if asking else yahoo.HOST

    @property
    def allow_private(self) -> bool:
        """Return True if its address may be in a private network."""
        return self.table is not None and (self.table.path is not None or self.table.allow_private)


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceFeeds:
    """The polled *rows*, the *listings* of each instrument, and all *problems*."""

    rows: tuple[PriceConfig, ...]
    listings: Mapping[str, tuple[Listing, ...]]
    problems: tuple[Problem, ...]

    def every(self, instrument: str) -> timedelta:
        """Return how often the first source of *instrument* is polled."""
        first = next(iter(self.listings.get(instrument, ())), None)
        return next((row.every for row in self.rows if first and row.name == first.row), timedelta(0))


def read_book(root: Node, tables: Mapping[str, TableConfig], folder: Path, env: Mapping[str, str]) -> PriceFeeds:
    """Return the price sources that instruments of the configuration *root* name: Yahoo, *tables* and presets.

    Presets are beside the packs, or shipped. Paths are relative to *folder*. Faulty tables are not in *tables* and are
    left out.
    """
    named = (str(rule.value) for rule in scalars(member(root, "rules")))
    presets = preset_files(folder / Path(name).expanduser() for name in named if "/" in name)
    known = dict(tables)
    broken = {key.text for key in _tables(root)} - tables.keys()
    problems: list[Problem] = []
    listings: dict[str, tuple[Listing, ...]] = {}
    symbols: dict[str, list[str]] = defaultdict(list)
    for key, node in entries(member(root, "instruments")):
        found = []
        chosen = member(node, "extended")
        extended = isinstance(chosen, Scalar) and chosen.value is True
        for written in scalars(member(node, "sources")):
            name, _, symbol = (part.strip() for part in written.text.partition(":"))
            if name not in {*known, *broken} and name in presets:
                preset, faults = load_preset(presets[name], env)
                problems += faults
                if preset is None:
                    broken.add(name)
                    continue
                known[name] = preset
            if name in broken:
                continue
            fault = _fault(name, symbol, [YAHOO, *known, *presets])
            if fault:
                problems.append(problem(written, fault))
                continue
            alone = name not in known or known[name].one_by_one
            row = f"{_EXTENDED if extended and name == YAHOO else name}:{symbol}" if alone else name
            found.append(Listing(row=row, symbol=symbol))
            if symbol not in symbols[row]:
                symbols[row].append(symbol)
        listings[key.text] = tuple(found)
        if chosen and extended and not any(listing.row.startswith(f"{_EXTENDED}:") for listing in found):
            problems.append(problem(chosen, _NO_EXTENDED))
    problems += _unasked(root, tables, symbols)
    charts = sum(row.partition(":")[0] in (YAHOO, _EXTENDED) for row in symbols)
    rows = tuple(
        PriceConfig(
            name=row,
            symbols=tuple(several),
            every=table.every if (table := known.get(row.partition(":")[0])) else max(_EVERY, charts * _GAP),
            table=table,
            extended=row.startswith(f"{_EXTENDED}:"),
        )
        for row, several in symbols.items()
    )
    return PriceFeeds(rows=rows, listings=listings, problems=tuple(problems))


_NO_EXTENDED = (
    "only yahoo has trades before and after the market apart; for another source write those hours as its session: "
    "mon-fri 04:00-20:00 America/New_York"
)


def _fault(name: str, symbol: str, known: Sequence[str]) -> str:
    if not name or not symbol:
        return "must be a source and a symbol, such as yahoo:MP"
    if name not in known:
        names = ", ".join(dict.fromkeys(known))
        return f"there is no price source {said(name)}{meant(name, known)}; there are {names}"
    return ""


def _tables(root: Node) -> Iterator[Scalar]:
    """Return the names of the sources that are tables or files."""
    sources = entries(member(root, "sources"))
    return (key for key, node in sources if member(node, "table") or member(node, "file"))


def _unasked(root: Node, tables: Mapping[str, TableConfig], symbols: Mapping[str, object]) -> Iterator[Problem]:
    """Yield a warning for each table that no instrument names."""
    asked = {row.partition(":")[0] for row in symbols}
    for key in _tables(root):
        if key.text in tables and key.text not in asked:
            yield problem(key, f"no instrument uses {key.text}: it will not be polled", warning=True)
