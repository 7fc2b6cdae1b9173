"""The page behind a link to answer: one alert, and the buttons. The link is the right, so nobody logs in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from aiohttp import web

from tocsin.model.alerts import Answer, AnswerKind
from tocsin.model.records import Card
from tocsin.render.answer_links import NAMES, SNOOZE
from tocsin.web.cards import Shown
from tocsin.web.page import Page, Route
from tocsin.web.pages.answers import EFFECTS, in_words, says
from tocsin.web.wall.answer_links import FOLDER, AnswerLink, is_signed, read_link, write_link

_UNKNOWN = "This link does not work: it was not made here, or its alert is not in this database."
_ELSEWHERE = "Answer the alert on the page, or with tocsin alerts on the machine of tocsin."


def routes() -> tuple[Route, ...]:
    """Return the routes. A form of any page may be sent here, because nobody but the reader of a message has the link."""
    path = f"/{FOLDER}/{{link}}"
    return (
        Route(method="GET", path=path, handler=ask, may=None),
        Route(method="POST", path=path, handler=answer, may=None, any_origin=True),
    )


async def ask(page: Page) -> web.Response:
    """Show the alert and the buttons. Programs that look into messages open links, and must change nothing."""
    link, card = await _found(page)
    return await _show(page, link, card)


async def answer(page: Page) -> web.Response:
    """Give the answer of the link; a second time changes nothing."""
    link, card = await _found(page)
    if not _stands(await _history(page, link), link.kind, page.now):
        until = page.now + SNOOZE if link.kind is AnswerKind.SNOOZE else None
        await page.act(page.store.act.answer, [link.number], link.kind, page.now, by=link.receiver, until=until)
    return await _show(page, link, card, effect=EFFECTS[link.kind])


async def _found(page: Page) -> tuple[AnswerLink, Card]:
    """Return the link of the request, and its alert.

    Raises:
        HTTPNotFound: nobody signed it, or it is about another alert.
        HTTPGone: it was good once.
    """
    text = page.part("link")
    link, config = read_link(text), page.daemon.config
    if link is None or config.web is None or not config.web.gives_links:
        page.missing(_UNKNOWN)
    cards = await page.read(page.store.read.cards, [link.number])
    if not cards or not is_signed(text, page.site.answer_key, cards[0].alert):
        page.missing(_UNKNOWN)
    if page.now >= link.expires:
        raise web.HTTPGone(text=f"This link has expired. {_ELSEWHERE}")
    if link.receiver not in {receiver.name for receiver in config.receivers}:
        raise web.HTTPGone(text=f"The receiver of this link is not configured any more. {_ELSEWHERE}")
    return link, cards[0]


async def _history(page: Page, link: AnswerLink) -> Sequence[Answer]:
    return (await page.read(page.store.read.answers, [link.number])).get(link.number, ())


def _stands(history: Sequence[Answer], kind: AnswerKind, now: datetime) -> bool:
    """Return True if the answer was given, and still holds."""
    return says(history, kind, "") or any(kind is one.kind and one.until and one.until > now for one in history)


async def _show(page: Page, link: AnswerLink, card: Card, *, effect: str = "") -> web.Response:
    kinds = sorted(AnswerKind, key=lambda kind: kind is not link.kind)
    history = await _history(page, link)
    return page.show(
        "answer_link.html",
        one=Shown.of(card, page),
        buttons=[
            (NAMES[kind], page.address(FOLDER, write_link(replace(link, kind=kind), page.site.answer_key, card.alert)))
            for kind in kinds
        ],
        said=in_words(history[-1], page) if history else "",
        effect=effect,
        expires=link.expires,
    )
