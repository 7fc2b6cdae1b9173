"""Overrides of the configuration, applied to packs."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from tocsin.errors import Problem, meant
from tocsin.rules.spec import ListSpec, Override, PackSpec, with_used


def lay_over(
    packs: Sequence[PackSpec], overrides: Sequence[Override]
) -> tuple[tuple[PackSpec, ...], tuple[Problem, ...]]:
    """Return *packs* with what *overrides* change of them, of what they use and of their rules, and what cannot be changed.

    The name of a pack means this pack, any other name a rule.
    """
    changed = {id(pack): pack for pack in with_used(packs)}
    ids = {pack.id for pack in changed.values()}
    of_packs = {override.rule.text: override for override in overrides if override.rule.text in ids}
    problems = [fault for override in of_packs.values() for fault in _check_pack(override, changed.values())]
    chosen, faults = _chosen(packs, [override for override in overrides if override.rule.text not in ids], ids)
    # What is used stands before what uses it.
    for key, pack in changed.items():
        used = tuple(changed[id(one)] for one in pack.used)
        same = all(one is other for one, other in zip(used, pack.used, strict=True))
        changed[key] = _changed(pack if same else replace(pack, used=used), of_packs.get(pack.id), chosen)
    return tuple(changed[id(pack)] for pack in packs), (*problems, *faults)


def _chosen(
    packs: Sequence[PackSpec], overrides: Sequence[Override], ids: Collection[str]
) -> tuple[dict[str, Override], list[Problem]]:
    """Return the overrides of rules by their full ids, and the faults of those that do not name exactly one rule."""
    known = [f"{pack.id}/{rule.id.text}" for pack in packs for rule in pack.rules]
    chosen: dict[str, Override] = {}
    problems: list[Problem] = []
    for override in overrides:
        name = override.rule.text
        found = [name] if name in known else [full for full in known if full.rpartition("/")[2] == name]
        if not found:
            bare = [full.rpartition("/")[2] for full in known]
            likely = meant(name, known if "/" in name else [*bare, *ids])
            what = "pack" if override.lists else "rule"
            problems.append(override.rule.problem(f"there is no {what} {name}{likely}"))
        elif len(found) > 1:
            problems.append(override.rule.problem(f"several packs have a rule {name}: write {' or '.join(found)}"))
        elif found[0] in chosen:
            first = chosen[found[0]].rule.at()
            words = f"the rule {found[0]} is overridden twice, first at {first.file}:{first.line}"
            problems.append(override.rule.problem(words))
        elif override.lists:
            pack = found[0].rpartition("/")[0]
            words = f"lists are those of a pack, and {name} is a rule: write {pack}: {{lists: ...}}"
            problems.append(override.rule.problem(words))
        else:
            chosen[found[0]] = override
    return chosen, problems


def _check_pack(override: Override, packs: Iterable[PackSpec]) -> Iterator[Problem]:
    """Yield why *override* cannot change the pack that it names."""
    name = override.rule.text
    if override.disable or override.severity or override.unless or override.to:
        yield override.rule.problem(
            f"{name} is a pack, of which only lists can be overridden; write {name}/RULE for a rule"
        )
    known = {spec.name.text: spec for pack in packs if pack.id == name for spec in pack.lists}
    for more in override.lists:
        spec = known.get(more.name.text)
        if spec is None:
            yield more.name.problem(f"the pack {name} has no list {more.name.text}{meant(more.name.text, known)}")
        elif spec.labelled != more.labelled:
            form = (
                "a map: write the label of the new terms too"
                if spec.labelled
                else "without labels: write its terms only"
            )
            yield more.name.problem(f"the list {more.name.text} of {name} is {form}")


def _changed(pack: PackSpec, own: Override | None, chosen: Mapping[str, Override]) -> PackSpec:
    """Return *pack* with the members that its *own* override adds and the overrides *chosen* for its rules; itself where there are none."""
    if own:
        more = {spec.name.text: spec for spec in own.lists}
        pack = replace(pack, lists=tuple(_extended(spec, more.get(spec.name.text)) for spec in pack.lists))
    if any(f"{pack.id}/{rule.id.text}" in chosen for rule in pack.rules):
        rules = (replace(rule, override=chosen.get(f"{pack.id}/{rule.id.text}")) for rule in pack.rules)
        pack = replace(pack, rules=tuple(rules))
    return pack


def _extended(spec: ListSpec, more: ListSpec | None) -> ListSpec:
    """Return *spec* with the members of *more* behind its own."""
    groups = dict(spec.groups)
    for value, terms in more.groups if more else ():
        groups[value] = (*groups.get(value, ()), *terms)
    return replace(spec, groups=tuple(groups.items()))
