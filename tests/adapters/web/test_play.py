"""The playground: an edited rule is checked and tried in a process of its own."""

from __future__ import annotations

import html
import itertools
import re
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from tocsin.config.packs import find_rule
from tocsin.model.entries import Entry
from tocsin.replay.playground import Edit
from tocsin.replay.playground_process import PlaygroundError, try_edit

PACK = """\
tocsin: 1
pack: {id: p, version: 1.0.0}
rules:
  - id: ban
    news: {match: gallium NEAR/8 ban~}"""

RULE = """\
  - id: ban
    title: "{mineral}: ban"
    severity: high
    news: {match: $mineral NEAR/8 (ban~ OR halt~)}
    key: [mineral]
    fires: [China bans gallium exports]
    quiet: [China exports gallium]"""


def text_of(page: str) -> str:
    """What stands in the editor."""
    return html.unescape(re.search(r"<textarea[^>]*>\n(.*?)</textarea>", page, re.DOTALL)[1])


def test_the_text_of_a_rule_is_shown_with_its_place(serve):
    """The first rule is shown if none is named; a rule that is not there is said."""

    async def scene(page):
        return [await page.get(path) for path in ("/play", "/play?rule=metals/ban&entry=3", "/play?rule=nothing")]

    first, named, missing = serve(scene)
    assert text_of(first.text) == text_of(named.text) == RULE
    assert "from line 5. Nothing here changes the file." in first.text
    assert '<input type="hidden" name="entry" value="3">' in named.text
    assert missing.status == 404


def test_a_changed_rule_is_tried_on_the_stored_entries(serve, tmp_path):
    """It says what it lost and gained, how many messages that makes, and how the entry fares; the file stays as it was."""
    before = (tmp_path / "rules/pack.yaml").read_bytes() if (tmp_path / "rules/pack.yaml").exists() else None

    async def scene(page):
        page.bring("China bans gallium exports", "Trader sells cobalt", "Ministry halts cobalt exports")
        changed = RULE.replace("(ban~ OR halt~)", "(ban~ OR sell~)")
        return await page.post("/play", {"rule": "metals/ban", "entry": "2", "since": "7d", "text": changed})

    answer = serve(scene)
    text = answer.text
    assert answer.status == 200
    assert "1 lost, 1 gained of 3 entries" in text
    lost, gained, both = (text.index(f"<h2>{title} · 1</h2>") for title in ("Lost", "Gained", "Met by both"))
    assert (
        lost
        < text.index("Ministry halts")
        < gained
        < text.index("Trader sells")
        < both
        < text.index("China bans", both)
    )
    assert '<a href="/entries/3?rule=metals%2Fban">Ministry halts cobalt exports</a>' in text
    assert "The entry meets this rule." in text
    assert "2 examples of the rule were tried" in text
    assert "(ban~ OR sell~)" in text_of(text)
    assert before is None or (tmp_path / "rules/pack.yaml").read_bytes() == before


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("$mineral NEAR", "$minerl NEAR", "line 4: unknown list $minerl; did you mean $mineral?"),
        ("severity", "severty", "line 3: unknown key severty; did you mean severity?"),
        ("China exports gallium", "China halts gallium", "line 7: this should not fire metals/ban, but does, by:"),
        ("China bans gallium exports", "A quiet day", "line 6: this should fire metals/ban, but does not"),
        ("(ban~", "((ban~", "line 4: "),
        ("  - id: ban\n", "", "line 1: "),
    ],
    ids=["list", "key", "quiet", "fires", "bracket", "no id"],
)
def test_every_fault_is_shown_at_its_line(serve, old, new, words):
    """While somebody types: the line counts as in the editor, and a caret stands below the place."""

    async def scene(page):
        return await page.post("/play/check", {"rule": "ban", "text": RULE.replace(old, new)})

    answer = serve(scene)
    shown = html.unescape(answer.text)
    assert answer.status == 200
    assert "<html" not in shown
    assert words in shown
    assert "^" in shown


@pytest.mark.parametrize(
    ("old", "new", "override"),
    [
        ("severity: high", "severity: low", "overrides:\n  ban:\n    severity: low"),
        ("ban~ OR halt~)}", "ban~ OR halt~), unless: rumour}", "overrides:\n  ban:\n    unless: |\n      rumour"),
        ("NEAR/8", "NEAR/2", ""),
        ("severity: high", "severity: high", ""),
    ],
    ids=["severity", "unless", "condition", "nothing"],
)
def test_a_change_is_offered_as_an_override_where_one_can_do_it(serve, old, new, override):
    """An override leaves the pack alone; what it cannot say is not offered as one."""

    async def scene(page):
        return await page.post("/play", {"rule": "ban", "text": RULE.replace(old, new)})

    text = html.unescape(serve(scene).text)
    found = re.search(r'<pre id="override"[^>]*>(.*?)</pre>', text, re.DOTALL)
    assert (found[1] if found else "") == override


def test_no_change_is_said(serve):
    """Who changes nothing sees that nothing changes, also without a single entry."""
    assert "No change" in serve(lambda page: page.post("/play", {"rule": "ban", "text": RULE})).text


def test_one_rule_is_tried_at_a_time(serve, monkeypatch):
    """A second try is told to wait, and nothing is lost of what was typed."""
    monkeypatch.setattr("tocsin.web.trial._PATIENCE", 0.01)

    async def scene(page):
        async with page.daemon.trial:
            busy = await page.post("/play", {"rule": "ban", "text": f"{RULE}\n    note: mine"})
            typing = await page.post("/play/check", {"rule": "ban", "text": RULE})
        return busy, typing, await page.post("/play/check", {"rule": "ban", "text": RULE})

    busy, typing, after = serve(scene)
    assert (busy.status, typing.status, after.status) == (503, 503, 200)
    assert "Another rule is being tried." in busy.text
    assert "note: mine" in text_of(busy.text)
    assert typing.headers["Retry-After"] == "1"


def test_hostile_text_is_text_and_ends_in_time(serve):
    """A rule that is no rule, markup in it, and a text that is too large come to nothing."""

    async def scene(page):
        page.bring("<script>alert(1)</script> bans gallium")
        shown = await page.post(
            "/play", {"rule": "ban", "text": RULE.replace("title:", "x-y: </textarea><script>\n    title:")}
        )
        large = await page.post("/play", {"rule": "ban", "text": "x" * 300_000})
        met = await page.post("/play", {"rule": "ban", "text": RULE})
        return shown, large, met

    shown, large, met = serve(scene)
    assert "</textarea><script>" not in shown.text
    assert large.status == 413
    assert "<script>alert" not in met.text
    assert "&lt;script&gt;alert" in met.text


def test_a_rule_that_costs_too_much_is_ended():
    """The limits of the process hold: neither time nor memory is without end."""
    edit = Edit(
        files=(("p/p.yaml", PACK),), path="p/p.yaml", rule="p/ban", first=4, last=5, text=PACK.split("\n", 3)[3]
    )
    entry = Entry(
        source="wire", id="1", keys=(), title="China bans gallium", first_seen=datetime(2026, 3, 2, tzinfo=UTC)
    )
    assert try_edit(edit, entry=entry).holds
    with pytest.raises(PlaygroundError, match="took more than 3 seconds"):
        try_edit(edit, entries=itertools.repeat(entry), seconds=3)
    with pytest.raises(PlaygroundError, match="too much memory"):
        try_edit(edit, entry=replace(entry, body="x" * 40_000_000), memory=100 * 1024 * 1024)


@pytest.mark.parametrize(
    ("text", "rule", "lines"),
    [
        ("rules:\n  - id: a\n    x: 1\n\n  # of b\n  - id: b\n    y: 2\n", "a", (2, 3)),
        ("rules:\n  - id: a\n    x: 1\n\n  # of b\n  - id: b\n    y: 2\n", "b", (6, 7)),
        ("rules:\n- id: a\n  x: |\n    one\n    two\nlists: {}\n", "a", (2, 5)),
        ("rules: [{id: a}, {id: b}]\n", "a", None),
        ("rules:\n  - {id: a}\n  - {id: b}\n", "b", (3, 3)),
        ("rules: []\n", "a", None),
    ],
    ids=["first", "last", "block", "one line", "flow", "none"],
)
def test_the_lines_of_a_rule_are_found(text, rule, lines):
    """Its comments and blank lines at the end belong to the next one."""
    assert find_rule(text, "p.yaml", rule) == lines


def test_no_module_of_the_folder_of_the_daemon_is_loaded(serve, tmp_path, monkeypatch):
    """Whoever may write there must not run code as the service."""
    (tmp_path / "resource.py").write_text("raise SystemExit\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    answer = serve(lambda page: page.post("/play/check", {"rule": "metals/ban", "text": RULE}))
    assert "2 examples of the rule were tried" in answer.text
