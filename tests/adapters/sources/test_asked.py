"""Prices from a real server and from a file."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from aiohttp import web

from tocsin.errors import Fault, SourceError
from tocsin.model.entries import Cursor
from tocsin.sources.prices.extract import Format
from tocsin.sources.prices.source import PriceSource, WatchedFile
from tocsin.sources.prices.table import Asking, Columns, Table

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
COLUMNS = Columns(format=Format.JSON, rows="@", symbol="s", price="p", errors={Fault.AUTH: "[0].denied"})


async def _run(call, /, *args, **kwargs):
    return await asyncio.to_thread(call, *args, **kwargs)


def poll(visit, answer, cursor=None, **asking):
    """The batch of one poll of TIN and ZINC, and the request that came."""

    async def scene(site, http):
        site.answers["/p"] = answer
        table = Table(COLUMNS, Asking(url=f"{site.base}/p?s={{symbols}}", headers={"X-Key": "word"}, **asking))
        source = PriceSource("t", ["TIN", "ZINC"], table, http=http, run=_run, allow_private=True)
        batch = await source.poll(cursor or Cursor(), NOW)
        return batch, site.requests[0]

    return visit(scene)


def test_one_answer_gives_several_prices_and_names_what_is_missing(visit):
    """A table of twenty metals is one request."""
    batch, request = poll(visit, web.json_response([{"s": "TIN", "p": 41.25}], headers={"ETag": '"1"'}))
    assert [(item.symbol, item.price) for item in batch.prints] == [("TIN", Decimal("41.25"))]
    assert [item.symbol for item in batch.missing] == ["ZINC"]
    assert (request.query_string, request.headers["X-Key"]) == ("s=TIN,ZINC", "word")
    assert (batch.cursor.etag, batch.entries, batch.changed) == ('"1"', (), True)


def test_an_answer_that_did_not_change_costs_nothing(visit):
    """The validator of the last answer goes along."""

    async def unchanged(request):
        assert request.headers["If-None-Match"] == '"1"'
        return web.Response(status=304)

    batch, _ = poll(visit, unchanged, Cursor(etag='"1"', validated_at=NOW - timedelta(hours=1)))
    assert (batch.changed, batch.prints) == (False, ())


def test_a_form_is_posted(visit):
    """Exchanges have tables that only answer to POST; those have no validators."""

    async def form(request):
        assert (request.method, await request.text()) == ("POST", "day=2026-03-02")
        assert "If-None-Match" not in request.headers
        return web.json_response([{"s": "TIN", "p": "1"}])

    cursor = Cursor(etag='"1"', validated_at=NOW)
    batch, _ = poll(visit, form, cursor, method="POST", body="day={today}")
    assert len(batch.prints) == 1


@pytest.mark.parametrize(
    ("answer", "fault", "words"),
    [
        (web.json_response([{"denied": True}], status=400), Fault.AUTH, "the key is missing"),
        (web.json_response([{"what": True}], status=400), Fault.STATUS, "answered 400 Bad Request"),
        (web.Response(status=429, headers={"Retry-After": "60"}, text="slow"), Fault.RATE_LIMITED, "answered 429"),
        (
            web.json_response([{"s": "LEAD", "p": 1}]),
            Fault.NOT_FOUND,
            "no row is about TIN; there are rows about: LEAD",
        ),
        (web.Response(text="<html>"), Fault.NOT_DATA, "an HTML page where JSON was promised"),
    ],
    ids=["explained", "unexplained", "limited", "unknown", "page"],
)
def test_a_refusal_says_what_is_wrong(visit, answer, fault, words):
    """The words of a provider tell a wrong key from a wrong symbol; our words tell people."""
    with pytest.raises(SourceError, match=words) as caught:
        poll(visit, answer)
    assert caught.value.fault is fault


def test_a_post_is_not_sent_on_as_something_else(visit):
    """A redirect would turn a form into a page."""
    with pytest.raises(SourceError, match="redirects a POST") as caught:
        poll(visit, web.Response(status=302, headers={"Location": "/q"}), method="POST")
    assert caught.value.fault is Fault.BAD_REDIRECT


def watched(path):
    """Daily closes in a file."""
    columns = Columns(format=Format.CSV, price="close", time="date", history=True)
    source = WatchedFile("mine", path, ["x"], Table(columns), run=_run)
    return lambda cursor: asyncio.run(source.poll(cursor, NOW))


def test_a_file_is_read_when_it_changed_and_not_before_its_last_line_is_whole(tmp_path):
    """Somebody else writes it while we look."""
    path = tmp_path / "x.csv"
    look = watched(path)
    path.write_text("date,close\n2026-02-27,10\n2026-02-28,1")
    first = look(Cursor())
    assert (first.prints[0].price, first.prints[0].bars) == (Decimal(10), ())
    path.write_text("date,close\n2026-02-27,10\n2026-02-28,11.5")
    assert look(first.cursor).prints[0].price == Decimal(10)
    rested = look(look(first.cursor).cursor)
    assert rested.prints[0].price == Decimal("11.5")
    assert [bar.price for bar in rested.prints[0].bars] == [Decimal(10)]
    assert look(rested.cursor).changed is False


@pytest.mark.parametrize(
    ("content", "fault", "words"),
    [
        (None, Fault.NOT_FOUND, "x.csv cannot be read: No such file"),
        (b"", Fault.NOT_DATA, "it has no line below its header"),
        (b"date,close\n2026-02-27,ten\n", Fault.NOT_DATA, "x.csv: 'ten' is not one number"),
        (b"x" * (10 * 1024 * 1024 + 1), Fault.TOO_LARGE, "x.csv is larger than"),
    ],
    ids=["absent", "empty", "word", "huge"],
)
def test_a_file_that_holds_no_price_is_an_error(tmp_path, content, fault, words):
    """It is a source like any other: unhealthy after a while, and reported once."""
    path = tmp_path / "x.csv"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(SourceError, match=words) as caught:
        watched(path)(Cursor())
    assert caught.value.fault is fault
