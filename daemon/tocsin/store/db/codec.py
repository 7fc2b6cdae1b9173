"""Nested values as short JSON text: empty values are left out.

A value is read back exactly as it was written.
"""

from __future__ import annotations

import functools
import json
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, ParamSpec, TypeVar

from tocsin.errors import DamagedError, Position
from tocsin.model.deliveries import Message, MessageKind
from tocsin.model.entries import EntryKey, KeyKind
from tocsin.model.prices import Labels
from tocsin.model.reasons import NO_REASON, Cause, Reason
from tocsin.model.rules import Evidence, Hit, Span, Witness

P = ParamSpec("P")
T = TypeVar("T")
#: How SQLite's driver reports text that is not UTF-8.
UNDECODABLE = "Could not decode to UTF-8"
#: The exceptions that reading a damaged value raises.
_FAULTS = (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)


def reading(read: Callable[P, T]) -> Callable[P, T]:
    """Wrap *read* so that every error about a value becomes a DamagedError."""

    @functools.wraps(read, updated=())
    def attempt(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return read(*args, **kwargs)
        except _FAULTS as error:
            raise DamagedError(f"a value cannot be read: {error or type(error).__name__}") from error

    return attempt


def _dump(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def labels_to_json(labels: Labels) -> str:
    """Return labels as `{"mineral":["gallium","germanium"]}`; the order of names and of values is kept."""
    return _dump({name: list(values) for name, values in labels.items()})


@reading
def labels_from_json(text: str) -> Labels:
    """Return labels as `labels_to_json` wrote them."""
    return {name: tuple(values) for name, values in json.loads(text).items()}


def met_to_json(met: Mapping[str, Labels]) -> str:
    """Return the labels of each rule that a wording met."""
    return _dump({rule: {name: list(values) for name, values in labels.items()} for rule, labels in met.items()})


@reading
def met_from_json(text: str) -> dict[str, Labels]:
    """Return the labels by rule, as `met_to_json` wrote them."""
    return {rule: {name: tuple(values) for name, values in labels.items()} for rule, labels in json.loads(text).items()}


def words_to_json(words: Sequence[str]) -> str:
    """Return a list of texts as JSON."""
    return _dump(list(words))


@reading
def words_from_json(text: str) -> tuple[str, ...]:
    """Return texts as `words_to_json` wrote them."""
    return tuple(json.loads(text))


def keys_to_json(keys: Sequence[EntryKey]) -> str:
    """Return identity keys as `[["id","9f…"],["link","03…"]]`."""
    return _dump([[key.kind.value, key.value] for key in keys])


@reading
def keys_from_json(text: str) -> tuple[EntryKey, ...]:
    """Return identity keys as `keys_to_json` wrote them."""
    return tuple(EntryKey(kind=KeyKind(kind), value=value) for kind, value in json.loads(text))


def files_to_json(files: Sequence[tuple[str, str]]) -> str:
    """Return files as `[[path, text], …]`."""
    return _dump([list(file) for file in files])


@reading
def files_from_json(text: str) -> tuple[tuple[str, str], ...]:
    """Return files as `files_to_json` wrote them."""
    return tuple((path, content) for path, content in json.loads(text))


def times_to_json(times: Sequence[tuple[datetime, datetime]]) -> str:
    """Return pairs of times as `[["2026-03-02T12:00:00+00:00","2026-03-02T14:30:00+00:00"], …]`."""
    return _dump([[first.isoformat(), last.isoformat()] for first, last in times])


@reading
def times_from_json(text: str) -> tuple[tuple[datetime, datetime], ...]:
    """Return pairs of times as `times_to_json` wrote them."""
    return tuple((datetime.fromisoformat(first), datetime.fromisoformat(last)) for first, last in json.loads(text))


def reason_to_json(reason: Reason) -> str:
    """Return `{"cause":"cooldown","until":"2026-03-02T20:00:00+00:00","by":"minerals/ban"}`; empty for no reason."""
    return _dump(_reason_node(reason)) if reason else ""


@reading
def reason_from_json(text: str) -> Reason:
    """Return a reason as `reason_to_json` wrote it; free text of earlier versions becomes the words of a reason."""
    if text.startswith('{"cause":'):
        return _reason(json.loads(text))
    return Reason(cause=Cause.OTHER, words=text) if text else NO_REASON


def _reason_node(reason: Reason) -> dict[str, Any]:
    fields = {
        "until": reason.until.isoformat() if reason.until else "",
        "at": reason.at.isoformat() if reason.at else "",
        "by": reason.by,
        "count": reason.count,
        "words": reason.words,
        "because": _reason_node(reason.because) if reason.because else None,
    }
    return {"cause": reason.cause.value} | {name: value for name, value in fields.items() if value}


def _reason(node: dict[str, Any]) -> Reason:
    return Reason(
        cause=Cause(node["cause"]),
        until=datetime.fromisoformat(node["until"]) if "until" in node else None,
        at=datetime.fromisoformat(node["at"]) if "at" in node else None,
        by=node.get("by", ""),
        count=node.get("count", 0),
        words=node.get("words", ""),
        because=_reason(node["because"]) if "because" in node else None,
    )


def message_to_json(message: Message) -> str:
    """Return a message as JSON, byte for byte."""
    fields = {
        "subject": message.subject,
        "text": message.text,
        "html": message.html,
        "payload": message.payload,
        "thread": message.thread,
        "brief": list(message.brief),
        "dated": message.dated.isoformat() if message.dated else "",
        "pictures": {name: b64encode(data).decode() for name, data in message.pictures},
    }
    return _dump({"kind": message.kind.value} | {name: value for name, value in fields.items() if value})


@reading
def message_from_json(text: str) -> Message:
    """Return a message as `message_to_json` wrote it."""
    fields = json.loads(text)
    return Message(
        kind=MessageKind(fields["kind"]),
        subject=fields.get("subject", ""),
        text=fields.get("text", ""),
        html=fields.get("html", ""),
        payload=fields.get("payload", ""),
        pictures=tuple((name, b64decode(data)) for name, data in fields.get("pictures", {}).items()),
        thread=fields.get("thread", ""),
        brief=tuple(fields.get("brief", ())),
        dated=datetime.fromisoformat(fields["dated"]) if "dated" in fields else None,
    )


def evidence_to_json(evidence: Evidence) -> str:
    """Return the tree of a proof as JSON."""
    return _dump(_node(evidence))


@reading
def evidence_from_json(text: str) -> Evidence:
    """Return a proof as `evidence_to_json` wrote it."""
    return _evidence(json.loads(text))


def _node(evidence: Evidence) -> dict[str, Any]:
    at = evidence.position
    node = {
        "hits": [_hit_node(hit) for hit in evidence.hits],
        "count": evidence.count,
        "note": evidence.note,
        "at": [at.file, at.line, at.column] if at else None,
        "of": [_node(child) for child in evidence.children],
        "witness": _witness_node(evidence.witness),
    }
    head = {"op": evidence.op, "text": evidence.text, "holds": evidence.holds}
    return head | {name: value for name, value in node.items() if value}


def _hit_node(hit: Hit) -> list[Any]:
    spans = [[span.field, span.start, span.end] for span in hit.spans]
    return [spans, [list(label) for label in hit.labels]] if hit.labels else [spans]


def _evidence(node: dict[str, Any]) -> Evidence:
    at = node.get("at")
    return Evidence(
        op=node["op"],
        text=node["text"],
        holds=node["holds"],
        hits=tuple(_hit(*parts) for parts in node.get("hits", ())),
        count=node.get("count", 0),
        note=node.get("note", ""),
        position=Position(file=at[0], line=at[1], column=at[2]) if at else None,
        children=tuple(_evidence(child) for child in node.get("of", ())),
        witness=_witness(node.get("witness")),
    )


def _witness_node(witness: Witness | None) -> list[str] | None:
    if witness is None:
        return None
    return [witness.rule, witness.title, witness.at.isoformat(), witness.link, witness.source]


def _witness(node: list[str] | None) -> Witness | None:
    if node is None:
        return None
    rule, title, at, link, source = node
    return Witness(rule=rule, title=title, at=datetime.fromisoformat(at), link=link, source=source)


def _hit(spans: list[list[Any]], labels: Sequence[list[str]] = ()) -> Hit:
    return Hit(
        spans=tuple(Span(field=field, start=start, end=end) for field, start, end in spans),
        labels=tuple((name, value) for name, value in labels),
    )
