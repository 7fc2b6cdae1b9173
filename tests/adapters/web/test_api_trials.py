"""Rules that a program has checked and tried over the stored entries: in a process of their own, one at a time."""

import json
from contextlib import nullcontext
from functools import partial

import pytest

from tocsin.replay.playground_process import try_edit

READ, INGEST = ("read-" + "r" * 30, "ingest-" + "i" * 30)
TOKENS = f"tokens: {{reader: {{secret: {READ}, may: read}}, filter: {{secret: {INGEST}, may: ingest}}}}"
#: The rule of the pack as a program may send it, without the margin that it has in its file.
BAN = """\
- id: ban
  title: "{mineral}: ban"
  severity: high
  news: {match: $mineral NEAR/8 (ban~ OR halt~)}
  key: [mineral]
  fires: [China bans gallium exports]
  quiet: [China exports gallium]
"""
NEW = "- id: sale\n  news: {match: $mineral NEAR/8 sell~}\n  fires: [Trader sells cobalt]\n"
NEWS = ("China bans gallium exports", "Trader sells cobalt", "Ministry halts cobalt exports")


@pytest.fixture
def api(serve):
    """Ask on a daemon with three entries: `api(path, *bodies)` are the status and the object of each answer."""

    def ask(path, *bodies, token=READ, busy=False):
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}

        async def scene(page):
            page.bring(*NEWS)
            answers = []
            for body in bodies:
                async with page.daemon.trial if busy else nullcontext():
                    found = await page.ask("POST", f"/api/v1/{path}", data=json.dumps(body), headers=headers)
                answers.append((found.status, json.loads(found.text)))
            return answers

        return serve(scene, web=TOKENS, log_in=False)

    return ask


def test_a_good_text_has_no_problem_and_says_how_it_could_be_an_override(api):
    """Its examples were run; the margin does not matter."""
    changed = "".join(f"      {line}\n" for line in BAN.replace("severity: high", "severity: low").splitlines())
    (status, found), in_pack = api(
        "check", {"rule": "ban", "text": changed}, {"pack": "metals", "rule": "ban", "text": changed}
    )
    assert in_pack == (status, found)
    assert (status, found["problems"], found["examples"]) == (200, [], 2)
    assert "severity: low" in found["override"]


@pytest.mark.parametrize(
    ("body", "line", "column", "words"),
    [
        pytest.param({"rule": "ban", "text": BAN.replace("$mineral", "$metal")}, 4, 17, "unknown list", id="list"),
        pytest.param({"rule": "metals/ban", "text": BAN.replace("key:", "kee:")}, 5, 3, "did you mean key?", id="key"),
        pytest.param(
            {"rule": "ban", "text": BAN.replace("exports gallium]", "bans gallium]")}, 7, 11, "", id="example"
        ),
        pytest.param({"pack": "metals", "text": NEW.replace("sells", "buys")}, 3, 11, "", id="a new rule"),
    ],
)
def test_a_fault_is_as_check_prints_it_and_stands_in_the_text(api, body, line, column, words):
    """`tocsin check --json` has the same keys; the place counts in what was sent."""
    [(status, found)] = api("check", body)
    assert status == 200
    [fault] = [one for one in found["problems"] if not one["warning"]]
    assert list(fault) == ["message", "position", "excerpt", "length", "warning", "uses"]
    assert fault["position"] == f"text:{line}:{column}"
    assert fault["excerpt"] == body["text"].split("\n")[line - 1]
    assert words in fault["message"]


def test_a_changed_rule_is_tried_against_the_one_in_force(api):
    """What it would lose and gain, with the numbers of the entries."""
    text = BAN.replace("(ban~ OR halt~)", "(ban~ OR sell~)")
    [(status, found)] = api("backtest", {"rule": "ban", "text": text, "since": "7d"})
    assert status == 200
    assert (found["entries"], found["since"]) == (3, "2026-02-23T12:01:00+00:00")
    kinds = {
        name: [(one["number"], one["title"]) for one in found[name]["entries"]] for name in ("lost", "gained", "both")
    }
    assert kinds == {"lost": [(3, NEWS[2])], "gained": [(2, NEWS[1])], "both": [(1, NEWS[0])]}
    assert (found["before"], found["after"]) == (2.0, 2.0)


def test_a_rule_as_it_is_and_a_new_one_are_tried(api):
    """By its id alone; a new rule only gains."""
    rare = NEW.replace("sell~", "smelt~").replace("sells", "smelts")
    (_, known), (_, new), (_, none) = api(
        "backtest", {"rule": "metals/ban"}, {"pack": "metals", "text": NEW}, {"pack": "metals", "text": rare}
    )
    assert (known["lost"]["count"], known["gained"]["count"], known["both"]["count"]) == (0, 0, 2)
    assert (new["lost"]["count"], [one["title"] for one in new["gained"]["entries"]]) == (0, [NEWS[1]])
    assert [one["entry"]["title"] for one in none["misses"]]


@pytest.mark.parametrize(
    ("path", "body", "words"),
    [
        pytest.param("check", {"rule": "bans", "text": BAN}, "did you mean", id="unknown rule"),
        pytest.param("check", {"pack": "metal", "text": BAN}, "no pack metal", id="unknown pack"),
        pytest.param("check", {"text": BAN}, "name a rule, or the pack", id="neither"),
        pytest.param("check", {"rule": "ban", "pack": "metal", "text": BAN}, "no rule metal/ban", id="of no pack"),
        pytest.param("check", {"rule": "metals/ban", "pack": "oil", "text": BAN}, "another pack", id="of another pack"),
        pytest.param("check", {"rule": "ban"}, "text is missing", id="no text"),
        pytest.param("backtest", {"pack": "metals"}, "text: is missing", id="nothing to try"),
        pytest.param("backtest", {"rule": "ban", "since": "soon"}, "neither a span", id="no time"),
        pytest.param(
            "backtest", {"rule": "ban", "text": BAN.replace("$mineral", "$metal")}, "unknown list", id="faulty"
        ),
        pytest.param(
            "backtest",
            {"rule": "ban", "text": "- id: ban\n  price: {instruments: GAL, when: last > 1}"},
            "about news",
            id="about prices",
        ),
        pytest.param("backtest", {"rule": "ban", "text": f"{BAN}{NEW}"}, "one rule", id="two rules"),
        pytest.param("backtest", {"pack": "metals", "text": BAN}, "has a rule ban already", id="not new"),
    ],
)
def test_what_cannot_be_tried_is_said(api, path, body, words):
    """By the key, or by the fault of the text."""
    [(status, problem)] = api(path, body)
    assert status == 422
    assert any(words in one["message"] for one in problem["problems"]), problem


@pytest.mark.parametrize("path", ["check", "backtest"])
def test_one_is_tried_at_a_time(api, path, monkeypatch):
    """The second is asked to come again."""
    monkeypatch.setattr("tocsin.web.trial._PATIENCE", 0.01)
    body = {"rule": "ban", "text": BAN}
    assert [status for status, _ in api(path, body, busy=True)] == [429]


def test_a_token_without_the_right_tries_nothing(api):
    """One that hands in news may do nothing else."""
    assert [status for status, _ in api("check", {"rule": "ban", "text": BAN}, token=INGEST)] == [403]


def test_a_text_that_costs_too_much_is_ended(api, monkeypatch):
    """It takes neither the memory nor the time of the daemon."""
    monkeypatch.setattr("tocsin.web.trial.try_edit", partial(try_edit, seconds=0))
    [(status, problem)] = api("check", {"rule": "ban", "text": BAN})
    assert status == 422
    assert "too much memory" in problem["detail"]
