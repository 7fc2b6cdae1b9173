"""Correlations: their members found among the rules of all packs, and every rule given those that it counts for."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from tocsin.errors import Problem, meant
from tocsin.model.rules import Correlation, Located, RuleInfo
from tocsin.rules.spec import CorrelationSpec, PackSpec, RuleSpec

_WEEK = timedelta(weeks=1)
#: What can be counted beside labels.
_COUNTED = ("origin", "source", "entry")


@dataclass(frozen=True, slots=True, kw_only=True)
class Joint:
    """A correlation as it is written in a pack, with its compiled *info*."""

    pack: PackSpec
    rule: RuleSpec
    spec: CorrelationSpec
    info: RuleInfo


def join(
    joints: Sequence[Joint],
    given: Mapping[str, Collection[str] | None],
    disabled: Collection[str],
    others: Collection[str] | None = (),
) -> tuple[dict[str, Correlation], tuple[Problem, ...]]:
    """Return the correlations by full id, and what is wrong with them.

    *given* are, by full id, the labels that the matches of each other rule can have; None where they are not known yet.
    *others* are rules of other packs; where that is None, they are not known, and any name may be one of them.
    """
    known = list(dict.fromkeys([*given, *(joint.info.id for joint in joints), *(others or ())]))
    problems: list[Problem] = []
    found: dict[str, Correlation] = {}
    for joint in joints:
        members = []
        if joint.spec.more_than is not None and joint.spec.within > _WEEK:
            words = "more_than compares with the same hours of other weeks, so within is at most 7d"
            problems.append(joint.rule.id.problem(words))
        for name in joint.spec.members:
            full = _find(name.text, joint.pack.id, known)
            if len(full) == 1:
                members.append(full[0])
                problems += _checked(joint, name, full[0], given, disabled)
            elif full:
                problems.append(name.problem(f"several packs have a rule {name.text}: write {' or '.join(full)}"))
            elif others is not None:
                bare = [one.rpartition("/")[2] for one in known]
                likely = meant(name.text, known if "/" in name.text else bare)
                problems.append(name.problem(f"there is no rule {name.text}{likely}"))
        if len(members) == len(joint.spec.members):
            found[joint.info.id] = _correlation(joint, tuple(members))
    problems += _cycles(joints, found)
    return found, tuple(problems)


def with_correlations(info: RuleInfo, correlations: Mapping[str, Correlation]) -> RuleInfo:
    """Return *info* with the correlations that its matches count for, and these with those that theirs do."""
    mine = [item for item in correlations.values() if info.id in item.members]
    joins = tuple(replace(item, info=with_correlations(item.info, correlations)) for item in mine)
    return replace(info, joins=joins) if joins else info


def _find(name: str, pack: str, known: Sequence[str]) -> list[str]:
    """Return the rules that *name* can mean: the one with this full id, else the one of this pack, else those of any pack."""
    if "/" in name:
        return [name] if name in known else []
    own = f"{pack}/{name}"
    return [own] if own in known else [full for full in known if full.rpartition("/")[2] == name]


def _correlation(joint: Joint, members: tuple[str, ...]) -> Correlation:
    spec = joint.spec
    return Correlation(
        info=joint.info,
        kind=spec.kind,
        members=members,
        within=spec.within,
        at_least=spec.at_least,
        distinct=spec.distinct.text if spec.distinct else "entry",
        by=tuple(name.text for name in spec.by),
        ordered=spec.ordered,
        more_than=spec.more_than,
        new=spec.new.text if spec.new else None,
        none_within=spec.none_within,
    )


def _checked(
    joint: Joint,
    name: Located,
    member: str,
    given: Mapping[str, Collection[str] | None],
    disabled: Collection[str],
) -> Iterator[Problem]:
    if member == joint.info.id:
        yield name.problem(f"{name.text} is this rule itself, which cannot be its own member")
        return
    before = joint.spec.members[: joint.spec.members.index(name)]
    if name.text in {item.text for item in before}:
        yield name.problem(f"{name.text} is a member twice")
    if member in disabled:
        yield name.warning(f"{member} is disabled: it never matches")
    labels = given.get(member)
    if labels is None:
        return
    distinct = joint.spec.distinct
    wanted = [*joint.spec.by, *([distinct] if distinct and distinct.text not in _COUNTED else [])]
    wanted += [joint.spec.new] if joint.spec.new else []
    for label in wanted:
        if label.text not in labels:
            likely = meant(label.text, [*labels, *(_COUNTED if label is distinct else ())])
            remedy = likely or "; only a label of its source can have that name"
            words = f"the match of {name.text} gives no label {label.text}{remedy}"
            yield label.warning(words)


def _cycles(joints: Sequence[Joint], found: Mapping[str, Correlation]) -> Iterator[Problem]:
    for joint in joints:
        correlation = found.get(joint.info.id)
        waiting = [name for name in correlation.members if name != joint.info.id] if correlation else []
        seen: set[str] = set()
        while waiting:
            name = waiting.pop()
            if name == joint.info.id:
                yield joint.rule.id.problem(
                    f"{joint.rule.id.text} is a member of its own members: take it out of one of them"
                )
                break
            if name not in seen and name in found:
                seen.add(name)
                waiting += found[name].members


def parts_of_hash(spec: CorrelationSpec) -> list[object]:
    """Return what the hash of a correlation is made of, apart from what every rule has."""
    return [
        spec.kind.value,
        [name.text for name in spec.members],
        spec.within.total_seconds(),
        spec.at_least,
        spec.distinct.text if spec.distinct else "",
        [name.text for name in spec.by],
        spec.ordered,
        *([spec.more_than] if spec.more_than is not None else []),
        *(["new", spec.new.text] if spec.new else []),
        *(["none within", spec.none_within.total_seconds()] if spec.none_within else []),
    ]
