"""Decide about new matches: fold them into stories, and plan who is notified and when. Pure, in the write transaction."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from tocsin.model.alerts import Alert, MatchOutcome, Story
from tocsin.model.deliveries import DeliveryKind
from tocsin.model.reasons import Cause, Reason
from tocsin.model.rules import OWN, Correlation, Match
from tocsin.policy.alerting import correlation, growth, novelty, story
from tocsin.policy.alerting.correlation import ActiveWindow, ActiveWindows, Completion, Member
from tocsin.policy.alerting.facts import Decided, Decision, Facts, Recovery
from tocsin.policy.alerting.folding import Folding, in_turn
from tocsin.policy.alerting.growth import fill
from tocsin.policy.alerting.keys import key_values
from tocsin.policy.notifying.grouping import Notice
from tocsin.policy.notifying.planner import NotificationPlanner
from tocsin.policy.notifying.receiver import ReceiverInfo
from tocsin.policy.notifying.route import Route, recipients


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """Routes and receivers of one good configuration."""

    routes: Sequence[Route]
    receivers: Sequence[ReceiverInfo]

    def routed(self, alert: Alert, instead: Sequence[str] = ()) -> tuple[tuple[str, str], ...]:
        """Return the recipients of *alert*; receivers *instead* of the routes come from an override of its rule.

        Of the receivers of one person it is the first.
        """
        found = recipients(self.routes, self.receivers, alert, instead)
        persons = {receiver.name: receiver.person for receiver in self.receivers}
        return tuple({persons[to[0]] or to: to for to in reversed(found)}.values())[::-1]

    def decide(self, facts: Facts) -> Decision:
        """Return the outcome of every match in *facts*, and everything that has to be written for it."""
        making = _Making(self, facts)
        decided = [making.judge(entry_id, match) for entry_id, match in in_turn(facts)]
        decided += making.correlate(decided)
        making.planner.correct(facts.corrections)
        for recovery in facts.recoveries:
            making.recover(recovery)
        return Decision(
            decided=tuple(decided),
            stories=tuple(making.stories.changed()),
            alerts=tuple(making.changed_alerts()),
            last_notified=making.planner.changed(),
            planned=making.planner.messages.planned,
            joined=tuple((delivery_id, tuple(ids)) for delivery_id, ids in making.planner.messages.joined.items()),
            news=making.planner.messages.news,
            windows=making.windows,
            released=tuple(making.planner.messages.released),
            cancelled=tuple(making.planner.messages.cancelled),
        )


class _Making:
    """The state of one decision while it is made."""

    def __init__(self, policy: Policy, facts: Facts) -> None:
        self.windows: dict[tuple[str, str], tuple[ActiveWindow, ...]] = {}
        self.planner = NotificationPlanner(policy.routes, policy.receivers, facts)
        self._facts = facts
        self.stories = Folding(facts)
        self._alerts = {item.id: item for item in facts.alerts}
        self._alert_of = {(item.story_id, item.rule): item.id for item in reversed(facts.alerts)}
        self._next_alert = facts.next_alert

    def changed_alerts(self) -> Iterator[Alert]:
        """Return the alerts that are new or changed."""
        before = {item.id: item for item in self._facts.alerts}
        return (item for number, item in self._alerts.items() if before.get(number) is not item)

    def judge(self, entry_id: int | None, match: Match) -> Decided:
        """Return the outcome of one match."""
        if match.entry is None or entry_id is None:
            home = self.stories.open(match.rule.event, match.event_time)
            # A price that crosses a threshold is an alert of its own; in the cooldown it is held until that ends. What does
            # not come is one, too.
            own = match.rule.id.startswith(f"{OWN}/")
            return self._judge_own(match, home) if own else self._open(None, match, home)
        refusal = self.stories.refusal(entry_id, match.entry)
        if refusal:
            outcome, reason = refusal
            origin = story.origin(match.entry, None)
            return Decided(entry_id=entry_id, match=match, outcome=outcome, reason=reason, origin=origin)
        home = self.stories.fold(entry_id, match, match.entry)
        decided = self._judge_news(entry_id, match, home, late=match.entry.stale)
        return replace(decided, origin=_origin(home, entry_id))

    def recover(self, recovery: Recovery) -> None:
        """Note that an alert is over, and notify those who were sent it."""
        alert = replace(recovery.alert, over_at=self._facts.now)
        self._alerts[alert.id] = alert
        self.planner.recover(alert, recovery)

    def correlate(self, decided: Sequence[Decided]) -> list[Decided]:
        """Return the outcomes of correlations that *decided* matches complete, and of those that these complete."""
        earlier = list(self._facts.members)
        arrived = list(decided)
        found: list[Decided] = []
        while arrived:
            new = [(item, item.member) for item in arrived]
            completed: list[Decided] = []
            for rule in {join.info.id: join for item in arrived for join in item.match.rule.joins}.values():
                mine = {member: item for item, member in new if member.rule in rule.members}
                before = [member for member in earlier if member.rule in rule.members]
                completions, changed = self._completed(rule, before, tuple(mine))
                self.windows |= changed
                completed += (self._judge_correlation(item, mine[item.newest]) for item in completions)
            earlier += (member for _, member in new)
            found += completed
            arrived = completed
        return found

    def _completed(
        self, rule: Correlation, before: Sequence[Member], mine: Sequence[Member]
    ) -> tuple[list[Completion], ActiveWindows]:
        """Return the completions of *rule* by the matches *mine*, and the windows that they change."""
        if rule.none_within is not None:
            return [], {}  # a match is what it waits for
        since = self._facts.counted_since.get(rule.members[0])
        if rule.new is not None:
            known = self._facts.values.get((rule.members[0], rule.new), ())
            return novelty.complete(rule, known, mine, since), {}
        windows = {**self._facts.windows, **self.windows}
        return correlation.complete(rule, before, mine, windows, since)

    def _judge_correlation(self, completion: Completion, newest: Decided) -> Decided:
        """Judge a correlation with the story of the match that completed it."""
        match = correlation.match_of(completion, newest.match)
        # There is one row for a rule and an entry. An entry that is judged again may complete a correlation again.
        again = any(m.rule == match.rule.id and m.entry_id == newest.entry_id for m in self._facts.members)
        entry_id = None if again else newest.entry_id
        assert newest.story_id is not None  # a match without a story completes nothing
        home = self.stories[newest.story_id]
        return replace(self._judge_news(newest.entry_id, match, home), entry_id=entry_id, origin=newest.origin)

    def _judge_news(self, entry_id: int | None, match: Match, home: Story, *, late: bool = False) -> Decided:
        number = self._alert_of.get((home.id, match.rule.id))
        if number is None:
            return self._open(entry_id, match, home, late=late)
        known = self._alerts[number]
        shared = self.stories.shared(home.event, entry_id)
        same = bool(shared) or self._repeats(entry_id, match, home)
        origin = _origin(home, entry_id, match.source)
        grown = growth.grow(known, match, home, origin=origin, now=self._facts.now, same=same)
        self._alerts[known.id] = grown.alert
        abroad = Reason(cause=Cause.LANGUAGE, words=", ".join(shared)) if shared else None
        reason = self.planner.notify_growth(grown, match, entry_id, why=abroad)
        if reason is None:
            reason = Reason(cause=Cause.COVERAGE, by=str(known.id), because=abroad)
            return _decided(entry_id, match, MatchOutcome.JOINED, reason, known)
        return _decided(entry_id, match, MatchOutcome.UPDATED, reason, known)

    def _repeats(self, entry_id: int | None, match: Match, home: Story) -> bool:
        """Return whether the headline of a match is that of another entry of its story."""
        return match.entry is not None and entry_id is not None and story.repeats(home, match.entry, entry_id)

    def _open(self, entry_id: int | None, match: Match, home: Story, *, late: bool = False) -> Decided:
        alert = self._new_alert(match, home, key_values(match, home.id))
        notice = Notice(alert=alert, entry_id=entry_id)
        if late:
            reason = self.planner.notify(notice, match, DeliveryKind.CATCH_UP, why=Reason(cause=Cause.UNREACHABLE))
            return _decided(entry_id, match, MatchOutcome.CATCH_UP, reason, alert)
        reason = self.planner.notify(notice, match, DeliveryKind.ALERT)
        outcome = MatchOutcome.HELD if reason.until else MatchOutcome.ALERTED
        return _decided(entry_id, match, outcome, reason, alert)

    def _judge_own(self, match: Match, home: Story) -> Decided:
        reaching = (one for one in self._facts.recoveries if one.people or one.waits)
        told = next((one for one in reaching if one.ending.is_of(match)), None)
        if told:
            reason = Reason(cause=Cause.OVER, by=str(told.alert.id))
            return _decided(None, match, MatchOutcome.JOINED, reason, told.alert)
        alert = self._new_alert(match, home, tuple(v for name in match.rule.key for v in match.labels.get(name, ())))
        count = self.planner.notify_operators(alert, match)
        reason = Reason(cause=Cause.OPERATORS if count else Cause.NO_OPERATOR, count=count)
        return _decided(None, match, MatchOutcome.ALERTED, reason, alert)

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


def _decided(entry_id: int | None, match: Match, outcome: MatchOutcome, reason: Reason, alert: Alert) -> Decided:
    return Decided(
        entry_id=entry_id, match=match, outcome=outcome, reason=reason, story_id=alert.story_id, alert_id=alert.id
    )


def _origin(home: Story, entry_id: int | None, default: str = "") -> str:
    """Return the origin of an entry of *home*; *default* if it has no such entry."""
    return next((member.origin for member in home.entries if member.entry_id == entry_id), default)
