"""Why an alert was raised, in one sentence."""

from __future__ import annotations

from tocsin.model.alerts import AlertContent
from tocsin.model.rules import OWN
from tocsin.render.quotes import words
from tocsin.render.words import cut, one_line
from tocsin.units import counted

#: Words that are named.
_MOST = 6
_FIELDS = {"title": "the headline", "summary": "the summary", "body": "the text"}


def because(content: AlertContent) -> str:
    """Return why the alert was raised, as a sentence; it says so if retention has removed the evidence."""
    alert, evidence, lead = content.alert, content.evidence, content.lead
    rule = one_line(alert.rule.rpartition("/")[2])
    if evidence is None:
        return f"Rule {rule} matched. Retention has removed the evidence; the alert stays."
    if evidence.op == OWN:
        return f"tocsin reports this about itself: {cut(one_line(alert.detail or alert.title), 300)}"
    if witnesses := evidence.witnesses:
        rules = dict.fromkeys(one_line(one.rule.rpartition("/")[2]) for one in witnesses)
        return f"Rule {rule} joins {counted(len(witnesses), 'match')} of {_listed(list(rules))}."
    if lead is None:
        return f"Rule {rule} is true of the price: {cut(one_line(alert.detail), 300)}"
    found = [f"“{cut(word, 60)}”" for word in words(lead, evidence)]
    fields = dict.fromkeys(span.field for hit in evidence.hits for span in hit.spans)
    where = _listed([_FIELDS[field] for field in _FIELDS if field in fields])
    if not found:
        return f"Rule {rule} matched. Retention has removed the text in which it did."
    more = [f"{len(found) - _MOST} more"] if len(found) > _MOST else []
    return f"{_listed([*found[:_MOST], *more])} in {where} met rule {rule}."


def _listed(parts: list[str]) -> str:
    """Return `a`, `a and b` or `a, b and c`."""
    return " and ".join(filter(None, (", ".join(parts[:-1]), *parts[-1:])))
