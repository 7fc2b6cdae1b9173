"""Content of a digest in no particular form: first alerts that need an answer, then the others by weight."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from tocsin.model.alerts import AlertContent, AnswerLinks, no_links
from tocsin.model.deliveries import DeliveryKind
from tocsin.model.records import HeldBack, Roundup
from tocsin.render.page import BANNERS, Item, item
from tocsin.render.reasons import in_words
from tocsin.render.ticker import Ticker, ticker
from tocsin.render.words import cut, local, one_line
from tocsin.units import counted, duration

#: Alerts shown with a quote and prices, and after them alerts on one line. The others are counted.
MOST_TOP = 5
MOST_BRIEF = 55
#: Most lines of each of the other parts.
MOST_NEEDS = 12
MOST_MOVERS = 5
MOST_LINES = 12
TOP = "Top stories: the most severe, then the most widely reported, then the newest"
ANSWER = "To answer: tocsin alerts ack|snooze|useful|noise and the number of the alert"
_HEADLINE = 200
#: The time of a digest that is about its alerts alone.
_NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Lines of (name, words), and the number of lines left out."""

    lines: tuple[tuple[str, str], ...] = ()
    more: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Digest:
    """Content of a digest. *stories* are shown in full, *brief* on one line, and *more* are left out.

    *overflow* says how many were over which limit.
    """

    kind: DeliveryKind
    delivery_id: str
    period: str
    needs: tuple[Item, ...]
    more_needs: int
    stories: tuple[Item, ...]
    brief: tuple[Item, ...]
    more: int
    movers: tuple[Ticker, ...]
    held: Part
    ailing: Part
    counts: str
    overflow: tuple[str, ...] = ()

    @property
    def banner(self) -> str:
        """The lines that name the kind of message, and the alerts in it because a limit was reached."""
        return " ".join(filter(None, (BANNERS[self.kind], self.period, *self.overflow)))

    @property
    def answer(self) -> str:
        """The line on how to answer, if there is an alert to answer."""
        return ANSWER if self.needs or self.stories else ""

    @property
    def size(self) -> int:
        """The number of its alerts."""
        return len(self.stories) + len(self.brief) + self.more

    @property
    def preview(self) -> str:
        """The text that a list of mails shows after the subject."""
        waiting = len(self.needs) + self.more_needs
        parts = [f"{waiting} wait for an answer" if waiting else ""]
        parts += [f"{price.name} {price.move}" for price in self.movers[:2]]
        parts += [story.headline.headline or story.title for story in self.stories[1:3]]
        return cut(" · ".join(filter(None, parts)), 140)

    def short(self, most: int) -> Digest:
        """Return the digest with at most *most* one-line alerts. The others are counted."""
        kept = self.brief[:most]
        return replace(self, brief=kept, more=self.more + len(self.brief) - len(kept))


def digest(
    contents: Sequence[AlertContent],
    *,
    delivery_id: str,
    kind: DeliveryKind,
    zone: ZoneInfo,
    roundup: Roundup | None,
    links: AnswerLinks = no_links,
) -> Digest:
    """Return the content of a digest about *contents*, and about the *roundup* if there is one."""
    ranked = sorted(contents, key=_weight, reverse=True)
    around = roundup or Roundup(since=_NEVER, until=_NEVER)
    shown = [_story(one, zone, kind, around.until, links) for one in ranked[: MOST_TOP + MOST_BRIEF]]
    needs = sorted(around.needs, key=_weight, reverse=True)
    ailing = [(one_line(one.source), _ails(one.last_success, one.words, zone)) for one in around.ailing]
    return Digest(
        kind=kind,
        delivery_id=one_line(delivery_id),
        period=f"From {local(roundup.since, zone)} to {local(roundup.until, zone)}." if roundup else "",
        needs=tuple(_story(one, zone, kind, around.until, links) for one in needs[:MOST_NEEDS]),
        more_needs=max(0, len(needs) - MOST_NEEDS),
        stories=tuple(shown[:MOST_TOP]),
        brief=tuple(shown[MOST_TOP:]),
        more=len(ranked) - len(shown),
        movers=tuple(ticker(price, zone) for price in around.movers[:MOST_MOVERS]),
        held=_part(_held(around.held)),
        ailing=_part(ailing),
        counts=_counts(roundup) if roundup else "",
        overflow=tuple(_overflow(ranked)),
    )


def _part(lines: Sequence[tuple[str, str]]) -> Part:
    return Part(lines=tuple(lines[:MOST_LINES]), more=max(0, len(lines) - MOST_LINES))


def _overflow(contents: Sequence[AlertContent]) -> Iterator[str]:
    """Yield how many alerts were over a limit: a sentence for each limit."""
    for reason, count in Counter(one.overflow for one in contents if one.overflow).items():
        yield f"{counted(count, 'alert')} {'were' if count > 1 else 'was'} {one_line(in_words(reason))}."


def _weight(content: AlertContent) -> tuple[int, int, datetime]:
    """Return the sort key: the most severe first, then the most independent origins, then the newest."""
    alert = content.alert
    return alert.severity.rank, alert.origins, alert.event_time


def _story(content: AlertContent, zone: ZoneInfo, kind: DeliveryKind, until: datetime, links: AnswerLinks) -> Item:
    shown = item(content, zone, kind, links)
    full = shown.headline
    headline = replace(full, headline=cut(full.headline, _HEADLINE), translated=cut(full.translated, _HEADLINE))
    alert = content.alert
    reasons = [
        f"{alert.origins} independent origins" if alert.origins > 1 else "",
        f"{duration(until - alert.event_time)} ago" if until > alert.event_time else "",
        shown.news,
        shown.over[:1].lower() + shown.over[1:],
        shown.coverage,
        "over the limit" if content.overflow else "",
        f"Alert {alert.id}" if alert.id > 0 else "",
    ]
    return replace(shown, headline=headline, about=" · ".join(filter(None, reasons)))


def _held(found: Sequence[HeldBack]) -> list[tuple[str, str]]:
    ordered = sorted(found, key=lambda one: -one.count)
    return [
        (
            (f"{one.count} × " if one.count > 1 else "") + cut(one_line(one.what), 120),
            cut(one_line(in_words(one.why)), 200),
        )
        for one in ordered
    ]


def _ails(last_success: datetime | None, words: str, zone: ZoneInfo) -> str:
    since = f"no success since {local(last_success, zone)}" if last_success else "never with success"
    return f"{since}: {cut(one_line(words), 160)}" if words else since


def _counts(roundup: Roundup) -> str:
    return (
        f"Looked at: {counted(roundup.entries, 'new entry')} of {counted(roundup.sources, 'source')}. Rules met: {roundup.matches:,}. "
        f"Alerts, related coverage folded: {roundup.alerts:,}."
    )
