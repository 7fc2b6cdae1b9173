"""The receiver over which a person is told."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tocsin.model.deliveries import DeliveryKind
from tocsin.model.reasons import NO_REASON, Cause, Reason
from tocsin.policy.alerting.correction import Correction
from tocsin.policy.decide import Policy
from tocsin.policy.notifying.people import reason, winners
from tocsin.policy.notifying.receiver import ReceiverInfo
from tocsin.policy.notifying.route import Route
from tocsin.policy.notifying.timing import Timing
from tocsin.render.reasons import in_words

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
PERSONS = {"phone": "ann", "mail": "ann", "tablet": "ann", "pager": "bob", "page": "bob"}
DROP = Reason(cause=Cause.QUIET)


@pytest.mark.parametrize(
    ("minutes", "told", "words"),
    [
        pytest.param({"phone": 0, "mail": 0}, {"phone"}, "ann gets it over phone, the first of theirs", id="as soon"),
        pytest.param({"phone": 5, "mail": 0}, {"mail"}, "ann gets it over mail, which is sooner", id="sooner"),
        pytest.param({"phone": None, "mail": 90}, {"mail"}, "ann gets it over mail, which is sooner", id="not dropped"),
        pytest.param(
            {"phone": 5, "mail": 0, "tablet": 0}, {"mail"}, "ann gets it over mail, the first of theirs", id="three"
        ),
        pytest.param(
            {"phone": None, "mail": None}, {"phone"}, "ann gets it over phone, the first of theirs", id="none"
        ),
        pytest.param({"phone": 0, "desk": 0, "here": 0}, {"phone", "desk", "here"}, "", id="no choice"),
        pytest.param(
            {"phone": 0, "mail": 0, "desk": 9, "page": 0, "pager": 1},
            {"phone", "desk", "page"},
            "ann gets it over phone, the first of theirs: bob gets it over page, which is sooner",
            id="two people",
        ),
    ],
)
def test_the_receiver_that_leads_there_first_wins(minutes: dict[str, int | None], told: set[str], words: str) -> None:
    """Of two that are as soon the first in the file does; what would be dropped wins only where all would be."""
    timings = {
        (name, ""): Timing(
            kind=DeliveryKind.ALERT,
            due_at=NOON + timedelta(minutes=after or 0),
            dropped=DROP if after is None else NO_REASON,
        )
        for name, after in minutes.items()
    }
    over = winners(timings, PERSONS)
    assert {to[0] for to in over if over[to] == to} == told
    found = reason(timings, over, PERSONS)
    assert (in_words(found) if found else "") == words


def test_a_correction_reaches_a_person_once_though_both_receivers_had_the_alert(world: Any) -> None:
    """They became hers by a reload since."""
    names = ("phone", "mail", "desk")
    receivers = [ReceiverInfo(name=name, recipients=("",), person=PERSONS.get(name)) for name in names]
    world.policy = Policy(routes=(Route(to=names),), receivers=receivers)
    world.decide(world.match("China bans gallium exports"))
    (alert,) = world.alerts.values()
    corrections = tuple(Correction(alert=alert, to=(name, ""), due_at=world.now) for name in ("mail", "phone", "desk"))
    planned = world.judge(corrections=corrections).planned
    assert [(one.receiver, one.kind) for one in planned] == [
        ("phone", DeliveryKind.CORRECTION),
        ("desk", DeliveryKind.CORRECTION),
    ]
