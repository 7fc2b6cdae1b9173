"""The subject of a message, and its form in a mail header."""

from __future__ import annotations

from collections.abc import Sequence
from email.header import Header

from tocsin.model.deliveries import DeliveryKind
from tocsin.render.digest import Digest
from tocsin.render.page import Item, Page
from tocsin.render.words import cut

#: Most bytes of a whole Subject header, folds included. Servers refuse lines above 998 (RFC 5321, 4.5.3.1.6), and some
#: unfold a header before they check.
MOST_OCTETS = 900
_MOST_CHARACTERS = 300
#: Prefix that mail programs ignore when they compare subjects.
_AGAIN = "Re: "
_PREFIXES = {
    DeliveryKind.UPDATE: "Update: ",
    DeliveryKind.CORRECTION: "Correction: ",
    DeliveryKind.RECOVERY: "Over: ",
    DeliveryKind.CATCH_UP: "Catch-up: ",
    DeliveryKind.DIGEST: "Digest: ",
    DeliveryKind.REMINDER: "Reminder: ",
    DeliveryKind.ESCALATION: "Escalated: ",
    DeliveryKind.DATE: "Date ahead: ",
}


def subject(page: Page, earlier: Sequence[str] = ()) -> str:
    """Return severity, title, headline and the number of further alerts, short enough for a header.

    An update repeats the first of the *earlier* subjects that has its severity. Some mail programs group only mails with
    the same subject, but a more severe update must not keep the old severity.
    """
    if not page.items:
        return "[TOCSIN] nothing new"
    lead = page.items[0]
    tag, prefix = f"[{_tag(page, lead)}] ", _prefix(page, lead)
    others = len(page.items) + len(page.brief) + page.more - 1
    known = (line.removeprefix(_AGAIN) for line in earlier if prefix == _PREFIXES[DeliveryKind.UPDATE])
    first = next((line for line in known if line.startswith(tag)), "")
    if first:
        return _fitted(_AGAIN + first, "")
    return _fitted(f"{tag}{prefix}{_what(lead)}", f" (+{others} more)" if others else "")


def digest_subject(digest: Digest) -> str:
    """Return the highest severity, the first story, the numbers of further and unanswered ones, and the largest move."""
    prefix = _PREFIXES.get(digest.kind, "")
    needs = len(digest.needs) + digest.more_needs
    ends = [f"+{digest.size - 1} more" if digest.size > 1 else "", f"{needs} unanswered" if needs else ""]
    ends += [f"{price.name} {price.move}" for price in digest.movers[:1] if price.move]
    end = " · ".join(filter(None, ends))
    held = [story.severity for story in (*digest.needs, *digest.stories, *digest.brief)]
    tag = max(held, key=lambda severity: severity.rank).upper() if held else "TOCSIN"
    what = _what(digest.stories[0]) if digest.stories else "nothing new waited"
    return _fitted(f"[{tag}] {prefix}{what}", f" ({end})" if end else "")


def _fitted(text: str, end: str) -> str:
    """Return *text* and *end*, with *text* cut until both fit into a header."""
    limit = _MOST_CHARACTERS
    while True:
        shown = cut(text, limit, ellipsis="..." if text.isascii() else "…") + end
        if len(b"Subject: " + encoded(shown).encode()) < MOST_OCTETS:
            return shown
        limit = limit * 9 // 10


def encoded(text: str) -> str:
    """Return *text* as the value of a Subject header, folded with CRLF. Non-ASCII becomes RFC 2047 encoded words.

    Text that looks like an encoded word is encoded, so that it arrives as it was written.
    """
    plain = text.isascii() and "=?" not in text
    header = Header(text, "us-ascii" if plain else "utf-8", header_name="Subject", maxlinelen=76)
    return header.encode(linesep="\r\n")


def _tag(page: Page, lead: Item) -> str:
    if page.kind is DeliveryKind.TEST:
        return "TEST"
    own = "tocsin " if page.kind is DeliveryKind.OPERATOR or lead.own else ""
    return f"{own}{lead.severity.upper()}"


def _prefix(page: Page, lead: Item) -> str:
    """Return the prefix for the kind of message. If the leading alert is new to the reader, it is not an update."""
    if page.kind is DeliveryKind.RECOVERY or (lead.over and page.kind not in _PREFIXES):
        return _PREFIXES[DeliveryKind.RECOVERY]
    if lead.news:
        return _PREFIXES[DeliveryKind.UPDATE]
    leads_anew = page.kind is DeliveryKind.UPDATE and any(item.news for item in page.items)
    return "" if leads_anew else _PREFIXES.get(page.kind, "")


def _what(item: Item) -> str:
    headline = item.headline.headline
    if not headline or headline.casefold() in item.title.casefold():
        return item.title
    return headline if item.title.casefold() in headline.casefold() else f"{item.title} - {headline}"
