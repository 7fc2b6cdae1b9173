"""Time that the rules take for an entry with a huge and hostile body, by its size.

    python bench/hostile.py [--megabytes 1,2,4]

Every rule is run, and what the index makes of it (`evaluate`) stands beside. Time that grows faster
than the text is a fault: the last column is the growth from the first size to the last, over that of the text. Each row
runs in a process of its own, of which the memory is shown.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta

from tocsin.model.entries import Entry
from tocsin.model.rules import Located, Severity
from tocsin.rules.compile import compile_packs
from tocsin.rules.news.evaluate import Judgement
from tocsin.rules.ruleset import RuleSet, judge
from tocsin.rules.spec import ListSpec, NewsSpec, PackSpec, RuleSpec

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
TEXTS = {
    "brackets": "(",
    "bracket pairs": "[]",
    "blanks": " ",
    "newlines": "\n",
    "blank newlines": "\n \t",
    "zero-width": "\u200b",
    "zero-width words": "a\u200b \u200b",
    "surrogates": "\ud800",
    "marks": "\u0301",
    "dots": ".",
    "dots and blanks": ". ",
    "initials": "a.",
    "figures": "1,",
    "dollars": "$ ",
    "one letter": "a",
    "quotes": "a'",
    "quotations": "'galliums' ",
    "dashes": " -",
    "one term": "gallium ",
    "two terms": "gallium ban ",
    "three terms": "gallium, lifts, not ",
    "all terms": "gallium germanium x ban lifts not export ",
    "short sentences": "gallium ban. ",
    "han": "镓出口",
    "han list": "镓、锗和",
    "thai": "ที่",
    "capitals": "GALLIUM BAN ",
}
RULES = (
    "$mineral NEAR/8 (ban~ NOT NEAR/4 ($undo NOT NEAR/2 not))",
    "(gallium BEFORE/3 (lift~ NEAR/5 (ban NOT NEAR/3 not))) NOT NEAR/9 ($mineral NEAR/2 export)",
    "$mineral SENT (ban OR lift~ OR export) AND NOT title(x)",
    "re:/gal+ium/ NOT NEAR/0 ($mineral SENT gallium)",
    "bare($mineral OR 镓) SENT ban",
    "(lede($mineral) NEAR/9 $mineral) SENT (($mineral OR ban) BEFORE/9 ($mineral OR ban))",
    "(($mineral OR gallium) NOT BEFORE/3 lift~) THEN (ban NOT AFTER/2 not)",
    "lede($mineral NEAR/9 =MP) OR 镓 NEAR/2 出口",
)
LISTS = {"mineral": ["gallium", "germanium", "镓", "锗", "-gallium not"], "undo": ["lift~", "ease~"]}


def rules() -> RuleSet:
    """Every operator, nested."""
    pack = PackSpec(
        id="bench",
        version="1",
        lists=tuple(
            ListSpec(name=_at(name), groups=(("m" if name == "mineral" else "", tuple(map(_at, terms))),))
            for name, terms in LISTS.items()
        ),
        rules=tuple(
            RuleSpec(
                id=_at(f"r{number}"),
                title="t",
                severity=Severity.LOW,
                event="bench.hostile",
                news=NewsSpec(match=_at(text)),
                key=(_at("story"),),
                cooldown=timedelta(0),
            )
            for number, text in enumerate(RULES)
        ),
    )
    return compile_packs([pack])[0]


def _at(text: str) -> Located:
    return Located(text=text, file="bench.yaml", lines=((0, 1, 1),), source_lines=[""])


def measure(name: str, size: int, *, every: bool) -> tuple[float, int]:
    """CPU seconds and matches of one body of *size* bytes of UTF-8, nearly."""
    piece = TEXTS[name]
    body = piece * (size // len(piece.encode("utf-8", "surrogatepass")))
    entry = Entry(source="s", id="1", keys=(), title="t", body=body, published=NOW, first_seen=NOW)
    compiled = rules()
    began = time.process_time()
    judged = judge(Judgement(entry, NOW), compiled.rules.values()) if every else compiled.evaluate(entry, NOW)
    assert judged.unevaluated == (), judged.unevaluated
    return time.process_time() - began, len(judged.matches)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--megabytes", default="1,2,4")
    parser.add_argument("--only", help="one of the texts")
    parser.add_argument("--job", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.job:
        name, size, every = json.loads(arguments.job)
        spent, matches = measure(name, size, every=every)
        print(json.dumps([spent, matches, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024]))
        return
    sizes = [int(size) for size in arguments.megabytes.split(",")]
    heads = "".join(f"{f'{size} MB':>10}" for size in sizes)
    print(f"{'text':20}{'judged by':>10}{heads}{'matches':>9}{'peak MB':>9}{'growth':>8}")
    for name in [arguments.only] if arguments.only else TEXTS:
        for every in (True, False):
            got = [_run(name, size * 1_000_000, every=every) for size in sizes]
            growth = got[-1][0] / max(got[0][0], 0.005) / (sizes[-1] / sizes[0])
            print(
                f"{name:20}{'every' if every else 'index':>10}{''.join(f'{spent:>9.2f}s' for spent, _, _ in got)}"
                f"{got[-1][1]:>9}{got[-1][2]:>9.0f}{growth:>8.2f}",
                flush=True,
            )


def _run(name: str, size: int, *, every: bool) -> tuple[float, int, float]:
    job = json.dumps([name, size, every])
    out = subprocess.run([sys.executable, __file__, "--job", job], capture_output=True, text=True, check=True).stdout
    spent, matches, peak = json.loads(out)
    return spent, matches, peak


if __name__ == "__main__":
    main()
