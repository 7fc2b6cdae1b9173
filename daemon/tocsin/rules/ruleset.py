"""The rules that are in force, and their judgement of an entry."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import cached_property

from tocsin.errors import UsageError, meant
from tocsin.model.entries import Entry
from tocsin.model.prices import Labels
from tocsin.model.rules import Correlation, Evidence, Judged, Match, RuleInfo, Severity, Unevaluated
from tocsin.rules.news.coverage import needed_distance
from tocsin.rules.news.evaluate import CompiledRule, Judgement, labels_of, merged
from tocsin.rules.news.index import Index
from tocsin.rules.news.nodes import Expression
from tocsin.rules.news.places import Distance
from tocsin.rules.news.proof import Unread, prove
from tocsin.rules.news.reach import could_match
from tocsin.rules.prices.edge import PriceRule
from tocsin.text.prefilter import FoldedWords, gist, gist_of


class RuleSet:
    """Compiled rules by their full id (`pack/id`): those about entries, about *prices*, and *correlations* of them.

    *disabled* ones are never judged, but can be explained. *expressions* are those of their packs by `pack/name`.
    """

    def __init__(
        self,
        rules: Mapping[str, CompiledRule],
        prices: Mapping[str, PriceRule] | None = None,
        *,
        correlations: Mapping[str, Correlation] | None = None,
        disabled: Mapping[str, CompiledRule | PriceRule] | None = None,
        expressions: Mapping[str, Expression] | None = None,
    ) -> None:
        self.rules = dict(rules)
        self.prices = dict(prices or {})
        self.correlations = dict(correlations or {})
        self.disabled = dict(disabled or {})
        self.expressions = dict(expressions or {})
        self._ordered = tuple(self.rules.values())

    @cached_property
    def _index(self) -> Index:
        # Rules that are only compiled, tried on their examples or explained do without.
        return Index(rule.match for rule in self._ordered)

    @cached_property
    def _distances(self) -> Sequence[Distance | None]:
        # Most candidates end here. Side by side they are quicker to look at than rules all over the memory.
        return [needed_distance(rule.match) for rule in self._ordered]

    def _candidates(self, judgement: Judgement) -> list[int]:
        """Return the rules that may match, ascending: their words stand in the entry, and near enough to each other."""
        found = self._index.candidates(lambda: _gist(judgement))
        distances = self._distances
        return [number for number in found if (far := distances[number]) is None or judgement.has(far)]

    @property
    def infos(self) -> dict[str, RuleInfo]:
        """Return what each rule is, by full id."""
        return {name: rule.info for name, rule in (self.rules | self.prices | self.correlations).items()}

    @property
    def every(self) -> dict[str, CompiledRule | PriceRule | Correlation]:
        """Return all rules by full id, also the disabled ones."""
        return self.rules | self.prices | self.correlations | self.disabled

    @property
    def every_news_rule(self) -> dict[str, CompiledRule]:
        """Return the rules about entries by full id, in its order, also the disabled ones."""
        found = (self.news_rule(name) for name in sorted(self.rules | self.disabled))
        return {rule.info.id: rule for rule in found if rule}

    def news_rule(self, rule_id: str) -> CompiledRule | None:
        """Return the rule about entries with this full id, whether it is disabled or not; None if there is none."""
        found = self.rules.get(rule_id) or self.disabled.get(rule_id)
        return found if isinstance(found, CompiledRule) else None

    @property
    def hash(self) -> str:
        """A digest that changes whenever any rule changes its meaning."""
        return hashlib.sha256("".join(info.hash for info in self.infos.values()).encode()).hexdigest()

    def find(self, name: str) -> RuleInfo | None:
        """Return the rule with this full id, else the only one with this bare id, else None."""
        infos = self.infos
        if name in infos:
            return infos[name]
        bare = [info for full, info in infos.items() if full.rpartition("/")[2] == name]
        return bare[0] if len(bare) == 1 else None

    def evaluate(self, entry: Entry, now: datetime, *, proofs: bool = True) -> Judged:
        """Judge *entry* by all rules; a rule that raises is reported, and the matches of the others stand.

        Without *proofs* the evidence of a match is made when it is first asked for: it costs more than all the rest. What raises
        then is not reported.

        Only the rules are run whose required words are all in the text: the result is the same as of running every rule.
        """
        judgement = Judgement(entry, now)
        return judge(judgement, (self._ordered[number] for number in self._candidates(judgement)), proofs=proofs)

    def could_match(self, judged: Judged, now: datetime) -> bool:
        """Return whether a rule that *judged* did not meet could match its entry, if that had a longer text."""
        met = {match.rule.id for match in judged.matches}
        judgement = Judgement(judged.entry, now)
        return any(could_match(judgement, rule) for name, rule in self.rules.items() if name not in met)

    def met_by(self, entry: Entry, now: datetime) -> set[str]:
        """Return the keys of the rules that *entry* meets, without proofs, which cost more than all the rest."""
        judgement = Judgement(entry, now)
        names = tuple(self.rules)
        return {
            names[number] for number in self._candidates(judgement) if met(judgement, self._ordered[number]) is not None
        }

    def explain(self, rule_id: str, entry: Entry, now: datetime, *, unfold: bool = False) -> Evidence:
        """Return the whole proof of one rule about entries on *entry*, also where it is not true; *unfold* as for `prove`.

        Raises:
            KeyError: there is no such rule.
        """
        rule = self.news_rule(rule_id)
        if rule is None:
            raise KeyError(rule_id)
        return prove(Judgement(entry, now), rule, placed=True, unfold=unfold)


def _gist(judgement: Judgement) -> FoldedWords:
    """Return the words that the index looks at; a text that is cut for it is cut for the rules, too."""
    document = judgement.document
    return gist("\n".join(document.texts.values())) or gist_of(document.sentences(""))


def judge(judgement: Judgement, rules: Iterable[CompiledRule], *, proofs: bool = True) -> Judged:
    """Return the matches of *rules* on the entry under *judgement*; a failure of one stops no other. *proofs* as for `evaluate`."""
    matches: list[Match] = []
    failed: list[Unevaluated] = []
    for rule in rules:
        try:
            match = _judge(judgement, rule, proofs=proofs)
        except Exception as error:  # noqa: BLE001 - whatever fails in one rule, the next is still judged
            failed.append(Unevaluated.by(error, rule.info))
        else:
            if match:
                matches.append(match)
    return Judged(entry=judgement.entry, matches=tuple(matches), unevaluated=tuple(failed))


def met(judgement: Judgement, rule: CompiledRule) -> Labels | None:
    """Return the labels of a match of *rule*; None where the rule is not true."""
    if not judgement.holds(rule.match, labels={}):
        return None
    grounds = judgement.condition(rule.match, labels={}) if rule.match.gives else None
    labels = merged(judgement.entry, labels_of(grounds or ()))
    if any(judgement.holds(condition, labels=labels) for condition in rule.cancels):
        return None
    return labels


def _judge(judgement: Judgement, rule: CompiledRule, *, proofs: bool) -> Match | None:
    labels = met(judgement, rule)
    if labels is None:
        return None
    return Match(
        rule=rule.info,
        severity=_severity(judgement, rule, labels),
        labels=labels,
        proof=prove(judgement, rule) if proofs else Unread(judgement, rule),
        event_time=judgement.entry.event_time,
        entry=judgement.entry,
    )


def _severity(judgement: Judgement, rule: CompiledRule, labels: Labels) -> Severity:
    """Return the first of severity_if that is true in the sentences of the match, else the rule's own."""
    if rule.severity_if:
        grounds = judgement.condition(rule.match, labels={}) or ()
        only = frozenset(ground.place for ground in grounds)
        for severity, condition in rule.severity_if:
            if judgement.condition(condition, labels=labels, only=only) is not None:
                return severity
    return rule.info.severity


def news_rule_named(name: str, rules: RuleSet) -> RuleInfo:
    """Return the rule about entries with the full or bare id *name*, whether it is enabled or not.

    Raises:
        UsageError: no rule has this id, several do, or it is about prices or other rules.
    """
    found = rule_named(name, rules)
    if rules.news_rule(found.id) is None:
        raise UsageError(f"the rule {found.id} is not about entries; see: tocsin rules show {found.id}")
    return found


def rule_named(name: str, *sets: RuleSet) -> RuleInfo:
    """Return the rule of the first of *sets* with the full or bare id *name*, whether it is enabled or not.

    Raises:
        UsageError: no rule has this id, or several do.
    """
    infos: dict[str, RuleInfo] = {}
    for rules in reversed(sets):
        infos |= {full: rule.info for full, rule in rules.every.items()}
    if found := infos.get(name) or next(filter(None, (rules.find(name) for rules in sets)), None):
        return found
    bare = [info for full, info in infos.items() if full.rpartition("/")[2] == name]
    if len(bare) == 1:
        return bare[0]
    if bare:
        raise UsageError(f"several packs have a rule {name}: write {' or '.join(info.id for info in bare)}")
    likely = meant(name, infos if "/" in name else [full.rpartition("/")[2] for full in infos])
    raise UsageError(f"there is no rule {name}{likely or '; see: tocsin rules list'}")
