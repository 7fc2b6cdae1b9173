"""The readers answer hostile input with a value or with their one error."""

from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin.errors import Fault, SourceError
from tocsin.sources.documents.charset import decode
from tocsin.sources.documents.dates import parse_time
from tocsin.sources.feeds.rss import parse
from tocsin.sources.http import urls
from tocsin.sources.http.address import check

FEED = (
    b"<?xml version='1.0' encoding='utf-8'?><rss version='2.0'><channel><title>x</title><language>en</language>"
    b"<item><title>China bans <![CDATA[<b>gallium</b> & more]]></title><link>https://e.com/?a=1&amp;b=2</link>"
    b"<guid isPermaLink='true'>https://e.com/1</guid><pubDate>Mon, 02 Mar 2026 10:00:00 GMT</pubDate>"
    b"<category>c</category><source url='x'>y</source><enclosure url='z'/></item></channel></rss>"
)
EDITS = st.lists(
    st.tuples(
        st.integers(0, len(FEED)),
        st.integers(0, 40),
        st.binary(max_size=6) | st.sampled_from([b"<item>", b"&", b"]]>", b"<"]),
    ),
    max_size=6,
)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(edits=EDITS)
def test_a_damaged_feed_is_read_or_refused(edits):
    """No damage to a document may end in anything but entries or a failed poll."""
    body = bytearray(FEED)
    for start, length, inserted in edits:
        body[start : start + length] = inserted
    assert _titles(bytes(body)) is not None


def _titles(body):
    """Return the result of reading *body*. The one error of reading counts as nothing."""
    try:
        return [item.title for item in parse(body, url="https://e.com/feed").items]
    except SourceError as error:
        return [] if error.fault is Fault.NOT_A_FEED else None


@settings(max_examples=150, deadline=None, derandomize=True)
@given(text=st.text(max_size=60), scheme=st.sampled_from(["", "http://", "https://e.com/", "http://[", "//"]))
def test_any_text_is_an_url_or_none(text, scheme):
    """A link is made of whatever stood in its place, and what is requested is ASCII."""
    url = scheme + text
    form = urls.canonical(url)
    assert urls.canonical(form) == form
    assert urls.escape(url).isascii()
    assert bool(form) == urls.is_web(url)
    assert isinstance(urls.without_host(url), str)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(
    text=st.text(max_size=40)
    | st.from_regex(r"\d{1,5}-\d{1,3}-\d{1,3}T\d{1,3}:\d\d:\d\d[+-]\d{1,5}", fullmatch=True)
    | st.from_regex(r"\d{1,3} (Jan|Feb|May) \d{2,4} \d\d:\d\d [A-Z]{1,4}[+-]?\d{0,4}", fullmatch=True)
)
def test_any_text_is_a_time_or_none(text):
    """A time is aware and in UTC, or there is none."""
    time = parse_time(text)
    assert time is None or time.tzname() == "UTC"


@settings(max_examples=100, deadline=None, derandomize=True)
@given(body=st.binary(max_size=60), kind=st.text(max_size=20).map("text/xml; charset={}".format))
def test_any_octets_are_text(body, kind):
    """Octets in no encoding become replacement characters."""
    text, note = decode(body, kind)
    assert isinstance(text, str)
    assert isinstance(note, str)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(address=st.ip_addresses().map(str) | st.text(max_size=20))
def test_more_rights_never_forbid_more(address):
    """An address that is allowed for every source is also allowed for one of the operator's own."""
    if not check(address):
        assert not check(address, allow_private=True)
