"""The nearest miss as a sentence: what one would have to change in text or rule."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tocsin.config.packs import parse_pack
from tocsin.explain.near_miss import found_parts, near_miss
from tocsin.model.entries import Entry
from tocsin.rules.compile import compile_packs

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
PACK = """\
tocsin: 1
pack: {id: p, version: 1.0.0}
lists: {mineral: {gallium: [gallium], tin: [tin]}, stop: [ban~, halt~]}
rules:
  - id: ban
    news:
      match: $mineral NEAR/2 $stop OR $mineral SENT (strike OR "walk out")
      unless: title(rumour)
"""


@pytest.mark.parametrize(
    ("title", "words", "near"),
    [
        ("Ministry bans gallium", "The text meets the rule.", 3),
        ("Rumour: ministry bans tin", "The text meets the rule, but an exception cancels it: title(rumour).", 4),
        ("A quiet day", "Nothing in the text fits $mineral.", 0),
        ("Miners at the gallium works go home", "Nothing in the text fits $stop.", 2),
        ("Miners of cobalt strike", "Nothing in the text fits $mineral.", 1),
        (
            "Ministry bans the trade of gallium",
            "$mineral NEAR/2 $stop is not met: nearest: “bans” and “gallium” are 4 apart, NEAR/2 asks for 2.",
            3,
        ),
    ],
    ids=["met", "cancelled", "nothing", "one side", "other side", "too far apart"],
)
def test_the_nearest_miss_is_a_sentence(title, words, near):
    """The alternative of which most was found is explained, since it is the one that was meant."""
    spec, problems = parse_pack([("p.yaml", PACK)])
    assert not problems
    rules = compile_packs([spec])[0]
    entry = Entry(source="wire", id="1", keys=(), title=title, first_seen=NOW)
    evidence = rules.explain("p/ban", entry, NOW)
    assert (near_miss(evidence), found_parts(evidence)) == (words, near)
