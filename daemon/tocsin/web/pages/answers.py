"""Answers to alerts: seen, snooze, useful, noise."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from aiohttp import web

from tocsin.model.alerts import Answer, AnswerKind
from tocsin.render.words import cut, one_line
from tocsin.store.access import Queries
from tocsin.units import local, parse_duration, parse_time
from tocsin.web.page import Page, Route, post

LONGEST_SNOOZE = timedelta(days=90)
MOST_WHY = 500
#: Alerts that one answer may be about.
_MOST = 100
_WORDS = {
    AnswerKind.ACK: "seen",
    AnswerKind.SNOOZE: "snoozed until {until}",
    AnswerKind.USEFUL: "called useful",
    AnswerKind.NOISE: "called noise",
}
#: What each answer does, in words.
EFFECTS = {
    AnswerKind.ACK: "Reminders and confirmations are no longer sent, real news about it still is.",
    AnswerKind.SNOOZE: "Updates are sent then.",
    AnswerKind.USEFUL: "It counts in the precision of its rule.",
    AnswerKind.NOISE: "It counts in the precision of its rule.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """An answer that was just given to the alert *number* with this *title*; *words* say what it does."""

    number: int
    title: str
    words: str


def routes() -> tuple[Route, ...]:
    """Return the route."""
    return (post("/answers", answer),)


async def answer(page: Page) -> web.Response:
    """Record an answer to one or several alerts, and go back. If others answered since the page was shown, show that."""
    form = await page.form()
    numbers = _numbers(form.get("numbers", ""))
    kind = _kind(form.get("answer", ""))
    until = page.now + _length(form.get("for", "")) if kind is AnswerKind.SNOOZE else None
    why = one_line(form.get("why", ""))[:MOST_WHY]
    found = {card.alert.id for card in await page.read(page.store.read.cards, numbers)}
    if missing := [number for number in numbers if number not in found]:
        page.unknown("alert", missing[0])
    history = await page.read(page.store.read.answers, numbers)
    new = [number for number in numbers if not says(history.get(number, ()), kind, why)]
    if new:
        by = page.visitor.name if page.visitor else ""
        await page.act(page.store.act.answer, new, kind, page.now, by=by, until=until, why=why)
    shown = _time(form.get("shown", ""))
    others = shown and any(one.at > shown for answers in history.values() for one in answers)
    if shown and others:
        page.go("alerts", numbers[0], shown=shown.isoformat())
    if form.get("back") == "now":
        page.go(done=",".join(map(str, numbers)))
    page.go("alerts", numbers[0], done=numbers[0])


def done(page: Page, read: Queries) -> Done | None:
    """Return the answer that the address of the page says was just given, as the store has it."""
    text = page.request.query.get("done", "")
    if not text:
        return None
    number = _numbers(text)[0]
    cards, history = read.cards([number]), read.answers([number]).get(number, ())
    if not cards or not history:
        return None
    card, last = cards[0], history[-1]
    title = card.content.lead.title if card.content.lead else card.alert.title
    return Done(number=number, title=cut(one_line(title), 120), words=f"{in_words(last, page)}. {EFFECTS[last.kind]}")


def since(page: Page, history: Sequence[Answer]) -> tuple[Answer, ...]:
    """Return the answers that others gave between when a form was shown and when it was sent."""
    shown = _time(page.request.query.get("shown", ""))
    return tuple(one for one in history if shown and one.at > shown)


def in_words(one: Answer, page: Page) -> str:
    """Return an answer in words: `seen by ann`."""
    until = local(one.until, page.zone) if one.until else ""
    by = f" by {one.by}" if one.by else ""
    why = f": {one.why}" if one.why else ""
    return f"{_WORDS[one.kind].format(until=until)}{by}{why}"


def says(history: Sequence[Answer], kind: AnswerKind, why: str) -> bool:
    """Return True if the answer was given already, so that a second one would only change by whom."""
    if kind is AnswerKind.SNOOZE:
        return False
    if kind is AnswerKind.ACK:
        return any(one.kind is kind for one in history)
    verdicts = [one for one in history if one.kind in (AnswerKind.USEFUL, AnswerKind.NOISE)]
    return bool(verdicts) and verdicts[-1].kind is kind and why in ("", verdicts[-1].why)


def _numbers(text: str) -> list[int]:
    parts = text.split(",")
    if not all(part.isascii() and part.isdigit() and len(part) < 19 for part in parts) or len(parts) > _MOST:
        raise web.HTTPBadRequest(text="An answer needs the numbers of alerts, such as 7,8.")
    return [int(part) for part in dict.fromkeys(parts)]


def _kind(text: str) -> AnswerKind:
    try:
        return AnswerKind(text)
    except ValueError:
        raise web.HTTPBadRequest(text=f"An answer is one of {', '.join(AnswerKind)}.") from None


def _length(text: str) -> timedelta:
    try:
        length = parse_duration(text)
    except ValueError as error:
        raise web.HTTPBadRequest(text=f"The length of the snooze {error}.") from None
    if not timedelta(0) < length <= LONGEST_SNOOZE:
        raise web.HTTPBadRequest(text="A snooze lasts up to 90 days.")
    return length


def _time(text: str) -> datetime | None:
    try:
        return parse_time(text) if text else None
    except ValueError:
        return None
