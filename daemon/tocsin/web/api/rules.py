"""`/rules` of the API: the rules in force and those that are off, and what came of each."""

from __future__ import annotations

from operator import attrgetter

from aiohttp import web

from tocsin.errors import UsageError
from tocsin.explain.rule_views import rule_object, rule_views
from tocsin.rules.ruleset import rule_named
from tocsin.store.views import RuleStats
from tocsin.web.api.answers import answer, get, listed, part_of
from tocsin.web.page import Page, Route


def routes() -> tuple[Route, ...]:
    """Return the routes."""
    return (get("/rules", list_rules), get("/rules/{pack}/{rule}", show_rule))


async def list_rules(page: Page) -> web.Response:
    """Answer with the rules, by id."""
    return listed(*part_of(page, list(rule_views(page.daemon.rules.rules)), attrgetter("id")))


async def show_rule(page: Page) -> web.Response:
    """Answer with one rule, and what came of it."""
    rules = page.daemon.rules.rules
    try:
        info = rule_named(f"{page.part('pack')}/{page.part('rule')}", rules)
    except UsageError as error:
        page.missing(f"{error}.")
    view = next(view for view in rule_views(rules) if view.id == info.id)
    stats = await page.read(page.store.read.rule_stats)
    return answer(rule_object(view, info, stats.get(info.id, RuleStats(rule=info.id))))
