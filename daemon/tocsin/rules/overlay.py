"""Overrides laid over packs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from tocsin.errors import Problem, meant
from tocsin.rules.spec import Override, PackSpec


def lay_over(
    packs: Sequence[PackSpec], overrides: Sequence[Override]
) -> tuple[tuple[PackSpec, ...], tuple[Problem, ...]]:
    """Return *packs* with what *overrides* change of their rules, and every override that names no rule, or not one only."""
    known = [f"{pack.id}/{rule.id.text}" for pack in packs for rule in pack.rules]
    chosen: dict[str, Override] = {}
    problems: list[Problem] = []
    for override in overrides:
        name = override.rule.text
        found = [name] if name in known else [full for full in known if full.rpartition("/")[2] == name]
        if not found:
            bare = [full.rpartition("/")[2] for full in known]
            likely = meant(name, known if "/" in name else bare)
            problems.append(override.rule.problem(f"there is no rule {name}{likely}"))
        elif len(found) > 1:
            problems.append(override.rule.problem(f"several packs have a rule {name}: write {' or '.join(found)}"))
        elif found[0] in chosen:
            first = chosen[found[0]].rule.at()
            words = f"the rule {found[0]} is overridden twice, first at {first.file}:{first.line}"
            problems.append(override.rule.problem(words))
        else:
            chosen[found[0]] = override
    return tuple(_changed(pack, chosen) for pack in packs), tuple(problems)


def _changed(pack: PackSpec, chosen: Mapping[str, Override]) -> PackSpec:
    """Return *pack* with the overrides *chosen* for its rules; itself where there are none."""
    if not any(f"{pack.id}/{rule.id.text}" in chosen for rule in pack.rules):
        return pack
    rules = (replace(rule, override=chosen.get(f"{pack.id}/{rule.id.text}")) for rule in pack.rules)
    return replace(pack, rules=tuple(rules))
