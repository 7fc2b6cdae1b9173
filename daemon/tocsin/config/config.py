"""The configuration: one file, every fault of it at once."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from pydantic import Discriminator, Field, Tag

from tocsin.config.database import DatabaseKey, DatabaseShape, below, named, place_of
from tocsin.config.escalations import EscalationShape, make_escalation
from tocsin.config.feeds import FeedConfig, FeedShape, PageShape, WatchShape, check_source, make_feed
from tocsin.config.filters import check_filter
from tocsin.config.inhibitions import InhibitionShape, make_inhibition
from tocsin.config.instruments import InstrumentShape, make_instrument
from tocsin.config.mailboxes import MailboxShape, check_mailbox, make_mailbox
from tocsin.config.overrides import OverrideShape, check_override, make_overrides
from tocsin.config.price_feeds import PriceConfig, PriceFeeds, read_book
from tocsin.config.price_tables import FileShape, TableConfig, TableShape, check_table, file_config, table_config
from tocsin.config.pushes import PushConfig, PushShape, check_pushes, make_push
from tocsin.config.receivers import (
    ReceiverConfig,
    ReceiverShape,
    check_receiver,
    check_to,
    is_off,
    receiver_config,
    with_stand_ins,
)
from tocsin.config.recurring import SilenceShape, make_silence
from tocsin.config.routes import RouteShape, make_route
from tocsin.config.secrets import Filler, unread, untaken
from tocsin.config.sections import Heartbeat, HttpConfig, ReportShape, TranslationShape, check_report
from tocsin.config.state import default_database, left_behind
from tocsin.config.values import ID, Packs, Zone
from tocsin.config.web import WebConfig, check_web
from tocsin.config.windows import check_windows, weekdays
from tocsin.config.yaml.file import read, read_text, shown_path
from tocsin.config.yaml.nodes import Missing, Node, Pairs, children, entries, member, problem
from tocsin.config.yaml.shape import Duration, Shape, tag
from tocsin.errors import AS_OWNER, ConfigError, Position, Problem, by_place
from tocsin.model.prices import Instrument
from tocsin.model.rules import Located
from tocsin.policy.notifying.inhibition import Inhibition
from tocsin.policy.notifying.reminders import Escalation
from tocsin.policy.notifying.route import Route
from tocsin.policy.notifying.silence import RecurringSilence
from tocsin.policy.notifying.walltime import WeeklyTime
from tocsin.rules.filters import Filter
from tocsin.rules.spec import Override


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """The content of the configuration *file*, with defaults filled in. *problems* are warnings.

    Receivers without an address are off and left out, and so are heartbeat and translation without one. Secrets that are *missing* could
    not be read: they are faults where they are used. *places* are those of the sections that the file has, by name.
    """

    path: Path
    file: ConfigFile = field(repr=False)
    zone: ZoneInfo
    database: str = field(repr=False)
    connections: int
    rules: tuple[Path, ...]
    http: HttpConfig
    sources: tuple[FeedConfig, ...]
    pushes: tuple[PushConfig, ...]
    prices: tuple[PriceConfig, ...]
    instruments: tuple[Instrument, ...]
    receivers: tuple[ReceiverConfig, ...]
    routes: tuple[Route, ...]
    silences: tuple[RecurringSilence, ...]
    inhibitions: tuple[Inhibition, ...]
    escalations: tuple[Escalation, ...]
    overrides: tuple[Override, ...]
    retention: timedelta
    heartbeat: Heartbeat | None
    report: WeeklyTime
    translation: TranslationShape | None
    web: WebConfig | None
    problems: tuple[Problem, ...] = ()
    missing: tuple[Missing, ...] = field(default=(), repr=False)
    places: Mapping[str, Position] = field(default_factory=dict, repr=False)

    @property
    def every_source(self) -> tuple[FeedConfig | PushConfig | PriceConfig, ...]:
        """All sources: those that are polled for news, those that programs hand entries in to, and those of prices."""
        return (*self.sources, *self.pushes, *self.prices)

    @property
    def filters(self) -> dict[str, Filter]:
        """The filters of sources, by the name of the source."""
        news: tuple[FeedConfig | PushConfig, ...] = (*self.sources, *self.pushes)
        return {source.name: source.filter for source in news if source.filter}

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all sources."""
        return tuple(source.name for source in self.every_source)


_Named = Annotated[str, Field(pattern=ID)]


def _kind(value: Any) -> str:
    """Return the tag of a source: the key that names its address."""
    return next(
        (
            tag(kind)
            for kind in ("table", "file", "page", "watch", "mailbox", "push")
            if isinstance(value, Mapping) and kind in value
        ),
        tag("feed"),
    )


_Source = Annotated[
    Annotated[FeedShape, Tag(tag("feed"))]
    | Annotated[PageShape, Tag(tag("page"))]
    | Annotated[WatchShape, Tag(tag("watch"))]
    | Annotated[MailboxShape, Tag(tag("mailbox"))]
    | Annotated[PushShape, Tag(tag("push"))]
    | Annotated[TableShape, Tag(tag("table"))]
    | Annotated[FileShape, Tag(tag("file"))],
    Discriminator(_kind),
]


class ConfigFile(Shape):
    """The configuration file."""

    timezone: Zone = ZoneInfo("UTC")
    """The time zone for times that people see, such as Europe/London. Default: UTC."""
    database: DatabaseKey | None = None
    """The database as sqlite:///path, relative to this file, or as postgresql://user@host/name. Default: tocsin.db in
    $STATE_DIRECTORY, or in ~/.local/state/tocsin."""
    rules: Packs = ()
    """Rule packs: shipped ones by name, such as critical-minerals, and folders with a slash, such as ./rules, relative to this
    file."""
    http: HttpConfig = HttpConfig()
    """HTTP settings for all sources."""
    sources: dict[_Named, _Source] = Field(default_factory=dict)
    """The sources, by name. The key that holds the address gives the kind."""
    instruments: dict[_Named, InstrumentShape] = Field(default_factory=dict)
    """Instruments by id: each has a price."""
    receivers: dict[_Named, ReceiverShape] = Field(default_factory=dict)
    """The receivers that are notified, by name."""
    routes: tuple[RouteShape, ...] | None = None
    """Routes of alerts to receivers. Every route that fits adds its receivers. Default: all alerts to all."""
    silences: tuple[SilenceShape, ...] = ()
    """Silences that recur: alerts that are not sent at some times of the day, on some weekdays or dates."""
    escalations: tuple[EscalationShape, ...] = ()
    """Further receivers of an alert that nobody answers. The shortest time counts, and each receiver is sent it once."""
    inhibit: tuple[InhibitionShape, ...] = ()
    """Alerts that suppress lesser ones about the same while they are open."""
    overrides: dict[str, OverrideShape] = Field(default_factory=dict)
    """Changes to rules without editing their packs, by pack/id or the id alone, and to lists of a pack, by its id."""
    retention: Duration = timedelta(days=90)
    """Time for which the texts and evidence of entries are kept. Alerts and headlines stay."""
    heartbeat: Heartbeat = Heartbeat()
    """An address that is called as long as the daemon works, so that somebody notices when it does not."""
    self_report: ReportShape = ReportShape()
    """When operators get a report of what was checked, sent, and lost."""
    translation: TranslationShape | None = None
    """A server that translates headlines. Without this section all are sent as they are."""
    web: WebConfig | None = None
    """The page in a browser, for alerts, rules and sources. Without this section there is none; `web: {}` is enough."""


def load_config(path: Path, env: Mapping[str, str]) -> Config:
    """Return the configuration at *path*, with values from *env* filled in; relative paths are relative to the file.

    Raises:
        ConfigError: with every fault of the file.
    """
    text, fault = read_text(path)
    if fault:
        raise ConfigError([replace(fault, message=f"{fault.message}{_remedy(path)}")])
    return parse_config(text, path, env)


def _remedy(path: Path) -> str:
    """Return what to do about a file at *path* that cannot be read; nothing if its fault says it."""
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return "; tocsin init writes one, --config names another"
    except (OSError, ValueError):  # a folder above it is closed to this user
        return AS_OWNER
    return "" if os.access(path, os.R_OK) else AS_OWNER


def parse_config(text: str, path: Path, env: Mapping[str, str]) -> Config:
    """Return the configuration in *text* as if it stood at *path*; values from *env* are filled in.

    Raises:
        ConfigError: with every fault of it.
    """
    document = read(text, shown_path(path))
    problems = list(document.problems)
    if document.root is None:
        raise ConfigError(problems)
    folder = path.resolve().parent
    filler = Filler(env, folder)
    root = filler.fill(document.root)
    problems += filler.problems
    shape = ConfigFile.of(root, problems, folder)
    problems += _check(root)
    sources = shape.sources.items() if shape else ()
    tables = {name: table for name, item in sources if (table := _table(name, item))}
    book = read_book(root, tables, folder, env)
    problems += (*book.problems, *untaken(filler.missing))
    if member(root, "database") is None:
        problems += left_behind(path, env)
    if shape is None or any(not item.warning for item in problems):
        raise ConfigError(by_place(problems))
    presets = (one for row in book.rows if row.table for one in row.table.missing)
    # Those of the file's own tables are found twice.
    missing = {id(one): one for one in (*filler.missing, *presets)}
    places = {key.text: key.place.at() for key, _ in entries(root)}
    return replace(_config(path, shape, book, tuple(problems), env), missing=tuple(missing.values()), places=places)


def complete(config: Config) -> Config:
    """Return *config*, by which a daemon is to run and of which all secrets will be used.

    Raises:
        ConfigError: with every secret that could not be read; or nothing could ever happen.
    """
    if config.missing:
        raise unread(config.missing)
    if fault := idleness(config):
        raise ConfigError([fault])
    return config


def idleness(config: Config) -> Problem | None:
    """Return the fault of *config* if nothing can ever happen by it, as by an empty file."""
    if config.names or config.receivers:
        return None
    words = f"{config.path} has neither a source nor an enabled receiver: nothing can ever happen; add both"
    return Problem(message=words)


def empty_config(path: Path, env: Mapping[str, str]) -> Config:
    """Return the configuration of an empty file at *path*."""
    nothing = Pairs(place=Located(text="", file="", lines=((0, 1, 1),)), pairs=())
    shape = ConfigFile.of(nothing, [], path.resolve().parent)
    assert shape, "every key has a default"
    return _config(path, shape, PriceFeeds(rows=(), listings={}, problems=()), (), env)


def salvage(path: Path, env: Mapping[str, str]) -> Config:
    """Return the configuration of an empty file at *path*, with the database that the faulty file there names."""
    text, _ = read_text(path)
    database = named(text)
    found = empty_config(path, env)
    return replace(found, database=below(database, path.resolve().parent)) if database else found


# ---- checks that a shape cannot make ------------------------------------------------------------------------------


def _check(root: Node) -> Iterator[Problem]:
    """Yield faults that the shape cannot express. Checks nodes, so that it works even if the shape has faults."""
    yield from check_report(root)
    yield from check_web(root)
    yield from check_pushes(root)
    for source in children(member(root, "sources")):
        yield from check_source(source)
        yield from check_mailbox(source)
        yield from check_filter(source)
        if member(source, "table") or member(source, "file"):
            yield from check_table(source)
    named = entries(member(root, "receivers"))
    translated = member(root, "translation") is not None
    for reads in (member(receiver, "reads") for _, receiver in named):
        if reads and not translated:
            yield problem(reads, "has no effect without translation: {url: ...}", warning=True)
    names = [key.text for key, _ in named]
    for key, receiver in named:
        yield from check_receiver(key.text, receiver, names)
    for route in children(member(root, "routes")):
        yield from check_to(member(route, "to"), names)
    for escalation in children(member(root, "escalations")):
        yield from check_to(member(escalation, "to"), names)
    for silence in children(member(root, "silences")):
        yield from check_windows(member(silence, "during"))
    for override in children(member(root, "overrides")):
        yield from check_to(member(override, "to"), names)
        yield from check_override(override)
    if not children(member(root, "sources")):
        yield problem(root, "there is no source: nothing will be polled", warning=True)
    if all(is_off(receiver) for _, receiver in named):
        yield problem(root, "there is no enabled receiver: nobody will be notified", warning=True)


# ---- values -------------------------------------------------------------------------------------------------------


def _table(
    name: str, item: FeedShape | PageShape | WatchShape | MailboxShape | PushShape | TableShape | FileShape
) -> TableConfig | None:
    if isinstance(item, TableShape):
        return table_config(name, item)
    return file_config(name, item) if isinstance(item, FileShape) else None


def _config(
    path: Path, file: ConfigFile, book: PriceFeeds, problems: tuple[Problem, ...], env: Mapping[str, str]
) -> Config:
    defaults = {
        "database": f"sqlite:///{default_database(env)}",
        # Every receiver gets every alert.
        "routes": (RouteShape(to=tuple(file.receivers)),),
    }
    file = file.model_copy(update={key: value for key, value in defaults.items() if getattr(file, key) is None})
    on = {name: item for name, item in file.receivers.items() if item.console or item.url}
    place = place_of(_database(file)["database"], env)
    return file.build(
        Config,
        path=path,
        file=file,
        zone=file.timezone,
        **_database(file),
        sources=tuple(
            make_mailbox(name, item, place) if isinstance(item, MailboxShape) else make_feed(name, item)
            for name, item in file.sources.items()
            if isinstance(item, FeedShape | PageShape | WatchShape | MailboxShape)
        ),
        pushes=tuple(make_push(name, item) for name, item in file.sources.items() if isinstance(item, PushShape)),
        prices=book.rows,
        instruments=tuple(
            make_instrument(name, item, book.listings[name], book.every(name))
            for name, item in file.instruments.items()
        ),
        receivers=with_stand_ins([receiver_config(name, item, file.timezone, place) for name, item in on.items()]),
        routes=tuple(make_route(route, on) for route in file.routes or ()),
        silences=tuple(make_silence(silence, file.timezone) for silence in file.silences),
        escalations=tuple(make_escalation(item, on) for item in file.escalations),
        inhibitions=tuple(map(make_inhibition, file.inhibit)),
        overrides=tuple(make_overrides(member(file.node, "overrides"), file.overrides)),
        heartbeat=file.heartbeat if file.heartbeat.url else None,
        translation=file.translation if file.translation and file.translation.url else None,
        report=WeeklyTime(at=file.self_report.at, days=weekdays(file.self_report.on), zone=file.timezone),
        problems=problems,
    )


def _database(file: ConfigFile) -> dict[str, Any]:
    if isinstance(file.database, DatabaseShape):
        return {"database": file.database.url, "connections": file.database.connections}
    return {"database": file.database, "connections": DatabaseShape.model_fields["connections"].default}
