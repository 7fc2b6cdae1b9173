"""Labels of matches compared: what of one is not in another."""

from __future__ import annotations

from tocsin.model.prices import Labels
from tocsin.model.rules import RuleInfo


def new_values(rule: RuleInfo, known: Labels, found: Labels) -> list[str]:
    """Return the values in *found* that are not *known* yet, of the labels by which *rule* tells two alerts apart.

    These are the labels of its key and those that its pack distinguishes.
    """
    names = dict.fromkeys((*rule.key, *rule.distinguish))
    return [v for name in names for v in found.get(name, ()) if v not in known.get(name, ())]
