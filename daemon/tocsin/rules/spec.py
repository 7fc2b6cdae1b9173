"""A rule pack as it was written: checked for shape, not yet compiled.

`tocsin.config.packs` fills these values from YAML; `tocsin.rules.compile` turns them into a RuleSet.
Everything that can be wrong carries its place in the file.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta

from tocsin.errors import Position
from tocsin.model.rules import CorrelationKind, Located, Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class ListSpec:
    """A named list. *groups* maps a label value to its terms; a plain list has the one group with value ''."""

    name: Located
    groups: tuple[tuple[str, tuple[Located, ...]], ...]

    @property
    def labelled(self) -> bool:
        """Return whether the list is a map, so that its hits carry labels."""
        return any(value for value, _ in self.groups)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpressionSpec:
    """A named expression with its examples.

    *labels* are those that leave it: (the name outside, the name that its lists give); None where all do.
    """

    name: Located
    match: Located
    fires: tuple[Located, ...] = ()
    quiet: tuple[Located, ...] = ()
    labels: tuple[tuple[Located, Located], ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewsSpec:
    """The text condition of a rule. *severity_if* is tried in order; the first that is true wins."""

    match: Located
    unless: Located | None = None
    severity_if: tuple[tuple[Severity, Located], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Override:
    """A change that an operator makes to a rule, or to a pack, without editing the pack.

    *rule* is the id of a pack, the full id of a rule, or a bare one that only one pack has. *severity* stands in place of the
    rule's own and of its `severity_if`; *unless* cancels beside the rule's own, with the lists of its pack; *to* are the only
    receivers. *lists* have the members that are added to lists of the pack.
    """

    rule: Located
    disable: bool = False
    severity: Severity | None = None
    unless: Located | None = None
    to: tuple[str, ...] = ()
    lists: tuple[ListSpec, ...] = ()

    def __str__(self) -> str:
        """Return in words what it changes, and its place."""
        words = ["disabled"] if self.disable else []
        words += [f"severity {self.severity}"] if self.severity else []
        words += [f"to {', '.join(self.to)} only"] if self.to else []
        words += [f"unless {' '.join(self.unless.text.split())}"] if self.unless else []
        at = self.rule.at()
        return f"{'; '.join(words) or 'nothing changed'} ({at.file}:{at.line})"


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceSpec:
    """The price condition of a rule, about the instruments of the class *kind*, or else about those named."""

    when: Located
    clear: Located | None = None
    kind: str = ""
    instruments: tuple[Located, ...] = ()
    stale_after: timedelta
    min_obs: int
    confirm: int
    recovered: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CorrelationSpec:
    """The condition of a rule about matches of other rules: *members* are ids, full or bare."""

    kind: CorrelationKind
    members: tuple[Located, ...]
    within: timedelta
    at_least: int = 1
    distinct: Located | None = None
    by: tuple[Located, ...] = ()
    ordered: bool = False
    more_than: float | None = None
    new: Located | None = None
    none_within: timedelta | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleSpec:
    """One rule of a pack, defaults filled in; *override* is what the configuration changes of it."""

    id: Located
    title: str
    severity: Severity
    event: str
    news: NewsSpec | None
    price: PriceSpec | None = None
    correlation: CorrelationSpec | None = None
    key: tuple[Located, ...]
    cooldown: timedelta
    fires: tuple[Located, ...] = ()
    quiet: tuple[Located, ...] = ()
    note: str = ""
    references: tuple[str, ...] = ()
    override: Override | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PackSpec:
    """A folder of rules with their lists and expressions.

    *distinguish* are labels by which stories with like headlines differ. *use* names the packs whose lists and expressions
    this one may name in full, and *used* are these packs. A *library* has no rules.
    """

    id: str
    version: str
    title: str = ""
    library: bool = False
    use: tuple[Located, ...] = ()
    used: tuple[PackSpec, ...] = field(default=(), repr=False)
    distinguish: tuple[Located, ...] = ()
    lists: tuple[ListSpec, ...]
    expressions: tuple[ExpressionSpec, ...] = ()
    rules: tuple[RuleSpec, ...]
    position: Position | None = None
    files: tuple[tuple[str, str], ...] = field(default=(), repr=False)  # (path, text): kept as the last good version


def with_used(packs: Iterable[PackSpec]) -> list[PackSpec]:
    """Return *packs* and all that they use, each once, what is used before what uses it."""
    found: dict[int, PackSpec] = {}
    for pack in packs:
        _add(pack, found)
    return list(found.values())


def _add(pack: PackSpec, found: dict[int, PackSpec]) -> None:
    if id(pack) not in found:
        for used in pack.used:
            _add(used, found)
        found[id(pack)] = pack
