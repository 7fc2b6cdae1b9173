"""The rules: what came of each, and one rule with its text, its warnings and a backtest on demand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from aiohttp import web

from tocsin.config.loading import LoadedRules
from tocsin.config.web import Right
from tocsin.errors import Problem
from tocsin.explain.learning import unknown
from tocsin.explain.rule_views import RuleView, rule_views
from tocsin.model.alerts import Alert
from tocsin.model.rules import Correlation, RuleInfo
from tocsin.store import Store
from tocsin.store.views import RuleStats, Tally, Which
from tocsin.web.page import Page, Route, get
from tocsin.web.trial import Findings, edit_of, try_over

#: The time that counts and backtests are about.
WINDOW = timedelta(days=30)
#: Alerts of a rule that its page lists.
_LATEST = 10


def routes() -> tuple[Route, ...]:
    """Return the routes. A backtest changes nothing, so the right to read is enough."""
    return (
        get("/rules", list_rules),
        get("/rules/{pack}/{rule}", show_rule),
        Route(method="POST", path="/rules/{pack}/{rule}", handler=backtest, may=Right.READ),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """Results of the rules: *stats* of all time, *tally* of the window, and the event times of the last and first matches."""

    stats: Mapping[str, RuleStats]
    tally: Tally
    last: Mapping[str, datetime]
    first: Mapping[str, datetime]

    def a_week(self, rule: str) -> str:
        """Return the alerts a week of *rule* in the window; empty before a day of history."""
        days = self.tally.length / timedelta(days=1)
        return f"{self.tally.alerts.get(rule, 0) / days * 7:.1f}" if days >= 1 else ""


async def list_rules(page: Page) -> web.Response:
    """List every rule with what came of it, those with most alerts first."""
    loaded = page.daemon.rules
    past = await page.read(_past, page.store, page.now)
    views = sorted(rule_views(loaded.rules), key=lambda one: (-past.tally.alerts.get(one.id, 0), one.id))
    return page.show(
        "rules.html",
        rules=[(view, past.stats.get(view.id, RuleStats(rule=view.id))) for view in views],
        past=past,
        warnings=_warned(loaded),
    )


async def show_rule(page: Page) -> web.Response:
    """Show one rule."""
    return await _shown(page, _view(page), None)


async def backtest(page: Page) -> web.Response:
    """Show one rule with what it finds in the stored entries of the window."""
    view = _view(page)
    edit = await page.read(edit_of, page, _info(page, view)) if view.kind == "news" else None
    if edit is None:
        page.missing(f"The rule {view.id} cannot be tried here; run: tocsin backtest --rule {view.id}")
    return await _shown(page, view, await try_over(page, edit, page.now - WINDOW))


def _view(page: Page) -> RuleView:
    name = f"{page.part('pack')}/{page.part('rule')}"
    found = next((view for view in rule_views(page.daemon.rules.rules) if view.id == name), None)
    if found is None:
        page.unknown("rule", name)
    return found


def _info(page: Page, view: RuleView) -> RuleInfo:
    return page.daemon.rules.rules.every[view.id].info


async def _shown(page: Page, view: RuleView, found: Findings | None) -> web.Response:
    info = _info(page, view)
    past, alerts = await page.read(_of_rule, page.store, page.now, view.id)
    return page.show(
        "rule.html",
        view=view,
        info=info,
        stats=past.stats.get(view.id, RuleStats(rule=view.id)),
        past=past,
        alerts=alerts,
        edit=await page.read(edit_of, page, info),
        warnings=_warned(page.daemon.rules).get(view.id, ()),
        found=found,
        lacks=_lacks(page.daemon.rules.rules.correlations.get(view.id), past, page.now),
    )


def _lacks(rule: Correlation | None, past: Past, now: datetime) -> str:
    """Return why *rule* cannot fire yet."""
    return unknown(rule, past.first.get(rule.members[0]), now) if rule else ""


def _past(store: Store, now: datetime) -> Past:
    with store.read.together() as read:
        return Past(
            stats=read.rule_stats(None),
            tally=read.tally(now - WINDOW, now),
            last=read.last_matches(),
            first=read.first_matches(),
        )


def _of_rule(store: Store, now: datetime, rule: str) -> tuple[Past, Sequence[Alert]]:
    return _past(store, now), store.read.alerts(limit=_LATEST, which=Which(rule=rule))


def _warned(loaded: LoadedRules) -> dict[str, list[Problem]]:
    """Return the warnings about each rule: those from its id to the next one in its file."""
    rules = loaded.rules
    infos = [rule.info for rule in rules.every.values()]
    found: dict[str, list[Problem]] = {}
    for problem in loaded.warnings:
        at = problem.position
        above = [
            info
            for info in infos
            if at and info.position and info.position.file == at.file and info.position.line <= at.line
        ]
        if above:
            nearest = max(above, key=lambda info: info.position.line if info.position else 0)
            found.setdefault(nearest.id, []).append(problem)
    return found
