"""What a rule could match if the text of an entry were longer."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from tocsin.config.packs import parse_pack
from tocsin.model.entries import Entry
from tocsin.rules.compile import compile_packs

NOW = datetime(2026, 11, 1, tzinfo=UTC)
ENTRY = Entry(
    source="wire", id="1", keys=(), title="Notice No. 46", first_seen=NOW, labels={"tier": ("primary",)}, language="en"
)


def rules(news):
    """The rules of a pack with one rule, whose condition is *news*."""
    text = f"tocsin: 1\npack: {{id: p, version: 1.0.0}}\nrules:\n  - id: r\n    news: {news}\n"
    spec, problems = parse_pack([("p.yaml", text)])
    assert spec, problems
    compiled, faults = compile_packs([spec])
    assert not faults, faults
    return compiled


@pytest.mark.parametrize(
    ("news", "open_"),
    [
        pytest.param("{match: gallium}", True, id="words anywhere"),
        pytest.param("{match: body(gallium)}", True, id="words of the text"),
        pytest.param("{match: lede(gallium)}", True, id="words at the beginning"),
        pytest.param("{match: title(gallium)}", False, id="words of the title"),
        pytest.param("{match: title(notice) AND gallium}", True, id="the title has its part"),
        pytest.param("{match: title(gallium) AND body(ban)}", False, id="the title has it not"),
        pytest.param("{match: gallium AND tier=primary}", True, id="a label that it has"),
        pytest.param("{match: gallium AND tier=trade}", False, id="a label that it has not"),
        pytest.param("{match: gallium AND NOT tier=primary}", False, id="a label that it must not have"),
        pytest.param("{match: gallium AND NOT notice}", False, id="a word that it must not have"),
        pytest.param("{match: gallium AND NOT tin}", True, id="a word that it has not so far"),
        pytest.param("{match: gallium AND lang=zh}", False, id="another language"),
        pytest.param("{match: gallium, unless: title(notice)}", False, id="cancelled by the title"),
        pytest.param("{match: gallium, unless: notice}", False, id="cancelled by a word that stays"),
        pytest.param("{match: gallium, unless: tin}", True, id="not cancelled so far"),
        pytest.param("{match: gallium, unless: notice AND NOT tin}", True, id="perhaps cancelled no more"),
        pytest.param(
            "{match: gallium, unless: notice AND NOT mineral=tin}", True, id="labels of the match are unknown"
        ),
        pytest.param("{match: title(gallium) OR germanium}", True, id="one of two"),
    ],
)
def test_only_what_more_text_could_change_is_open(news, open_):
    """A rule that asks for a label or a title that an entry has not costs nobody a request."""
    found = rules(news)
    assert found.could_match(found.evaluate(ENTRY, NOW), NOW) is open_


def test_a_rule_that_was_met_needs_no_article():
    """Its alert is out already."""
    found = rules("{match: notice}")
    assert not found.could_match(found.evaluate(ENTRY, NOW), NOW)
    assert found.could_match(found.evaluate(replace(ENTRY, title="x"), NOW), NOW)
