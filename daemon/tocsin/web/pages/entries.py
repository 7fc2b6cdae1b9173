"""The entries: a search, and one entry against every rule."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from aiohttp import web

from tocsin.config.reminders import following
from tocsin.errors import UsageError
from tocsin.explain.decision import Explanation, explain_stored
from tocsin.explain.excerpts import excerpts
from tocsin.explain.near_miss import found_parts, near_miss
from tocsin.explain.outline import Node, outline
from tocsin.model.entries import Entry
from tocsin.model.records import MatchView
from tocsin.model.rules import Evidence, RuleInfo
from tocsin.render.quotes import Quote
from tocsin.rules.ruleset import RuleSet, news_rule_named
from tocsin.store import Store
from tocsin.store.queries.search import Found, Unread, Wanted
from tocsin.web.page import Page, Route, get
from tocsin.web.window import number_after, since

#: Characters and words of a search.
_LONGEST = 200
_MOST_WORDS = 8
_TEXTS = ("title", "summary", "body")


def routes() -> tuple[Route, ...]:
    """Return the routes."""
    return (get("/entries", list_entries), get("/entries/{number}", show_entry))


# ---- the search -------------------------------------------------------------------------------------------------


async def list_entries(page: Page) -> web.Response:
    """List the newest entries that fit the query; where there are none, the sources that could not be read then."""
    query = page.request.query
    text = query.get("q", "").strip()[:_LONGEST]
    wanted = Wanted(
        since=since(page),
        words=tuple(text.split()[:_MOST_WORDS]),
        source=query.get("source", ""),
        met=query.get("met", ""),
        before=number_after(page),
    )
    found, unread = await page.search(wanted.words, _search, page.store, wanted)
    return page.show(
        "entries.html",
        found=found,
        unread=unread,
        q=text,
        wanted=wanted,
        sources=page.daemon.config.names,
        rules=list(page.daemon.rules.rules.every_news_rule),
    )


def _search(store: Store, wanted: Wanted) -> tuple[Found, tuple[Unread, ...]]:
    found = store.read.search_entries(wanted)
    looked = not found.entries and wanted.before is None
    return found, store.read.unread(wanted.since, (wanted.source,) if wanted.source else ()) if looked else ()


# ---- one entry --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """One rule on an entry today, beside the *match* that was recorded.

    *holds* is None if the text was deleted. *words* say what was missing, *near* counts the parts that were found.
    """

    rule: RuleInfo
    holds: bool | None
    match: MatchView | None = None
    words: str = ""
    near: int = 0
    off: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """The explanation of the rule that was asked for."""

    explanation: Explanation
    words: str
    tree: Node | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """An entry as its page shows it."""

    number: int
    entry: Entry
    quotes: tuple[Quote, ...]
    gone: bool
    chosen: Chosen | None
    met: tuple[Verdict, ...]
    missed: tuple[Verdict, ...]


async def show_entry(page: Page) -> web.Response:
    """Show one entry, which rules it met, and why any other did not match."""
    number, name = page.number(), page.request.query.get("rule", "")
    rules = page.daemon.rules.rules
    try:
        rule = news_rule_named(name, rules) if name else None
    except UsageError as error:
        page.missing(f"{error}.")
    shown = await page.read(_look, page, number, rule)
    if shown is None:
        page.unknown("entry", number)
    return page.show("entry.html", shown=shown, rules=list(rules.every_news_rule))


def _look(page: Page, number: int, rule: RuleInfo | None) -> Shown | None:
    read, rules = page.store.read, page.daemon.rules.rules
    recorded = read.record(number, rule.id if rule else "")
    if recorded is None:
        return None
    record, text = recorded
    matches = {match.rule: match for match in read.matches(entry_id=number)}
    chosen = None
    if rule:
        ahead = following(page.daemon.config, read, record.alert, page.now)
        explanation = explain_stored(rules, rule, record, text, page.zone, following=ahead)
        chosen = _chosen(explanation, page)
    verdicts = list(
        _verdicts(rules, matches, text, record.revised[-1].at if record.revised else record.entry.first_seen)
    )
    entry = text or record.entry
    return Shown(
        number=number,
        entry=entry,
        quotes=tuple(excerpts(entry, chosen.explanation.evidence if chosen else _NOTHING)),
        gone=text is None,
        chosen=chosen,
        met=tuple(one for one in verdicts if one.match or one.holds),
        missed=tuple(sorted((one for one in verdicts if not one.match and not one.holds), key=lambda one: -one.near)),
    )


#: Evidence that marks nothing.
_NOTHING = Evidence(op="rule", text="", holds=False)


def _chosen(explanation: Explanation, page: Page) -> Chosen:
    evidence, entry = explanation.evidence, explanation.entry
    texts = {name: getattr(entry, name) for name in _TEXTS}
    return Chosen(
        explanation=explanation,
        words=near_miss(evidence) if evidence else "",
        tree=outline(evidence, texts, page.zone) if evidence else None,
    )


def _verdicts(rules: RuleSet, matches: dict[str, MatchView], text: Entry | None, at: datetime) -> Iterator[Verdict]:
    for name, rule in rules.every_news_rule.items():
        evidence = rules.explain(name, text, at) if text else None
        yield Verdict(
            rule=rule.info,
            holds=evidence.holds if evidence else None,
            match=matches.get(name),
            words=near_miss(evidence) if evidence else "",
            near=found_parts(evidence) if evidence else 0,
            off=name in rules.disabled,
        )
