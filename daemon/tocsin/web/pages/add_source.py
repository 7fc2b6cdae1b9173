"""Adding a source: an address is polled once, what would be written is shown, and a second act writes it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from http import HTTPStatus

from aiohttp import web

from tocsin.config.additions import Addition, checked_name, known_sources, labels_of, same_feed, source_name
from tocsin.config.discovery import discover
from tocsin.config.feeds import FeedConfig
from tocsin.config.secrets import address
from tocsin.config.values import url_fault
from tocsin.config.yaml.edit import NewSource, add_sources
from tocsin.errors import SourceError, UsageError
from tocsin.explain.one_poll import Report, remedy_of, report
from tocsin.model.entries import Batch
from tocsin.model.rules import Judged
from tocsin.redaction import masked
from tocsin.sources.http import urls
from tocsin.units import parse_duration, parse_label
from tocsin.web.additions import ChangedError, lines_of, proposed, refusal, written
from tocsin.web.page import Page, Route, configure, get

#: Seconds in which an address has to answer, and the page that it may be besides.
PATIENCE = 30.0
#: The newest entries that are judged, those that are shown, and the most characters of an address.
_JUDGED = 200
_SHOWN = 10
_LONGEST = 2000
_BUSY = "Another address is being polled. Wait a few seconds, then try again."


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """A new source as it was filled in: *labels* a line each. *seen* is the digest of the file that a person was shown."""

    address: str = ""
    name: str = ""
    labels: str = ""
    every: str = ""
    seen: str = ""

    @classmethod
    def of(cls, sent: Mapping[str, str]) -> Form:
        """Return the form that was *sent*."""
        return cls(**{name: sent.get(name, "").strip() for name in cls.__slots__})


@dataclass(frozen=True, slots=True, kw_only=True)
class Tested:
    """What a poll of an address brought. *matched* is the number of the *judged* entries that met a rule, which come first."""

    report: Report
    entries: int
    judged: Sequence[Judged]
    matched: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What the page shows beside its form: *faults* in words, *feeds* that a page links to, and the next step."""

    faults: tuple[str, ...] = ()
    feeds: tuple[str, ...] = ()
    tested: Tested | None = None
    addition: Addition | None = None


def routes() -> tuple[Route, ...]:
    """Return the routes. To look at the form needs the right to read alone."""
    return (
        get("/add-source", ask),
        configure("/add-source/test", test),
        configure("/add-source/change", show_change),
        configure("/add-source", add),
    )


async def ask(page: Page) -> web.Response:
    """Ask for an address. Nothing is polled: a link of another site may lead here."""
    words = await refusal(page)
    form = Form(address=page.request.query.get("address", "")[:_LONGEST])
    return _page(page, form, Shown(faults=(words,) if words else ()))


async def test(page: Page) -> web.Response:
    """Poll the address once, and show what it holds."""
    form = Form.of(await page.form())
    feeds: list[str] = []
    if page.daemon.discovery.locked():
        return _page(page, form, Shown(faults=(_BUSY,)), status=HTTPStatus.SERVICE_UNAVAILABLE)
    try:
        url = _checked(page, form.address)
        source, batch = await _polled(page, FeedConfig(name="new", url=address(url)), feeds)
        _checked(page, source.url.reveal())
    except UsageError as error:
        return _page(page, form, Shown(faults=lines_of(error), feeds=tuple(feeds)), status=HTTPStatus.BAD_REQUEST)
    except SourceError as error:
        shown = Shown(
            faults=tuple(filter(None, (f"{masked(form.address)}: {error}.", _remedy(error)))), feeds=tuple(feeds)
        )
        return _page(page, form, shown, status=HTTPStatus.BAD_GATEWAY)
    taken = page.daemon.config.names
    ready = replace(form, address=source.address, name=form.name or source_name(source.address, taken))
    others = tuple(one for one in feeds if one != source.address)
    return _page(page, ready, Shown(feeds=others, tested=await page.read(_tested, page, source, batch)))


async def show_change(page: Page) -> web.Response:
    """Show what would be written."""
    return await _change(page, Form.of(await page.form()))


async def add(page: Page) -> web.Response:
    """Write the source if the file is still the one of which the change was shown; otherwise show the change again."""
    form = Form.of(await page.form())
    try:
        new = _source(page, form)
        addition = await proposed(page, lambda text: add_sources(text, [new]))
        await written(page, addition, form.seen, f"source {new.name}")
    except ChangedError as error:
        return await _change(page, form, f"{error}. Look at it again.")
    except UsageError as error:
        return _page(page, form, Shown(faults=lines_of(error)), status=HTTPStatus.CONFLICT)
    return page.go("sources", added=new.name)


async def _change(page: Page, form: Form, conflict: str = "") -> web.Response:
    try:
        new = _source(page, form)
        addition = await proposed(page, lambda text: add_sources(text, [new]))
    except UsageError as error:
        return _page(page, form, Shown(faults=lines_of(error)), status=HTTPStatus.BAD_REQUEST)
    shown = Shown(faults=(conflict,) if conflict else (), addition=addition)
    status = HTTPStatus.CONFLICT if conflict else HTTPStatus.OK
    return _page(page, replace(form, name=new.name, seen=addition.seen), shown, status=status)


# ---- the address --------------------------------------------------------------------------------------------------


def _checked(page: Page, written: str) -> str:
    """Return the address that somebody has *written*.

    Raises:
        UsageError: it is none, holds a secret, or is polled already.
    """
    url = urls.plain_scheme(written if "://" in written or not written else f"https://{written}")
    if fault := "is too long" if len(url) > _LONGEST else url_fault(url):
        raise UsageError(f"The address {fault}.")
    if masked(url) != url:
        raise UsageError(
            "The address holds a secret. Add this source by hand, with a reference such as ${file:...} in its place, "
            "so that it stands neither on a page nor in the file."
        )
    if known := known_sources(page.daemon.config).get(same_feed(url)):
        raise UsageError(f"This feed is polled already, as the source {known}.")
    return url


async def _polled(page: Page, source: FeedConfig, feeds: list[str]) -> tuple[FeedConfig, Batch]:
    """Return *source*, or the first of the *feeds* that it links to, with what one poll brought.

    Raises:
        UsageError: it takes too long.
        SourceError: it cannot be read.
    """
    async with page.daemon.discovery:
        try:
            async with asyncio.timeout(PATIENCE):
                return await discover(source, page.daemon.poll, feeds.extend)
        except TimeoutError:
            raise UsageError(f"There was no whole answer within {PATIENCE:.0f} seconds.") from None


def _remedy(error: SourceError) -> str:
    words = remedy_of(error)
    return f"What to do: {words}." if words else ""


def _tested(page: Page, source: FeedConfig, batch: Batch) -> Tested:
    """Return what *batch* tells of *source*: the newest entries judged, those that meet a rule first."""
    judged = [page.daemon.rules.rules.evaluate(entry, page.now) for entry in batch.entries[:_JUDGED]]
    matched = [one for one in judged if one.matches]
    return Tested(
        report=report(source.address, batch),
        entries=len(batch.entries),
        judged=[*matched, *(one for one in judged if not one.matches)][:_SHOWN],
        matched=len(matched),
    )


# ---- the form -----------------------------------------------------------------------------------------------------


def _source(page: Page, form: Form) -> NewSource:
    """Return the source of *form*.

    Raises:
        UsageError: it would not work as written.
    """
    url = _checked(page, form.address)
    taken = page.daemon.config.names
    more: dict[str, object] = {}
    try:
        if form.every:
            parse_duration(form.every)
            more["every"] = form.every
    except ValueError as error:
        raise UsageError(f"Poll it every: {error}.") from None
    try:
        if pairs := [parse_label(one.strip()) for one in form.labels.splitlines() if one.strip()]:
            more["labels"] = labels_of(pairs)
    except ValueError as error:
        raise UsageError(f"Labels: {error}.") from None
    return NewSource(
        name=checked_name(form.name, taken) or source_name(url, taken), kind="feed", address=url, more=more
    )


def _page(page: Page, form: Form, shown: Shown, *, status: int = HTTPStatus.OK) -> web.Response:
    labels = sorted(
        {f"{name}={value}" for one in page.daemon.config.sources for name, all_ in one.labels.items() for value in all_}
    )
    form = replace(form, address=masked(form.address))
    return page.show("add_source.html", status=status, form=form, shown=shown, labels=labels[:20])
