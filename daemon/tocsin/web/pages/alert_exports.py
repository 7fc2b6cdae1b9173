"""Exports of the alerts that a query asks for: JSON as `--json` prints it, CSV for spreadsheets, Atom for feed readers."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from xml.etree import ElementTree as ET

from aiohttp import web

from tocsin.config.web import Right
from tocsin.model.alerts import Alert, Answered
from tocsin.render.objects import with_more
from tocsin.render.words import one_line, web_link
from tocsin.store.queries.alert_search import MOST, Headline
from tocsin.store.views import Which
from tocsin.units import written
from tocsin.web.alert_query import asked, which
from tocsin.web.page import Page, Route, get
from tocsin.web.wall.keys import seal, unseal

#: Entries of a feed.
_NEWEST = 50
_ATOM = "http://www.w3.org/2005/Atom"
_COLUMNS = ("id", "opened", "severity", "state", "alert", "headline", "publisher", "link", "rule", "labels", "detail")
#: A cell that begins with one of these would be a formula.
_FORMULA = tuple("=+-@\t\r")

Found = Sequence[tuple[Alert, Answered]]


def routes() -> tuple[Route, ...]:
    """Return the routes."""
    return (
        get("/alerts.json", export_json),
        get("/alerts.csv", export_csv),
        # A feed reader has no session; it has a key instead.
        Route(method="GET", path="/alerts.atom", handler=export_atom, may=None),
    )


async def export_json(page: Page) -> web.Response:
    """Answer with the objects that `tocsin alerts list --json` prints."""
    wanted = which(page)
    text = await page.search(wanted.words, _json, page, wanted)
    return web.Response(text=text, content_type="application/json")


async def export_csv(page: Page) -> web.Response:
    """Answer with a table, times in the zone of the pages."""
    wanted = which(page)
    text = await page.search(wanted.words, _csv, page, wanted)
    name = {"Content-Disposition": 'attachment; filename="alerts.csv"'}
    return web.Response(text=text, content_type="text/csv", charset="utf-8", headers=name)


async def export_atom(page: Page) -> web.Response:
    """Answer with the newest alerts as a feed (RFC 4287), to visitors who may read and to readers with a key."""
    await must_read(page)
    wanted = which(page)
    body = await page.search(wanted.words, _atom, page, wanted)
    return web.Response(body=body, content_type="application/atom+xml", charset="utf-8")


async def must_read(page: Page) -> None:
    """Do nothing for a visitor who may read, and for a reader with a key.

    Raises:
        HTTPUnauthorized: it is neither.
    """
    if page.visitor is None or Right.READ not in page.visitor.rights:
        key = page.request.query.get("key", "")
        epoch = await page.read(page.store.read.session_epoch)
        if unseal(page.site.feed_key, key, about=str(epoch)) is None:
            raise web.HTTPUnauthorized(text="The key of this feed is wrong, or it was revoked.")


async def feed_key(page: Page) -> str:
    """Return the key of the visitor's feed reader. It is valid until all sessions are ended."""
    epoch = await page.read(page.store.read.session_epoch)
    return seal(page.site.feed_key, [page.visitor.name if page.visitor else ""], about=str(epoch))


def cell(text: str) -> str:
    """Return *text* as one line for a cell of a spreadsheet, which must not take it for a formula."""
    flat = one_line(text)
    return f"'{flat}" if flat.startswith(_FORMULA) or text.startswith(_FORMULA) else flat


def feed(page: Page, found: Found, headlines: Mapping[int, Headline]) -> bytes:
    """Return a feed of the alerts *found*, the newest first."""
    ET.register_namespace("", _ATOM)
    here = page.whole_address("alerts", **asked(page))
    root = ET.Element(f"{{{_ATOM}}}feed")
    updated = max((alert.updated_at for alert, _ in found), default=page.now)
    _texts(root, {"title": "tocsin: alerts", "id": here, "updated": updated.isoformat()})
    ET.SubElement(root, f"{{{_ATOM}}}link", href=here)
    for alert, answered in found:
        where = page.whole_address("alerts", alert.id)
        head = headlines.get(alert.id)
        node = ET.SubElement(root, f"{{{_ATOM}}}entry")
        title = one_line(head.title if head else alert.title)
        words = ". ".join(filter(None, (f"{alert.severity}: {one_line(alert.title)}", one_line(alert.detail))))
        _texts(
            node,
            {
                "title": title or one_line(alert.title),
                # A number may be given again after a restore, with another time.
                "id": f"{where}?opened={_stamp(alert.opened_at)}",
                "updated": alert.updated_at.isoformat(),
                "published": alert.opened_at.isoformat(),
                "summary": f"{words} ({answered.state(page.now)})",
            },
        )
        author = ET.SubElement(node, f"{{{_ATOM}}}author")
        _texts(author, {"name": one_line(head.publisher if head else "") or "tocsin"})
        ET.SubElement(node, f"{{{_ATOM}}}link", href=where)
        if head and (link := web_link(head.link)):
            ET.SubElement(node, f"{{{_ATOM}}}link", rel="related", href=link)
        ET.SubElement(node, f"{{{_ATOM}}}category", term=alert.severity)
    text: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return text


# Thousands of alerts take a while to write, in which the daemon must go on: readers write them, not the event loop.


def _json(page: Page, wanted: Which) -> str:
    found = page.store.read.every_alert(wanted, page.now)
    return json.dumps({"items": [with_more(alert, answered=answered) for alert, answered in found], "next": None})


def _csv(page: Page, wanted: Which) -> str:
    found, headlines = _read(page, wanted)
    out = io.StringIO()
    table = csv.writer(out)
    table.writerow(_COLUMNS)
    for alert, answered in found:
        table.writerow(map(cell, _row(page, alert, answered, headlines.get(alert.id))))
    return out.getvalue()


def _atom(page: Page, wanted: Which) -> bytes:
    return feed(page, *_read(page, wanted, _NEWEST))


def _read(page: Page, wanted: Which, limit: int = MOST) -> tuple[Found, Mapping[int, Headline]]:
    with page.store.read.together() as read:
        found = read.every_alert(wanted, page.now, limit)
        return found, read.headlines([alert.id for alert, _ in found])


def _row(page: Page, alert: Alert, answered: Answered, head: Headline | None) -> Iterable[str]:
    return (
        str(alert.id),
        page.local(alert.opened_at),
        alert.severity,
        answered.state(page.now),
        alert.title,
        head.title if head else "",
        head.publisher if head else "",
        web_link(head.link) if head else "",
        alert.rule,
        written(alert.labels),
        alert.detail,
    )


def _texts(node: ET.Element, texts: Mapping[str, str]) -> None:
    for name, text in texts.items():
        ET.SubElement(node, f"{{{_ATOM}}}{name}").text = text


def _stamp(at: datetime) -> str:
    return f"{at:%Y%m%dT%H%M%S}"
