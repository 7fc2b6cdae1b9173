"""Rules about prices, beside the instruments of a configuration."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import NamedTuple

from tocsin.config.yaml.nodes import said
from tocsin.errors import Problem, meant
from tocsin.model.prices import Instrument
from tocsin.rules.prices.edge import PriceRule
from tocsin.rules.ruleset import RuleSet
from tocsin.units import counted


class _Lack(NamedTuple):
    """A *rule*, and the *name* of a class, or the id of an instrument, that is not configured."""

    rule: PriceRule
    name: str
    is_class: bool


def check_rules(
    rules: RuleSet, instruments: Collection[Instrument], shipped: Collection[str] = ()
) -> Iterator[Problem]:
    """Yield warnings about price rules that no instrument of the configuration, or not every one they name, can meet.

    A likely typo of a known name gets its own warning. All other missing names of a pack share one warning. A pack
    that is *shipped* gets none if there are no instruments at all, because a configuration without prices is no mistake.
    """
    ids, kinds = _known(instruments)
    lacking: dict[str, list[_Lack]] = {}
    for lack in _lacks(rules, instruments):
        rule, name, is_class = lack
        if near := meant(name, kinds if is_class else ids):
            what = "of the class " if is_class else ""
            words = f"the configuration has no instrument {what}{said(name)}{near}"
            yield Problem(message=f"{rule.info.id}: {words}", position=rule.info.position, warning=True)
        elif instruments or _pack(rule) not in shipped:
            lacking.setdefault(_pack(rule), []).append(lack)
    for pack, found in lacking.items():
        number = len({one.rule.info.id for one in found})
        words = f"{counted(number, 'price rule')} {'lacks' if number == 1 else 'lack'} an instrument"
        remedy = f"{'it stays' if number == 1 else 'they stay'} silent until instruments: has one"
        words = f"{pack}: {words}: the configuration has none {_named(found, ' and none ')}; {remedy}"
        yield Problem(message=words, position=found[0].rule.info.position, warning=True)


def waiting_for_prices(rules: RuleSet, instruments: Collection[Instrument], shipped: Collection[str]) -> Iterator[str]:
    """Yield a sentence for each *shipped* pack with rules about prices, if there are no instruments at all."""
    waiting: dict[str, list[_Lack]] = {}
    for lack in () if instruments else _lacks(rules, instruments):
        waiting.setdefault(_pack(lack.rule), []).append(lack)
    for pack in sorted(waiting.keys() & set(shipped)):
        number = len({one.rule.info.id for one in waiting[pack]})
        wait = f"{counted(number, 'price rule')} {'waits' if number == 1 else 'wait'} for an instrument"
        yield f"{pack}: {wait} {_named(waiting[pack], ' or ')}; docs/prices.md shows how to add one"


def _lacks(rules: RuleSet, instruments: Collection[Instrument]) -> Iterator[_Lack]:
    ids, kinds = _known(instruments)
    for rule in rules.prices.values():
        if rule.kind and rule.kind not in kinds:
            yield _Lack(rule, rule.kind, is_class=True)
        named = rule.others if rule.kind else rule.instruments | rule.others
        yield from (_Lack(rule, name, is_class=False) for name in sorted(named - ids))


def _known(instruments: Collection[Instrument]) -> tuple[set[str], set[str]]:
    """Return the ids and the classes of *instruments*."""
    return {item.id for item in instruments}, {item.kind for item in instruments}


def _pack(rule: PriceRule) -> str:
    return rule.info.id.rpartition("/")[0]


def _named(found: Sequence[_Lack], join: str) -> str:
    """Return the classes and the instruments that are not there, as the end of a sentence."""
    classes = dict.fromkeys(said(one.name) for one in found if one.is_class)
    names = dict.fromkeys(said(one.name) for one in found if not one.is_class)
    words = [f"of the class {', '.join(classes)}"] * bool(classes) + [f"named {', '.join(names)}"] * bool(names)
    return join.join(words)
