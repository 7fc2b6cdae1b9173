"""Loading of rules: packs are read, compiled and checked on their examples. A faulty pack runs from its last good version."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

from tocsin import __version__
from tocsin.config.config import Config
from tocsin.config.library import Library, ReadPack, kept_version
from tocsin.config.packs import Files
from tocsin.config.priced_rules import check_rules, waiting_for_prices
from tocsin.config.pushes import AnyValue
from tocsin.config.shipped import SHIPPED, as_released
from tocsin.config.silences import check_recurring
from tocsin.config.vocabulary import check_routes
from tocsin.config.yaml.file import shown_path
from tocsin.errors import ConfigError, Problem, by_place, each_once
from tocsin.model.prices import Instrument
from tocsin.policy.polling.schedule import UNKNOWN
from tocsin.rules.compile import compile_packs
from tocsin.rules.examples import check_examples
from tocsin.rules.lint.history import History, lint_history
from tocsin.rules.lint.never import Given, awaited
from tocsin.rules.lint.packs import lint, lint_names
from tocsin.rules.overlay import lay_over
from tocsin.rules.ruleset import RuleSet
from tocsin.rules.scope import Scopes
from tocsin.rules.spec import Override, PackSpec, with_used
from tocsin.units import counted

#: The files of the last good version of the pack in a folder, if there was one, and its hash, empty if there was none.
Kept = Callable[[str], Files | None]
Known = Callable[[str], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedPack:
    """A pack that runs, with the files of all that it uses.

    *kept_back* means that some have faults, given in *words*, and that its last good version runs.
    """

    folder: str
    hash: str
    files: Files
    kept_back: bool = False
    words: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedRules:
    """The rules of all packs, which were read in *folders*.

    *idle* is the number of those whose instruments are not configured. *shipped* are the ids of the packs that came with the
    program, and *waiting* says, a sentence each, what they have rules for and the configuration has not: no mistake.
    """

    rules: RuleSet
    packs: tuple[LoadedPack, ...]
    folders: tuple[Path, ...] = ()
    warnings: tuple[Problem, ...] = ()
    idle: int = 0
    shipped: frozenset[str] = frozenset()
    waiting: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Return `39 rules (9 without an instrument)`: all that are in force, about news, prices or both."""
        idle = f" ({self.idle:,} without an instrument)" if self.idle else ""
        return f"{counted(len(self.rules.infos), 'rule')}{idle}"


def load_rules(
    folders: Sequence[Path],
    kept: Kept = lambda _: None,
    *,
    overrides: Sequence[Override] = (),
    poll: timedelta | None = None,
    history: History | None = None,
    given: Given | None = None,
    instruments: Sequence[Instrument] = (),
    tried: bool = True,
    known: Known | None = None,
) -> LoadedRules:
    """Return the rules in *folders*; *kept* knows the last good version of a folder's pack, *overrides* change single rules.

    Optional arguments allow more warnings: *poll* is the shortest interval of any source, *given* are the labels that
    sources give, *instruments* and *history* are those configured and stored. Examples are run without the overrides,
    because an override is no fault of the pack. If not *tried*, they are not run and no warnings are sought, which takes
    three quarters of the time. With *known* a pack is not tried again whose last good version has the hash that it gives, or
    that is shipped and as it was released; and the warnings about it are not sought if it is a shipped one.

    Raises:
        ConfigError: a pack has faults and no last good version, or an override has; with every fault of all of them.
    """
    library = Library(folders)
    trial = _Trial(examples=tried)
    found = _gathered(library.packs(), trial, kept, known)
    specs, faults, warnings = found.specs, found.faults, found.warnings
    changed, unknown = lay_over(specs, overrides)
    # If a pack cannot be read, an unknown rule may be one of that pack.
    faults += () if faults else unknown
    rules, together = compile_packs(changed, scopes=trial.scopes)
    faults += [item for item in together if not item.warning]
    if faults:
        raise ConfigError(by_place(each_once([*faults, *warnings])))
    warnings += (item for item in together if item.warning)
    shipped = frozenset(
        spec.id for spec, pack in zip(specs, found.packs, strict=True) if Path(pack.folder).parent == SHIPPED
    )
    if tried:
        warnings += lint(
            changed, rules, poll=poll, given=given, instruments=instruments, clean=found.clean, shipped=shipped
        )
        warnings += lint_names(changed)
    if history:
        warnings += lint_history(changed, rules, history)
    return LoadedRules(
        rules=rules,
        packs=tuple(found.packs),
        folders=library.folders,
        warnings=tuple(by_place(each_once(warnings))),
        shipped=shipped,
    )


@dataclass(slots=True)
class _Gathered:
    """The packs in force with the specs of them, those that are known to be *clean*, and what is wrong with any."""

    packs: list[LoadedPack] = field(default_factory=list)
    specs: list[PackSpec] = field(default_factory=list)
    clean: list[PackSpec] = field(default_factory=list)
    faults: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)

    def add(self, name: str, spec: PackSpec, files: Files, *, instead: str = "") -> None:
        """Add a pack; *instead* is why it is an earlier version."""
        self.specs.append(spec)
        digest = _hash(files)
        self.packs.append(LoadedPack(folder=name, hash=digest, files=files, kept_back=bool(instead), words=instead))


def _gathered(read: Sequence[ReadPack], trial: _Trial, kept: Kept, known: Known | None) -> _Gathered:
    """Return the packs *read*; one with faults is replaced by its last good version, if there is one."""
    # A pack that cannot be read may hold any rule that a correlation in another pack names.
    ids = frozenset(f"{pack.spec.id}/{rule.id.text}" for pack in read if pack.spec for rule in pack.spec.rules)
    others = ids if all(pack.spec for pack in read) else None
    found = _Gathered()
    for pack in read:
        name = str(pack.folder)
        proven = pack.spec is not None and known is not None and _is_proven(pack, known)
        spec, problems = (pack.spec, pack.problems) if proven else trial.of(pack, others)
        found.warnings += [item for item in problems if item.warning]
        bad = [item for item in problems if not item.warning]
        if spec is not None:
            found.add(name, spec, pack.files)
            if proven and pack.folder.parent == SHIPPED:
                found.clean += with_used([spec])
            continue
        before = kept(name)
        old = trial.of(kept_version(before), None)[0] if before else None
        if before is None or old is None:
            found.faults += bad
            continue
        words = f"{counted(len(bad), 'fault')} in {shown_path(pack.folder)}, the first: {bad[0]}"
        found.add(name, old, before, instead=words)
    return found


def _is_proven(pack: ReadPack, known: Known) -> bool:
    """Return whether the examples of *pack* passed before, here or before its release."""
    return known(str(pack.folder)) == _hash(pack.files) or as_released(pack.files)


def rules_of(
    config: Config,
    kept: Kept = lambda _: None,
    history: History | None = None,
    *,
    tried: bool = True,
    known: Known | None = None,
) -> LoadedRules:
    """Return the rules that *config* names, as it overrides them; all else is as for `load_rules`.

    Raises:
        ConfigError: as `load_rules`.
    """
    poll = min((source.every or UNKNOWN for source in config.sources), default=None)
    given = _given(config)
    loaded = load_rules(
        config.rules,
        kept,
        overrides=config.overrides,
        poll=poll,
        history=history,
        given=given,
        instruments=config.instruments,
        tried=tried,
        known=known,
    )
    rules, shipped = loaded.rules, loaded.shipped
    unmet = (
        *check_rules(rules, config.instruments, shipped),
        *check_routes(config, rules),
        *check_recurring(config, rules),
    )
    waiting = (*waiting_for_prices(rules, config.instruments, shipped), *_waiting_for_labels(rules, given, shipped))
    idle = sum(not any(map(rule.covers, config.instruments)) for rule in rules.prices.values())
    return replace(loaded, warnings=(*loaded.warnings, *unmet), idle=idle, waiting=waiting)


def _given(config: Config) -> Given:
    """Return the values that the sources of *config* give, by label."""
    found: dict[str, set[str]] = {"source": set(config.names)}
    for labels in (*(one.labels for one in config.sources), *(one.labels for one in config.pushes)):
        for name, values in labels.items():
            found.setdefault(name, set()).update(values)
    return {**found, **{name: AnyValue() for source in config.pushes for name in source.accept_labels}}


def _waiting_for_labels(rules: RuleSet, given: Given, shipped: Collection[str]) -> Iterator[str]:
    """Yield a sentence for each label that rules of a *shipped* pack ask for and that no source has."""
    asking = Counter(
        (rule.info.id.rpartition("/")[0], *label)
        for rule in rules.every_news_rule.values()
        for label in awaited(rule, given)
    )
    for (pack, name, value), number in sorted(asking.items()):
        if pack in shipped:
            ask = (
                f"{counted(number, 'rule')} {'asks' if number == 1 else 'ask'} for {name}={value}, which no source has"
            )
            yield f"{pack}: {ask}; add labels: {{{name}: {value}}} to the sources it is true of (docs/sources.md)"


class _Trial:
    """Compiles each pack once and runs its *examples*, whoever uses it."""

    def __init__(self, *, examples: bool) -> None:
        self.scopes: Scopes = {}
        self._examples = examples
        self._problems: dict[int, tuple[Problem, ...]] = {}

    def of(self, pack: ReadPack, others: frozenset[str] | None) -> tuple[PackSpec | None, tuple[Problem, ...]]:
        """Return the pack if it and all that it uses compile and their examples pass, and all problems of theirs.

        *others* are the rules of all packs.
        """
        problems = list(pack.problems)
        for spec in with_used([pack.spec]) if pack.spec else ():
            if id(spec) not in self._problems:
                rules, compiled = compile_packs([spec], others=others, scopes=self.scopes)
                failed = check_examples(rules, spec.id) if self._examples else ()
                self._problems[id(spec)] = (*compiled, *failed)
            problems += self._problems[id(spec)]
        good = not any(not item.warning for item in problems)
        return pack.spec if good else None, tuple(problems)


def _hash(files: Files) -> str:
    """Return a hash of *files* and of the program: another version may judge their examples differently."""
    digest = hashlib.sha256(__version__.encode())
    for path, text in files:
        digest.update(f"{path}\0{len(text)}\0{text}".encode("utf-8", "replace"))
    return digest.hexdigest()
