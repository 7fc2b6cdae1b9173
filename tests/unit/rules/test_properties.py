"""What holds for every text."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin.model import Evidence, Span
from tocsin.rules.query import QueryError, parse
from tocsin.rules.terms import TermError, compile_term

WORDS = st.sampled_from(
    [
        "a",
        "b",
        "c",
        "a b",
        "x",
        ",",
        ", and ",
        "and",
        ";",
        "\n\n",
        "gallium",
        "germanium",
        "lifts",
        "ban",
        "镓",
        "锗",
        "、",
        "。",
        "exports",
        "not",
    ]
)
TEXTS = st.lists(WORDS, max_size=25).map(" ".join)
ANY = st.text(st.characters(codec=None, exclude_categories=()), max_size=60)
HOSTILE = st.one_of(
    ANY,
    TEXTS,
    st.lists(
        st.sampled_from(
            [
                "\u200b",
                "\ud800",
                "\u202e",
                "\x00",
                "gallium",
                "ﬁ",
                "İ",
                "e\u0301",
                "鎵",
                " ",
                "ban",
                "$",
                "10%",
                "-",
                "\n\n",
            ]
        ),
        max_size=30,
    ).map("".join),
)
BOUNDED = settings(max_examples=100, deadline=None)


def spans(proof: Evidence) -> list[tuple[Span, ...]]:
    """The spans of each hit, in a fixed order."""
    return sorted(hit.spans for hit in proof.hits)


@BOUNDED
@given(TEXTS, st.integers(0, 6))
def test_near_and_sent_are_symmetric(bench: Any, text: str, distance: int) -> None:
    """Which side is written first means nothing."""
    for op in (f"NEAR/{distance}", "SENT"):
        one = bench.prove(f"(a OR gallium OR 镓) {op} (b OR c OR ban OR 锗)", text)
        other = bench.prove(f"(b OR c OR ban OR 锗) {op} (a OR gallium OR 镓)", text)
        assert spans(one) == spans(other)


@BOUNDED
@given(TEXTS, TEXTS, st.integers(0, 9))
def test_no_operator_crosses_a_sentence_or_a_field(bench: Any, title: str, summary: str, distance: int) -> None:
    """Two headlines of one entry are not one event."""
    entry = bench.entry(title, summary=summary)
    for op in (f"NEAR/{distance}", f"BEFORE/{distance}", "SENT", f"NOT NEAR/{distance}"):
        for hit in bench.prove(f"(a OR gallium OR 镓) {op} (b OR ban OR 锗)", entry).hits:
            (field,) = {span.field for span in hit.spans}
            between = getattr(entry, field)[hit.spans[0].start : hit.spans[-1].end]
            assert "\n\n" not in between
            assert "。" not in between
            assert field != "title" or ";" not in between


@BOUNDED
@given(TEXTS, st.integers(0, 9))
def test_a_wider_reach_loses_no_match(bench: Any, text: str, distance: int) -> None:
    """NEAR/9 holds wherever NEAR/8 does; NOT NEAR the other way round; SENT wherever NEAR does."""
    wide, narrow = (bench.prove(f"(a OR 镓) NEAR/{n} (b OR 锗)", text) for n in (distance + 1, distance))
    assert set(spans(narrow)) <= set(spans(wide)) <= set(spans(bench.prove("(a OR 镓) SENT (b OR 锗)", text)))
    wide, narrow = (bench.prove(f"$mineral NOT NEAR/{n} lifts", text) for n in (distance + 2, distance + 1))
    assert set(spans(wide)) <= set(spans(narrow)) <= set(spans(bench.prove("$mineral", text)))


@BOUNDED
@given(HOSTILE, HOSTILE, HOSTILE)
def test_no_text_makes_a_rule_raise(bench: Any, title: str, summary: str, body: str) -> None:
    """Feed text is hostile: whatever it holds, it is judged, and every span lies within its field."""
    match = (
        "(($mineral NOT NEAR/3 ($undo NOT NEAR/2 $not)) NEAR/8 (ban~ OR germ* OR =US)) "
        "OR lede(re:/gal+ium/ SENT gallium) OR 镓 BEFORE/3 锗 OR gallium AND NOT title(ban) OR $mineral"
    )
    rules = bench.compile(bench.rule(match, unless="10% AND $undo"))
    judged = bench.judge(rules, bench.entry(title, summary=summary, body=body))
    assert judged.unevaluated == ()
    texts = {"title": title, "summary": summary, "body": body}
    for found in judged.matches:
        for span in found.spans:
            assert 0 <= span.start < span.end <= len(texts[span.field])


PIECES = st.sampled_from(
    [
        "(",
        ")",
        '"',
        "$mineral",
        "$x",
        "NEAR/3",
        "NEAR/",
        "NOT",
        "AND",
        "OR",
        "SENT",
        "title(",
        "re:/a/",
        "re:/(/",
        "tier=a",
        "age<2h",
        "~",
        "=US",
        "ban*",
        "镓",
        "\ud800",
        " ",
        "\n",
    ]
)


@BOUNDED
@given(st.one_of(ANY, st.lists(PIECES, max_size=14).map(" ".join), st.lists(PIECES, max_size=14).map("".join)))
def test_an_expression_is_understood_or_refused_at_a_place_in_it(text: str) -> None:
    """No expression brings the daemon down when its rules are read again."""
    for start, length in refused(text):
        assert 0 <= start <= len(text)
        assert length >= 1


def refused(text: str) -> list[tuple[int, int]]:
    """Where *text* is refused as an expression; any other exception is a fault of the parser."""
    try:
        parse(text, lambda name: None, lambda name: "")
    except QueryError as error:
        return [(error.start, error.length)]
    return []


@BOUNDED
@given(ANY)
def test_a_term_is_understood_or_refused(text: str) -> None:
    """No list brings the daemon down either."""
    with suppress(TermError):
        term = compile_term(text)
        assert term.words or term.pattern
