"""`why` and `why-not`: the proof of a rule on an entry, and what became of a stored one."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

Tocsin = Any


def answer(result: Any) -> dict[str, Any]:
    """The one JSON object on stdout."""
    (line,) = result.stdout.splitlines()
    return dict(json.loads(line))


def test_a_headline_is_explained_without_a_database(tocsin: Tocsin) -> None:
    """Marks, the words in brackets where there is no colour, and the line of each node."""
    result = tocsin("why", "ban", "--title", "China bans gallium exports", "--summary", "And more")
    assert result.exit_code == 0
    for words in (
        "✓ metals/ban matches",
        "China [bans] [gallium] exports",
        "✓ rule metals/ban",
        "✓ NEAR/8",
        "$mineral  “gallium”",
        "pack.yaml:8",
    ):
        assert words in result.stdout
    assert not (tocsin.folder / "tocsin.db").exists()


def test_why_not_names_the_first_false_node_and_the_nearest_miss(tocsin: Tocsin) -> None:
    """What to change, and by how much."""
    title = "Gallium one two three four five six seven eight nine ten eleven twelve thirteen bans"
    result = tocsin("why-not", "metals/ban", "--title", title)
    near = "“Gallium” and “bans” are 14 apart, NEAR/8 asks for 8"
    assert "✗ metals/ban does not match" in result.stdout
    assert near in " ".join(result.stdout.split())
    record = answer(tocsin("why-not", "ban", "--title", title, "--json"))
    assert record["holds"] is False
    assert near in record["first_false"]["note"]
    assert record["first_false"]["position"].endswith("pack.yaml:8:19")
    assert record["decision"] == []


def test_a_named_expression_is_one_line_and_can_be_unfolded(tocsin: Tocsin) -> None:
    """The words that it found and where it is written; of one that is false, what it lacks."""
    (tocsin.folder / "rules" / "words.yaml").write_text(
        "tocsin: 1\n"
        "expressions:\n"
        "  stop: |\n"
        "    (stop~ OR halt~) NEAR/4 @works\n"
        "  works: mine OR smelter\n"
        "rules:\n"
        '  - {id: halt, news: {match: "@stop NEAR/9 cobalt"}, fires: [Congo halts mines of cobalt]}\n',
        encoding="utf-8",
    )
    title = "Congo halts a cobalt mine"
    folded = [" ".join(line.split()) for line in tocsin("why", "halt", "--title", title).stdout.splitlines()]
    assert "├── ✓ @stop “halts”, “mine” words.yaml:4" in folded
    assert not any("@works" in line for line in folded)
    unfolded = tocsin("why", "halt", "--title", title, "--unfold").stdout
    assert re.search(r"✓ @works .*words\.yaml:5", unfolded)
    missed = tocsin("why-not", "halt", "--title", "Congo halts cobalt sales").stdout
    assert "does not match: not met: mine" in missed
    assert re.search(r"✗ @stop .*\n.*✗ @works .*\n.*✗ mine", missed)


def test_the_words_of_strangers_cannot_steer_the_terminal(tocsin: Tocsin) -> None:
    """Neither escapes nor bidirectional marks nor markup of our own."""
    hostile = "\x1b[2Jbans \u202egallium [red]x[/red]"
    result = tocsin("why", "ban", "--title", hostile, "--source", "\x1b]0;x\x07")
    assert not {"\x1b", "\u202e", "\x07"} & set(result.stdout)
    assert "[red]x[/red]" in result.stdout
    refused = tocsin("why", "ban", "--title", "x", "--label", "tier=\x1b[1m")
    assert "invisible character U+001B" in " ".join(refused.stderr.split())
    assert "\x1b[1m" not in refused.stderr


def test_entries_of_a_file_and_of_stdin_are_explained_one_by_one(tocsin: Tocsin) -> None:
    """The same lines as `match` takes."""
    lines = "\n".join(json.dumps({"title": title}) for title in ("Congo halts cobalt", "Weather"))
    (tocsin.folder / "some.jsonl").write_text(lines, encoding="utf-8")
    for words, stdin in ((str(tocsin.folder / "some.jsonl"), None), ("-", lines)):
        found = [json.loads(line) for line in tocsin("why", "ban", words, "--json", stdin=stdin).stdout.splitlines()]
        assert [record["holds"] for record in found] == [True, False]


def test_a_stored_entry_shows_the_whole_decision(tocsin: Tocsin, history: Any) -> None:
    """From the first sight of it to the answer of each receiver."""
    history()
    result = tocsin("why", "ban", "2")
    lines = [" ".join(line.split()) for line in result.stdout.splitlines()]
    for words in (
        "✓ judged a match, high",
        "✓ story story 1: opened alert 1 (1 entry)",
        "✓ cooldown nothing held it back",
        "✓ route desk, here",
        "✓ delivery delivered to here",
        "✗ delivery dead to desk (gone 404)",
        "✓ age it gives no credible time: taken as new",
    ):
        assert any(line.startswith(words) for line in lines), (words, lines)
    assert any(line.startswith("✓ seen before no: new at") for line in lines)
    assert "\x1b" not in result.stdout
    record = answer(tocsin("why", "ban", "2", "--json"))
    assert [step["name"] for step in record["decision"]][:8] == [
        "seen before",
        "judged",
        "age",
        "story",
        "cooldown",
        "silence",
        "quiet hours",
        "route",
    ]
    assert record["entry"]["number"] == 2
    assert "✗ judged no match was recorded" in " ".join(tocsin("why-not", "ban", "1").stdout.split())


def test_a_rewritten_entry_is_proved_as_it_was_judged(tocsin: Tocsin, history: Any, rewrite: Any) -> None:
    """The match stands on the words of then, and it says what the words are now."""
    history()
    rewrite("China denies a \x1b[1mplan")
    shown = " ".join(tocsin("why", "ban", "2").stdout.split())
    assert "✓ metals/ban matches" in shown
    assert "China [bans] [gallium] exports" in shown
    assert re.search(r"· rewritten rewritten at \S+ \S+: China denies a", shown)
    assert "\x1b" not in shown
    alert = tocsin("alerts", "show", "1").stdout
    assert re.search(r"rewritten at \S+ \S+.*: China denies a", alert)
    assert (
        json.loads(tocsin("alerts", "show", "1", "--json").stdout)["content"]["lead"]["revised"]["withdrawn"] is False
    )
    rewrite(None)
    assert "withdrawn by its source at" in tocsin("alerts", "show", "1").stdout


def test_an_entry_that_met_nothing_is_judged_as_it_reads_now(tocsin: Tocsin, history: Any, rewrite: Any) -> None:
    """Why-not is asked of the headline that people see."""
    history()
    rewrite("Congo halts cobalt", before="Nothing happened")
    assert "✓ metals/ban matches" in tocsin("why-not", "ban", "1").stdout


def test_a_rule_that_changed_since_is_said_so(tocsin: Tocsin, history: Any) -> None:
    """What was recorded then and what holds today are two things."""
    history()
    pack = tocsin.folder / "rules" / "pack.yaml"
    text = pack.read_text(encoding="utf-8")
    pack.write_text(text.replace("(ban~ OR halt~)", "(halt~)").replace("bans gallium", "halts gallium"), "utf-8")
    shown = " ".join(tocsin("why-not", "ban", "2").stdout.split())
    assert "a match, high by an earlier version of the rule; it does not match today" in shown


def test_an_example_that_fails_can_be_asked_about(tocsin: Tocsin) -> None:
    """Whoever writes the headline first, and sees it fail, is shown the tree that says why."""
    pack = tocsin.folder / "rules" / "pack.yaml"
    text = pack.read_text(encoding="utf-8")
    pack.write_text(text.replace("bans gallium", "eases gallium"), "utf-8")
    assert tocsin("check").exit_code == 78
    result = tocsin("why-not", "ban", "--title", "China eases gallium exports")
    assert (result.exit_code, "not met: ban~" in result.stdout) == (0, True), result.output


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("bann", "--title", "x"), "there is no rule bann; did you mean ban?"),
        (("quite-another", "--title", "x"), "there is no rule quite-another; see: tocsin rules list"),
        (("metal/ban", "--title", "x"), "there is no rule metal/ban; did you mean metals/ban?"),
        (("ban",), "give either ENTRY or the parts of one"),
        (("ban", "2", "--title", "x"), "give either ENTRY or the parts of one"),
        (("ban", "77"), "no entry has the number, id or link 77"),
        (("ban", "--title", "x", "--label", "tier"), "write name=value"),
        (("ban", "--title", "x", "--date", "soon"), "is not an ISO 8601 date"),
    ],
    ids=["near id", "far id", "near full id", "nothing", "both", "no entry", "bad label", "bad date"],
)
def test_a_wrong_question_is_answered_with_the_remedy(tocsin: Tocsin, arguments: Any, words: str) -> None:
    """Status 2, and what to write."""
    result = tocsin("why", *arguments)
    assert result.exit_code == 2
    assert words in result.stderr


def test_an_override_is_shown_by_why_check_and_config(tocsin: Tocsin, history: Any) -> None:
    """Whoever wonders about a severity finds the line that made it."""
    history()
    config = tocsin.folder / "config.yaml"
    text = config.read_text(encoding="utf-8")
    config.write_text(f"{text}overrides:\n  ban: {{severity: low, unless: title(cobalt), to: here}}\n", "utf-8")
    words = "severity low; to here only; unless title(cobalt)"
    assert f"overridden: {words}" in tocsin("why", "ban", "2").stdout
    assert f"metals/ban is overridden: {words}" in tocsin("check").stderr
    assert answer(tocsin("config", "show", "--json"))["overrides"]["ban"]["severity"] == "low"
    assert "cancelled by unless" in tocsin("why-not", "ban", "--title", "Congo bans cobalt").stdout
    config.write_text(f"{text}overrides:\n  metals/ban: {{disable: true}}\n", "utf-8")
    shown = " ".join(tocsin("why-not", "ban", "2").stdout.split())
    assert "✗ enabled no: disabled" in shown
    assert "0 rules are good" in tocsin("check").stderr


@pytest.mark.parametrize(
    ("override", "words"),
    [
        ("bam: {disable: true}", "there is no rule bam; did you mean ban?"),
        ("ban: {}", "an override needs disable, severity, unless, to or lists"),
        ("ban: {to: [hre]}", "there is no receiver hre; did you mean here?"),
        ("ban: {severty: low}", "unknown key severty; did you mean severity?"),
        ("ban: {unless: $minerals}", "unknown list $minerals; did you mean $mineral?"),
        ("metals: {lists: {minerals: {tin: [tin]}}}", "the pack metals has no list minerals; did you mean mineral?"),
        ("metals: {lists: {mineral: [tin]}}", "mineral of metals is a map: write the label of the new terms too"),
        ("metals: {lists: {mineral: {tin: [re:/(/]}}}", "the syntax is RE2's"),
        ("metals: {lists: {mineral: tin}}", "a list must be terms in square brackets"),
        ("metals: {expressions: {x: tin}}", "expressions cannot be overridden; add words to a list of the pack"),
        ("metals: {disable: true}", "metals is a pack, of which only lists can be overridden"),
        ("ban: {lists: {mineral: {tin: [tin]}}}", "lists are those of a pack, and ban is a rule: write metals: {lists"),
        ("metal: {lists: {mineral: {tin: [tin]}}}", "there is no pack metal; did you mean metals?"),
    ],
    ids=[
        "unknown rule",
        "nothing",
        "unknown receiver",
        "unknown key",
        "unknown list",
        "unknown list of a pack",
        "a list for a map",
        "a faulty term",
        "no list",
        "an expression",
        "a pack that is disabled",
        "lists of a rule",
        "unknown pack",
    ],
)
def test_a_faulty_override_is_told_at_its_place(tocsin: Tocsin, override: str, words: str) -> None:
    """A fault of the configuration, with line and caret."""
    config = tocsin.folder / "config.yaml"
    config.write_text(f"{config.read_text(encoding='utf-8')}overrides:\n  {override}\n", "utf-8")
    result = tocsin("check")
    assert result.exit_code == 78
    assert words in result.stderr
    assert "config.yaml:8:" in result.stderr
