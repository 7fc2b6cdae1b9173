"""What the configuration changes of rules, laid over the packs before they are compiled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from tocsin.errors import Problem, meant
from tocsin.rules.spec import Override, PackSpec


def lay_over(
    packs: Sequence[PackSpec], overrides: Sequence[Override]
) -> tuple[tuple[PackSpec, ...], tuple[Problem, ...]]:
    """*packs* with what *overrides* change of their rules, and every override that names no rule, or not one only."""
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
    changed = (
        replace(
            pack,
            rules=tuple(replace(rule, override=chosen.get(f"{pack.id}/{rule.id.text}")) for rule in pack.rules),
        )
        for pack in packs
    )
    return tuple(changed), tuple(problems)
