"""Nested values as short JSON text: empty and usual values are left out.

A value is read back exactly as it was written.
"""

from __future__ import annotations

import functools
import json
from base64 import b64decode, b64encode
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Generic, ParamSpec, TypeVar

from pydantic import TypeAdapter, ValidationError

from tocsin.errors import DamagedError, Position
from tocsin.model.deliveries import Message, MessageKind
from tocsin.model.entries import EntryKey, KeyKind
from tocsin.model.reasons import NO_REASON, Cause, Reason
from tocsin.model.rules import Evidence, Hit, Severity, Span, Witness

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


class Json(Generic[T]):
    """Text of the values of one type, in which fields with their default value are left out."""

    def __init__(self, kind: Any) -> None:
        self._adapter: TypeAdapter[T] = TypeAdapter(kind)

    def write(self, value: T) -> str:
        """Return *value* as text, such as `{"mineral":["gallium","germanium"]}`."""
        return _dump(self._adapter.dump_python(value, mode="json", exclude_defaults=True, warnings=False))

    def read(self, text: str) -> T:
        """Return the value that was written as *text*.

        Raises:
            ValueError: it is damaged.
        """
        try:
            return self._adapter.validate_json(text)
        except ValidationError as error:
            raise ValueError(error.errors()[0]["msg"]) from error


def keys_to_json(keys: Sequence[EntryKey]) -> str:
    """Return identity keys as `[["id","9f…"],["link","03…"]]`."""
    return _dump([[key.kind.value, key.value] for key in keys])


@reading
def keys_from_json(text: str) -> tuple[EntryKey, ...]:
    """Return identity keys as `keys_to_json` wrote them."""
    return tuple(EntryKey(kind=KeyKind(kind), value=value) for kind, value in json.loads(text))


_REASON = Json[Reason](Reason)


@functools.lru_cache(maxsize=256)  # one reason is given to many deliveries
def reason_to_json(reason: Reason) -> str:
    """Return `{"cause":"cooldown","until":"2026-03-02T20:00:00Z","by":"minerals/ban"}`; empty for no reason."""
    return _REASON.write(reason) if reason else ""


@reading
def reason_from_json(text: str) -> Reason:
    """Return a reason as `reason_to_json` wrote it; free text of earlier versions becomes the words of a reason."""
    if text.startswith('{"cause":'):
        return _REASON.read(text)
    return Reason(cause=Cause.OTHER, words=text) if text else NO_REASON


#: Fields of a message that are texts.
_TEXTS = ("subject", "text", "html", "payload", "thread")


def message_to_json(message: Message) -> str:
    """Return a message as JSON, byte for byte."""
    fields = {
        **{name: getattr(message, name) for name in _TEXTS},
        "brief": list(message.brief),
        "answers": [list(answer) for answer in message.answers],
        "severity": message.severity.value if message.severity else "",
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
        **{name: fields.get(name, "") for name in _TEXTS},
        pictures=tuple((name, b64decode(data)) for name, data in fields.get("pictures", {}).items()),
        brief=tuple(fields.get("brief", ())),
        dated=datetime.fromisoformat(fields["dated"]) if "dated" in fields else None,
        answers=tuple((name, link) for name, link in fields.get("answers", ())),
        severity=Severity(fields["severity"]) if "severity" in fields else None,
    )


def evidence_to_json(evidence: Evidence) -> str:
    """Return the tree of a proof as JSON."""
    return _dump(_node(evidence))


@reading
def evidence_from_json(text: str) -> Evidence:
    """Return a proof as `evidence_to_json` wrote it."""
    return _evidence(json.loads(text))


@reading
def evidence_head_from_json(text: str) -> Evidence:
    """Return the root of a proof alone: what was found, without the tree below it, which costs most to read."""
    return _evidence(json.loads(text) | {"of": ()})


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
