"""What becomes of what arrived: fold into stories, hold or tell, and to whom. Pure, within the write transaction."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from tocsin.log import counted
from tocsin.model import Alert, DeliveryKind, Entry, Fate, Match, Story, StoryEntry
from tocsin.policy import cooldown, correlation, growth, story
from tocsin.policy.correction import Correction
from tocsin.policy.correlation import Completion, Standing
from tocsin.policy.facts import Decided, Decision, Facts
from tocsin.policy.receiver import ReceiverInfo
from tocsin.policy.route import Route, recipients
from tocsin.policy.teller import Teller
from tocsin.policy.title import fill


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """Routes and receivers of one good configuration."""

    routes: Sequence[Route]
    receivers: Sequence[ReceiverInfo]

    def routed(self, alert: Alert, instead: Sequence[str] = ()) -> tuple[tuple[str, str], ...]:
        """Return all whom *alert* goes to, or the receivers *instead* that an override of its rule names."""
        return recipients(
            self.routes,
            self.receivers,
            rule=alert.rule,
            event=alert.event,
            severity=alert.severity,
            labels=alert.labels,
            instead=instead,
        )

    def decide(self, facts: Facts) -> Decision:
        """The fate of every match in *facts*, and everything that has to be written for it."""
        desk = _Desk(self, facts)
        arrived = [(arrival.entry_id, match) for arrival in facts.arrivals for match in arrival.matches]
        # The earliest report opens the story, whatever order the feed lists them in.
        decided = [desk.judge(entry_id, match) for entry_id, match in sorted(arrived, key=lambda a: a[1].event_time)]
        decided += desk.correlate(decided)
        for correction in facts.corrections:
            desk.correct(correction)
        return Decision(
            decided=tuple(decided),
            stories=tuple(desk.changed_stories()),
            alerts=tuple(desk.changed_alerts()),
            told=desk.teller.changed(),
            planned=desk.teller.post.planned,
            joined=tuple((delivery_id, tuple(ids)) for delivery_id, ids in desk.teller.post.joined.items()),
            news=desk.teller.post.news,
            standings=desk.standings,
            hastened=tuple(desk.teller.post.hastened),
            released=tuple(desk.teller.post.released),
        )


class _Desk:
    """The state of one decision while it is made."""

    def __init__(self, policy: Policy, facts: Facts) -> None:
        self.standings: dict[tuple[str, str], tuple[Standing, ...]] = {}
        self.teller = Teller(policy.routes, policy.receivers, facts)
        self._facts = facts
        self._flood = {arrival.entry_id for arrival in facts.arrivals if arrival.flood}
        self._stories = {item.id: item for item in facts.stories}
        self._shelves: dict[str, story.Stories] = {}
        # Of several the first counts.
        stories = tuple(reversed(facts.stories))
        self._homes = {(item.event, member.entry_id): item.id for item in stories for member in item.entries}
        self._alerts = {item.id: item for item in facts.alerts}
        self._alert_of = {(item.story_id, item.rule): item.id for item in reversed(facts.alerts)}
        self._next_story = facts.next_story
        self._next_alert = facts.next_alert

    def changed_stories(self) -> Iterator[Story]:
        """The stories that are new or grew."""
        before = {item.id: item for item in self._facts.stories}
        return (item for number, item in self._stories.items() if before.get(number) is not item)

    def changed_alerts(self) -> Iterator[Alert]:
        """The alerts that are new or changed."""
        before = {item.id: item for item in self._facts.alerts}
        return (item for number, item in self._alerts.items() if before.get(number) is not item)

    def judge(self, entry_id: int | None, match: Match) -> Decided:
        """What becomes of one match."""
        if match.quote is not None:
            return self._judge_price(match)
        if match.entry is None or entry_id is None:
            return self._judge_own(match)
        refusal = self._refusal(entry_id, match.entry)
        if refusal:
            fate, reason = refusal
            origin = story.origin(match.entry, None)
            return Decided(entry_id=entry_id, match=match, fate=fate, reason=reason, origin=origin)
        home = self._fold(entry_id, match, match.entry)
        origin = next(member.origin for member in home.entries if member.entry_id == entry_id)
        fate, reason, alert = self._judge_news(entry_id, match, home, source=match.entry.source, late=match.entry.stale)
        return Decided(
            entry_id=entry_id,
            match=match,
            fate=fate,
            reason=reason,
            story_id=home.id,
            origin=origin,
            alert_id=alert.id,
        )

    def correlate(self, decided: Sequence[Decided]) -> list[Decided]:
        """What becomes of the correlations that *decided* matches complete, and of those that these complete."""
        earlier = list(self._facts.members)
        arrived = list(decided)
        found: list[Decided] = []
        while arrived:
            new = [(item, item.member) for item in arrived]
            completed: list[Decided] = []
            for rule in {join.info.id: join for item in arrived for join in item.match.rule.joins}.values():
                mine = {member: item for item, member in new if member.rule in rule.members}
                before = [member for member in earlier if member.rule in rule.members]
                standings = {**self._facts.standings, **self.standings}
                completions, changed = correlation.complete(rule, before, tuple(mine), standings)
                self.standings |= changed
                completed += (self._judge_correlation(item, mine[item.newest]) for item in completions)
            earlier += (member for _, member in new)
            found += completed
            arrived = completed
        return found

    def correct(self, item: Correction) -> None:
        """Tell somebody who was told of an alert that its entry now says something else."""
        self.teller.correct(item)

    def _judge_correlation(self, completion: Completion, newest: Decided) -> Decided:
        """A correlation is told with the story of the match that completed it."""
        match = correlation.match_of(completion, newest.match)
        # A row holds one match of a rule on an entry: judged again, an entry completes it a second time.
        again = any(m.rule == match.rule.id and m.entry_id == newest.entry_id for m in self._facts.members)
        entry_id = None if again else newest.entry_id
        assert newest.story_id is not None  # what is in no story completes nothing
        home = self._stories[newest.story_id]
        source = match.entry.source if match.entry else ""
        fate, reason, alert = self._judge_news(newest.entry_id, match, home, source=source, late=False)
        return Decided(
            entry_id=entry_id,
            match=match,
            fate=fate,
            reason=reason,
            story_id=home.id,
            origin=newest.origin,
            alert_id=alert.id,
        )

    def _refusal(self, entry_id: int, entry: Entry) -> tuple[Fate, str] | None:
        """Why an entry does not alert at all."""
        if self._facts.baseline:
            return Fate.BASELINE, "found at the first fetch of its source"
        if entry_id in self._flood:
            return Fate.FLOOD, "came in a flood: its source showed many old entries as new at once"
        if entry.stale and not self._missed(entry):
            return Fate.OLD, f"published {entry.published:%Y-%m-%d %H:%M} UTC, over 48 h before it was first seen"
        return None

    def _missed(self, entry: Entry) -> bool:
        """Whether the source had not been polled with success since the entry was published."""
        last = self._facts.last_success
        return last is not None and entry.published is not None and last <= entry.published

    def _fold(self, entry_id: int, match: Match, entry: Entry) -> Story:
        """The story of a match, with its entry in it."""
        event = match.rule.event
        home = self._homes.get((event, entry_id))
        if home is not None:  # another rule of the same event brought the entry here already
            return self._stories[home]
        found = self._shelf(event).find(entry, match.event_time)
        member = StoryEntry(
            entry_id=entry_id,
            title=entry.title,
            canonical_link=entry.canonical_link,
            publisher=entry.publisher,
            origin=story.origin(entry, found),
            event_time=match.event_time,
        )
        if found:
            grown = replace(
                found,
                opened_at=min(found.opened_at, match.event_time),
                last_at=max(found.last_at, match.event_time),
                entries=(*found.entries, member),
            )
        else:
            grown = self._open_story(event, match.event_time, (member,))
        self._stories[grown.id] = grown
        self._homes[event, entry_id] = grown.id
        self._shelf(event).put(grown)
        return grown

    def _shelf(self, event: str) -> story.Stories:
        """The open stories of *event*, to be looked through."""
        if event not in self._shelves:
            self._shelves[event] = story.Stories(item for item in self._stories.values() if item.event == event)
        return self._shelves[event]

    def _open_story(self, event: str, at: datetime, entries: tuple[StoryEntry, ...]) -> Story:
        opened = Story(id=self._next_story, event=event, opened_at=at, last_at=at, entries=entries)
        self._next_story += 1
        self._stories[opened.id] = opened
        return opened

    def _judge_news(
        self, entry_id: int | None, match: Match, home: Story, *, source: str, late: bool
    ) -> tuple[Fate, str, Alert]:
        number = self._alert_of.get((home.id, match.rule.id))
        if number is None:
            return self._open(entry_id, match, home, source=source, late=late)
        known = self._alerts[number]
        origin = next((member.origin for member in home.entries if member.entry_id == entry_id), source)
        grown = growth.grow(known, match, home, origin=origin, now=self._facts.now)
        self._alerts[known.id] = grown.alert
        told = self.teller.tell_growth(grown, match, entry_id=entry_id, source=source)
        if not told:
            return Fate.JOINED, f"more coverage of alert {known.id}", grown.alert
        return Fate.UPDATED, told, grown.alert

    def _open(
        self, entry_id: int | None, match: Match, home: Story, *, source: str, late: bool
    ) -> tuple[Fate, str, Alert]:
        keys = cooldown.key_values(match.rule, match.labels, source=source, story_id=home.id)
        alert = self._new_alert(match, home, keys)
        if late:
            why = "its source had been out of reach"
            reason = self.teller.tell(alert, match, DeliveryKind.CATCH_UP, entry_id=entry_id, source=source, why=why)
            return Fate.CATCH_UP, reason, alert
        reason = self.teller.tell(alert, match, DeliveryKind.ALERT, entry_id=entry_id, source=source)
        return (Fate.HELD if reason.startswith("held") else Fate.ALERTED), reason, alert

    def _judge_price(self, match: Match) -> Decided:
        """An edge of a price is an alert of its own; within the cooldown it waits for its end."""
        home = self._open_story(match.rule.event, match.event_time, ())
        fate, reason, alert = self._open(None, match, home, source="", late=False)
        return Decided(entry_id=None, match=match, fate=fate, reason=reason, story_id=home.id, alert_id=alert.id)

    def _judge_own(self, match: Match) -> Decided:
        home = self._open_story(match.rule.event, match.event_time, ())
        alert = self._new_alert(match, home, tuple(v for name in match.rule.key for v in match.labels.get(name, ())))
        count = self.teller.tell_operators(alert, match)
        reason = f"told {counted(count, 'operator')}" if count else "no receiver is an operator"
        return Decided(
            entry_id=None, match=match, fate=Fate.ALERTED, reason=reason, story_id=home.id, alert_id=alert.id
        )

    def _new_alert(self, match: Match, home: Story, key: tuple[str, ...]) -> Alert:
        rule = match.rule
        alert = Alert(
            id=self._next_alert,
            rule=rule.id,
            rule_hash=rule.hash,
            rule_position=f"{rule.position.file}:{rule.position.line}" if rule.position else "",
            title=fill(rule.title, match.labels),
            event=rule.event,
            severity=match.severity,
            labels=match.labels,
            key=key,
            story_id=home.id,
            opened_at=self._facts.now,
            updated_at=self._facts.now,
            event_time=match.event_time,
            note=rule.note,
            detail=match.detail,
            origins=growth.origins_of(home),
        )
        self._next_alert += 1
        self._alerts[alert.id] = alert
        self._alert_of.setdefault((home.id, rule.id), alert.id)
        return alert
