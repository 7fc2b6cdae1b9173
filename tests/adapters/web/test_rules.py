"""The rules: what came of each, and one rule with its text and a backtest on demand."""

from __future__ import annotations

import html

import pytest

from tocsin.model.alerts import AnswerKind


def test_rules_are_listed_with_what_came_of_them(serve):
    """Alerts, answers and their precision stand beside each rule; one that never fired says so."""

    async def scene(page):
        before = await page.get("/rules")
        page.bring("China bans gallium exports", "Ministry halts cobalt exports")
        page.clock.move(days=7)
        page.store.act.answer([1], AnswerKind.USEFUL, page.clock.now())
        page.store.act.answer([2], AnswerKind.NOISE, page.clock.now())
        return before, await page.get("/rules")

    before, after = serve(scene)
    assert '<a href="/rules/metals/ban">metals/ban</a>' in before.text
    assert 'data-label="Last fired">never' in before.text
    assert 'data-label="A week">2.0<' in after.text
    assert 'data-label="Precision">50%<' in after.text


def test_one_rule_shows_its_text_and_its_alerts(serve):
    """The text stands with its place; the way leads on to the alerts and to the playground."""

    async def scene(page):
        page.bring("China bans gallium exports")
        return await page.get("/rules/metals/ban"), await page.get("/rules/metals/nothing")

    one, missing = serve(scene)
    text = html.unescape(one.text)
    assert 'title: "{mineral}: ban"' in text
    assert "pack.yaml:5" in text
    assert '<a href="/alerts/1">gallium: ban</a>' in text
    assert 'href="/play?rule=metals%2Fban"' in text
    assert (missing.status, "There is no rule metals/nothing." in missing.text) == (404, True)


@pytest.mark.parametrize(
    ("news", "words"),
    [
        (["China bans gallium exports", "A quiet day"], ["1 entry of 2 meets the rule.", "China bans gallium"]),
        (["Trader sells gallium"], ["0 entries of 1 meet", "What came nearest", "Nothing in the text fits (ban~ OR"]),
        (["A quiet day"], ["0 entries of 1 meet", "No entry has any of its words."]),
    ],
    ids=["met", "near", "nothing"],
)
def test_a_backtest_shows_what_the_rule_finds_or_what_came_nearest(serve, news, words):
    """A rule that never fires is not left without an explanation."""

    async def scene(page):
        page.bring(*news)
        return await page.post("/rules/metals/ban")

    text = html.unescape(serve(scene).text)
    assert all(one in text for one in words), text


def test_one_backtest_runs_at_a_time(serve, monkeypatch):
    """A second one is told to wait; the page stands."""
    monkeypatch.setattr("tocsin.web.trial._PATIENCE", 0.01)

    async def scene(page):
        async with page.daemon.trial:
            return await page.post("/rules/metals/ban")

    assert "Another rule is being tried." in serve(scene).text
