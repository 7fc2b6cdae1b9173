"""Objects of `--json`: the same thing has the same names in every command, so that one script reads them all."""

from __future__ import annotations

import json
from typing import Any

Tocsin = Any


def _objects(done: Any) -> list[dict[str, Any]]:
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_an_alert_is_the_same_object_in_a_list_and_in_a_preview(tocsin: Tocsin, history: Any) -> None:
    """A preview called its number `alert`, and its time `opened`."""
    history()
    (listed,) = _objects(tocsin("alerts", "list", "--json"))
    (hidden,) = _objects(tocsin("silences", "add", "rule=ban", "--for", "1h", "--preview", "--json"))
    assert listed.items() >= hidden.items()
    (shown,) = _objects(tocsin("alerts", "show", "1", "--json"))
    assert shown["content"]["alert"] == hidden


def test_a_source_has_a_state_and_an_address(tocsin: Tocsin, history: Any) -> None:
    """A script that looks for what fails had to know eight fields by heart, and read the configuration."""
    history()
    bad, wire = _objects(tocsin("sources", "list", "--json"))
    assert (bad["name"], bad["state"], bad["errors"], bad["address"]) == ("bad", "failing", 1, "")
    assert (wire["name"], wire["state"], wire["address"]) == ("wire", "ok", "https://me:***@example.org/feed")
    (shown,) = _objects(tocsin("sources", "show", "wire", "--json"))
    assert shown.items() >= wire.items()


def test_a_silence_has_no_cause(tocsin: Tocsin) -> None:
    """It is the cause of what it suppresses."""
    (made,) = _objects(tocsin("silences", "add", "rule=ban", "--for", "1h", "--json"))
    assert made.keys() == {"id", "matchers", "starts", "ends", "by", "why", "during"}


def test_a_test_has_the_outcome_of_its_last_attempt(tocsin: Tocsin) -> None:
    """`outcome` was a text in one command and an object in the other."""
    (sent,) = _objects(tocsin("notify-test", "here", "--json"))
    (shown,) = _objects(tocsin("deliveries", "show", sent["id"], "--json"))
    last = shown["attempts"][-1]
    assert {name: sent[name] for name in ("outcome", "code", "words")} == {
        name: last[name] for name in ("outcome", "code", "words")
    }
    assert {name: sent[name] for name in ("id", "receiver", "recipient", "state")}.items() <= shown["delivery"].items()


def test_the_statistics_of_a_rule_are_the_same_in_both_commands(tocsin: Tocsin, history: Any) -> None:
    """One of them left the precision out."""
    history()
    tocsin("alerts", "useful", "1")
    (counted,) = _objects(tocsin("rules", "stats", "--json"))
    (shown,) = _objects(tocsin("rules", "show", "ban", "--json"))
    assert shown["stats"] == counted
    assert (counted["sent"], counted["precision"]) == (1, 1.0)
    (pack,) = _objects(tocsin("packs", "show", str(tocsin.folder / "rules"), "--json", config=False))
    assert pack["rules"][0]["kind"] == shown["kind"]
