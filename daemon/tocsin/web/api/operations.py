"""The operations of the API: what each is sent, and the types of what it answers with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tocsin.config.bodies import AnswerBody, BacktestBody, CheckBody, SilenceBody, WhyBody
from tocsin.config.items import ItemBody, ItemsBody
from tocsin.errors import Position, Problem
from tocsin.explain.decision import Step
from tocsin.explain.instruments import InstrumentView
from tocsin.explain.rule_views import RuleView
from tocsin.model.alerts import Alert, Answered
from tocsin.model.dates import KeptDate
from tocsin.model.entries import Entry
from tocsin.model.records import AlertDetail, DeliveryView, MatchView
from tocsin.model.rules import Evidence
from tocsin.policy.notifying.silence import Silence
from tocsin.store.programs import HandedIn
from tocsin.store.queries.search import EntryFound
from tocsin.store.queries.stories import StoryView
from tocsin.store.values import Fetch
from tocsin.store.views import DeliveryDetail, RuleStats, SourceView
from tocsin.web.api.trials import Backtest


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """An operation: it answers with the fields of *kind*, if there is one, and *more*; *several* of them are a list.

    One that *acts* changes something, and does so once if its request is repeated with the same key.
    """

    method: str
    path: str
    summary: str
    kind: Any = None
    more: Mapping[str, Any] = field(default_factory=dict)
    several: bool = False
    query: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
    statuses: tuple[int, ...] = (200,)
    acts: bool = False

    @property
    def kinds(self) -> tuple[Any, ...]:
        """The types that it answers with."""
        return (*filter(None, (self.kind,)), *self.more.values())


def _list(path: str, summary: str, kind: Any, *, more: Mapping[str, Any] | None = None, **query: str) -> Operation:
    words = {**query, "cursor": "The next of the answer before."}
    return Operation(method="GET", path=path, summary=summary, kind=kind, more=more or {}, several=True, query=words)


def _one(path: str, summary: str, kind: Any = None, **more: Any) -> Operation:
    return Operation(method="GET", path=path, summary=summary, kind=kind, more=more)


def _act(path: str, summary: str, kind: Any = None, *statuses: int, body: Any = None, **more: Any) -> Operation:
    good = statuses or (200,)
    return Operation(
        method="POST", path=path, summary=summary, kind=kind, more=more, body=body, statuses=good, acts=True
    )


def _ask(path: str, summary: str, body: Any, kind: Any = None, **more: Any) -> Operation:
    return Operation(method="POST", path=path, summary=summary, kind=kind, body=body, more=more)


#: What a source has beside the fields of its row.
_SOURCE: Mapping[str, Any] = {"state": str, "address": str}

OPERATIONS = (
    _list(
        "/alerts",
        "Alerts, the newest first.",
        Alert,
        more={"answered": Answered},
        q="Words in the alert or its entries, of the last 30 days without since.",
        severity="Severities, with commas between.",
        state="States, with commas between: open, seen, snoozed, useful, noise.",
        since="A span such as 30d, or a date.",
        until="A span before now, or a date.",
        rule="A rule or a pack.",
        label="Labels such as mineral=gallium, with commas between.",
        held="Not empty: only those whose messages are held back.",
        suppressed="Not empty: only those with suppressed messages.",
    ),
    _one("/alerts/{number}", "One alert with its evidence, coverage and deliveries.", AlertDetail),
    _act(
        "/alerts/{number}/answers",
        "Answer an alert. 200: that was said already.",
        Alert,
        201,
        200,
        body=AnswerBody,
        answered=Answered,
    ),
    _list(
        "/entries",
        "Entries, the newest first.",
        EntryFound,
        q="Words in the entry, of the last 30 days without since.",
        source="A source.",
        met="yes, no, or the id of a rule.",
        since="A span such as 30d, or a date.",
    ),
    _one(
        "/entries/{number}",
        "One entry with its matches.",
        number=int,
        entry=Entry,
        matches=tuple[MatchView, ...],
    ),
    _list("/matches", "Matches, the newest first.", MatchView, rule="The full id of a rule."),
    _one("/matches/{number}", "One match.", MatchView),
    _list("/stories", "Stories, the newest first.", StoryView),
    _one("/stories/{number}", "One story.", StoryView),
    _list("/rules", "Rules, by id.", RuleView),
    _one(
        "/rules/{pack}/{rule}",
        "One rule, and what came of it.",
        RuleView,
        note=str,
        references=tuple[str, ...],
        to=tuple[str, ...],
        stats=RuleStats,
    ),
    _list("/sources", "Sources, by name.", SourceView, more=_SOURCE),
    _one("/sources/{name}", "One source with its last fetches.", SourceView, **_SOURCE, fetches=tuple[Fetch, ...]),
    _act(
        "/sources/{name}/items",
        "Hand in news to a source with push: true. 200: all of it was known. It needs the right to ingest only.",
        None,
        201,
        200,
        body=ItemBody | ItemsBody,
        items=tuple[HandedIn, ...],
    ),
    _act("/sources/{name}/poll", "Poll a source now.", SourceView, 202, **_SOURCE, fetches=tuple[Fetch, ...]),
    _list("/instruments", "Instruments, by id.", InstrumentView),
    _one("/instruments/{id}", "One instrument.", InstrumentView),
    _list("/deliveries", "Deliveries, the newest first.", DeliveryView, state="A state, such as dead."),
    _one("/deliveries/{id}", "One delivery with its message and tries.", DeliveryDetail),
    _act("/deliveries/{id}/resend", "Send a settled delivery again, as a new one.", DeliveryDetail, 201),
    _list(
        "/dates",
        "Announced dates ahead, the next first.",
        KeptDate,
        all="yes: also those that are past or were rejected.",
    ),
    _one("/dates/{number}", "One announced date.", KeptDate),
    _act("/dates/{number}/confirm", "Confirm a date: people are reminded of it.", KeptDate),
    _act("/dates/{number}/reject", "Reject a date.", KeptDate),
    _list(
        "/silences",
        "Silences, by number.",
        Silence,
        ended="yes: also those that have ended.",
        planned="yes: also those of the configuration that begin next, with the id 0.",
    ),
    _one("/silences/{number}", "One silence.", Silence),
    _act("/silences", "Silence alerts.", Silence, 201, body=SilenceBody),
    _act("/silences/{number}/end", "End a silence.", Silence),
    _ask(
        "/why",
        "Explain a rule on an entry. It needs the right to read only.",
        WhyBody,
        rule=str,
        position=Position | None,
        override=str,
        holds=bool | None,
        note=str,
        first_false=dict[str, Any] | None,
        entry=dict[str, Any],
        evidence=Evidence | None,
        decision=tuple[Step, ...],
    ),
    _ask(
        "/check",
        "Check the text of a rule and run its examples. Nothing is changed.",
        CheckBody,
        problems=tuple[Problem, ...],
        examples=int,
        override=str,
    ),
    _ask("/backtest", "Try a rule over the stored entries, against the one in force.", BacktestBody, Backtest),
    _act(
        "/reload",
        "Let the daemon read its files again. The answer has the times of the last load and refusal.",
        None,
        202,
        loaded=datetime | None,
        refused=datetime | None,
    ),
)
