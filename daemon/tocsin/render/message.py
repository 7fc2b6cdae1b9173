"""A message in each of its forms: mail, Slack blocks, JSON, plain text."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from html import escape
from typing import Any
from zoneinfo import ZoneInfo

import css_inline
from jinja2 import Environment, PackageLoader, StrictUndefined

from tocsin.model.alerts import AlertContent, AnswerLinks, no_links
from tocsin.model.deliveries import DeliveryKind, Message, MessageKind
from tocsin.model.records import Roundup
from tocsin.render.answer_links import links_in, named
from tocsin.render.digest import Digest, digest
from tocsin.render.page import Page, page
from tocsin.render.plain import brief, digest_plain, plain
from tocsin.render.severity import COLOURS, loudest
from tocsin.render.slack import digest_slack, escaped, plain_context, slack
from tocsin.render.subject import digest_subject, subject
from tocsin.render.ticker import pictures
from tocsin.render.words import defused, one_line, web_link, whole
from tocsin.text.language import language

#: Kinds of message that people skim rather than read.
DIGESTS = (DeliveryKind.DIGEST, DeliveryKind.CATCH_UP)
#: One-line alerts in a digest for a chat service, which splits long messages.
MOST_IN_CHATS = 10


def render(
    contents: Sequence[AlertContent],
    *,
    kind: MessageKind,
    delivery_id: str,
    delivery_kind: DeliveryKind,
    zone: ZoneInfo,
    thread: str = "",
    subjects: Sequence[str] = (),
    roundup: Roundup | None = None,
    links: AnswerLinks = no_links,
) -> Message:
    """Return the message about *contents* in the form *kind*. The alert of the highest severity leads.

    *thread* is the id of the first delivery about the same alert to the same recipient, and *subjects* are those of the
    messages since. *roundup* is the content of a digest beside its alerts, and *links* are those to answer an alert.

    Feed text is neutralised for each form: escaped in HTML and Slack, with mentions and markup defused in text for other
    services. Control characters are removed everywhere.
    """
    shown = links_in(kind, links)
    if delivery_kind in DIGESTS:
        summary = digest(contents, delivery_id=delivery_id, kind=delivery_kind, zone=zone, roundup=roundup, links=shown)
        if kind is MessageKind.TEXT:
            summary = summary.short(MOST_IN_CHATS)
        line, text, prices = digest_subject(summary), digest_plain(summary), summary.movers
        as_html, as_slack = partial(digest_html, summary, line), partial(digest_slack, summary, line)
    else:
        whole_page = page(contents, delivery_id=delivery_id, kind=delivery_kind, zone=zone, links=shown)
        # Only mail programs group a conversation by its subject.
        line = subject(whole_page, subjects if kind is MessageKind.MAIL else ())
        text, prices = plain(whole_page), tuple(price for item in whole_page.items for price in item.prices)
        as_html, as_slack = partial(html, whole_page, line), partial(slack, whole_page, line)
    # A test must arrive as most messages do, and not as quietly as its alert would.
    severity = None if delivery_kind is DeliveryKind.TEST else loudest(contents)
    message = Message(kind=kind, subject=line, text=text, thread=thread, severity=severity)
    match kind:
        case MessageKind.MAIL:
            return replace(message, html=as_html(), pictures=pictures(prices))
        case MessageKind.SLACK:
            return replace(message, payload=as_slack())
        case MessageKind.HOOK:
            payload = hook(contents, delivery_id=delivery_id, kind=delivery_kind, subject=line, text=text, links=links)
            return replace(message, payload=payload)
        case MessageKind.TEXT:
            buttons = named(links, contents[0].alert) if len(contents) == 1 and contents[0].alert.id > 0 else ()
            shortest = brief(line, contents)
            return replace(message, subject=defused(line), text=defused(text), brief=shortest, answers=buttons)
    return message


#: Most bytes of a digest. Mail programs cut longer ones off.
MOST_BYTES = 98_000
# Many mail programs drop style sheets, so styles are inlined. Only those for dark mode stay in the sheet.
_INLINER = css_inline.CSSInliner(keep_style_tags=False, keep_at_rules=True, load_remote_stylesheets=False)
_TEMPLATES = Environment(loader=PackageLoader("tocsin.render", "."), autoescape=True, undefined=StrictUndefined)
_TEMPLATES.globals["colours"] = COLOURS


def html(page: Page, subject: str) -> str:
    """Return the whole message, with matched words marked and feed text escaped."""
    return _shown("mail.html", page, subject)


def digest_html(digest: Digest, subject: str) -> str:
    """Return the whole digest. If it would be too long, one-line alerts are left out and counted."""
    shown = _shown("digest.html", digest, subject)
    while len(shown.encode()) > MOST_BYTES and digest.brief:
        digest = digest.short(len(digest.brief) // 2)
        shown = _shown("digest.html", digest, subject)
    return shown


def _shown(template: str, page: Page | Digest, subject: str) -> str:
    return _INLINER.inline(_TEMPLATES.get_template(template).render(page=page, subject=subject))


def hook(
    contents: Sequence[AlertContent],
    *,
    delivery_id: str,
    kind: DeliveryKind,
    subject: str,
    text: str,
    links: AnswerLinks,
) -> str:
    """Return the payload: `id` of the delivery, its `type`, `subject` and `text`, and `alerts`, most severe first.

    An alert has `id`, `rule`, `event`, `severity`, `title`, `labels`, `event_time` (ISO 8601, UTC), `detail`, and what
    entry it is about: `headline`, `link` and `publisher`, which are empty for a price. `language` is that of the headline,
    empty if it is not known, and `translated` the headline in a language that the receiver reads, if that is another.
    `answers` are links to answer it, by answer; a POST to one acts at once.
    """
    payload = {
        "id": delivery_id,
        "type": kind.value,
        "subject": subject,
        "text": text,
        "alerts": [_alert(one, links) for one in sorted(contents, key=lambda one: -one.alert.severity.rank)],
    }
    return json.dumps(payload, ensure_ascii=False, separators=(",", ":"))


def _alert(content: AlertContent, links: AnswerLinks) -> dict[str, Any]:
    alert, lead = content.alert, content.lead
    return {
        "id": alert.id,
        "rule": alert.rule,
        "event": alert.event,
        "severity": alert.severity.value,
        "title": one_line(alert.title),
        "labels": {name: list(values) for name, values in alert.labels.items()},
        "event_time": alert.event_time.isoformat(),
        "detail": one_line(alert.detail),
        "headline": one_line(lead.title) if lead else "",
        "language": language(lead.title, lead.language) if lead else "",
        "translated": one_line(lead.translated) if lead else "",
        "link": web_link(lead.link) if lead else "",
        "publisher": one_line(lead.publisher) if lead else "",
        "answers": {kind.value: link for kind, link in links(alert).items()} if alert.id > 0 else {},
    }


#: The marker in mail.html for this line. Feed text cannot contain it, because its brackets are escaped.
_ROOM = "<!-- preface -->"
_ROW = '<tr><td style="padding: 12px 24px 0 24px; font: 600 14px sans-serif; color: #c2410c;">{}</td></tr>'
#: Bytes of UTF-8 that every service accepts.
SHORTEST = 1000
#: Bytes around the beginning of a text.
_ROUND = 5


def with_preface(message: Message, preface: str) -> Message:
    """Return *message* with the line *preface* at the top of every part. An empty *preface* changes nothing."""
    if not preface:
        return message
    payload = message.payload
    if payload:
        content = json.loads(payload)
        if message.kind is MessageKind.SLACK:
            content["blocks"] = [plain_context(preface), *content["blocks"]]
        else:
            content["note"] = preface
        payload = json.dumps(content, ensure_ascii=False)
    return replace(
        message,
        text=f"{preface}\n\n{message.text}",
        html=message.html.replace(_ROOM, _ROW.format(escape(preface)), 1),
        payload=payload,
        brief=(*message.brief, preface) if message.brief else (),
    )


def reduced(message: Message) -> Message:
    """Return *message* reduced to its subject and the beginning of its text, without markup, pictures or blocks."""
    text = _short(message)
    payload = ""
    if message.kind is MessageKind.HOOK:
        kept = {name: value for name, value in json.loads(message.payload).items() if name in ("id", "type", "subject")}
        payload = json.dumps({**kept, "text": text}, ensure_ascii=False)
    elif message.payload:
        block = {"type": "section", "text": {"type": "plain_text", "text": text}}
        payload = json.dumps({"text": escaped(message.subject), "blocks": [block]}, ensure_ascii=False)
    return replace(message, text=text, html="", pictures=(), payload=payload)


def _short(message: Message) -> str:
    """Return link and number, if they are known, and the beginning of the text."""
    octets = message.text.encode()
    if len(octets) <= SHORTEST:
        return message.text
    lines = "\n".join(part for part in message.brief[1:] if part and len(part) < SHORTEST // 2)
    begins = octets[: SHORTEST - len(lines.encode()) - _ROUND].decode(errors="ignore")
    return f"{lines}\n\n{begins[: whole(message.text, len(begins))].rstrip()}…".lstrip()
