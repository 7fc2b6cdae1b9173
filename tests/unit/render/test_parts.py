from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.header import decode_header, make_header
from zoneinfo import ZoneInfo

import pytest

from tocsin.model.alerts import Coverage
from tocsin.model.rules import Evidence, Hit, Span
from tocsin.render.quotes import quotes, words
from tocsin.render.subject import encoded
from tocsin.render.words import cut, defused, host, late_line, local, one_line, web_link

NOW = datetime(2026, 7, 2, 12, 0, tzinfo=UTC)


def excerpts(field: str, text: str, *found: tuple[str, ...]) -> list[str]:
    """The quotes of *text* with marks as brackets, when each of *found* is a hit."""
    hits = []
    for terms in found:
        places = [(text.index(term), len(term)) for term in terms]
        hits.append(Hit(spans=tuple(Span(field=field, start=at, end=at + size) for at, size in places)))
    texts = {"title": "", "summary": "", "body": "", field: text}
    lead = Coverage(link="", publisher="", source="s", published=None, first_seen=NOW, **texts)
    shown = quotes(lead, Evidence(op="rule", text="", holds=True, hits=tuple(hits)))
    return ["".join(f"[{p.text}]" if p.marked else p.text for p in quote.pieces) for quote in shown]


@pytest.mark.parametrize(
    ("field", "text", "found", "expected"),
    [
        ("title", "China bans gallium - Example News", [("bans",)], ["China [bans] gallium - Example News"]),
        ("body", "One. Two bans it! Three.", [("bans",)], ["Two [bans] it!"]),
        ("body", 'He said: "China bans it." Then rain.', [("bans",)], ['He said: "China [bans] it."']),
        ("body", "前言。中国禁止出口镓。结尾。", [("禁止", "镓")], ["中国[禁止]出口[镓]。"]),
        ("summary", "One ban it. Two lift it.", [("One ban",), ("lift",)], ["[One ban] it.", "Two [lift] it."]),
        ("body", "x bans y and z bans w.", [("x bans",), ("bans y",)], ["[x bans y] and z bans w."]),
        ("body", "a bans b\n\nc", [("bans",)], ["a [bans] b"]),
        (
            "body",
            "red is. tan is. sky is. ash is.",
            [("red",), ("tan",), ("sky",), ("ash",)],
            ["[red] is.", "[tan] is.", "[sky] is."],
        ),
    ],
)
def test_a_quote_is_the_verbatim_sentence_with_its_words_marked(
    field: str, text: str, found: list[tuple[str, ...]], expected: list[str]
) -> None:
    """The proof is what stood there, in full and no more."""
    assert excerpts(field, text, *found) == expected


def test_an_endless_sentence_is_cut_round_its_words() -> None:
    """Pages without a full stop exist."""
    (quote,) = excerpts("body", f"{'before ' * 400}bans gallium{' after' * 400}", ("bans", "gallium"))
    assert "[bans] [gallium] after" in quote
    assert quote.startswith("… ")
    assert quote.endswith(" …")
    assert len(quote) < 600


def test_a_flood_in_place_of_a_title_is_quoted_in_part() -> None:
    """A title of a million characters makes no mail of a million characters."""
    (quote,) = excerpts("title", f"bans {'x' * 1_000_000}", ("bans",))
    assert quote.startswith("[bans] x")
    assert len(quote) < 600


def test_words_far_apart_in_an_endless_sentence_leave_a_quote_of_bounded_length() -> None:
    """A hit may span a page; its message must not."""
    (quote,) = excerpts("body", f"bans {'and ' * 2000}gallium", ("bans", "gallium"))
    assert quote.startswith("[bans] and")
    assert len(quote) < 1300


def test_spans_that_no_longer_fit_their_text_are_left_out() -> None:
    """The text of an entry may be pruned or corrected after it matched."""
    lead = Coverage(title="short", link="", publisher="", source="s", published=None, first_seen=NOW)
    spans = (Span(field="title", start=3, end=99), Span(field="body", start=0, end=4))
    evidence = Evidence(op="rule", text="", holds=True, hits=(Hit(spans=spans),))
    assert (quotes(lead, evidence), words(lead, evidence)) == ((), ())
    assert quotes(lead, None) == ()


def test_a_word_counts_once_whatever_its_case() -> None:
    """The list of words is short enough to read."""
    lead = Coverage(title="Ban ban BAN gallium", link="", publisher="", source="s", published=None, first_seen=NOW)
    spans = tuple(Span(field="title", start=a, end=b) for a, b in ((0, 3), (4, 7), (8, 11), (12, 19)))
    assert words(lead, Evidence(op="rule", text="", holds=True, hits=(Hit(spans=spans),))) == ("Ban", "gallium")


@pytest.mark.parametrize(
    ("late", "line"),
    [
        (timedelta(seconds=-5), ""),
        (timedelta(seconds=90), ""),
        (timedelta(minutes=2), "Late by 2m: this was to be sent at 2026-07-02 20:00 CST (12:00 UTC)."),
        (timedelta(hours=2, minutes=5), "Late by 2h 5m: this was to be sent at 2026-07-02 20:00 CST (12:00 UTC)."),
        (timedelta(days=1), "Late by 1d: this was to be sent at 2026-07-02 20:00 CST (12:00 UTC)."),
    ],
)
def test_a_late_message_says_how_late(late: timedelta, line: str) -> None:
    """A minute is nothing; more must be seen."""
    assert late_line(NOW, NOW + late, ZoneInfo("Asia/Shanghai")) == line


@pytest.mark.parametrize(
    ("zone", "shown"),
    [
        ("UTC", "2026-07-02 12:00 UTC"),
        ("Europe/London", "2026-07-02 13:00 BST (12:00 UTC)"),
        ("Africa/Accra", "2026-07-02 12:00 UTC"),
        ("Pacific/Auckland", "2026-07-03 00:00 NZST (2026-07-02 12:00 UTC)"),
    ],
)
def test_a_time_is_local_with_utc_beside_it(zone: str, shown: str) -> None:
    """Two desks on two continents see the same minute."""
    assert local(NOW, ZoneInfo(zone)) == shown


@pytest.mark.parametrize(
    ("text", "limit", "expected"),
    [
        ("short", 5, "short"),
        ("several words here", 12, "several…"),
        ("abcdefgh", 4, "abc…"),
        ("ae\u0301e\u0301e\u0301", 4, "ae\u0301…"),
        ("👩‍👩‍👧 family", 3, "…"),
        ("xy", 1, "…"),
    ],
)
def test_a_cut_never_splits_a_character(text: str, limit: int, expected: str) -> None:
    """Half an emoji or a bare accent is rubbish."""
    assert cut(text, limit) == expected


@pytest.mark.parametrize(
    "text",
    [
        "plain",
        "word " * 60,
        "[HIGH] " + "x" * 280,
        "镓出口" * 30,
        "é ü " * 40,
        "🚨" * 60,
        "=?utf-8?q?=41?=",
        "mixed 镓 text " * 15,
        "",
        " a  b ",
    ],
)
def test_a_subject_survives_its_header(text: str) -> None:
    """The text is read as it was written, including blanks between encoded words."""
    header = encoded(text)
    assert all(len(line) <= 76 or (line.isascii() and " " not in line.strip()) for line in header.split("\r\n"))
    unfolded = header.replace("\r\n", "")
    assert str(make_header(decode_header(unfolded))) == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("mail me@example.org", "mail me@example.org"),
        ("@everyone and (@here)", "＠everyone and (＠here)"),
        ("desk@everyone, x.@here, a@hereby", "desk＠everyone, x.＠here, a＠hereby"),
        ("<@123> <@&1> <!channel> <#C1>", "‹＠123> ‹＠&1> ‹!channel> ‹#C1>"),
        ("<b>bold</b> <https://x>", "‹b>bold‹/b> ‹https://x>"),
        ("1 < 2 and a @ b", "1 < 2 and a @ b"),
        ("[a](b)", "[a] (b)"),
    ],
)
def test_defused_text_reads_the_same_and_calls_nobody(text: str, expected: str) -> None:
    """Services look for mentions and links even in plain text."""
    assert defused(text) == expected


def test_one_line_is_one_line() -> None:
    """Every way to end a line becomes a blank."""
    assert one_line(" a\r\nb\u2028c\x85d\x0be\x00f\t g ") == "a b c d ef g"


def test_the_host_of_a_link_is_where_it_leads() -> None:
    """A login before the host is a trick."""
    assert host(web_link("https://www.bank.example@evil.example/x")) == "evil.example"
