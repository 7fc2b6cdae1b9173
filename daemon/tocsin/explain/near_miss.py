"""The nearest miss: what was missing for a rule to match, as a sentence."""

from __future__ import annotations

from tocsin.model.rules import Evidence
from tocsin.render.words import cut

#: Characters shown of an expression.
_LONGEST = 160


def near_miss(evidence: Evidence) -> str:
    """Return as a sentence what was missing for a rule to match, or that nothing was."""
    if evidence.holds:
        return "The text meets the rule."
    if evidence.children and evidence.children[0].holds:
        exception = next((child.text for child in evidence.children if child.op == "unless" and child.holds), "unless")
        return f"The text meets the rule, but an exception cancels it: {cut(exception, _LONGEST)}."
    missing = _nearest(evidence)
    if not missing.note:
        return f"Nothing in the text fits {cut(missing.text, _LONGEST)}."
    return f"{cut(missing.text, _LONGEST)} is not met: {missing.note}."


def found_parts(node: Evidence) -> int:
    """Return the number of words and lists of *node* of which something was found: how near it came."""
    return sum(map(found_parts, node.children)) if node.children else int(bool(node.hits))


def _nearest(node: Evidence) -> Evidence:
    """Return the part that is missing; of several alternatives, that of the one of which most was found."""
    missing = [child for child in node.children if not child.holds]
    if not missing or (node.op == "OR" and not any(map(found_parts, missing))):
        return node
    return _nearest(max(missing, key=found_parts) if node.op in ("OR", "match") else missing[0])
