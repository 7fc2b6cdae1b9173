"""How fast entries are judged: documents a second by the number of rules, beside one regular expression a rule.

    python bench/rules.py [--corpus FILE] [--documents 2000] [--rules 20,100,1000,10000,100000]

Documents are judged one at a time and each is seen once. FILE is JSON Lines of `{"title": ..., "text": ...}`; without it
they are made here, 850 characters in the mean: `ascii`, `typographic` (the same with curly quotes and dashes) and `cjk`.
`none`: no rule can match a made document; `cold`: only the first 100 can; `natural`: all of them can, and matches grow with them.
`pairs`: `(a OR b) NEAR/8 c`, a and b rare words of the documents and c one of the commonest, so that most candidates fail by
their distance alone; its `regex` is one expression a rule of the same meaning, but for sentences.
`tocsin` finds the matches, whose evidence is made when it is read; `proofs` makes the whole tree of each at once, as the daemon does.
Times are CPU time of this process, which starts anew for each row; the index is built while loading. `regex` of the other regimes
compiles one alternation a required group; `rule-engine` is taken if it is installed (pip install rule-engine), with `=~~` tests of
the same words.
"""

from __future__ import annotations

import argparse
import gc
import importlib.util
import itertools
import json
import os
import random
import re
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from tocsin.model.entries import Entry
from tocsin.model.rules import Located, Severity
from tocsin.rules.compile import compile_packs
from tocsin.rules.spec import ListSpec, NewsSpec, PackSpec, RuleSpec

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
SYLLABLES = [
    "ba", "be", "bo", "da", "de", "di", "fa", "fo", "ga", "go", "ka", "ke", "ko", "la", "le", "lo", "ma", "me",
    "mi", "na", "no", "pa", "po", "ra", "re", "ro", "sa", "se", "so", "ta", "te", "to", "va", "vo", "wa", "zu",
]  # fmt: skip
HAN = "国出口管制中政府实施限制价格市场公司贸易关税部长会议生产供应需求矿山金属稀土镓锗锑钨企业投资美欧日宣布表示计划增长下降"
COMMON = [
    "the", "of", "to", "in", "and", "a", "said", "that", "on", "for", "with", "as", "by", "at", "from", "its",
    "will", "has", "after", "be", "was",
]  # fmt: skip
#: What the rules look for besides the name of their own company.
ACTIONS = [
    "ban", "curb", "halt", "restrict", "suspend", "raise", "cut", "close", "buy", "sell",
]  # fmt: skip
OBJECTS = [
    "export", "output", "price", "mine", "quota", "stake", "plant", "tariff", "supply", "loan",
]  # fmt: skip


def invented(count: int, seed: int) -> list[str]:
    """Different words that look like names."""
    chance = random.Random(seed)
    found: dict[str, None] = {}
    while len(found) < count:
        found["".join(chance.choices(SYLLABLES, k=chance.randint(3, 5)))] = None
    return list(found)


VOCABULARY = invented(8000, 1)
RANKS = list(itertools.accumulate(1 / (rank + 20) for rank in range(len(VOCABULARY))))


# ---- documents ----------------------------------------------------------------------------------------------------


def documents(corpus: str, count: int) -> list[Entry]:
    """*count* different entries."""
    chance = random.Random(7)
    made = [_cjk(chance) if corpus == "cjk" else _latin(chance, curly=corpus == "typographic") for _ in range(count)]
    return [_entry(number, text) for number, text in enumerate(made)]


def _latin(chance: random.Random, *, curly: bool) -> str:
    sentences: list[str] = []
    length, wanted = 0, chance.expovariate(1 / 600) + 220
    while length < wanted:
        words = [
            chance.choice(COMMON) if chance.random() < 0.4 else chance.choices(VOCABULARY, cum_weights=RANKS)[0]
            for _ in range(chance.randint(8, 24))
        ]
        for known in (ACTIONS, OBJECTS):
            if chance.random() < 0.2:
                words[chance.randrange(len(words))] = chance.choice(known)
        if chance.random() < 0.3:
            words[chance.randrange(len(words))] = f"{chance.randint(1, 99)}.{chance.randint(0, 9)}%"
        if chance.random() < 0.1:
            words[0] = "U.S."
        sentence = " ".join(words).capitalize()
        if chance.random() < 0.4:
            sentence = f'"{sentence}" - the minister\'s words'
        sentences.append(sentence + ".")
        length += len(sentence) + 2
    text = " ".join(sentences)
    if curly:
        text = re.sub(r'"([^"]*)"', "“\\1”", text).replace(" - ", " — ").replace("'", "’")
    return text


def _cjk(chance: random.Random) -> str:
    wanted = int(chance.expovariate(1 / 210) + 75)
    marks = "，、。" * 2 + "；（）“”"
    return "".join(chance.choice(marks) if chance.random() < 0.08 else chance.choice(HAN) for _ in range(wanted))


def read(path: Path, count: int) -> list[Entry]:
    """The first *count* entries of a file of JSON Lines."""
    rows = (json.loads(line) for line in itertools.islice(path.open(encoding="utf-8"), count))
    return [_entry(number, row.get("text", ""), row.get("title", "")) for number, row in enumerate(rows)]


def _entry(number: int, text: str, title: str = "") -> Entry:
    return Entry(
        source="s", id=str(number), keys=(), title=title or text[:70], body=text, published=NOW, first_seen=NOW
    )


# ---- rules --------------------------------------------------------------------------------------------------------


def groups(regime: str, count: int, entries: Sequence[Entry]) -> Iterator[tuple[str, str, str]]:
    """(name, action, object) of each rule; a cold name is in no document. Of pairs: two rare words of *entries* and a common one."""
    chance = random.Random(3)
    if regime == "pairs":
        found = Counter(word for entry in entries for word in set(re.findall("[a-z]{3,}", entry.body.lower())))
        rare = sorted(word for word, documents in found.items() if 2 <= documents <= 100)
        common = [word for word, _ in found.most_common(100)]
        yield from ((chance.choice(rare), chance.choice(rare), chance.choice(common)) for _ in range(count))
        return
    absent = invented(count, 11)
    for number in range(count):
        # Names from the rarer half: a company is not in every article.
        known = chance.choice(VOCABULARY[2000:])
        name = known if regime == "natural" or (regime == "cold" and number < 100) else f"{absent[number]}x{number % 7}"
        yield name, chance.choice(ACTIONS), chance.choice(OBJECTS)


SHAPES = (
    "{0} NEAR/12 ({1}~ OR {2})",
    '"{0}" SENT ({1}~ NEAR/6 {2})',
    "{0} AND {1}~ AND {2}",
    "title({0}) OR {0} BEFORE/9 $object",
    "({1}~ NOT NEAR/4 $undo) NEAR/8 {0}",
)


def packs(regime: str, count: int, entries: Sequence[Entry]) -> PackSpec:
    """A pack as it is read from a file."""
    shapes = ("({0} OR {1}) NEAR/8 {2}",) if regime == "pairs" else SHAPES
    lists = {"object": OBJECTS, "undo": ["lift~", "ease~", "end~"]}
    return PackSpec(
        id="bench",
        version="1",
        lists=tuple(
            ListSpec(name=_at(name), groups=(("", tuple(_at(member) for member in members)),))
            for name, members in lists.items()
        ),
        rules=tuple(
            RuleSpec(
                id=_at(f"r{number}"),
                title=f"{name} did something",
                severity=Severity.MEDIUM,
                event="bench.rule",
                news=NewsSpec(match=_at(shapes[number % len(shapes)].format(name, action, what))),
                key=(_at("story"),),
                cooldown=timedelta(hours=12),
            )
            for number, (name, action, what) in enumerate(groups(regime, count, entries))
        ),
    )


#: The lines of the file, which all that is read from it share.
LINES = [""]


def _at(text: str) -> Located:
    return Located(text=text, file="bench.yaml", lines=((0, 1, 1),), source_lines=LINES)


# ---- engines ------------------------------------------------------------------------------------------------------


def tocsin_engine(regime: str, count: int, entries: Sequence[Entry], *, proofs: bool = False) -> Callable[[Entry], int]:
    rules, problems = compile_packs([packs(regime, count, entries)])
    assert not any(not problem.warning for problem in problems)
    rules.evaluate(_entry(0, ""), NOW)  # the first entry has the index built
    return lambda entry: len(rules.evaluate(entry, NOW, proofs=proofs).matches)


def regex_engine(regime: str, count: int, entries: Sequence[Entry]) -> Callable[[Entry], int]:
    patterns = (
        (_near(*row),) if regime == "pairs" else tuple(rf"\b{re.escape(word)}" for word in row)
        for row in groups(regime, count, entries)
    )
    compiled = [tuple(re.compile(pattern, re.IGNORECASE) for pattern in row) for row in patterns]
    return lambda entry: sum(all(part.search(entry.body) for part in row) for row in compiled)


def _near(one: str, other: str, common: str) -> str:
    """A pattern of either of two words at most eight words from a third, in any order."""
    rare, gap = f"(?:{one}|{other})", r"\W+(?:\w+\W+){0,7}"
    return rf"\b{rare}{gap}{common}\b|\b{common}{gap}{rare}\b"


def peer_engine(regime: str, count: int, entries: Sequence[Entry]) -> Callable[[Entry], int]:
    import rule_engine

    context = rule_engine.Context(regex_flags=re.IGNORECASE)
    compiled = [
        rule_engine.Rule(" and ".join(f'text =~~ "\\\\b{word}"' for word in row), context=context)
        for row in groups(regime, count, entries)
    ]
    return lambda entry: sum(rule.matches({"text": entry.body}) for rule in compiled)


ENGINES = {
    "tocsin": tocsin_engine,
    "proofs": partial(tocsin_engine, proofs=True),
    "regex": regex_engine,
    "rule-engine": peer_engine,
}
#: What is measured beside `tocsin`.
COMPARED = {"cold": ("regex", "rule-engine"), "pairs": ("proofs", "regex")}
_HAS_PEER = importlib.util.find_spec("rule_engine") is not None


# ---- one row ------------------------------------------------------------------------------------------------------


def resident() -> int:
    """Bytes of this process in memory."""
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")


def measure(engine: str, regime: str, count: int, entries: Sequence[Entry], number: int) -> dict[str, float]:
    """One engine with so many rules over the first *number* of *entries*, in this process."""
    # What a load needs once, whatever the number of rules, is no growth.
    ENGINES[engine](regime, 1, entries)(_entry(0, "warm up", "warm up"))
    gc.collect()
    gc.set_threshold(10_000, 10, 10)  # as the program does
    before = resident()
    began = time.process_time()
    judge = ENGINES[engine](regime, count, entries)
    loaded = time.process_time() - began
    gc.collect()
    grown = resident() - before
    gc.freeze()
    began = time.process_time()
    judged = entries[:number]
    matches = sum(map(judge, judged))
    spent = time.process_time() - began
    size = sum(len(entry.body.encode()) for entry in judged)
    return {
        "us": spent / len(judged) * 1e6,
        "matches": matches / len(judged),
        "load": loaded,
        "rss": grown / count,
        "ns_byte": spent / size * 1e9,
    }


def row(engine: str, regime: str, corpus: str, count: int, *, documents: int, number: int, path: Path | None) -> float:
    """Measure in a process of its own, print a line of the table, and return the microseconds a document.

    So many *documents* are made or read, of which the first *number* are judged.
    """
    job = json.dumps([engine, regime, corpus, count, documents, number, path and str(path)])
    out = subprocess.run([sys.executable, __file__, "--job", job], capture_output=True, text=True, check=True).stdout
    got = json.loads(out)
    print(
        f"{engine:12}{regime:9}{corpus:12}{count:>8}{got['us']:>12.1f}{1e6 / got['us']:>10.0f}{got['ns_byte']:>9.1f}"
        f"{got['matches']:>9.2f}{got['load']:>8.2f}{got['rss']:>10.0f}",
        flush=True,
    )
    return float(got["us"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--corpus", type=Path, help="JSON Lines of title and text, instead of made documents")
    parser.add_argument("--documents", type=int, default=2000)
    parser.add_argument("--rules", default="20,100,1000,10000,100000")
    parser.add_argument("--regimes", default="none,cold,natural,pairs")
    parser.add_argument("--job", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.job:
        engine, regime, corpus, count, many, number, path = json.loads(arguments.job)
        entries = read(Path(path), many) if path else documents(corpus, many)
        print(json.dumps(measure(engine, regime, count, entries, number)))
        return
    counts = [int(count) for count in arguments.rules.split(",")]
    regimes = arguments.regimes.split(",")
    judged = partial(row, documents=arguments.documents, number=arguments.documents)
    print(f"{'engine':12}{'regime':9}{'corpus':12}{'rules':>8}{'us/doc':>12}{'docs/s':>10}{'ns/byte':>9}"
          f"{'matches':>9}{'load s':>8}{'B/rule':>10}")  # fmt: skip
    given = "file" if arguments.corpus else "ascii"
    ours = {
        (regime, count): judged("tocsin", regime, given, count, path=arguments.corpus)
        for regime, count in itertools.product(regimes, counts)
    }
    if not arguments.corpus:
        for regime, corpus in itertools.product(
            [r for r in regimes if r in ("none", "cold")], ("ascii", "typographic", "cjk")
        ):
            judged("tocsin", regime, corpus, min(10_000, max(counts)), path=None)
    for regime, count in itertools.product(regimes, counts):
        # A peer of a second a document need not judge thousands to be told from one of microseconds.
        for engine in COMPARED.get(regime, ()) if count <= 10_000 else ():
            if engine == "rule-engine" and not _HAS_PEER:
                continue
            number = max(20, min(arguments.documents, 100_000 // count))
            spent = row(
                engine, regime, given, count, documents=arguments.documents, number=number, path=arguments.corpus
            )
            print(f"{'':33}{spent / ours[regime, count]:>8.0f} times the time of tocsin")
    if not _HAS_PEER:
        print("rule-engine is not installed here: no rows for it")


if __name__ == "__main__":
    main()
