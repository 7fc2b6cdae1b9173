"""What holds for every text."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tocsin.model.rules import Evidence, Span
from tocsin.rules.news.query import parse
from tocsin.rules.news.terms import TermError, compile_term
from tocsin.rules.pieces import QueryError

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
#: Other tests reach each line; these look for the text that nobody thought of.
pytestmark = pytest.mark.no_cover
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
    limited = (f"{op}/{distance}" for op in ("NEAR", "BEFORE", "NOT NEAR", "NOT BEFORE", "NOT AFTER"))
    for op in (*limited, "SENT", "CLAUSE", "THEN"):
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
        "OR lede((re:/gal+ium/ NOT BEFORE/2 ban) THEN (gallium NOT AFTER/2 ban)) OR 镓 BEFORE/3 锗 OR gallium AND NOT title(ban) OR $mineral"
    )
    rules = bench.compile(bench.rule(match, unless="10% AND $undo"))
    judged = bench.judge(rules, bench.entry(title, summary=summary, body=body))
    assert judged.unevaluated == ()
    texts = {"title": title, "summary": summary, "body": body}
    for found in judged.matches:
        for span in found.spans:
            assert 0 <= span.start < span.end <= len(texts[span.field])


STEPS = st.lists(st.sampled_from(["a", "b", "x", "x x", ","]), max_size=14)


def positions(steps: list[str]) -> dict[str, list[tuple[int, int]]]:
    """(word distance, order of the word) of each a and each b, a comma counting one."""
    found: dict[str, list[tuple[int, int]]] = {"a": [], "b": []}
    place, order, comma = 0, 0, False
    for step in steps:
        if step == ",":
            comma = True
            continue
        for word in step.split():
            place += 1 + comma
            order += 1
            comma = False
            if word in found:
                found[word].append((place, order))
    return found


def nearest(one: tuple[int, int], others: list[tuple[int, int]]) -> tuple[int, int] | None:
    """The nearest of *others*, the later of two equally near."""
    return min(others, key=lambda other: (abs(other[0] - one[0]), -other[0]), default=None)


@BOUNDED
@given(STEPS, st.integers(0, 7))
def test_near_is_what_it_is_defined_to_be(bench: Any, steps: list[str], distance: int) -> None:
    """The fast pairing is the slow one of the definition: neither has a nearer partner, and they are within reach."""
    found = positions(steps)
    wanted = {
        tuple(sorted((a[1], b[1])))
        for a in found["a"]
        for b in found["b"]
        if nearest(a, found["b"]) == b and nearest(b, found["a"]) == a and abs(a[0] - b[0]) <= distance
    }
    assert orders(bench.prove(f"a NEAR/{distance} b", " ".join(steps)), steps) == wanted


@BOUNDED
@given(STEPS, st.integers(0, 7))
def test_before_is_what_it_is_defined_to_be(bench: Any, steps: list[str], distance: int) -> None:
    """As NEAR, among partners in this order only."""
    found = positions(steps)
    wanted = {
        (a[1], b[1])
        for a in found["a"]
        for b in found["b"]
        if nearest(a, [other for other in found["b"] if other > a]) == b
        and nearest(b, [other for other in found["a"] if other < b]) == a
        and b[0] - a[0] <= distance
    }
    assert orders(bench.prove(f"a BEFORE/{distance} b", " ".join(steps)), steps) == wanted


@BOUNDED
@given(STEPS, st.integers(1, 7))
def test_not_near_is_what_it_is_defined_to_be(bench: Any, steps: list[str], distance: int) -> None:
    """Each b drops the nearest a within reach, and the as that only a comma (or nothing) parts from it."""
    found = positions(steps)
    dropped = {a for b in found["b"] if (a := nearest(b, found["a"])) and abs(a[0] - b[0]) <= distance}
    assert orders(bench.prove(f"a NOT NEAR/{distance} b", " ".join(steps)), steps) == left(found["a"], dropped)


@BOUNDED
@given(STEPS, st.integers(0, 7))
def test_not_before_and_not_after_are_what_they_are_defined_to_be(bench: Any, steps: list[str], distance: int) -> None:
    """As NOT NEAR, among the as of one side only."""
    found = positions(steps)
    for op, side in (("NOT BEFORE", tuple.__lt__), ("NOT AFTER", tuple.__gt__)):
        dropped = {
            a
            for b in found["b"]
            if (a := nearest(b, [a for a in found["a"] if side(a, b)])) and abs(a[0] - b[0]) <= distance
        }
        assert orders(bench.prove(f"a {op}/{distance} b", " ".join(steps)), steps) == left(found["a"], dropped)


@BOUNDED
@given(STEPS)
def test_then_is_before_in_each_clause(bench: Any, steps: list[str]) -> None:
    """A colon ends a clause whatever stands around it, and nothing else matters but the order."""
    text = " ".join(steps)
    clauses = [part.split() for part in text.split(",")]
    wanted, past = set(), 0
    for clause in clauses:
        found = {word: [past + i for i, other in enumerate(clause, 1) if other == word] for word in ("a", "b")}
        past += len(clause)
        for a in found["a"]:
            b = min((other for other in found["b"] if other > a), default=0)
            if b and a == max(other for other in found["a"] if other < b):
                wanted.add((a, b))
    assert orders(bench.prove("a THEN b", text.replace(",", ":")), steps) == wanted


def left(found: list[tuple[int, int]], dropped: set[tuple[int, int]]) -> set[tuple[int, ...]]:
    """The orders of *found* less what is *dropped*, and what only a comma (or nothing) parts from it."""
    groups: list[list[tuple[int, int]]] = []
    for a in found:
        if groups and groups[-1][-1][1] + 1 == a[1]:
            groups[-1].append(a)
        else:
            groups.append([a])
    return {(a[1],) for group in groups if not dropped & set(group) for a in group}


def orders(proof: Evidence, steps: list[str]) -> set[tuple[int, ...]]:
    """The hits of *proof* as the orders of their words."""
    starts: dict[int, int] = {}
    offset = order = 0
    for word in " ".join(steps).split():
        if word != ",":
            order += 1
            starts[offset] = order
        offset += len(word) + 1
    return {tuple(starts[span.start] for span in hit.spans) for hit in proof.hits}


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
