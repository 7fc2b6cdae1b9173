"""Hostile texts: they are judged like others, and the work grows no faster than the text."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import pytest

RULES = (
    "$mineral NEAR/8 (ban~ NOT NEAR/4 ($undo NOT NEAR/2 not))",
    "(gallium BEFORE/3 (lift~ NEAR/5 (ban NOT NEAR/3 not))) NOT NEAR/9 ($mineral NEAR/2 export)",
    "$mineral SENT (ban OR lift~ OR export) AND NOT title(x)",
    "re:/gal+ium/ NOT NEAR/0 ($mineral SENT gallium)",
    "lede($mineral NEAR/9 =MP) OR 镓 NEAR/2 出口",
    "bare($mineral OR 镓) SENT ban",
    "(lede($mineral) NEAR/9 $mineral) SENT (($mineral OR ban) BEFORE/9 ($mineral OR ban))",
    "$mineral CLAUSE (ban OR lift~ OR 出口)",
    "(@tocsin/money OR @tocsin/tonnes OR @tocsin/percent OR @tocsin/name) SENT ban",
    "(($mineral OR gallium) NOT BEFORE/3 lift~) THEN (ban NOT AFTER/2 not)",
)
TEXTS = {
    "brackets": "([",
    "blanks": " ",
    "newlines": "\n",
    "blank lines": "\n \t",
    "zero-width characters": "\u200b",
    "zero-width words": "a\u200b \u200b",
    "lone surrogates": "\ud800",
    "combining marks": "\u0301",
    "dots": ".",
    "dots and blanks": ". ",
    "initials": "a.",
    "figures": "1,",
    "dollars": "$ ",
    "sums": "$1.2 billion ban ",
    "figures in Han": "十百万",
    "names": "Acme ban Metals ",
    "one letter": "a",
    "apostrophes": "a'",
    "possessives": "gallium's ",
    "quotations": "'galliums' ",
    "dashes": " -",
    "one term": "gallium ",
    "alternating terms": "gallium ban ",
    "coordinated terms": "gallium, germanium and ",
    "terms that cancel": "gallium lifts not ban ",
    "a list": "gallium, ban, ",
    "asides": "gallium, the old ban, which ban, ",
    "asides in brackets": "gallium (ban, the old ban, ",
    "sentences": "gallium ban. ",
    "Han": "镓出口",
    "Han, coordinated": "镓、锗和",
    "Thai": "ที่",
    "capitals": "GALLIUM BAN ",
}


def steps(work: Callable[[], object]) -> int:
    """Calls of functions, ours and the interpreter's, that *work* takes: a measure of time that no other load disturbs."""
    count = 0

    def counted(*_: object) -> None:
        nonlocal count
        count += 1

    before = sys.getprofile()
    sys.setprofile(counted)
    try:
        work()
    finally:
        sys.setprofile(before)
    return count


@pytest.mark.no_cover
@pytest.mark.parametrize("piece", TEXTS.values(), ids=TEXTS)
def test_a_text_twice_as_long_takes_no_more_than_twice_the_work(bench: Any, piece: str) -> None:
    """A hostile feed must not stop the daemon, whatever the rules are."""
    rules = bench.compile(*(bench.rule(text, name=f"r{number}") for number, text in enumerate(RULES)))
    short, long = (bench.entry("t", body=piece * (size // len(piece))) for size in (4_000, 8_000))
    judged = bench.judge_every(rules, long)
    assert judged.unevaluated == ()
    assert {m.rule.id for m in rules.evaluate(long, bench.now).matches} == {m.rule.id for m in judged.matches}
    once, twice = (steps(lambda entry=entry: bench.judge_every(rules, entry)) for entry in (short, long))
    assert twice <= 2.1 * once + 500


@pytest.mark.parametrize("piece", ["()", " ", "\u200b", "\ud800", "a."], ids=ascii)
def test_ten_megabytes_of_nothing_are_no_match(bench: Any, piece: str) -> None:
    """The largest body that a feed may send is judged like any other."""
    rules = bench.compile(*(bench.rule(text, name=f"r{number}") for number, text in enumerate(RULES)))
    judged = rules.evaluate(bench.entry("t", body=piece * (10_000_000 // len(piece))), bench.now)
    assert (judged.matches, judged.unevaluated) == ((), ())
