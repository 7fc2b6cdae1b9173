"""Mails as entries: one mail is one entry, or each article that it links to is one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes
from email.errors import MessageError
from email.header import decode_header
from email.message import Message
from email.utils import parseaddr

from selectolax.lexbor import LexborNode

from tocsin.errors import Fault, SourceError
from tocsin.sources.documents.charset import decode
from tocsin.sources.documents.items import LONGEST_NAME, LONGEST_TEXT, Item, Parsed, first_web, headline
from tocsin.sources.documents.page import MOST_TAGS, tree_of
from tocsin.sources.http import urls
from tocsin.text.html import clean, to_plain

#: Parts of a mail that are looked at, and links of one that are read.
MOST_PARTS, MOST_LINKS = 100, 200
#: A shorter text of a link is a button, such as "Read more"; a character of CJK counts thrice.
_ARTICLE = 24
_WIDE = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
#: What newsletters link to beside their articles.
_SERVICE = re.compile(
    r"unsubscribe|abmelden|désabonner|退订|manage (?:your )?(?:preferences|subscription|alerts?)|preferences|privacy"
    r"|view (?:this )?(?:e-?mail |it )?(?:in|on) |(?:in|im) (?:your )?browser|see all results|edit this alert|send feedback|as irrelevant|rss feed",
    re.IGNORECASE,
)
_IN_BROWSER = re.compile(r"\b(?:browser|web version|online version|view online)\b", re.IGNORECASE)
#: Elements whose text is about the link in them, from the inner to the outer.
_AROUND = 4
_LONGEST_AROUND = 600


@dataclass(frozen=True, slots=True, kw_only=True)
class Mails:
    """Which mails of a folder are read, and how: those of *senders* (all if none is named), one entry each or one a link."""

    links: bool = False
    senders: tuple[str, ...] = ()


def read(body: bytes, *, links: bool = False) -> Parsed:
    """Return the entries of the mail *body*: one, or with *links* one for each article that it links to.

    An entry of a whole mail has its Message-ID as id. The title of the result is the sender.

    Raises:
        SourceError: NOT_A_FEED, TOO_LARGE.
    """
    try:
        mail = message_from_bytes(body)
        html, plain = _texts(mail)
    except (MessageError, RecursionError, ValueError, LookupError) as error:
        raise SourceError(f"a mail cannot be read ({type(error).__name__})", fault=Fault.NOT_A_FEED) from error
    if html.count("<") > MOST_TAGS:
        raise SourceError(f"a mail of more than {MOST_TAGS} tags", fault=Fault.TOO_LARGE)
    name, address = parseaddr(_header(mail, "From"))
    found = list(_anchors(html)) if html else []
    if links:
        items = tuple(_articles(found))
    else:
        text = (clean(plain) or to_plain(html))[:LONGEST_TEXT]
        online = (link for link, words, _ in found if _IN_BROWSER.search(words))
        items = (
            Item(
                id=_id(mail),
                link=first_web([_header(mail, "Archived-At").strip("<> "), *online]),
                title=headline(_header(mail, "Subject")),
                body=text,
                outlet=headline(name or address)[:LONGEST_NAME],
                published_raw=headline(_header(mail, "Date"))[:100],
            ),
        )
    return Parsed(title=headline(name or address)[:LONGEST_NAME], link="", items=items, form="a mailbox")


def sender_of(head: bytes) -> str:
    """Return the address in the From of a mail with this *head*, in lower case; empty if it has none."""
    return parseaddr(_header(message_from_bytes(head), "From"))[1].lower()


def is_from(sender: str, senders: tuple[str, ...]) -> bool:
    """Return True if mails of *sender* are read: an address, or @domain for all of one."""
    return not senders or any(sender == one or (one.startswith("@") and sender.endswith(one)) for one in senders)


def _header(mail: Message, name: str) -> str:
    """Return a header as text, whatever its charsets are called."""
    raw = str(mail.get(name, ""))[:10_000]
    try:
        pieces = decode_header(raw)
    except (ValueError, MessageError):
        return raw
    return "".join(
        piece if isinstance(piece, str) else decode(piece, f"text/plain; charset={charset or 'utf-8'}")[0]
        for piece, charset in pieces
    )


def _id(mail: Message) -> str:
    return re.sub(r"\s+", "", str(mail.get("Message-ID", "")))[:1000]


def _texts(mail: Message) -> tuple[str, str]:
    """Return the first HTML and the first plain text of a mail that are no attachments."""
    found = {"text/html": "", "text/plain": ""}
    for number, part in enumerate(mail.walk()):
        kind = part.get_content_type()
        if number >= MOST_PARTS:
            break
        if kind in found and not found[kind] and part.get_content_disposition() != "attachment":
            body = part.get_payload(decode=True)
            if isinstance(body, bytes):
                found[kind] = decode(body, f"{kind}; charset={part.get_content_charset('utf-8')}")[0]
    return found["text/html"], found["text/plain"]


def _anchors(html: str) -> Iterator[tuple[str, str, LexborNode]]:
    """Yield (address, text, node) of the links to web addresses in *html*."""
    for node in tree_of(html).css("a[href]")[: 10 * MOST_LINKS]:
        link = first_web([(node.attributes.get("href") or "").strip()])
        if link:
            yield urls.direct(link), headline(node.text(separator=" ", strip=True)), node


def _articles(found: list[tuple[str, str, LexborNode]]) -> Iterator[Item]:
    """Yield an entry for each article; of several links to one, that with the longest text is its title."""
    articles: dict[str, tuple[str, LexborNode]] = {}
    for link, words, node in found:
        weight = len(words) + 2 * len(_WIDE.findall(words))
        if weight < _ARTICLE or _SERVICE.search(words) or not urls.without_host(link):
            continue
        if link not in articles or len(words) > len(articles[link][0]):
            articles[link] = (words, node)
    for link, (words, node) in list(articles.items())[:MOST_LINKS]:
        yield Item(link=link, title=words, summary=_around(node, words))


def _around(node: LexborNode, words: str) -> str:
    """Return the text of the smallest element around a link that says more than the link, if it is not half the mail."""
    parent = node.parent
    for _ in range(_AROUND):
        if parent is None or parent.tag in ("body", "html"):
            break
        text = clean(parent.text(separator=" ", strip=True)[: 2 * _LONGEST_AROUND])
        if len(text) > len(words) + _ARTICLE:
            return text if len(text) <= _LONGEST_AROUND else ""
        parent = parent.parent
    return ""
