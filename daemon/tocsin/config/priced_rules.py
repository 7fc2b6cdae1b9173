"""Rules about prices, beside the instruments of a configuration."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from tocsin.config.yaml.nodes import said
from tocsin.errors import Problem, meant
from tocsin.model.prices import Instrument
from tocsin.rules.prices.edge import PriceRule
from tocsin.rules.ruleset import RuleSet
from tocsin.units import counted


def check_rules(rules: RuleSet, instruments: Collection[Instrument]) -> Iterator[Problem]:
    """Yield warnings about price rules that no instrument of the configuration, or not every one they name, can meet.

    A likely typo of a known name gets its own warning. All other missing names of a pack share one warning, because
    a configuration without prices is no mistake.
    """
    ids = {item.id for item in instruments}
    kinds = {item.kind for item in instruments}
    lacking: dict[str, list[tuple[PriceRule, str]]] = {}
    for rule in rules.prices.values():
        known = kinds if rule.kind else ids
        for name in sorted((frozenset({rule.kind}) if rule.kind else rule.instruments) - known):
            if near := meant(name, known):
                what = "of the class " if rule.kind else ""
                words = f"the configuration has no instrument {what}{said(name)}{near}"
                yield Problem(message=f"{rule.info.id}: {words}", position=rule.info.position, warning=True)
            else:
                lacking.setdefault(rule.info.id.rpartition("/")[0], []).append((rule, name))
    for pack, found in lacking.items():
        yield Problem(message=_lack(pack, found), position=found[0][0].info.position, warning=True)


def _lack(pack: str, found: Sequence[tuple[PriceRule, str]]) -> str:
    """Return what rules of *pack* are about that is not there: *found* holds each with its class or its instrument."""
    number = len({rule.info.id for rule, _ in found})
    classes = dict.fromkeys(said(name) for rule, name in found if rule.kind)
    names = dict.fromkeys(said(name) for rule, name in found if not rule.kind)
    words = [f"of the class {', '.join(classes)}"] * bool(classes) + [f"named {', '.join(names)}"] * bool(names)
    lack = f"{counted(number, 'price rule')} {'lacks' if number == 1 else 'lack'} an instrument"
    remedy = f"{'it stays' if number == 1 else 'they stay'} silent until instruments: has one"
    return f"{pack}: {lack}: the configuration has none {' and none '.join(words)}; {remedy}"
