"""Adding a word to a list: shown as a change of the configuration with what it would find, and written by a second act."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from http import HTTPStatus

from aiohttp import web

from tocsin.config.additions import Addition
from tocsin.config.new_words import LONGEST, checked_word, words_of
from tocsin.config.yaml.edit import NewWord, add_word
from tocsin.errors import UsageError
from tocsin.explain.near_miss import near_miss
from tocsin.model.entries import Entry
from tocsin.replay.playground_process import PlaygroundError, try_word
from tocsin.replay.word_trial import WordTried, word_edit
from tocsin.rules.news.evaluate import CompiledRule
from tocsin.rules.ruleset import RuleSet, news_rule_named
from tocsin.units import parse_duration
from tocsin.web.additions import ChangedError, lines_of, proposed, refusal, written
from tocsin.web.page import Page, Route, configure, get
from tocsin.web.pages.play import SPANS, entry_named, news_rules
from tocsin.web.trial import Numbers, in_turn

#: Words of a list that are shown, and headlines of each kind.
_MOST_WORDS = 100
_MOST = 20
_USUAL = "7d"


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """A word as it was filled in, for the list *into*: `pack/list`, or `pack/list/label`.

    The lists are those of *rule*; *entry* is the number of the entry that a person looked at. *seen* is the digest of the file
    that they were shown.
    """

    rule: str = ""
    entry: str = ""
    into: str = ""
    word: str = ""
    since: str = _USUAL
    seen: str = ""

    @classmethod
    def of(cls, sent: Mapping[str, str]) -> Form:
        """Return the form that was *sent*."""
        form = cls(**{name: sent[name].strip() for name in cls.__slots__ if name in sent})
        return form if form.since in SPANS else replace(form, since=_USUAL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What the page shows beside its form. *tried* is what the word would find, or the words why it was not tried.

    *there* are the words that the list has already, and *numbers* lead to entries.
    """

    faults: tuple[str, ...] = ()
    addition: Addition | None = None
    tried: WordTried | str = ""
    there: tuple[str, ...] = ()
    numbers: Numbers | None = None


def routes() -> tuple[Route, ...]:
    """Return the routes. To look at the form needs the right to read alone."""
    return (
        get("/add-word", ask),
        configure("/add-word/change", show_change),
        configure("/add-word", add),
    )


async def ask(page: Page) -> web.Response:
    """Ask for a word and its list."""
    words = await refusal(page)
    return await _page(page, Form.of(page.request.query), Shown(faults=(words,) if words else ()))


async def show_change(page: Page) -> web.Response:
    """Show what would be written, and what the word would find."""
    return await _change(page, Form.of(await page.form()))


async def add(page: Page) -> web.Response:
    """Write the word if the file is still the one of which the change was shown; otherwise show the change again."""
    form = Form.of(await page.form())
    try:
        new = checked_word(_rule(page, form).lists, form.into, form.word)
        addition = await proposed(page, lambda text: add_word(text, new))
        await written(page, addition, form.seen, f"word {form.word} of {form.into}")
    except ChangedError as error:
        return await _change(page, form, f"{error}. Look at it again.")
    except UsageError as error:
        return await _page(page, form, Shown(faults=lines_of(error)), status=HTTPStatus.CONFLICT)
    return page.go("add-word", rule=form.rule, entry=form.entry, added=form.word)


async def _change(page: Page, form: Form, conflict: str = "") -> web.Response:
    try:
        rule = _rule(page, form)
        new = checked_word(rule.lists, form.into, form.word)
        addition = await proposed(page, lambda text: add_word(text, new))
    except UsageError as error:
        return await _page(page, form, Shown(faults=lines_of(error)), status=HTTPStatus.BAD_REQUEST)
    tried = await _tried(page, form, new)
    if isinstance(tried, WordTried) and tried.faults:
        faults = tuple(f"{words}." for words in tried.faults)
        return await _page(page, form, Shown(faults=faults), status=HTTPStatus.BAD_REQUEST)
    shown = Shown(
        faults=(conflict,) if conflict else (),
        addition=addition,
        tried=tried,
        there=_there(rule, new),
        numbers=await _numbers(page, tried),
    )
    status = HTTPStatus.CONFLICT if conflict else HTTPStatus.OK
    return await _page(page, replace(form, seen=addition.seen), shown, status=status)


# ---- the word -----------------------------------------------------------------------------------------------------


def _rule(page: Page, form: Form) -> CompiledRule:
    """Return the rule about entries whose lists the form offers.

    Raises:
        HTTPNotFound: there is none.
    """
    rules = page.daemon.rules.rules
    known = rules.every_news_rule
    if not known:
        page.missing("There is no rule about news.")
    try:
        return known[news_rule_named(form.rule, rules).id if form.rule else min(known)]
    except UsageError as error:
        page.missing(f"{error}.")


def _there(rule: CompiledRule, new: NewWord) -> tuple[str, ...]:
    """Return the words that stand beside *new*; what is left out is left out of all labels, and belongs to none."""
    words = words_of(rule.lists[f"{new.pack}/{new.name}"], new.label)
    return tuple(one for one in words if not (new.label and one.startswith("-")))


async def _tried(page: Page, form: Form, new: NewWord) -> WordTried | str:
    """Return what *new* would find, or why that was not tried."""
    entry = await entry_named(page, form.entry)
    begin = page.now - parse_duration(form.since)
    edit = await page.read(word_edit, new, page.daemon.rules, page.daemon.config.overrides)
    try:
        return await in_turn(page, try_word, edit, entry=entry, entries=page.store.read.judged_entries(begin))
    except PlaygroundError as error:
        return str(error)


async def _numbers(page: Page, tried: WordTried | str) -> Numbers:
    if isinstance(tried, str):
        return {}
    listed = [(one.headline.source, one.headline.id) for one in (*tried.lost[:_MOST], *tried.gained[:_MOST])]
    return await page.read(page.store.read.entry_numbers, listed)


# ---- the page -----------------------------------------------------------------------------------------------------


async def _page(page: Page, form: Form, shown: Shown, *, status: int = HTTPStatus.OK) -> web.Response:
    rule = _rule(page, form)
    entry = await entry_named(page, form.entry)
    return page.show(
        "add_word.html",
        status=status,
        form=replace(form, rule=rule.info.id),
        shown=shown,
        rules=news_rules(page.daemon.rules.rules),
        lists=[(name, sorted(terms.labels) if terms.labelled else []) for name, terms in rule.lists.items()],
        entry=entry,
        missed=await page.read(_missed, page.daemon.rules.rules, rule, entry) if entry else "",
        added=page.request.query.get("added", ""),
        spans=SPANS,
        most=_MOST,
        most_words=_MOST_WORDS,
        longest=LONGEST,
    )


def _missed(rules: RuleSet, rule: CompiledRule, entry: Entry) -> str:
    """Return what *entry* lacks to meet *rule*, in words; empty if it meets it."""
    evidence = rules.explain(rule.info.id, entry, entry.first_seen)
    return "" if evidence.holds else near_miss(evidence)
