"""What people type after a message arrived."""

from __future__ import annotations

import json
import sqlite3
from typing import Any

import pytest

Tocsin = Any


def records(result: Any) -> list[dict[str, Any]]:
    """The JSON lines on stdout."""
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_answers_stand_in_the_listing_and_with_the_alert(tocsin: Tocsin, history: Any) -> None:
    """Who comes later sees that somebody has looked, and what they thought."""
    history()
    assert "is seen" in tocsin("alerts", "ack", "1", "--by", "ann").stderr
    assert "Alert 1 is snoozed until 20" in tocsin("alerts", "snooze", "#1", "--for", "4h").stderr
    assert "tocsin alerts show 1" in tocsin("alerts", "noise", "1", "--by", "ben", "--why", "a \x1b[31mgame").stderr
    shown = tocsin("alerts", "show", "#1").stdout
    for words in ("seen 20", "by ann", "snoozed until", "called noise 20", "by ben: a  [31mgame"):
        assert words in shown
    assert "noise, snoozed" in tocsin("alerts", "list").stdout
    (record,) = records(tocsin("alerts", "list", "--json"))
    assert (record["id"], record["answered"]["verdict"], record["answered"]["acked_by"]) == (1, "noise", "ann")
    answered = records(tocsin("alerts", "show", "1", "--json"))[0]["answered"]
    assert (answered["judged_by"], answered["why"]) == ("ben", "a \x1b[31mgame")


def test_who_answers_is_the_user_unless_they_say_otherwise(
    tocsin: Tocsin, history: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody types their own name at four in the morning."""
    history()
    monkeypatch.delenv("SUDO_USER", raising=False)
    monkeypatch.setenv("USER", "bob")
    tocsin("alerts", "ack", "1")
    assert "by bob" in tocsin("alerts", "show", "1").stdout


def test_the_listing_is_narrowed(tocsin: Tocsin, history: Any) -> None:
    """By time, rule, label, and by what nobody has seen."""
    history()
    for arguments in (["--since", "24h"], ["--rule", "ban"], ["--label", "mineral=gallium"], ["--unacked"]):
        assert len(records(tocsin("alerts", "list", "--json", *arguments))) == 1
    tocsin("alerts", "useful", "1")
    for arguments in (["--since", "2090-01-01"], ["--rule", "lift"], ["--label", "mineral=tin"], ["--unacked"]):
        result = tocsin("alerts", "list", *arguments)
        assert (result.exit_code, result.stdout) == (0, "")
        assert "No alert matches" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (["show", "x1"], 2, "'x1' is not an alert: alerts have short numbers such as 12; see: tocsin alerts list"),
        (["ack", "1", "99"], 2, "there is no alert 99; see: tocsin alerts list"),
        (["show", "9" * 30], 2, "is not an alert"),
        (["snooze", "1", "--for", "4"], 2, "--for '4' needs a unit: write 4s, 4m, 4h, 4d or 4w"),
        (["snooze", "1", "--for", "0h"], 2, "--for must be more than zero"),
        (["list", "--label", "gallium"], 2, "--label gallium: write name=value, such as mineral=gallium"),
        (["list", "--since", "soon"], 2, "--since 'soon' is not an ISO 8601 date"),
    ],
    ids=["no number", "no such alert", "a long number", "no unit", "no time", "no label", "no date"],
)
def test_a_mistake_is_told_with_its_remedy(
    tocsin: Tocsin, history: Any, arguments: list[str], status: int, words: str
) -> None:
    """And nothing is written."""
    history()
    result = tocsin("alerts", *arguments)
    assert (result.exit_code, words in result.stderr) == (status, True)
    assert len(records(tocsin("alerts", "list", "--unacked", "--json"))) == 1


def test_rules_are_counted_by_what_people_said(tocsin: Tocsin, history: Any) -> None:
    """A rule that nobody finds useful is seen in a table; one that never fired, too."""
    pack = tocsin.folder / "rules" / "pack.yaml"
    pack.write_text(
        f"{pack.read_text(encoding='utf-8')}  - {{id: quiet, news: {{match: unobtainium}}}}\n", encoding="utf-8"
    )
    history()
    assert "No alert has been marked yet" in tocsin("rules", "stats").stderr
    tocsin("alerts", "useful", "1")
    found = records(tocsin("rules", "stats", "--json"))
    assert found == [
        {"rule": "metals/ban", "alerts": 1, "sent": 1, "useful": 1, "noise": 0, "precision": 1.0},
        {"rule": "metals/quiet", "alerts": 0, "sent": 0, "useful": 0, "noise": 0, "precision": None},
    ]
    shown = tocsin("rules", "stats")
    assert ("100%" in shown.stdout, shown.stderr) == (True, "")
    assert [one["alerts"] for one in records(tocsin("rules", "stats", "--since", "2090-01-01", "--json"))] == [0, 0]


def test_verdicts_become_tests_that_run(tocsin: Tocsin, history: Any) -> None:
    """What was useful passes with the rules as they are; what was noise fails until the rule is mended."""
    history()
    cases = tocsin.folder / "rules" / "tests"
    cases.mkdir()
    none = tocsin("rules", "export-cases")
    assert (none.exit_code, "mark alerts with tocsin alerts useful ID" in none.stderr) == (2, True)
    tocsin("alerts", "useful", "1")
    (cases / "cases.yaml").write_text(tocsin("rules", "export-cases", "ban").stdout, encoding="utf-8")
    passed = tocsin("test")
    assert (passed.exit_code, "1 of 1 test passed" in passed.stderr) == (0, True)
    tocsin("alerts", "noise", "1", "--why", "a game")
    (cases / "cases.yaml").write_text(tocsin("rules", "export-cases").stdout, encoding="utf-8")
    failed = tocsin("test")
    assert failed.exit_code == 1
    assert "alert 1 was noise, a game:  [31mChina bans gallium exports" in failed.stdout
    assert "must not be met" in failed.stdout
    unknown = tocsin("rules", "export-cases", "bam")
    assert (unknown.exit_code, "did you mean ban?" in unknown.stderr) == (2, True)


def test_what_makes_no_case_is_counted(tocsin: Tocsin, history: Any) -> None:
    """After the retention the text is gone: that is said, and no empty case is written."""
    history()
    tocsin("alerts", "useful", "1")
    with sqlite3.connect(tocsin.folder / "tocsin.db") as connection:
        connection.execute("UPDATE match SET evidence = NULL")
    connection.close()
    result = tocsin("rules", "export-cases")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "1 left out" in result.stderr


def test_what_waits_and_what_is_never_told_are_listed(tocsin: Tocsin, history: Any) -> None:
    """Nobody has to guess why a message did not come."""
    history()
    assert "Nothing waits." in tocsin("alerts", "list", "--held").stderr
    shown = " ".join(tocsin("alerts", "list", "--suppressed").stdout.split())
    assert "desk dead gone 404" in shown
    (record,) = records(tocsin("alerts", "list", "--suppressed", "--json"))
    assert (record["alert_id"], record["receiver"], record["cause"]) == (1, "desk", "other")
    refused = tocsin("alerts", "list", "--held", "--rule", "ban")
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert "--held takes no other filter" in refused.stderr


def test_the_forms_of_a_term_are_listed(tocsin: Tocsin) -> None:
    """Whoever writes a list sees what a word of it will find, before the news comes."""
    assert records(tocsin("rules", "forms", "letter of interest", "--json", config=False)) == [
        {"word": "letter", "forms": ["letter", "letters"]},
        {"word": "of", "forms": ["of"]},
        {"word": "interest", "forms": ["interest", "interest's", "interests", "interests'", "interests's"]},
    ]
    assert "cut, cuting, cuts, cutting" in tocsin("rules", "forms", "cut~ back", config=False).stdout
    assert "restrict*" in tocsin("rules", "forms", "restrict*", config=False).stdout


@pytest.mark.parametrize(
    ("term", "words"), [("--", "has no word"), ("re:/a/", "is a regular expression, which has no forms")]
)
def test_what_has_no_forms_says_so(tocsin: Tocsin, term: str, words: str) -> None:
    """An empty table would look as if nothing could ever be found."""
    result = tocsin("rules", "forms", "--", term, config=False)
    assert (result.exit_code, words in result.stderr) == (2, True)


def test_a_rule_whose_history_is_too_short_says_so(tocsin: Tocsin, history: Any) -> None:
    """By check before anything was polled, by check and show later; why sends to show, as there is no entry to explain."""
    [pack] = (tocsin.folder / "rules").glob("*.yaml")
    pack.write_text(f"{pack.read_text()}  - {{id: first, count: {{rule: ban, new: mineral}}}}\n")
    assert "metals/first fires nothing before the first match of ban, and 28d more" in tocsin("check").stderr
    history()
    found = " ".join(tocsin("check").stderr.split())
    assert "ban has been seen for 0 of 28 days" in found
    assert "first: never fired" not in found
    shown = " ".join(tocsin("rules", "show", "first").stdout.split())
    assert "condition a mineral that no match of ban had before" in shown
    assert "ban has been seen for 0 of 28 days" in shown
    assert "tocsin rules show metals/first" in tocsin("why", "first", "2").stderr


def test_who_is_next_is_shown_until_somebody_answers(tocsin: Tocsin, history: Any) -> None:
    """By the alert and by why, with the number of the reminder; after an answer nobody is next."""
    config = tocsin.folder / "config.yaml"
    text = config.read_text().replace("operator: true}", "operator: true, repeat: {every: 4h, at_most: 3}}")
    config.write_text(f"{text}  boss: {{console: true}}\nescalations:\n  - {{after: 2h, to: boss}}\n")
    history()
    number = json.loads(tocsin("why", "ban", "2", "--json").stdout)["entry"]["number"]
    shown = " ".join(tocsin("alerts", "show", "1").stdout.split())
    assert "next, if nobody answers: boss at " in shown
    assert "(reminder 1 of 3)" in shown
    assert "if nobody answers: boss at " in " ".join(tocsin("why", "ban", str(number)).stdout.split())
    tocsin("alerts", "ack", "1")
    assert "if nobody answers" not in tocsin("alerts", "show", "1").stdout + tocsin("why", "ban", str(number)).stdout
