"""The decision about a stored entry, in steps: every fate of a match has its own end."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tocsin.explain.decision import steps
from tocsin.model.alerts import Alert, AlertContent, MatchOutcome
from tocsin.model.deliveries import DeliveryKind, DeliveryState
from tocsin.model.entries import Entry
from tocsin.model.reasons import NO_REASON, Cause, Reason
from tocsin.model.records import AlertDetail, DeliveryView, JudgedEntry, MatchView
from tocsin.model.rules import RuleInfo, Severity
from tocsin.render.reasons import in_words

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
RULE = RuleInfo(
    id="p/r", hash="h", title="t", severity=Severity.HIGH, event="e", key=("story",), cooldown=timedelta(hours=12)
)
ENTRY = Entry(source="wire", id="1", keys=(), title="x", first_seen=NOW, published=NOW)
MATCH = MatchView(
    id=1,
    rule="p/r",
    rule_hash="h",
    severity=Severity.HIGH,
    labels={},
    event_time=NOW,
    decided_at=NOW,
    fate=MatchOutcome.ALERTED,
    reason=NO_REASON,
    detail="",
    origin="wire",
    entry_id=7,
    story_id=4,
    alert_id=3,
    source="wire",
    title="x",
    link="",
    evidence=None,
)
ALERT = Alert(
    id=3,
    rule="p/r",
    rule_hash="h",
    rule_position="p.yaml:1",
    title="t",
    event="e",
    severity=Severity.HIGH,
    labels={},
    key=(),
    story_id=4,
    opened_at=NOW,
    updated_at=NOW,
    event_time=NOW,
)
DETAIL = AlertDetail(content=AlertContent(alert=ALERT), members=(MATCH, replace(MATCH, entry_id=8)), deliveries=())
DELIVERY = DeliveryView(
    id="d1",
    receiver="desk",
    recipient="",
    kind=DeliveryKind.ALERT,
    state=DeliveryState.DELIVERED,
    reason=NO_REASON,
    severity=Severity.HIGH,
    title="t",
    alert_ids=(3,),
    created_at=NOW,
    due_at=NOW,
    expires_at=NOW,
    delivered_at=None,
    attempts=0,
    resend_of=None,
    resent=False,
)


def told(match: MatchView | None, **more: Any) -> dict[str, tuple[bool | None, str]]:
    """Name to verdict and words of each step."""
    options = {"holds": True, "disabled": False, "zone": ZoneInfo("UTC")} | {
        name: more.pop(name) for name in ("holds", "disabled") if name in more
    }
    detail = more.pop("alert", DETAIL if match else None)
    record = JudgedEntry(number=7, entry=more.pop("entry", ENTRY), match=match, alert=detail, **more)
    return {step.name: (step.good, step.words) for step in steps(record, RULE, **options)}


@pytest.mark.parametrize(
    ("fate", "reason", "last", "said"),
    [
        (
            MatchOutcome.BASELINE,
            Reason(cause=Cause.BASELINE),
            "judged",
            {"seen before": (False, "found at the first fetch of its source")},
        ),
        (
            MatchOutcome.OLD,
            Reason(cause=Cause.OLD, at=NOW),
            "age",
            {"age": (False, "published 2026-03-02 12:00, over 48 h before it was first seen")},
        ),
        (
            MatchOutcome.CATCH_UP,
            Reason(cause=Cause.NOTIFIED, count=1, because=Reason(cause=Cause.UNREACHABLE)),
            "route",
            {"age": (True, "planned for 1 recipient: its source was unreachable")},
        ),
        (
            MatchOutcome.JOINED,
            Reason(cause=Cause.COVERAGE, by="3"),
            "route",
            {"story": (None, "story 4: more coverage of alert 3 (2 entries)")},
        ),
        (
            MatchOutcome.JOINED,
            Reason(cause=Cause.COVERAGE, by="3", because=Reason(cause=Cause.LANGUAGE, words="date 12-01")),
            "route",
            {
                "story": (
                    None,
                    "story 4: more coverage of alert 3: in another language, with the same date 12-01 (2 entries)",
                )
            },
        ),
        (
            MatchOutcome.HELD,
            Reason(cause=Cause.COOLDOWN, until=NOW, by="p/r"),
            "route",
            {"cooldown": (None, "held until 2026-03-02 12:00 by the cooldown of p/r")},
        ),
        (
            MatchOutcome.UPDATED,
            Reason(cause=Cause.GROWTH, by="3", words="new: tin"),
            "route",
            {"story": (True, "story 4: alert 3 grew (new: tin) (2 entries)")},
        ),
        (
            MatchOutcome.ALERTED,
            NO_REASON,
            "route",
            {
                "story": (True, "story 4: opened alert 3 (2 entries)"),
                "cooldown": (True, "nothing held it back"),
                "route": (False, "no route leads to a receiver"),
                "age": (True, "published 2026-03-02 12:00, within 48 h of being seen"),
            },
        ),
    ],
    ids=lambda value: value.value if isinstance(value, MatchOutcome) else "",
)
def test_each_fate_ends_where_it_was_decided(
    fate: MatchOutcome, reason: Reason, last: str, said: dict[str, tuple[bool | None, str]]
) -> None:
    """Whoever got no message sees the step that kept it."""
    found = told(replace(MATCH, fate=fate, reason=reason))
    assert list(found)[-1] == last
    assert {name: found[name] for name in said} == said


@pytest.mark.parametrize(
    ("state", "reason", "name", "good"),
    [
        (DeliveryState.SUPPRESSED, Reason(cause=Cause.SILENCE, by="3", words="(rule=r): known"), "silence", False),
        (DeliveryState.HELD, Reason(cause=Cause.QUIET, until=NOW, by="desk"), "quiet hours", None),
        (DeliveryState.SUPPRESSED, Reason(cause=Cause.QUIET, by="desk"), "quiet hours", False),
        (DeliveryState.HELD, Reason(cause=Cause.DIGEST, until=NOW, by="desk"), "quiet hours", None),
        (DeliveryState.HELD, Reason(cause=Cause.COOLDOWN, until=NOW, by="p/r"), "cooldown", True),
    ],
    ids=lambda value: value if isinstance(value, str) and " " not in value else "",
)
def test_what_keeps_a_message_back_is_a_step(
    state: DeliveryState, reason: Reason, name: str, good: bool | None
) -> None:
    """A silence and quiet hours are named where the decision would look for them."""
    detail = replace(DETAIL, deliveries=(replace(DELIVERY, state=state, reason=reason),))
    found = told(MATCH, alert=detail)
    assert found[name][0] is good
    if name != "cooldown":
        assert found[name][1] == in_words(reason, UTC)


def test_a_rule_that_raised_says_over_what() -> None:
    """A fault of ours is not called a miss."""
    good, words = told(None, failure="ValueError: no")["judged"]
    assert good is False
    assert words.endswith("ValueError: no")


def test_a_rule_that_holds_only_today_is_said_so() -> None:
    """The rule was mended after the news."""
    assert "it matches today" in told(None)["judged"][1]
    assert told(None, holds=None)["judged"] == (False, "no match was recorded")


def test_a_match_whose_alert_is_gone_ends_with_its_age() -> None:
    """Retention takes alerts before entries are forgotten."""
    record = JudgedEntry(number=7, entry=ENTRY, match=MATCH)
    found = steps(record, RULE, holds=None, disabled=True, zone=ZoneInfo("UTC"))
    assert [step.name for step in found] == ["seen before", "enabled", "judged", "age"]
