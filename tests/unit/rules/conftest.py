"""A bench to compile and try expressions on, in as few words as a test needs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

import pytest

from tocsin.errors import Problem
from tocsin.model.entries import Entry
from tocsin.model.prices import Labels
from tocsin.model.rules import Evidence, Judged, Located, Severity
from tocsin.rules.compile import compile_packs
from tocsin.rules.news.evaluate import Judgement
from tocsin.rules.ruleset import RuleSet, judge
from tocsin.rules.spec import ExpressionSpec, ListSpec, NewsSpec, PackSpec, RuleSpec

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)

Lists = Mapping[str, Sequence[str] | Mapping[str, Sequence[str]]]
Expressions = Mapping[str, str | tuple[str, Mapping[str, str]]]

LISTS: Lists = {
    "mineral": {
        "gallium": ["gallium", "gallium arsenide", "镓"],
        "germanium": ["germanium", "锗"],
        "antimony": ["antimony", "锑"],
        "cobalt": ["cobalt", "钴"],
        "rare-earths": ["rare earth", "稀土"],
        "silver": ["silver", "银", "-银行", "-silver medal"],
    },
    "restrict": ["ban~", "curb~", "restrict~", "tighten~", "export control", "管制", "禁止"],
    "undo": ["lift~", "ease~", "取消", "解除"],
    "pause": ["suspend~", "暂停"],
    "not": ["not", "no", "never", "不", "未", "-未来"],
    "export": ["export~", "出口"],
    "company": {"mp-materials": ["=MP", "MP Materials"], "rio-tinto": ["Rio Tinto", "力拓"]},
    "state": ["government", "Pentagon", "政府"],
    "stake": ["stake", "入股"],
    "abandon": ["drop~", "放弃"],
    "hedge": ["may", "might", "consider~", "plan~"],
}


def located(text: str, *, line: int = 1, column: int = 1) -> Located:
    """*text* as if it stood in `p.yaml`, its first character at *line* and *column*."""
    rows = []
    offset = 0
    for number, row in enumerate(text.split("\n")):
        rows.append((offset, line + number, column))
        offset += len(row) + 1
    source = [""] * (line - 1) + [" " * (column - 1) + row for row in text.split("\n")]
    return Located(text=text, file="p.yaml", lines=tuple(rows), source_lines=source)


def listed(lists: Lists) -> tuple[ListSpec, ...]:
    """Lists as a pack has them, each at a line of its own from 100 on."""
    return tuple(
        ListSpec(
            name=located(name, line=100 + number),
            groups=tuple(
                (value, tuple(located(term, line=100 + number, column=20) for term in terms))
                for value, terms in (members.items() if isinstance(members, Mapping) else [("", members)])
            ),
        )
        for number, (name, members) in enumerate(lists.items())
    )


def named(expressions: Expressions) -> tuple[ExpressionSpec, ...]:
    """Expressions as a pack has them, each at a line of its own from 200 on; (body, labels) passes on those labels."""
    return tuple(
        ExpressionSpec(
            name=located(name, line=200 + number),
            match=located(body if isinstance(body, str) else body[0], line=200 + number, column=20),
            labels=None
            if isinstance(body, str)
            else tuple((located(out), located(own)) for out, own in body[1].items()),
        )
        for number, (name, body) in enumerate(expressions.items())
    )


class Bench:
    """Compiles packs and tries them; every builder has the defaults of a rule that is without fault."""

    now = NOW
    lists = LISTS
    located = staticmethod(located)

    def rule(
        self,
        match: str | Located,
        *,
        name: str = "r",
        unless: str | None = None,
        severity_if: Sequence[tuple[Severity, str]] = (),
        key: Sequence[str] = ("story",),
        title: str = "t",
        fires: Sequence[str] = (),
        quiet: Sequence[str] = (),
        line: int = 1,
    ) -> RuleSpec:
        """A rule, its id at *line*."""
        return RuleSpec(
            id=located(name, line=line),
            title=title,
            severity=Severity.HIGH,
            event="trade.export.restrict",
            news=NewsSpec(
                match=located(match) if isinstance(match, str) else match,
                unless=None if unless is None else located(unless),
                severity_if=tuple((level, located(text)) for level, text in severity_if),
            ),
            key=tuple(located(name, line=line + 1, column=7) for name in key),
            cooldown=timedelta(hours=12),
            fires=tuple(located(text, line=50) for text in fires),
            quiet=tuple(located(text, line=60) for text in quiet),
        )

    def pack(
        self, *rules: RuleSpec, lists: Lists = LISTS, expressions: Expressions | None = None, name: str = "p"
    ) -> PackSpec:
        """A pack of these rules."""
        return PackSpec(
            id=name, version="1.0.0", lists=listed(lists), expressions=named(expressions or {}), rules=rules
        )

    def compile(self, *rules: RuleSpec, lists: Lists = LISTS, expressions: Expressions | None = None) -> RuleSet:
        """The rules of one pack, which must be without fault."""
        compiled, problems = compile_packs([self.pack(*rules, lists=lists, expressions=expressions)])
        assert [str(problem) for problem in problems if not problem.warning] == []
        return compiled

    def compile_any(self, rules: Sequence[RuleSpec], lists: Lists) -> tuple[RuleSet, tuple[Problem, ...]]:
        """The rules that are without fault, and what is wrong with the others."""
        return compile_packs([self.pack(*rules, lists=lists)])

    def faults(self, match: str, *, lists: Lists = LISTS) -> list[Problem]:
        """What is wrong with an expression."""
        return [p for p in compile_packs([self.pack(self.rule(match), lists=lists)])[1] if not p.warning]

    def entry(
        self,
        title: str = "",
        *,
        summary: str = "",
        body: str = "",
        language: str = "",
        labels: Labels | None = None,
        published: datetime | None = NOW,
    ) -> Entry:
        """An entry of the source `s`."""
        return Entry(
            source="s",
            id="1",
            keys=(),
            title=title,
            summary=summary,
            body=body,
            language=language,
            labels=labels or {},
            published=published,
            first_seen=NOW,
        )

    def judge(self, rules: RuleSet, entry: Entry | str) -> Judged:
        """What all rules say of an entry or a headline."""
        return rules.evaluate(self.entry(entry) if isinstance(entry, str) else entry, NOW)

    def judge_every(self, rules: RuleSet, entry: Entry) -> Judged:
        """What all rules say of an entry when each is run: slow, and the measure for the index."""
        return judge(Judgement(entry, NOW), rules.rules.values())

    def prove(self, match: str, entry: Entry | str, *, lists: Lists = LISTS, **more: object) -> Evidence:
        """The proof of one expression on an entry or a headline."""
        rules = self.compile(self.rule(match, **more), lists=lists)  # type: ignore[arg-type]  # passed through
        return rules.explain("p/r", self.entry(entry) if isinstance(entry, str) else entry, NOW)

    def hits(self, match: str, entry: Entry | str, *, lists: Lists = LISTS) -> list[str]:
        """The words of each hit of an expression, joined by `+`."""
        entry = self.entry(entry) if isinstance(entry, str) else entry
        proof = self.prove(match, entry, lists=lists)
        return ["+".join(getattr(entry, s.field)[s.start : s.end] for s in hit.spans) for hit in proof.hits]

    def labels(self, match: str, entry: Entry | str, *, lists: Lists = LISTS) -> Mapping[str, tuple[str, ...]] | None:
        """The labels of the match, None where there is none."""
        judged = self.judge(self.compile(self.rule(match), lists=lists), entry)
        assert judged.unevaluated == ()
        return judged.matches[0].labels if judged.matches else None


@pytest.fixture(scope="session")
def bench() -> Bench:
    """Where expressions are compiled and tried."""
    return Bench()
