"""The configuration: one file, every fault of it at once (DESIGN 7)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any

from pydantic import Discriminator, Field, Tag

from tocsin.config.feeds import FeedConfig, FeedShape, PageShape, check_source, make_feed
from tocsin.config.instruments import InstrumentShape, check_instrument, make_instrument
from tocsin.config.monitoring import (
    HeartbeatConfig,
    HeartbeatShape,
    ReportShape,
    check_upkeep,
    heartbeat_config,
    report_times,
)
from tocsin.config.price_feeds import PriceConfig, PriceFeeds, read_book
from tocsin.config.price_tables import (
    FileShape,
    TableConfig,
    TableShape,
    check_table,
    file_config,
    table_config,
    tried,
    zone,
)
from tocsin.config.receivers import ReceiverConfig, ReceiverShape, check_receiver, receiver_config
from tocsin.config.secrets import Filler
from tocsin.config.web import (
    HttpConfig,
    HttpShape,
    check_http,
    http_config,
)
from tocsin.config.yaml.file import read
from tocsin.config.yaml.files import read_text, shown_path
from tocsin.config.yaml.nodes import Node, Pairs, Scalar, children, member, problem, said
from tocsin.config.yaml.shape import Duration, Shape, Texts, find, tag
from tocsin.errors import ConfigError, Position, Problem, meant
from tocsin.model.prices import Instrument
from tocsin.model.rules import Located, Severity
from tocsin.policy.notifying.walltime import WeeklyTime
from tocsin.rules.spec import Override

_NAME = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"
_SEVERITY = re.compile(r"\s*(>=|<=|>|<|=)?\s*([a-z]+)\s*$")


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteConfig:
    """Which alerts go *to* which receivers; those that are off are left out."""

    to: tuple[str, ...]
    severity: tuple[str, Severity] | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    event: str = ""
    rule: str = ""
    origins: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """Everything that the configuration file says, defaults filled in; *problems* are warnings."""

    path: Path
    timezone: str
    database: str
    rules: tuple[Path, ...]
    http: HttpConfig
    sources: tuple[FeedConfig, ...]
    prices: tuple[PriceConfig, ...] = ()
    instruments: tuple[Instrument, ...] = ()
    receivers: tuple[ReceiverConfig, ...]
    routes: tuple[RouteConfig, ...]
    overrides: tuple[Override, ...]
    retention: timedelta
    heartbeat: HeartbeatConfig | None = None
    report: WeeklyTime
    problems: tuple[Problem, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all that is polled."""
        return (*(source.name for source in self.sources), *(row.name for row in self.prices))


class _Route(Shape):
    to: Texts
    """The receivers that this route adds."""
    severity: str | None = None
    """A level, or a comparison such as ">= high"."""
    labels: dict[str, str] = Field(default_factory=dict)
    """Labels that an alert must have."""
    event: str = ""
    """An event, or what it stands below: trade fits trade.export.restrict."""
    rule: str = ""
    """A rule (pack/id, or the id alone), or a pack."""
    origins: int | None = Field(default=None, ge=2, le=50)
    """Who was told hears again when this many independent origins report the same."""


class _Override(Shape):
    disable: bool = False
    """Whether the rule is switched off."""
    severity: Severity | None = None
    """The severity, whatever `severity` and `severity_if` of the rule say."""
    unless: str | None = None
    """Cancels matches beside the rule's own `unless`; it may name the lists of the rule's pack."""
    to: Texts = ()
    """The only receivers of this rule; routes say nothing of it then."""


_Named = Annotated[str, Field(pattern=_NAME)]


def _kind(value: Any) -> str:
    """The tag of a source: the key that names its address."""
    return next(
        (tag(kind) for kind in ("table", "file", "page") if isinstance(value, Mapping) and kind in value), tag("feed")
    )


_Source = Annotated[
    Annotated[FeedShape, Tag(tag("feed"))]
    | Annotated[PageShape, Tag(tag("page"))]
    | Annotated[TableShape, Tag(tag("table"))]
    | Annotated[FileShape, Tag(tag("file"))],
    Discriminator(_kind),
]


class ConfigFile(Shape):
    """The file."""

    timezone: str = "UTC"
    """The time zone of people, such as Europe/London; UTC if it is not given."""
    database: str = "sqlite:///tocsin.db"
    """sqlite:///path of the database, relative to this file."""
    rules: Texts = ()
    """Folders of rule packs, relative to this file."""
    http: HttpShape = HttpShape()
    """How tocsin introduces itself to servers."""
    sources: dict[_Named, _Source] = Field(default_factory=dict)
    """What is polled, by name; the kind is the key that names its address."""
    instruments: dict[_Named, InstrumentShape] = Field(default_factory=dict)
    """What has a price, by id."""
    receivers: dict[_Named, ReceiverShape] = Field(default_factory=dict)
    """Who is told, by name."""
    routes: tuple[_Route, ...] | None = None
    """Which alerts go to which receivers; every route that fits adds its receivers. Default: all to all."""
    overrides: dict[str, _Override] = Field(default_factory=dict)
    """What is changed of rules without editing their packs, by pack/id or the id alone."""
    retention: Duration = timedelta(days=90)
    """How long the texts of entries are kept, such as 90d."""
    heartbeat: HeartbeatShape = HeartbeatShape()
    """Who is to be asked as long as the daemon works, so that somebody notices when it does not."""
    self_report: ReportShape = ReportShape()
    """When operators are told what was checked, what failed and what was lost."""


def load_config(path: Path, env: Mapping[str, str]) -> Config:
    """The configuration at *path*, with values from *env* filled in; relative paths are relative to the file.

    Raises:
        ConfigError: with every fault of the file.
    """
    text, fault = read_text(path)
    if fault:
        raise ConfigError([fault])
    return parse_config(text, path, env)


def parse_config(text: str, path: Path, env: Mapping[str, str]) -> Config:
    """The configuration in *text* as if it stood at *path*; values from *env* are filled in.

    Raises:
        ConfigError: with every fault of it.
    """
    document = read(text, shown_path(path))
    problems = list(document.problems)
    if document.root is None:
        raise ConfigError(problems)
    filler = Filler(env)
    root = filler.fill(document.root)
    problems += filler.problems
    shape = ConfigFile.of(root, problems)
    folder = path.resolve().parent
    problems += _check(root, folder)
    sources = shape.sources.items() if shape else ()
    tables = {name: table for name, item in sources if (table := _table(name, item, root, folder))}
    book = read_book(root, tables, folder, env)
    problems += book.problems
    if shape is None or any(not item.warning for item in problems):
        raise ConfigError(sorted(problems, key=_place))
    return _config(path, root, shape, book, tuple(problems))


def empty_config(path: Path) -> Config:
    """The configuration of a file at *path* that says nothing."""
    return _config(
        path,
        Pairs(place=Located(text="", file="", lines=((0, 1, 1),)), pairs=()),
        ConfigFile(),
        PriceFeeds(rows=(), listings={}, problems=()),
        (),
    )


def _place(item: Problem) -> tuple[int, int]:
    return (item.position.line, item.position.column) if item.position else (0, 0)


# ---- checks that a shape cannot make ------------------------------------------------------------------------------


def _check(root: Node, folder: Path) -> Iterator[Problem]:
    """What is wrong although its shape is right. Looks at nodes, so that it works beside faults of shape."""
    yield from tried(root, "timezone", zone)
    yield from _check_database(member(root, "database"))
    yield from check_http(member(root, "http"), folder)
    yield from check_upkeep(root)
    for source in children(member(root, "sources")):
        yield from check_source(source)
        if member(source, "table") or member(source, "file"):
            yield from check_table(source)
    for instrument in children(member(root, "instruments")):
        yield from check_instrument(instrument)
    receivers = member(root, "receivers")
    named = receivers.pairs if isinstance(receivers, Pairs) else ()
    names = [key.text for key, _ in named]
    for key, receiver in named:
        yield from check_receiver(key.text, receiver, names)
    for route in children(member(root, "routes")):
        yield from _check_route(route, names)
    for override in children(member(root, "overrides")):
        yield from _check_receivers(member(override, "to"), names)
        if isinstance(override, Pairs) and not override.pairs:
            yield problem(override, "an override needs disable, severity, unless or to")
    if not children(member(root, "sources")):
        yield problem(root, "there is no source: nothing will be polled", warning=True)
    if all(_is_off(receiver) for _, receiver in named):
        yield problem(root, "there is no receiver that is on: nobody will be told", warning=True)


def _is_off(receiver: Node) -> bool:
    """Return whether *receiver* is well written and tells nobody: a faulty one is not off, it is to be mended."""
    console, url = member(receiver, "console"), member(receiver, "url")
    return isinstance(url, Scalar) and url.value == "" and not (isinstance(console, Scalar) and console.value)


def _check_database(node: Node | None) -> Iterator[Problem]:
    if isinstance(node, Scalar) and isinstance(node.value, str) and not re.match(r"sqlite:///.+", node.value):
        yield problem(node, "must be sqlite:///path/of/a/file")


def _check_route(node: Node, names: list[str]) -> Iterator[Problem]:
    yield from _check_receivers(member(node, "to"), names)
    severity = member(node, "severity")
    if isinstance(severity, Scalar) and isinstance(severity.value, str) and not _severity(severity.value):
        levels = ", ".join(Severity)
        found = _SEVERITY.match(severity.value)
        likely = meant(found[2], list(Severity)) if found else ""
        yield problem(severity, f'must be a level, or a comparison such as ">= high"; the levels are {levels}{likely}')


def _check_receivers(to: Node | None, names: list[str]) -> Iterator[Problem]:
    for target in (to,) if isinstance(to, Scalar) else children(to):
        if isinstance(target, Scalar) and target.text not in names:
            yield problem(target, f"there is no receiver {said(target.text)}{meant(target.text, names)}")


def _severity(text: str) -> tuple[str, Severity] | None:
    found = _SEVERITY.match(text)
    if not found or found[2] not in list(Severity):
        return None
    return found[1] or "=", Severity(found[2])


# ---- values -------------------------------------------------------------------------------------------------------


def _table(
    name: str, item: FeedShape | PageShape | TableShape | FileShape, root: Node, folder: Path
) -> TableConfig | None:
    if isinstance(item, TableShape):
        return table_config(name, item, find(root, ("sources", name)))
    return file_config(name, item, folder) if isinstance(item, FileShape) else None


def _config(path: Path, root: Node, shape: ConfigFile, book: PriceFeeds, problems: tuple[Problem, ...]) -> Config:
    folder = path.resolve().parent
    receivers = tuple(
        receiver_config(name, item, shape.timezone, _position(find(root, ("receivers", name))))
        for name, item in shape.receivers.items()
        if item.console or item.url
    )
    on = {receiver.name for receiver in receivers}
    # Without routes everybody is told everything.
    routes = shape.routes if shape.routes is not None else (_Route(to=tuple(on)),)
    return Config(
        path=path,
        timezone=shape.timezone,
        database=_database(shape.database, folder),
        rules=tuple(folder / Path(rule).expanduser() for rule in shape.rules),
        http=http_config(shape.http, folder),
        sources=tuple(
            make_feed(name, item, find(root, ("sources", name)))
            for name, item in shape.sources.items()
            if isinstance(item, FeedShape | PageShape)
        ),
        prices=book.rows,
        instruments=tuple(
            make_instrument(name, item, book.listings[name], book.every(name))
            for name, item in shape.instruments.items()
        ),
        receivers=receivers,
        routes=tuple(_route(route, on) for route in routes),
        overrides=tuple(_overrides(shape, member(root, "overrides"))),
        retention=shape.retention,
        heartbeat=heartbeat_config(shape.heartbeat),
        report=report_times(shape.self_report, shape.timezone),
        problems=problems,
    )


def _position(node: Node | None) -> Position | None:
    return node.place.at() if node else None


def _route(route: _Route, on: set[str]) -> RouteConfig:
    return RouteConfig(
        to=tuple(name for name in route.to if name in on),
        severity=_severity(route.severity) if route.severity else None,
        labels=route.labels,
        event=route.event,
        rule=route.rule,
        origins=route.origins,
    )


def _overrides(shape: ConfigFile, node: Node | None) -> Iterator[Override]:
    for key, value in node.pairs if isinstance(node, Pairs) else ():
        item = shape.overrides[key.text]
        unless = member(value, "unless")
        yield Override(
            rule=key.place,
            disable=item.disable,
            severity=item.severity,
            unless=unless.place if isinstance(unless, Scalar) and item.unless is not None else None,
            to=item.to,
        )


def _database(url: str, folder: Path) -> str:
    """*url* with its path made absolute: `sqlite:///var/x.db` lies below the folder of the configuration."""
    return f"sqlite:///{folder / Path(url.removeprefix('sqlite:///')).expanduser()}"
