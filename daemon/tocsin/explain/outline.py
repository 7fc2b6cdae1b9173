"""The evidence as an outline for every screen: what to show of each expression, and what to collapse."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from zoneinfo import ZoneInfo

from tocsin.model.rules import Evidence, Severity, Witness
from tocsin.render.reasons import in_zone

#: Different words shown after a term or a list.
_WORDS = 5
#: Operators of which both sides must be found.
_PAIRS = ("NEAR", "BEFORE", "SENT", "CLAUSE")
#: Operators that are named although their expression is shown.
_NAMED = ("rule", "match", "unless", "NOT", *(f"severity_if {level}" for level in Severity))


class Mark(StrEnum):
    """Whether an expression is true, and what that means for the rule."""

    MET = "met"
    MISSING = "missing"
    CANCELS = "cancels"  # true, and so the rule is not
    NEITHER = "neither"  # not true, and it need not be


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """An expression of the evidence: *name* is its operator, *text* is written as in the rule; either may be empty.

    *found* are the distinct words that met it, with *more* than are shown. *note* is the nearest miss or a cancellation.
    *place* is its file and line. *hidden* counts alternatives that were not met, and are left out.
    """

    mark: Mark
    name: str = ""
    text: str = ""
    found: tuple[str, ...] = ()
    more: bool = False
    note: str = ""
    witness: Witness | None = None
    place: str = ""
    hidden: int = 0
    children: tuple[Node, ...] = ()


def outline(node: Evidence, texts: Mapping[str, str], zone: ZoneInfo) -> Node:
    """Return the evidence as an outline, with the words that were found in *texts* (by field) and times in *zone*.

    Alternatives that were not needed are collapsed, and so are expressions of which nothing was found.
    """
    children = _telling(node)
    unfolded = bool(children)
    found = _found(node, texts)
    # If a side of a pair is missing, its own line shows that.
    missing = node.op.partition("/")[0] in _PAIRS and not all(child.holds for child in node.children)
    at = node.position
    return Node(
        mark=_mark(node),
        name=node.op if node.op in _NAMED or (unfolded and node.op not in ("term", "list", "expression")) else "",
        # If the node is expanded, its children show the rest.
        text=node.text if not unfolded or node.op in ("rule", "expression") or node.witnesses else "",
        found=found[:_WORDS],
        more=len(found) > _WORDS,
        note="" if node.op == "rule" or (unfolded and missing) else in_zone(node.note, zone),
        witness=node.witness,
        place=f"{at.file.rpartition('/')[2]}:{at.line}" if at else "",
        hidden=len(node.children) - len(children) if children else 0,
        children=tuple(outline(child, texts, zone) for child in children),
    )


def _telling(node: Evidence) -> tuple[Evidence, ...]:
    """Return the children that explain the result."""
    if node.op not in ("rule", "expression") and not _found_something(node):
        return ()
    if node.holds and node.op in ("match", "unless", "OR") and any(child.op != "NOT" for child in node.children):
        return tuple(child for child in node.children if child.holds)
    return node.children


def _found_something(node: Evidence) -> bool:
    return node.holds or bool(node.hits) or any(map(_found_something, node.children))


def _mark(node: Evidence) -> Mark:
    if node.op == "unless":
        return Mark.CANCELS if node.holds else Mark.NEITHER
    if node.holds:
        return Mark.MET
    return Mark.NEITHER if node.op.startswith("severity_if") else Mark.MISSING


def _found(node: Evidence, texts: Mapping[str, str]) -> tuple[str, ...]:
    """Return the distinct words that a leaf found."""
    if node.children:
        return ()
    spans = (span for hit in node.hits for span in hit.spans)
    words = dict.fromkeys(" ".join(texts.get(s.field, "")[s.start : s.end].split()) for s in spans)
    return tuple(filter(None, words))
