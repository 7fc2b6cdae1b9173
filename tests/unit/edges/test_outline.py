"""The outline of evidence: what every screen shows of a rule and its words."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest

from tocsin.errors import Position
from tocsin.explain.outline import Mark, outline
from tocsin.model.rules import Evidence, Hit, Span

ZONE = ZoneInfo("Europe/London")
TEXTS = {"title": "Peru halts copper exports", "summary": "", "body": ""}


def term(text: str, start: int = -1) -> Evidence:
    """A term, found at *start* of the title."""
    hits = (Hit(spans=(Span(field="title", start=start, end=start + len(text)),)),) if start >= 0 else ()
    return Evidence(op="term", text=text, holds=start >= 0, hits=hits, count=len(hits))


def test_words_that_were_found_stand_beside_their_expression():
    """A reader sees which words met the rule, and where the rule is."""
    at = Position(file="rules/metals/pack.yaml", line=7, column=3)
    node = Evidence(op="list", text="$metal", holds=True, hits=term("copper", 11).hits, position=at)
    found = outline(node, TEXTS, ZONE)
    assert (found.mark, found.text, found.found, found.place) == (Mark.MET, "$metal", ("copper",), "pack.yaml:7")


def test_alternatives_that_were_not_needed_are_counted():
    """One of three was enough."""
    node = Evidence(op="OR", text="a OR b OR c", holds=True, children=(term("a"), term("halts", 5), term("c")))
    found = outline(node, TEXTS, ZONE)
    assert ([child.text for child in found.children], found.hidden) == (["halts"], 2)


@pytest.mark.parametrize(
    ("op", "holds", "mark"),
    [
        ("unless", True, Mark.CANCELS),
        ("unless", False, Mark.NEITHER),
        ("severity_if high", False, Mark.NEITHER),
        ("match", False, Mark.MISSING),
        ("match", True, Mark.MET),
    ],
)
def test_a_mark_says_what_an_expression_means_for_the_rule(op, holds, mark):
    """An exception that is true is bad, and one that is false is nothing."""
    assert outline(Evidence(op=op, text="x", holds=holds), TEXTS, ZONE).mark is mark


def test_the_miss_of_a_pair_is_told_by_the_side_that_is_missing():
    """The note of the pair would say the same again."""
    pair = Evidence(
        op="NEAR/8", text="halts NEAR/8 zinc", holds=False, note="no zinc", children=(term("halts", 5), term("zinc"))
    )
    assert outline(pair, TEXTS, ZONE).note == ""
