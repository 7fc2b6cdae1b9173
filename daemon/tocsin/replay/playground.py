"""The playground: an edited rule against the one in force, over stored entries. Nothing else of its pack is compiled."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from tocsin.config.library import kept_version
from tocsin.config.packs import Files, parse_rules
from tocsin.errors import Problem
from tocsin.explain.near_miss import found_parts, near_miss
from tocsin.model.entries import Entry
from tocsin.replay.replay import EVERYBODY, Poll, Replay, polls
from tocsin.rules.compile import compile_packs
from tocsin.rules.examples import check_examples
from tocsin.rules.lint.packs import lint
from tocsin.rules.news.evaluate import CompiledRule
from tocsin.rules.overlay import lay_over
from tocsin.rules.ruleset import RuleSet
from tocsin.rules.scope import Scopes, scope_of
from tocsin.rules.spec import Override, PackSpec, RuleSpec

#: What the edited text is called in positions.
TEXT = "text"
#: Entries of each kind that are shown, and near misses.
MOST = 100
MOST_MISSES = 10
#: The newest entries, among which near misses are looked for: a proof costs more than all the rest.
_LOOKED_AT = 400
_WEEK = timedelta(weeks=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """The text that stands in place of the lines *first* to *last* of the file *path* of a pack: those of the rule *rule*.

    Without a *rule* it is a new one, and stands before the line *first*, the one behind *last*. *files* are those of the pack and of all that it uses, *lists* are overrides that add to their lists.
    """

    files: Files
    path: str
    rule: str
    first: int
    last: int
    text: str
    lists: tuple[Override, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """The result of a check: faults and warnings, and the number of *examples* that were tried.

    Positions in the edited text count from its first line, and their file is `TEXT`. *override* is the change as an override of the configuration, empty where it cannot be one.
    """

    problems: tuple[Problem, ...]
    examples: int = 0
    override: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Headline:
    """An entry, as the playground lists it."""

    source: str
    id: str
    title: str
    first_seen: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Miss:
    """An entry that came near to a rule, and what was missing in *words*."""

    headline: Headline
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """The entries that the edited rule lost and gained, and those that *both* meet: how many, and the newest of them.

    *before* and *after* are the messages a week that a receiver of everything would be sent. *misses* are the entries that
    came nearest among the newest, if neither rule met any.
    """

    entries: int
    counts: tuple[int, int, int]
    lost: tuple[Headline, ...]
    gained: tuple[Headline, ...]
    both: tuple[Headline, ...]
    before: float
    after: float
    misses: tuple[Miss, ...] = ()


class Playground:
    """One *edit*, compiled beside the rule that it changes."""

    def __init__(self, edit: Edit) -> None:
        self._edit = edit
        self._problems: list[Problem] = []
        self._old: CompiledRule | None = None
        self._new: CompiledRule | None = None
        self._specs: tuple[RuleSpec, RuleSpec] | None = None
        self._compile()

    def check(self) -> Checked:
        """Return what is wrong with the edited text, its own examples included."""
        found = [one for one in self._problems if self._is_inside(one)]
        failed = any(not one.warning for one in self._problems)
        if failed and not any(not one.warning for one in found):
            found = self._problems
        new = self._new
        return Checked(
            problems=tuple(map(self._placed, dict.fromkeys(found))),
            examples=len(new.fires) + len(new.quiet) if new else 0,
            override=override_of(*self._specs) if self._specs and not failed else "",
        )

    @property
    def is_sound(self) -> bool:
        """True if the edited rule can be tried on news."""
        return self._new is not None

    def explain(self, entry: Entry) -> tuple[bool, str]:
        """Return whether *entry* meets the edited rule, and the nearest miss in words."""
        assert self._new, "it is sound"
        evidence = RuleSet({"new": self._new}).explain("new", entry, entry.first_seen)
        return evidence.holds, near_miss(evidence)

    def compare(self, entries: Iterable[Entry]) -> Compared:
        """Return how both rules judge *entries*, which come in the order in which they were first seen."""
        assert self._new, "it is sound"
        rules = RuleSet({name: rule for name, rule in (("old", self._old), ("new", self._new)) if rule})
        met: dict[str, list[Entry]] = {"old": [], "new": []}
        kinds: list[list[Entry]] = [[], [], []]
        newest: deque[Entry] = deque(maxlen=_LOOKED_AT)
        first = last = None
        count = 0
        for entry in entries:
            count += 1
            newest.append(entry)
            first, last = first or entry.first_seen, entry.first_seen
            names = rules.met_by(entry, entry.first_seen)
            for name in names:
                met[name].append(entry)
            if names:
                kinds[2 if len(names) == 2 else 1 if "new" in names else 0].append(entry)
        before = _messages(self._old, met["old"])
        same = self._old and self._old.info.hash == self._new.info.hash
        weeks = max((last - first) / _WEEK, 1.0) if first and last else 1.0
        return Compared(
            entries=count,
            counts=(len(kinds[0]), len(kinds[1]), len(kinds[2])),
            lost=_newest(kinds[0]),
            gained=_newest(kinds[1]),
            both=_newest(kinds[2]),
            before=before / weeks,
            after=(before if same else _messages(self._new, met["new"])) / weeks,
            misses=() if met["old"] or met["new"] else _misses(self._new, newest),
        )

    # ---- parts -----------------------------------------------------------------------------------------------

    def _compile(self) -> None:
        edit = self._edit
        pack = kept_version(edit.files)
        if pack.spec is None:
            self._problems += pack.problems
            return
        [spec], _ = lay_over([pack.spec], edit.lists)
        old = next((rule for rule in spec.rules if f"{spec.id}/{rule.id.text}" == edit.rule), None)
        text = dict(edit.files)[edit.path]
        lines = text.split("\n")
        rules, problems = parse_rules("\n".join([*lines[: edit.first - 1], edit.text, *lines[edit.last :]]), edit.path)
        self._problems += problems
        last = edit.first + edit.text.count("\n")
        edited = [rule for rule in rules if edit.first <= rule.id.at().line <= last]
        if any(not one.warning for one in problems):
            return
        if len(edited) != 1 or edited[0].news is None or (old is None and edit.rule):
            words = "write one rule here" if len(edited) != 1 else "only a rule about news can be tried here"
            self._problems.append(Problem(message=words))
            return
        if not edit.rule and any(rule.id.text == edited[0].id.text for rule in spec.rules):
            self._problems.append(
                Problem(message=f"{spec.id} has a rule {edited[0].id.text} already: try it by its id")
            )
            return
        scopes: Scopes = {}
        if old:
            self._specs = old, edited[0]
            self._old, _ = _compiled(spec, old, scopes)
        self._new, found = _compiled(spec, edited[0], scopes)
        self._problems += found

    def _is_inside(self, problem: Problem) -> bool:
        edit, at = self._edit, problem.position
        return at is None or (at.file == edit.path and edit.first <= at.line <= edit.first + edit.text.count("\n"))

    def _placed(self, problem: Problem) -> Problem:
        """Return *problem* with its place in the edited text, if it is there."""
        at = problem.position
        if at is None or not self._is_inside(problem):
            return problem
        return replace(problem, position=replace(at, file=TEXT, line=at.line - self._edit.first + 1))


def _compiled(pack: PackSpec, rule: RuleSpec, scopes: Scopes) -> tuple[CompiledRule | None, Sequence[Problem]]:
    """Return *rule* as it would be compiled in *pack*, alone, with its faults, its examples and its warnings."""
    alone = replace(pack, rules=(rule,))
    rules, problems = compile_packs([alone], scopes={**scopes, id(alone): scope_of(pack, scopes)})
    found = rules.rules.get(f"{pack.id}/{rule.id.text}")
    if found is None:
        return None, problems
    one = RuleSet({found.info.id: found})
    # The lists and expressions were checked with their pack.
    bare = replace(alone, lists=(), expressions=(), used=())
    return found, (*problems, *check_examples(one), *lint([bare], one))


def _misses(rule: CompiledRule, entries: Iterable[Entry]) -> tuple[Miss, ...]:
    """Return the *entries* of which most was found, the nearest first and then the newest."""
    rules = RuleSet({rule.info.id: rule})
    proofs = ((entry, rules.explain(rule.info.id, entry, entry.first_seen)) for entry in entries)
    near = [(found_parts(proof), entry, near_miss(proof)) for entry, proof in proofs if found_parts(proof)]
    near.sort(key=lambda one: (one[0], one[1].first_seen), reverse=True)
    return tuple(Miss(headline=headline_of(entry), words=words) for _, entry, words in near[:MOST_MISSES])


def _newest(entries: Sequence[Entry]) -> tuple[Headline, ...]:
    return tuple(map(headline_of, reversed(entries[-MOST:])))


def headline_of(entry: Entry) -> Headline:
    """Return *entry* as it is listed."""
    return Headline(source=entry.source, id=entry.id, title=entry.title, first_seen=entry.first_seen)


def _messages(rule: CompiledRule | None, entries: Sequence[Entry]) -> int:
    """Return the number of messages about *entries*, which all meet *rule*, to a receiver of everything."""
    if rule is None or not entries:
        return 0
    found: Iterable[Poll] = polls(entries, {})
    return len(Replay(RuleSet({rule.info.id: rule}), EVERYBODY).run(found).sent)


def override_of(old: RuleSpec, new: RuleSpec) -> str:
    """Return the lines of the configuration that change *old* into *new*. Empty if an override cannot do it.

    An override can set the severity, if the rule has no `severity_if`, and add an `unless`.
    """
    assert old.news
    assert new.news
    before, after = old.news.unless, new.news.unless
    more = _added(" ".join(before.text.split()) if before else "", " ".join(after.text.split()) if after else "")
    same = _contents(old) == _contents(new)
    if not same or more is None or (new.severity != old.severity and new.news.severity_if):
        return ""
    lines = [f"    severity: {new.severity}"] if new.severity != old.severity else []
    lines += ["    unless: |", f"      {more}"] if more else []
    return "\n".join(["overrides:", f"  {new.id.text}:", *lines]) if lines else ""


def _added(before: str, after: str) -> str | None:
    """Return the alternative that *after* has beyond *before*; None if it is not just one more."""
    if not before or before == after:
        return after if not before else ""
    return after.removeprefix(f"{before} OR ") if after.startswith(f"{before} OR ") else None


def _contents(rule: RuleSpec) -> tuple[object, ...]:
    """Return what an override cannot change of *rule*, without its places."""
    assert rule.news
    return (
        rule.id.text,
        " ".join(rule.news.match.text.split()),
        [(level, text.text) for level, text in rule.news.severity_if],
        rule.title,
        rule.event,
        [name.text for name in rule.key],
        rule.cooldown,
        rule.note,
        rule.references,
    )
