"""A pump: four times as much hostile text takes about four times as long, whatever is repeated, and wherever.

The processor times of two sizes are compared, and only times that are longer than noise count.
A new pattern, and a new place that hostile text reaches, need a line here.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime

import pytest

from tocsin.errors import SourceError
from tocsin.policy.alerting import story
from tocsin.policy.alerting.correction import Wording
from tocsin.receivers import classify
from tocsin.render import words
from tocsin.sources.documents import charset, dates
from tocsin.sources.documents.items import Item, Parsed
from tocsin.sources.documents.whole_page import Watch
from tocsin.sources.feeds import discovery, jsonfeed, parser_program, repair
from tocsin.sources.feeds.entries import entries
from tocsin.sources.feeds.watched import compared
from tocsin.sources.http import caching, urls
from tocsin.sources.prices.extract import Format
from tocsin.sources.prices.table import Columns, Table, read_number
from tocsin.sources.prices.yahoo import Yahoo
from tocsin.text import html, titles
from tocsin.text.error_pages import is_error
from tocsin.text.noise import Noise, is_calendar

#: A tracer would count what it costs itself.
pytestmark = pytest.mark.no_cover

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
#: Characters of the smaller text. A quadratic pattern takes some tenths of a second for the larger one.
SIZE = 2000
TIMES = 4
#: Growth that is still linear, and seconds below which nothing is said.
ROOM, NOISE = 2.5 * TIMES, 0.06

BLANKS = (" ", "\n", "\t", "\r\n", "\n ", "\u00a0", "\u2028", "\x0b")
MARKS = (
    *("<", ">", "&", "&x", "&#", "&#9", '"', "'", "<!", "<!--", "-->", "--", "- ", "<?", "?>", "<![CDATA[", "]]>", "]", "["),
    *("\n<!ENTITY", '<!ENTITY a "b">', "\n<!DOCTYPE", "<!DOCTYPE [", "<!DOCTYPE>", "encoding='", "<a", "<a ", "<a b='", "</", "</a"),
    *("<a>", "<a/>", "<b:c/>", "<item>", "<entry>", "<ttl>", "<ttl ", "<skipHours>", "<script>", "<svg>", "<div>", "<object>"),
)  # fmt: skip
WORDS = (
    *("a", "a.", "a@", "a-", "a ", "1", "1:", "1,", "1-", "/", "./", "www.", "m.", "%25", "é", "中", "(", ")", "{", "@", "\\"),
    *("http://e.com/?url=", "https://x.cdn.ampproject.org/c/s/", "$", "\u200b", "\u0301", " - X", " | ", "_", "T", "+", "\0"),
    *("&lt;", "&lt;a ", "&amp;#9", "](", "{a}", "Mon, ", ")  ", "*/ "),
)  # fmt: skip

FEED = "<rss version='2.0'><channel><title>t</title>{head}<item><title>a</title><guid>1</guid>{item}</item></channel></rss>"
ATOM = "<feed xmlns='http://www.w3.org/2005/Atom'><entry><title>a</title><id>1</id><content type='xhtml'><div>{}</div></content></entry></feed>"
RSS = FEED.format(head="", item="")
TAGS = (
    "title",
    "guid",
    "link",
    "pubDate",
    "author",
    "category",
    "description",
    "content:encoded",
    "dc:creator",
    "source",
)
#: Where in a document something may stand.
PLACES: dict[str, Callable[[str], str]] = {
    "before the root": lambda x: f"<!-- x -->{x}{RSS}",
    "at the beginning": lambda x: f"{x}{RSS}",
    "in a declaration": lambda x: f"<?xml {x}?>{RSS}",
    "in an instruction": lambda x: f"<?x {x}?>{RSS}",
    "in a type": lambda x: f"<!DOCTYPE {x}>{RSS}",
    "in declarations": lambda x: f"<!DOCTYPE rss [{x}]>{RSS}",
    "in an entity": lambda x: f'<!DOCTYPE rss [<!ENTITY a "{x}">]>{FEED.format(head="", item="&a;")}',
    "in the feed": lambda x: FEED.format(head=x, item=""),
    "in a tag": lambda x: FEED.format(head=f"<b {x}/>", item=""),
    "in a value": lambda x: FEED.format(head="", item=f"<enclosure url='{x}'/>"),
    "behind": lambda x: f"{RSS}{x}",
    "in markup": ATOM.format,
    "alone": lambda x: x,
    "in a sitemap": lambda x: f"<urlset xmlns='http://www.sitemaps.org/schemas/sitemap/0.9'><url><loc>http://e.com/</loc>{x}</url></urlset>",
    **{f"in {tag}": lambda x, tag=tag: FEED.format(head="", item=f"<{tag}>z{x}z</{tag}>") for tag in TAGS},
    **{f"in broken {tag}": lambda x, tag=tag: FEED.format(head="", item=f"<{tag}>z{x}z</{tag}><b") for tag in TAGS[:3]},
    **{f"quoted in {tag}": lambda x, tag=tag: FEED.format(head="", item=f"<{tag}><![CDATA[{x}z]]></{tag}>") for tag in ("title", "description")},
}  # fmt: skip


def _read(text: str) -> None:
    parser_program.read(text.encode("utf-8", "replace"), url="http://e.com/", content_type="text/xml; charset=utf-8")


def _octets(text: str) -> bytes:
    return text.encode("utf-8", "replace")


def _entries(text: str) -> None:
    short = text[:1000]
    items = (
        Item(id=text, title=short, summary=text, body=text, outlet=short[-30:]),
        Item(link=f"http://e.com/{short}", title=f"{short} - X", summary=text),
        Item(link=f"http://{short}.com", title=f"z {short}z", published=NOW),
    )
    found = entries(Parsed(title=text, link=text, items=items), source="s", url="http://e.com/", labels={}, now=NOW)
    for entry in found:
        titles.features(entry.title)
        story.origin(entry, None)
        assert Wording(title=entry.title, text=entry.body).marked in {True, False}


JSON = Table(Columns(format=Format.JSON, rows="rows", symbol="s", price="p", time="$.rows[*].t | [0]"))
CSV = Table(Columns(format=Format.CSV, symbol="s", price="p", time="t"))


def _tables(text: str) -> None:
    quoted = json.dumps(text)
    for table, body in (
        (JSON, f'{{"rows": [{{"s": {quoted}, "p": {quoted}, "t": {quoted}}}]}}'),
        (JSON, f"f({text})"),
        (JSON, f"{text}f(1)"),
        (JSON, f"f(1){text}z"),
        (CSV, f's,p,t\nA,"{text}",{text}\n'),
        (CSV, text),
    ):
        _may_refuse(lambda table=table, body=body: table.parse(_octets(body), "", ["A"]))


LINES = Table(Columns(format=Format.JSONL, symbol="s", price="p", time="t"))


def _price_answers(text: str) -> None:
    """The other answers of prices that are read in the daemon: JSON Lines, raw and as a value, and Yahoo's charts."""
    row = json.dumps({"s": "a", "p": text, "t": text})
    one = {"date": 1, "amount": 1, "numerator": 2, "denominator": 1}
    points = len(text) // 6  # a point takes six characters: "1,1,1,"
    chart = {
        "meta": {"symbol": "a", "regularMarketPrice": 1, "regularMarketTime": 10**9, "exchangeTimezoneName": text, "currency": text},
        "timestamp": [1] * points,
        "indicators": {"quote": [{"close": [1] * points, "volume": [1] * points}]},
        "events": {"splits": {str(n): one for n in range(points)}, "dividends": {text: {"date": 1, "amount": text}}},
    }  # fmt: skip
    for body in (_octets(text), _octets(f"{row}\n{text}"), _octets('{"s": "a", "p": 1, "t": 1}\n' * (len(text) // 20))):
        _may_refuse(lambda body=body: LINES.parse(body, "", ["a"]))
    for body in (_octets(text), _octets(json.dumps({"chart": {"result": [chart], "error": None}}))):
        _may_refuse(lambda body=body: Yahoo().parse(body, "", ["a"]))


def _headers(text: str) -> None:
    caching.fresh({"cache-control": text, "expires": text, "date": text}, NOW)
    charset.decode(_octets(text), f"text/xml; {text}")
    charset.decode(b"<?xml " + _octets(text) + b"\xff", "text/xml; charset=gb2312")


def _answers(text: str) -> None:
    classify.http(400, _octets(text), text, NOW)
    classify.slack(200, _octets(text))
    classify.smtp(classify.Stage.ENVELOPE, 550, text)


def _shown(text: str) -> None:
    words.one_line(text)
    words.cut(text, 100)
    words.defused(text)
    words.web_link(f"http://e.com/{text}")


def _urls(text: str) -> None:
    for url in (text, f"http://e.com/{text}", f"http://{text}", f"http://e.com/?{text}"):
        urls.canonical(url)
        urls.escape(url)
        urls.without_host(url)


def _texts(text: str) -> None:
    for piece in (text, f"<p>{text}", f"z {text}z"):
        html.to_plain(piece)
        html.clean(piece)
        titles.split_outlet(piece)
        titles.normal(piece)


def _watched(text: str) -> None:
    """Read the lines of a page that is watched; they change from and to this text."""
    noise = Noise([r"Queue: \d+"])
    for line in (text, f"Visitors: {text}", f"Updated {text}", f"1 {text} ago", f"404 {text}"):
        noise.without(line)
        is_calendar(line, NOW.date())
        is_error(line[:100])
    seen = Parsed(title="t", link="http://e.com/", items=(Item(body=text.replace(" ", "\n\n")),))
    _, kept = compared(Parsed(title="t", link="", items=(Item(body="x"),)), "", Watch(), NOW)
    compared(seen, kept, Watch(), NOW)


def _prices(text: str) -> None:
    dates.parse_time(text)
    read_number(text)


#: What reads text of strangers in the daemon's own process.
READERS: dict[str, Callable[[str], object]] = {
    "poll hints": lambda x: caching.poll_hints(_octets(f"<rss><channel>{x}<item>")),
    "feeds of a page": lambda x: discovery.discover(f"<link rel=alternate {x}", url="http://e.com/"),
    "JSON Feed": lambda x: jsonfeed.parse(json.dumps({"title": x, "items": [{"id": x, "title": x, "content_html": x}]}), url="http://e.com/"),
    "reduced feed": lambda x: repair.reduce(f"<rss>{x}</rss>"),
    "entries": _entries,
    "tables": _tables,
    "answers of prices": _price_answers,
    "headers": _headers,
    "answers of receivers": _answers,
    "what is shown": _shown,
    "addresses": _urls,
    "texts": _texts,
    "watched pages": _watched,
    "prices": _prices,
}  # fmt: skip


def _may_refuse(call: Callable[[], object]) -> None:
    try:
        call()
    except (SourceError, ValueError):
        return


def _spent(read: Callable[[str], object], text: str) -> float:
    began = time.process_time()
    _may_refuse(lambda: read(text))
    return time.process_time() - began


def _grows(read: Callable[[str], object], make: Callable[[int], str]) -> str:
    """Return what is wrong with the growth of *read*. Empty if it is linear."""
    few, many = make(SIZE), make(TIMES * SIZE)
    small = large = 0.0
    for _ in range(3):  # a busy machine may spoil a measurement
        large = _spent(read, many)
        if large < NOISE or large < ROOM * (small := _spent(read, few)):
            return ""
    return f"{few[:12]!r}...: {small:.3f} s, {TIMES} times as much {large:.3f} s"


def _pumped(
    read: Callable[[str], object],
    place: Callable[[str], str] = lambda x: x,
    pieces: Sequence[str] = (*BLANKS, *MARKS, *WORDS),
) -> Iterator[str]:
    for piece in pieces:
        if said := _grows(read, lambda size, piece=piece: place(piece * (size // len(piece)))):
            yield f"{piece!r}: {said}"


@pytest.mark.parametrize("place", PLACES)
def test_a_feed_takes_linear_time_whatever_is_repeated_in_it(place: str) -> None:
    """40 kB of newlines before a feed stopped every other source."""
    pieces = WORDS if place.removeprefix("in ") in TAGS else (*BLANKS, *MARKS)
    assert list(_pumped(_read, PLACES[place], pieces)) == []


@pytest.mark.parametrize("reader", READERS)
def test_what_is_read_in_the_daemon_takes_linear_time(reader: str) -> None:
    """Nothing can end it there."""
    assert list(_pumped(READERS[reader])) == []


def _many(make: Callable[[int], str]) -> Callable[[int], str]:
    return lambda size: FEED.format(head="", item="".join(make(n) for n in range(size // 10)))


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(_many("<category>{}</category>".format), id="categories"),
        pytest.param(lambda size: FEED.format(head="", item=f"<tags>{','.join(map(str, range(size)))}</tags>"), id="tags"),
        pytest.param(_many("<link>http://e.com/{}</link>".format), id="links"),
        pytest.param(_many("<author>{} a@e.com</author>".format), id="authors"),
        pytest.param(lambda size: FEED.format(head="<b>" * (size // 3) + "</b>" * (size // 3), item=""), id="levels"),
        pytest.param(lambda size: FEED.format(head="<b>" * (size // 3) + "</b>" * (size // 3), item="<b"), id="levels, broken"),
        pytest.param(lambda size: FEED.format(head="".join(f"<a{n}:b xmlns:a{n}='u{n}'/>" for n in range(size // 20)), item=""), id="name spaces"),
    ],
)  # fmt: skip
def test_many_of_a_kind_take_linear_time(make: Callable[[int], str]) -> None:
    """Libraries compare each with all before it."""
    assert _grows(_read, make) == ""
