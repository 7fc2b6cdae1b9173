"""Sources that programs push to, in the configuration."""

from pathlib import Path

import pytest

from tocsin.config.changes import gone
from tocsin.config.config import parse_config
from tocsin.config.vocabulary import vocabulary
from tocsin.errors import ConfigError
from tocsin.rules.ruleset import RuleSet

RECEIVERS = "receivers:\n  here: {console: true, operator: true}\n"
WEB = "web: {tokens: {filter: {secret: 0123456789abcdef01234567, may: ingest}}}\n"
READER = "web: {tokens: {panel: {secret: 0123456789abcdef01234567}}}\n"
NONE = RuleSet({})


def parse(source, web=WEB):
    """The configuration of one source, `desk`."""
    return parse_config(f"sources:\n  desk: {source}\n{RECEIVERS}{web}", Path("/etc/tocsin/config.yaml"), {})


def test_it_is_a_source_among_the_others():
    """By its name, with an address below the page, and nothing polls it."""
    config = parse("{push: true, labels: {tier: trade}, accept_labels: company}")
    [source] = config.pushes
    assert (source.kind, source.address) == ("push", "/api/v1/sources/desk/items")
    assert (source.labels, source.accept_labels) == ({"tier": ("trade",)}, ("company",))
    assert (config.names, config.sources, config.problems) == (("desk",), (), ())


@pytest.mark.parametrize(
    ("source", "words"),
    [
        pytest.param("{push: false}", "push must be true", id="false"),
        pytest.param("{push: 'true'}", "push must be true", id="text"),
        pytest.param("{push: true, every: 5m}", "unknown key every", id="a key of polls"),
        pytest.param("{push: true, feed: https://example.org}", "unknown key feed", id="two kinds"),
        pytest.param(
            "{push: true, labels: {tier: trade}, accept_labels: [tier]}", "tier stands in labels", id="own label"
        ),
        pytest.param("{push: true, tokens: [filtre]}", "did you mean filter?", id="unknown token"),
    ],
)
def test_a_fault_is_told(source, words):
    """With its place."""
    with pytest.raises(ConfigError) as error:
        parse(source)
    assert any(words in one.message and one.position for one in error.value.problems)


@pytest.mark.parametrize(
    ("web", "words"),
    [
        pytest.param("", "write web: {}", id="no page"),
        pytest.param("web: {listen: off}\n", "write web: {}", id="off"),
        pytest.param(READER, "may: ingest", id="no token"),
    ],
)
def test_a_source_that_no_program_can_reach_is_a_warning(web, words):
    """What to write stands in it."""
    [problem] = parse("{push: true}", web).problems
    assert problem.warning
    assert words in problem.message


def test_a_label_that_entries_bring_may_have_any_value():
    """So a silence or a route for it is no slip; one for a label of the source itself may be."""
    known = vocabulary(parse("{push: true, labels: {tier: trade}, accept_labels: [company]}"), NONE)
    assert known.fault("company", "anything") == ""
    assert "nothing gives the label tier" in known.fault("tier", "primary")


def test_a_reload_that_loses_it_is_told():
    """The programs would be refused from then on."""
    before = parse("{push: true}")
    renamed = parse_config(f"sources:\n  new: {{push: true}}\n{RECEIVERS}{WEB}", Path("/etc/tocsin/config.yaml"), {})
    assert gone(before, renamed, NONE, NONE) == {"sources": ("desk",)}
