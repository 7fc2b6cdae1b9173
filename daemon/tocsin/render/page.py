"""Content of a message about alerts, in no particular form."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from tocsin.model.alerts import Alert, AlertContent, AnswerLinks, Coverage, Revised, no_links
from tocsin.model.deliveries import DeliveryKind
from tocsin.model.prices import Labels
from tocsin.model.rules import OWN, Evidence, Severity, Witness
from tocsin.render.answer_links import named
from tocsin.render.quotes import Quote, quotes, words
from tocsin.render.ticker import Ticker, ticker
from tocsin.render.words import cut, host, local, one_line, web_link
from tocsin.text.language import in_english, language
from tocsin.text.titles import split_outlet
from tocsin.units import duration

#: Alerts shown in full. The next ones get one line each, and the rest is counted.
MOST_ITEMS = 6
MOST_BRIEF = 30
MOST_RELATED = 8
_MOST_WORDS = 12
_MOST_BETWEEN = 2
#: Endings of a quote that is a sentence.
_ENDED = (".”", "!”", "?”", "。”", "！”", "？”")
#: Characters shown before the position where two texts begin to differ.
_SHARED = 100
#: Most characters of a headline. A longer text is no title.
_HEADLINE = 2000

BANNERS = {
    DeliveryKind.ALERT: "",
    DeliveryKind.UPDATE: "Update: there is something new about an alert that was sent before.",
    DeliveryKind.CORRECTION: "Correction: the source of an alert that was sent before now says something else.",
    DeliveryKind.RECOVERY: "Over: what an alert was about that was sent before.",
    DeliveryKind.CATCH_UP: "Catch-up: this is old news, found late because its source was unreachable.",
    DeliveryKind.DIGEST: "Digest: alerts that waited until now, the most severe first.",
    DeliveryKind.OPERATOR: "This is about tocsin itself.",
    # The line above the message says it, with since when.
    DeliveryKind.REMINDER: "",
    DeliveryKind.ESCALATION: "",
    DeliveryKind.DATE: "",
    DeliveryKind.TEST: "This is a test: nothing happened.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """A headline and its link. *by* is the publisher, the host and the time; *translated* the headline in another language."""

    headline: str
    link: str
    by: str
    translated: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One alert. *why* and *times* are (name, value) rows.

    For a reader who knows the alert, *news* is what is new, in one line, and *known* names the alert. *answer* is how to
    answer it, and *answers* are names and addresses of links for that. In a digest, *about* has the reasons for its
    position, and its number.
    """

    severity: Severity
    title: str
    headline: Reference
    detail: str
    quotes: tuple[Quote, ...]
    prices: tuple[Ticker, ...]
    why: tuple[tuple[str, str], ...]
    note: str
    because: tuple[Reference, ...]
    related: tuple[Reference, ...]
    more_related: int
    times: tuple[tuple[str, str], ...]
    news: str = ""
    known: str = ""
    answer: str = ""
    answers: tuple[tuple[str, str], ...] = ()
    about: str = ""
    over: str = ""  # since when, if it was over before its message was sent
    own: bool = False  # about the daemon itself

    @property
    def to_answer(self) -> str:
        """The address of one link to answer, whose page has buttons for the other answers. Empty if there is none."""
        return self.answers[0][1] if self.answers else ""

    @property
    def quote(self) -> Quote | None:
        """The first quote beside the title."""
        return next((quote for quote in self.quotes if quote.field != "title"), None)

    @property
    def coverage(self) -> str:
        """The number of further reports: `+6 related`."""
        count = len(self.related) + self.more_related
        return f"+{count} related" if count else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Content of a message. *brief* are alerts shown on one line, and *more* counts those left out."""

    kind: DeliveryKind
    delivery_id: str
    items: tuple[Item, ...]
    brief: tuple[Item, ...]
    more: int

    @property
    def banner(self) -> str:
        """The line that names the kind of message. Empty for an alert, and if the alerts themselves say what is new."""
        says = self.kind in (DeliveryKind.UPDATE, DeliveryKind.RECOVERY)
        is_said = says and any(item.news for item in self.items)
        return "" if is_said else BANNERS[self.kind]

    @property
    def preview(self) -> str:
        """The text that a list of mails shows after the subject: a quote, or else the publisher.

        For a reader who knows the alert it begins with what is new and the newest headline, because the subject may be
        that of the first mail.
        """
        if not self.items:
            return ""
        lead = self.items[0]
        quoted = "".join(piece.text for piece in lead.quote.pieces) if lead.quote else ""
        found = lead.headline.translated or quoted or lead.detail or lead.headline.by
        parts = (lead.news, lead.headline.headline, lead.coverage) if lead.news else (lead.coverage, found)
        return cut(" · ".join(filter(None, parts)), 140)


def page(
    contents: Sequence[AlertContent],
    *,
    delivery_id: str,
    kind: DeliveryKind,
    zone: ZoneInfo,
    links: AnswerLinks = no_links,
) -> Page:
    """Return the content of a message. The alert of the highest severity leads, and the others keep their order."""
    ranked = sorted(contents, key=lambda item: -item.alert.severity.rank)
    shown = [item(one, zone, kind, links) for one in ranked[: MOST_ITEMS + MOST_BRIEF]]
    return Page(
        kind=kind,
        delivery_id=one_line(delivery_id),
        items=tuple(shown[:MOST_ITEMS]),
        brief=tuple(shown[MOST_ITEMS:]),
        more=len(ranked) - len(shown),
    )


def item(content: AlertContent, zone: ZoneInfo, kind: DeliveryKind, links: AnswerLinks = no_links) -> Item:
    """Return the part of a message of *kind* about one alert."""
    alert, lead = content.alert, content.lead
    title = cut(one_line(alert.title), 300)
    headline = _reference(lead, zone) if lead else Reference(headline="", link="", by="")
    if lead and lead.revised and kind is DeliveryKind.CORRECTION:
        # A reader who sees only the subject must not read the old error again.
        headline = replace(headline, headline=_corrected(lead, lead.revised))
    if lead and not headline.headline:
        headline = replace(headline, headline=title)  # the link needs a text
    # Who gets the message of its end knows the alert.
    over = f"Over since {local(alert.over_at, zone)}" if alert.over_at and not content.news else ""
    detail = _revised(lead) if lead and lead.revised else cut(one_line(alert.detail), 1000) or _removed(lead)
    return Item(
        severity=alert.severity,
        title=title,
        headline=headline,
        detail=f"{over}. {detail}".rstrip() if over and kind is not DeliveryKind.DIGEST else detail,
        quotes=quotes(lead, content.evidence) if lead else (),
        prices=tuple(ticker(price, zone) for price in content.prices),
        why=tuple(_why(alert, lead, content.evidence)),
        note=cut(one_line(alert.note), 1000),
        because=tuple(_witness(one, zone) for one in content.evidence.witnesses) if content.evidence else (),
        related=tuple(_reference(other, zone) for other in content.related[:MOST_RELATED]),
        more_related=max(0, len(content.related) - MOST_RELATED),
        times=tuple(_times(alert, lead, zone)),
        news=_news(content),
        known=f"Update of {_quoted(_known(content))}" if content.news else "",
        answer=f"Alert {alert.id} · tocsin alerts ack|snooze|useful|noise {alert.id}" if alert.id > 0 else "",
        answers=named(links, alert) if alert.id > 0 else (),
        over=over,
        own=alert.rule.startswith(f"{OWN}/"),
    )


def _news(content: AlertContent) -> str:
    words = " · ".join(cut(one_line(word), 200) for word in content.news)
    return words[:1].upper() + words[1:]


def _known(content: AlertContent) -> str:
    """Return the name by which the reader of an update knows the alert: its first headline, without the outlet."""
    first = content.first.title if content.first else ""
    return split_outlet(one_line(first))[0] or content.alert.title


def _corrected(lead: Coverage, now: Revised) -> str:
    words = f"Withdrawn: {one_line(lead.title)}" if now.withdrawn else one_line(now.title)
    return cut(words, _HEADLINE)


def _revised(lead: Coverage) -> str:
    """Return the present and the former text of an entry, in words."""
    assert lead.revised
    now = lead.revised
    # The headline is the same, so the text has changed.
    same = one_line(now.title) == one_line(lead.title) and not now.between
    before, after = lead.title, now.title
    if same and not now.withdrawn:
        before, after = _differing(one_line(lead.summary or lead.body), one_line(now.summary))
    said = f"It said: {_quoted(before)}"
    if now.between:
        said += f", then: {', '.join(map(_quoted, now.between[-_MOST_BETWEEN:]))}"
    if now.withdrawn:
        return f"Its source has withdrawn it. {said}"
    end = "" if _quoted(after).endswith(_ENDED) else "."
    return f"It now says: {_quoted(after)}{end} {said}"


def _removed(lead: Coverage | None) -> str:
    """Return what the page of an entry no longer says, in words."""
    lines = lead.removed.replace("\n\n", " · ") if lead else ""
    return f"The page no longer says: {_quoted(lines)}" if lines else ""


def _differing(before: str, after: str) -> tuple[str, str]:
    """Return two texts without a long common beginning, so that a quote of each shows where they differ."""
    shared = next((n for n, (one, other) in enumerate(zip(before, after, strict=False)) if one != other), 0)
    start = before.rfind(" ", 0, max(0, shared - _SHARED)) + 1
    return (f"… {before[start:]}", f"… {after[start:]}") if start else (before, after)


def _quoted(text: str) -> str:
    return f"“{cut(one_line(text), 300)}”"


def _reference(coverage: Coverage, zone: ZoneInfo) -> Reference:
    link = web_link(coverage.link)
    who = one_line(coverage.publisher) or one_line(coverage.source)
    where = host(link)
    # A headline can name any publisher, so the host shows where the link leads.
    named = where.casefold() in who.casefold()
    time = local(coverage.published or coverage.first_seen, zone)
    by = " · ".join(part for part in (cut(who, 100), "" if named else cut(where, 100), time) if part)
    headline = cut(one_line(coverage.title), _HEADLINE)
    return Reference(headline=headline, link=link, by=by, translated=_translated(coverage))


def _translated(coverage: Coverage) -> str:
    """Return the translation of a headline with the language that it is from, which says that a machine wrote it."""
    words = cut(one_line(coverage.translated), _HEADLINE)
    return f"Translated from {in_english(language(coverage.title, coverage.language))}: {words}" if words else ""


def _witness(witness: Witness, zone: ZoneInfo) -> Reference:
    link = web_link(witness.link)
    by = " · ".join(
        filter(None, (cut(one_line(witness.source), 100), host(link), local(witness.at, zone), witness.rule))
    )
    return Reference(headline=cut(one_line(witness.title), _HEADLINE), link=link, by=by)


def _why(alert: Alert, lead: Coverage | None, evidence: Evidence | None) -> list[tuple[str, str]]:
    place = _place(alert.rule_position)
    rule = f"{alert.rule} ({place})" if place else alert.rule
    rows = [("Rule", one_line(rule))]
    found = words(lead, evidence) if lead else ()
    if found:
        more = f" and {len(found) - _MOST_WORDS} more" if len(found) > _MOST_WORDS else ""
        rows.append(("Words", ", ".join(f"“{cut(word, 80)}”" for word in found[:_MOST_WORDS]) + more))
    if evidence and evidence.op == OWN:
        return [(child.op, cut(one_line(child.text), 500)) for child in evidence.children] + rows
    if evidence and not lead:
        rows += [("Condition", cut(one_line(child.text), 300)) for child in evidence.children[:1]]
    order = _order(evidence.witnesses) if evidence else ""
    if order:
        rows.append(("Came first", order))
    if alert.labels:
        rows.append(("Labels", _labels(alert.labels)))
    raised = _raised(alert.severity, evidence)
    if raised:
        rows.append(("Severity", f"{alert.severity}, because of {cut(one_line(raised), 200)}"))
    return rows


def _place(position: str) -> str:
    """Return folder, file and line of a rule, without the path of the folder, which must not be sent to readers."""
    return "/".join([part for part in position.split("/") if part not in ("", ".", "..")][-2:])


def _order(witnesses: Sequence[Witness]) -> str:
    """Return which rule of a correlation matched first, and by how much."""
    in_order = sorted(witnesses, key=lambda one: one.at)
    then = next((one for one in in_order if one.rule != in_order[0].rule), None)
    if then is None:
        return ""
    first, second = (one_line(one.rule.rpartition("/")[2]) for one in (in_order[0], then))
    gap = then.at - in_order[0].at
    return f"{first}, {duration(gap)} before {second}" if gap else f"{first} and {second} at the same time"


def _labels(labels: Labels) -> str:
    shown = (f"{one_line(name)}: {', '.join(map(one_line, values))}" for name, values in labels.items())
    return cut("; ".join(shown), 500)


def _raised(severity: Severity, evidence: Evidence | None) -> str:
    """Return the condition in `severity_if` that set the alert's severity, as it is written."""
    for child in evidence.children if evidence else ():
        if child.op.startswith("severity_if ") and child.holds:
            return child.text if child.op.endswith(f" {severity}") else ""
    return ""


def _times(alert: Alert, lead: Coverage | None, zone: ZoneInfo) -> list[tuple[str, str]]:
    rows = [("Event time" if lead else "Time", local(alert.event_time, zone))]
    if lead:
        rows.append(("First seen", local(lead.first_seen, zone)))
        rows += [("Dated", f"{lead.stated} (not credible)")] if lead.stated else []
    return rows


def specimen(now: datetime) -> AlertContent:
    """Return a test alert."""
    alert = Alert(
        id=0,
        rule="tocsin/notify-test",
        rule_hash="",
        rule_position="",
        title="Test: this is how an alert arrives",
        event="tocsin.test",
        severity=Severity.INFO,
        labels={"receiver": ("test",)},
        key=("receiver",),
        story_id=0,
        opened_at=now,
        updated_at=now,
        event_time=now,
        note="Nothing happened. Somebody ran `tocsin notify-test`.",
    )
    lead = Coverage(
        title="tocsin can reach you here", link="", publisher="tocsin", source="test", published=now, first_seen=now
    )
    return AlertContent(alert=alert, lead=lead)
