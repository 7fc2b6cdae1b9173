"""`/why` and `/reload` of the API: why a rule matches an entry or does not, and the files read again."""

from __future__ import annotations

from http import HTTPStatus

from aiohttp import web

from tocsin.config.bodies import WhyBody
from tocsin.config.reminders import following
from tocsin.errors import UsageError
from tocsin.explain.decision import Explanation, explain_given, explain_stored, explanation_object
from tocsin.model.entries import Entry
from tocsin.model.rules import RuleInfo
from tocsin.rules.ruleset import news_rule_named
from tocsin.units import parse_time
from tocsin.web.api.acts import act, once
from tocsin.web.api.answers import answer, post
from tocsin.web.api.bodies import body_of, refuse
from tocsin.web.page import Page, Route
from tocsin.web.problems import BusyError


def routes() -> tuple[Route, ...]:
    """Return the routes. An explanation changes nothing, so the right to read is enough."""
    return (post("/why", why), act("/reload", reload))


async def why(page: Page) -> web.Response:
    """Answer with the evidence of a rule on a stored entry or a given one, one question at a time."""
    body = await body_of(page, WhyBody)
    try:
        rule = news_rule_named(body.rule, page.daemon.rules.rules)
    except UsageError as error:
        raise refuse(body, "rule", str(error)) from None
    given = None if body.entry else _given(page, body)
    if given is not None and not body.title:
        raise refuse(body, "title", "is missing: name a stored entry, or give a title")
    if body.entry and body.title:
        raise refuse(body, "title", "give either a stored entry or a title")
    if page.daemon.trial.locked():
        raise BusyError
    async with page.daemon.trial:
        found = await page.read(_explain, page, body, rule, given)
    if found is None:
        page.unknown("entry", body.entry)
    return answer(explanation_object(found))


async def reload(page: Page) -> web.Response:
    """Let the daemon read its files again, and answer when it did so last. `/readyz` says if they are refused."""
    page.daemon.reload()
    health = page.daemon.health()
    return await once(page, lambda _, __: (HTTPStatus.ACCEPTED, {"loaded": health.loaded, "refused": health.refused}))


def _explain(page: Page, body: WhyBody, rule: RuleInfo, given: Entry | None) -> Explanation | None:
    rules, read = page.daemon.rules.rules, page.store.read
    if given:
        return explain_given(rules, rule, given, page.now, unfold=body.unfold)
    recorded = read.find_record(body.entry, rule.id)
    if recorded is None:
        return None
    record, entry = recorded
    ahead = following(page.daemon.config, read, record.alert, page.now)
    return explain_stored(rules, rule, record, entry, page.zone, unfold=body.unfold, following=ahead)


def _given(page: Page, body: WhyBody) -> Entry:
    try:
        published = parse_time(body.date, page.zone) if body.date else page.now
    except ValueError as error:
        raise refuse(body, "date", f"{body.date[:40]!r} {error}") from None
    return body.build(
        Entry, source=body.source or "given", id="given", keys=(), first_seen=page.now, published=published
    )
