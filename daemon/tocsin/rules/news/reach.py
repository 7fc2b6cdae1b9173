"""What a rule could still match if the text of an entry grew: it decides whether an article is worth fetching."""

from __future__ import annotations

from tocsin.rules.news.coverage import fields
from tocsin.rules.news.evaluate import CompiledRule, Judgement
from tocsin.rules.news.nodes import AgeTest, Condition, LabelTest, Test

#: Fields that the text of an article does not change.
_KNOWN = frozenset({"title", "summary"})


def could_match(judgement: Judgement, rule: CompiledRule) -> bool:
    """Return whether *rule* could match the entry under *judgement* if its body were longer.

    Only what costs next to nothing is decided: labels, and what is asked of the title and the summary. More text only adds
    hits, so a condition that is true by words stays true.
    """
    if any(_stays_true(judgement, condition) for condition in rule.cancels):
        return False
    return any(all(_open(judgement, negated, test) for negated, test in part.tests) for part in rule.match.parts)


def _open(judgement: Judgement, negated: bool, test: Test) -> bool:
    """Return whether *test*, or that it is false if *negated*, is true or may become true."""
    if not negated and not _is_known(test):
        return True
    return (judgement.test(test, labels={}) is not None) != negated


def _stays_true(judgement: Judgement, condition: Condition) -> bool:
    """Return whether *condition* is true whatever the body says. The labels of a match are not known yet."""
    return any(
        all(_is_known(test) and not isinstance(test, LabelTest) if negated else True for negated, test in part.tests)
        and judgement.all_of(part, labels={}) is not None
        for part in condition.parts
    )


def _is_known(test: Test) -> bool:
    """Return whether the body of an entry has no part in *test*."""
    return isinstance(test, LabelTest | AgeTest) or fields(test) <= _KNOWN
