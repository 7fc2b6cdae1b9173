"""A feed, polled from a real server."""

import asyncio
import hashlib
import threading
from datetime import UTC, datetime, timedelta

import pytest
from aiohttp import web

from tocsin.errors import Fault, SourceError
from tocsin.model.entries import Cursor
from tocsin.sources.documents.item_labels import ItemLabels, LabelPattern, Place
from tocsin.sources.feeds.feed import FeedSource

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
FEED = (
    b"<rss version='2.0'><channel><title>Metal News</title><link>https://e.com/</link>"
    b"<item><title>China bans gallium exports</title><link>/a</link><guid isPermaLink='false'>1</guid></item>"
    b"<item><title>Lithium falls</title><link>https://e.com/b</link><guid isPermaLink='false'>2</guid></item>"
    b"</channel></rss>"
)


async def _run(call, /, *args, **kwargs):
    return await asyncio.to_thread(call, *args, **kwargs)


def _source(site, http, **options):
    return FeedSource(
        "metal", f"{site.base}/feed", http=http, run=_run, labels={"tier": ("trade",)}, allow_private=True, **options
    )


def _poll(visit, answer, cursor=None, now=NOW):
    async def scene(site, http):
        site.answers["/feed"] = answer
        batch = await _source(site, http, headers={"X-Key": "word"}).poll(cursor or Cursor(), now)
        return batch, site.requests[0].headers

    return visit(scene)


def test_a_poll_gives_the_entries_and_what_to_ask_next(visit):
    """The straight line begins with a batch; its cursor is committed with it."""
    headers = {"ETag": 'W/"a"', "Last-Modified": "Mon, 02 Mar 2026 10:00:00 GMT"}
    batch, asked = _poll(visit, web.Response(body=FEED, headers=headers))
    assert (batch.source, batch.changed, batch.size, batch.has_ids, batch.notes) == ("metal", True, len(FEED), True, ())
    assert [entry.title for entry in batch.entries] == ["China bans gallium exports", "Lithium falls"]
    assert batch.entries[0].link == "https://e.com/a"
    assert (batch.entries[0].publisher, batch.entries[0].labels) == ("Metal News", {"tier": ("trade",)})
    assert batch.cursor == Cursor(
        etag='W/"a"',
        last_modified="Mon, 02 Mar 2026 10:00:00 GMT",
        body_hash=hashlib.sha256(FEED).hexdigest(),
        validated_at=NOW,
    )
    assert asked["X-Key"] == "word"
    assert "If-None-Match" not in asked


def test_a_new_entry_is_found_beside_those_of_the_last_poll(visit):
    """What was there before is not parsed again, and is still in the batch: news, positions and floods are judged by all of it."""
    later = FEED.replace(b"<item>", b"<item><title>Tin rises</title><guid isPermaLink='false'>3</guid></item><item>", 1)

    async def scene(site, http):
        source, fresh = _source(site, http), _source(site, http)
        site.answers["/feed"] = web.Response(body=FEED)
        await source.poll(Cursor(), NOW)
        site.answers["/feed"] = web.Response(body=later)
        marks = source.memory.last.marks
        return marks, await source.poll(Cursor(), NOW), await fresh.poll(Cursor(), NOW)

    marks, batch, alone = visit(scene)
    assert len(marks.items) == 2
    assert [entry.title for entry in batch.entries] == ["Tin rises", "China bans gallium exports", "Lithium falls"]
    assert batch == alone


def test_an_entry_of_the_last_poll_keeps_its_labels_and_its_headline(visit):
    """Rules read both, and an entry is recognised by its headline."""
    patterns = [LabelPattern(label="metal", at=Place.TITLE, pattern="gallium|Lithium|Tin")]
    labels = ItemLabels(patterns, headline="{metal}: {title}")
    later = FEED.replace(b"<item>", b"<item><title>Tin rises</title><guid isPermaLink='false'>3</guid></item><item>", 1)

    async def scene(site, http):
        source, fresh = (_source(site, http, labels_of=labels) for _ in range(2))
        site.answers["/feed"] = web.Response(body=FEED)
        await source.poll(Cursor(), NOW)
        site.answers["/feed"] = web.Response(body=later)
        return await source.poll(Cursor(), NOW), await fresh.poll(Cursor(), NOW)

    batch, alone = visit(scene)
    assert batch.entries == alone.entries
    titles = ["Tin: Tin rises", "gallium: China bans gallium exports", "Lithium: Lithium falls"]
    assert [entry.title for entry in batch.entries] == titles
    assert batch.entries[1].labels == {"metal": ("gallium",), "tier": ("trade",)}


@pytest.mark.parametrize("committed", [True, False])
def test_a_document_with_the_same_entries_is_unchanged_once_these_are_committed(visit, committed):
    """Most feeds give a new date to an old document. Entries whose commit failed are still handed on."""
    later = FEED.replace(
        b"<item>", b"<lastBuildDate>Mon, 02 Mar 2026 11:00:00 GMT</lastBuildDate><ttl>7</ttl><item>", 1
    )

    async def scene(site, http):
        source = _source(site, http)
        site.answers["/feed"] = web.Response(body=FEED)
        first = await source.poll(Cursor(), NOW)
        site.answers["/feed"] = web.Response(body=later)
        second = await source.poll(first.cursor if committed else Cursor(), NOW)
        third = await source.poll(second.cursor, NOW)
        site.answers["/feed"] = web.Response(body=FEED)
        return first, second, third, await source.poll(third.cursor, NOW)

    first, second, third, fourth = visit(scene)
    assert (second.changed, second.entries) == ((False, ()) if committed else (True, first.entries))
    assert second.cursor.body_hash == hashlib.sha256(later).hexdigest()
    assert second.answer.poll_hints.ttl == timedelta(minutes=7)
    assert (third.changed, fourth.changed) == (False, False)


def test_the_source_is_called_by_its_name(visit):
    """The name is what the operator reads."""

    async def scene(site, http):
        return _source(site, http).name

    assert visit(scene) == "metal"


def test_an_unchanged_document_is_a_value(visit):
    """Nothing new costs a few octets, and the validators that a 304 brings are kept."""
    before = Cursor(etag='"a"', last_modified="Mon", body_hash="h", validated_at=NOW - timedelta(days=1))
    batch, asked = _poll(visit, web.Response(status=304, headers={"ETag": '"b"'}), before)
    assert (batch.changed, batch.entries) == (False, ())
    assert batch.cursor == Cursor(etag='"b"', last_modified="Mon", body_hash="h", validated_at=before.validated_at)
    assert (asked["If-None-Match"], asked["If-Modified-Since"]) == ('"a"', "Mon")


def test_an_equal_body_is_not_parsed_again(visit):
    """Servers without validators cost no parsing either; what they say of validators still counts."""
    before = Cursor(etag='"a"', last_modified="Mon", body_hash=hashlib.sha256(FEED).hexdigest(), validated_at=NOW)
    later = NOW + timedelta(hours=1)
    batch, _ = _poll(visit, web.Response(body=FEED, headers={"ETag": '"b"'}), before, later)
    assert (batch.changed, batch.entries, batch.size) == (False, (), len(FEED))
    assert batch.cursor == Cursor(etag='"b"', body_hash=before.body_hash, validated_at=later)


@pytest.mark.parametrize(
    ("validated_at", "sent"),
    [(NOW - timedelta(days=7), True), (NOW - timedelta(days=7, seconds=1), False), (None, False)],
)
def test_old_validators_are_dropped(visit, validated_at, sent):
    """A server that answers 304 for ever is asked for the whole document once a week."""
    before = Cursor(etag='"a"', last_modified="Mon", validated_at=validated_at)
    _, asked = _poll(visit, web.Response(body=FEED), before)
    assert ("If-None-Match" in asked, "If-Modified-Since" in asked) == (sent, sent)


@pytest.mark.parametrize(
    ("headers", "etag", "modified"),
    [
        ({"Last-Modified": "Tue, 03 Mar 2026 11:00:00 GMT"}, "", "Tue, 03 Mar 2026 11:00:00 GMT"),
        ({"Last-Modified": "Tue, 01 Jan 2041 00:00:00 GMT"}, "", ""),
        ({"Last-Modified": "Tue, 01 Jan 2041 00:00:00 -0000"}, "", ""),
        ({"Last-Modified": "yesterday"}, "", "yesterday"),
        ({"ETag": "x" * 2000}, "", ""),
        ({"ETag": "ü"}, "", ""),
    ],
    ids=["ahead a little", "far ahead", "without a zone", "no date", "endless", "unsendable"],
)
def test_only_useful_validators_are_kept(visit, headers, etag, modified):
    """A modification time in the future would be answered with 304 until then."""
    batch, _ = _poll(visit, web.Response(body=FEED, headers=headers))
    assert (batch.cursor.etag, batch.cursor.last_modified) == (etag, modified)


def test_a_document_cut_off_is_asked_for_again(visit):
    """The entry that was cut off must not hide behind a 304 or an equal body."""
    body = FEED[: FEED.index(b"<guid isPermaLink='false'>2")]
    batch, _ = _poll(visit, web.Response(body=body, headers={"ETag": '"a"'}))
    assert [entry.id for entry in batch.entries] == ["1"]
    assert batch.cursor == Cursor(validated_at=NOW)
    assert batch.notes


def test_a_document_without_ids_says_so(visit):
    """Then title and day identify its entries."""
    body = b"<rss version='2.0'><channel><item><title>x</title></item></channel></rss>"
    batch, _ = _poll(visit, web.Response(body=body))
    assert not batch.has_ids


def test_the_charset_of_the_answer_counts(visit):
    """A headline in another encoding is read like any other."""
    body = FEED.replace(b"China", "中国".encode("gbk"))
    batch, _ = _poll(visit, web.Response(body=body, headers={"Content-Type": "text/xml; charset=gb2312"}))
    assert batch.entries[0].title == "中国 bans gallium exports"


def test_what_is_no_feed_fails_the_poll(visit):
    """A login page is no quiet day."""
    with pytest.raises(SourceError) as caught:
        _poll(visit, web.Response(body=b"<html>Sign in</html>"))
    assert caught.value.fault is Fault.NOT_A_FEED


def test_a_feed_is_parsed_in_a_worker(visit):
    """A large document must not stop the loop, because every other task waits for it."""
    threads = []

    async def noting(call, /, *args, **kwargs):
        def noted():
            threads.append(threading.current_thread())
            return call(*args, **kwargs)

        return await asyncio.to_thread(noted)

    async def scene(site, http):
        site.answers["/feed"] = web.Response(body=FEED)
        source = FeedSource("metal", f"{site.base}/feed", http=http, run=noting, labels={}, allow_private=True)
        return await source.poll(Cursor(), NOW)

    assert visit(scene).entries
    assert threads
    assert threading.main_thread() not in threads


def test_a_source_without_the_right_reaches_no_private_address(visit):
    """The check stands between every source and the operator's network."""

    async def scene(site, http):
        source = FeedSource("metal", f"{site.base}/feed", http=http, run=_run, labels={})
        try:
            await source.poll(Cursor(), NOW)
        finally:
            assert not site.requests

    with pytest.raises(SourceError) as caught:
        visit(scene)
    assert caught.value.fault is Fault.BLOCKED_ADDRESS
