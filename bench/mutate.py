"""Break each operator of the rule language in turn, prices and correlations included, and see a unit test fail.

    python bench/mutate.py [--only WORD]

Each row changes one line in a copy of the project, in which the unit tests of the rules are run until one fails. A row
that says `survived` is an operator that no test holds; the exit status is 1 then.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
#: (operator, what is broken, file in tocsin, as it is, as it is broken)
MUTATIONS = (
    ("NEAR", "reaches one word farther", "rules/news/places.py", "else 2 * within\n", "else 2 * within + 2\n"),
    ("NEAR", "reaches over sentences", "rules/news/places.py", "GAP // 2 if within", "2 * GAP if within"),
    ("NEAR", "pairs with any partner, not the nearest", "rules/news/hits.py", " if own == i", ""),
    ("NEAR", "takes the earlier of two equally near", "rules/news/hits.py", "ahead <= steps", "ahead < steps"),
    ("BEFORE", "takes any order", "rules/news/evaluate.py", "before if node.op in ORDERED else near", "near"),
    ("BEFORE", "reaches without a limit", "rules/news/hits.py", "_last_before), positions, within)", "_last_before), positions, None)"),
    ("BEFORE", "takes any partner before", "rules/news/hits.py", "_last_before), positions, within)", "_nearest), positions, within)"),
    ("BEFORE", "takes what overlaps for before", "rules/news/hits.py", "bisect_left(lasts, hit.first) - 1", "bisect_right(lasts, hit.first) - 1"),
    ("BEFORE", "takes the shorter of those that begin together", "rules/news/hits.py", "found.append((bisect_right(firsts, first) - 1,", "found.append((behind,"),
    ("BEFORE", "is true in any order", "rules/news/places.py", "if at and not ordered and", "if at and"),
    ("BEFORE", "is true of one and the same", "rules/news/places.py", "(bisect_right if ordered else bisect_left)", "bisect_left"),
    ("NEAR", "is not true of what stands before", "rules/news/places.py", "if at and not ordered and", "if False and"),
    ("THEN", "is true by its distance", "rules/news/nodes.py", "plain and self.op not in IN_CLAUSE and not", "plain and not"),
    ("two values", "are true by their distance", "rules/news/nodes.py", " and not self.distinct)", ")"),
    ("exclusion", "is not asked of a pair", "rules/news/nodes.py", "not node.terms.excluded and ", ""),
    ("index", "asks for a distance of one of two branches", "rules/news/coverage.py", "len(node.parts) == 1 else ()", "node.parts else ()"),
    ("index", "takes glued tokens apart", "text/prefilter.py", 'word if marks & GLUED else f" {word}"', 'f" {word}"'),
    ("SENT", "has a limit", "rules/news/evaluate.py", "None if node.op in UNLIMITED else", "9 if node.op in UNLIMITED else"),
    ("SENT", "sentences run on", "text/sentences.py", "elif (kind in _ENDS and", 'elif (kind == "never" and'),
    ("CLAUSE", "reaches over borders", "rules/news/hits.py", "if clause(hit.first) == (number := clause(hit.last)):", "if number := clause(hit.last):"),
    ("CLAUSE", "knows no conjunctions", "text/clauses.py", "token.border or token.word in _OPENERS", "token.border"),
    ("CLAUSE", "ends at the comma of a list", "text/clauses.py", "(bare[i - 1] or trailing[i] or ", "("),
    ("CLAUSE", "takes two words for one", "text/clauses.py", "if words > 1 and small:", "if words > 2 and small:"),
    ("CLAUSE", "knows no names", "text/clauses.py", "not (names and token.cased[:1].isupper())", "True"),
    ("CLAUSE", "ends at an aside", "text/clauses.py", "numbers.append(around)", "numbers.append(i)"),
    ("CLAUSE", "takes each blank for a comma", "text/clauses.py", "< _SHORTEST_WIDE", "< 0"),
    ("THEN", "takes any order", "rules/news/nodes.py", 'ORDERED = ("BEFORE", "THEN")', 'ORDERED = ("BEFORE",)'),
    ("THEN", "reaches over borders", "rules/news/nodes.py", 'IN_CLAUSE = ("CLAUSE", "THEN")', 'IN_CLAUSE = ("CLAUSE",)'),
    ("NOT NEAR", "drops nothing", "rules/news/evaluate.py", "return subtract(node.op, left, right, positions, node.within)", "return left"),
    ("NOT BEFORE", "drops on either side", "rules/news/hits.py", '"NOT BEFORE": _last_before', '"NOT BEFORE": _nearest'),
    ("NOT BEFORE", "is NOT AFTER", "rules/news/hits.py", '"NOT BEFORE": _last_before', '"NOT BEFORE": _next_behind'),
    ("NOT AFTER", "drops on either side", "rules/news/hits.py", '"NOT AFTER": _next_behind', '"NOT AFTER": _nearest'),
    ("NOT NEAR", "reaches one word less", "rules/news/hits.py", "steps <= 2 * within}", "steps < 2 * within}"),
    ("NOT NEAR", "drops by what only touches at /0", "rules/news/hits.py", "j >= 0 and steps == 0", "j >= 0 and steps <= 2"),
    ("NOT NEAR", "leaves a word that another list found", "rules/news/hits.py", " or words.intersection(_tokens(part))", ""),
    ("NOT NEAR", "drops pairs that only cross", "rules/news/hits.py", "for part in left[i].parts for token in _tokens(part)}", "for token in range(left[i].first, left[i].last + 1)}"),
    ("coordination", "drops the nearest alone", "rules/news/hits.py", "groups = {(part.source, part.group) for i in dropped", "groups = {(part.source, part.group) for i in ()"),
    ("coordination", "ties what other words part", "rules/news/lists.py", "all(reading.row.words[token] in _COORDINATORS for token in between)", "True"),
    ("coordination", "ties across brackets", "rules/news/lists.py", "mark & JOINT for mark in", "True for mark in"),
    ("coordination", "gives no label", "rules/news/evaluate.py", "named.setdefault(span.group, {})", "named.setdefault(-1 - span.first, {})"),
    ("coordination", "marks one word alone", "rules/news/evaluate.py", "places += part.places", "pass"),
    ("coordination", "marks a table whole", "rules/news/evaluate.py", "islice(dict.fromkeys(labels.values()), _MOST_PLACES)", "dict.fromkeys(labels.values())"),
    ("exclusion", "removes nothing", "rules/news/lists.py", "if self.excluded:", "if False:"),
    ("exclusion", "removes all", "rules/news/lists.py", "reach[before - 1] < span.first", "reach[before - 1] < 0"),
    ("union", "takes the first only", "rules/news/evaluate.py", "for part in node.parts if (hits", "for part in node.parts[:1] if (hits"),
    ("field", "looks everywhere", "rules/news/evaluate.py", "scope=node.field, labels=labels, only", 'scope="", labels=labels, only'),
    ("field", "within a pair looks everywhere", "rules/news/evaluate.py", "scope=node.field, labels={}", 'scope="", labels={}'),
    ("two values", "are one", "rules/news/query.py", "made_of(left) == made_of(right)", "False"),
    ("two values", "are asked of what overlaps", "rules/news/query.py", ' and (op, within) != ("NEAR", 0)', ""),
    ("two values", "are any two", "rules/news/distinct.py", "    found = list(range(1, len(values) + 1))", "    return list(range(len(values)))"),
    ("two values", "are the next two", "rules/news/distinct.py", "            found[at] = found[at + 1]", "            pass"),
    ("two values", "are those of the coordination", "rules/news/distinct.py", "frozenset(part.value for part in hit.parts if part.labels) or", "frozenset(str(part.labels) for part in hit.parts if part.labels) or"),
    ("two values", "are any two words of a list", "rules/news/evaluate.py", "label or member or", "label or"),
    ("two values", "are all one of a regular expression", "rules/news/evaluate.py", '" ".join(reading.row.words[first : last + 1])', '""'),
    ("two values", "take any order", "rules/news/evaluate.py", "distinct.before if node.op in ORDERED else distinct.near", "distinct.near"),
    ("bare", "leaves nothing out", "rules/news/evaluate.py", "if not is_possessive(*reading.within(hit.last), reading.text)", ""),
    ("bare", "looks at the first word", "rules/news/evaluate.py", "is_possessive(*reading.within(hit.last), reading.text)", "is_possessive(*reading.within(hit.first), reading.text)"),
    ("bare", "knows no plurals", "text/tokens.py", 'return word.endswith("s") and', "return False and"),
    ("bare", "takes a quotation for one", "text/tokens.py", " and not _quoted(text, sentence.starts[at])", ""),
    ("bare", "forgets that a quotation ended", "text/tokens.py", '|(?<=\\w)[{APOSTROPHES}](?!\\w)")', '")'),
    ("bare", "knows no initials", "text/tokens.py", " or _POSSESSIVE.match(text, end)", ""),
    ("bare", "knows no particles", "text/tokens.py", "sentence.words[behind] in _PARTICLES", "False"),
    ("bare", "takes a word apart for a particle", "text/tokens.py", "bool(sentence.marks[behind] & GLUED) and", "True and"),
    ("AND", "holds by one side", "rules/news/evaluate.py", "if self._is_met(test, labels) == negated:", "if False:"),
    ("AND NOT", "is AND", "rules/news/evaluate.py", "if self._is_met(test, labels) == negated:", "if not self._is_met(test, labels):"),
    ("OR", "takes the first only", "rules/news/evaluate.py", "for part in node.parts:\n            for negated", "for part in node.parts[:1]:\n            for negated"),
    ("OR", "rests on the first only", "rules/news/evaluate.py", "for part in node.parts:\n            grounds", "for part in node.parts[:1]:\n            grounds"),
    ("unless", "is not asked", "rules/ruleset.py", "if any(judgement.holds(condition, labels=labels) for condition in rule.cancels):", "if False:"),
    ("severity_if", "takes the last", "rules/ruleset.py", "in rule.severity_if:", "in reversed(rule.severity_if):"),
    ("severity_if", "looks at every sentence", "rules/ruleset.py", "labels=labels, only=only", "labels=labels, only=None"),
    ("label", "holds for any value", "rules/news/evaluate.py", "node.value in self.entry.labels.get(node.name, ())", "node.name in self.entry.labels"),
    ("label", "does not see the match", "rules/news/evaluate.py", "node.value in labels.get(node.name, ()) or ", ""),
    ("source", "holds for any", "rules/news/evaluate.py", "return self.entry.source == node.value", "return True"),
    ("lang", "holds for any", "rules/news/evaluate.py", "self.entry.language[: len(node.value)].casefold() ==", "node.value.casefold() =="),
    ("publisher", "holds for any", "rules/news/evaluate.py", "fold(name) == wanted for name", "True for name"),
    ("publisher", "is compared with its case", "rules/news/evaluate.py", "fold(name) == wanted for name", "name == node.value for name"),
    ("author", "is the publisher", "rules/news/evaluate.py", '"author": self.entry.authors, ', ""),
    ("author", "is the first alone", "rules/news/evaluate.py", "self.entry.authors,", "self.entry.authors[:1],"),
    ("category", "is the publisher", "rules/news/evaluate.py", ', "category": self.entry.categories', ""),
    ("url", "is a label", "rules/news/evaluate.py", 'if node.name == "url":', 'if node.name == "":'),
    ("url", "is the address as the feed gave it", "rules/news/evaluate.py", "self.entry.canonical_link or self.entry.link", "self.entry.link"),
    ("url", "is any part of an address", "rules/news/evaluate.py", "return here.startswith(wanted)", "return wanted in here"),
    ("url", "is the start of a host", "rules/news/evaluate.py", '== wanted.rstrip("/") != ""', '.startswith(wanted.rstrip("/")) != ""'),
    ("url", "is met by nothing", "rules/news/evaluate.py", ' == wanted.rstrip("/") != ""', ' == wanted.rstrip("/")'),
    ("url", "needs its scheme", "rules/news/evaluate.py", '_FACE.sub("", written.casefold())', "written.casefold()"),
    ("age", "< is <=", "rules/news/evaluate.py", '"<": age < node.span', '"<": age <= node.span'),
    ("age", "> is <", "rules/news/evaluate.py", '">": age > node.span', '">": age < node.span'),
    ("re:", "finds nothing", "rules/news/lists.py", "for term, label in regexes:", "for term, label in ():"),
    ("re:", "marks one token less", "rules/news/lists.py", "last = bisect_left(starts, hit.end()) - 1", "last = bisect_left(starts, hit.end()) - 2"),
    ("@tocsin/", "takes what a figure runs into", "rules/news/built_in.py", "(?:^|[^\\w.,$€£¥₹₩])(", "("),
    ("@tocsin/", "marks the word before", "rules/news/built_in.py", "found.span(1)", "found.span(0)"),
    ("@tocsin/", "needs no word beside it", "rules/news/built_in.py", '"@tocsin/name", loose=True', '"@tocsin/name", loose=False'),
    ("@tocsin/", "takes any word at the head for a name", "rules/news/built_in.py", "(first and tokens[first].joint)", "True"),
    ("@tocsin/", "finds names in title case", "rules/news/built_in.py", "if is_sentence_case(sentence):", "if True:"),
    ("w~", "has no verb forms", "rules/news/terms.py", "forms |= verb_forms(word)", "pass"),
    ("phrase", "has no plural before a preposition", "rules/news/terms.py", "head_forms(word, follower) if follower", "frozenset([word]) if follower"),
    ("phrase", "takes any noun for its head", "rules/news/forms.py", "follower not in _POSTMODIFIERS or ", ""),
    ("w*", "is no prefix", "rules/news/terms.py", "text.startswith(self.prefix)", "text == self.prefix"),
    ("=", "ignores case", "rules/news/terms.py", "folded = sentence.all_caps or not self.cased", "folded = True"),
    ("=", "is found as any word in capitals", "rules/news/capitals.py", "not in COMMON_WORDS", "not in ()"),
    ("=", "takes every US in capitals for the country", "rules/news/capitals.py", "if at + 1 == len(tokens) or before.word in _BEFORE:", "if at + 2 > len(tokens) + 1:"),
    ("=", "finds no ticker", "rules/news/terms.py", "if len(words) == 1 and _TICKER.fullmatch(plain):", "if False:"),
    ("marks", "are needed", "rules/news/places.py", "if (bare := unmarked(word)) != word:", "if False:"),
    ("marks", "are missed by the index", "text/prefilter.py", 'if _MARKED.search(folded) else ""', 'if False else ""'),
    ("articles", "stay with their words", "text/sentences.py", "(?P<elided>(?i:{ELIDED})", "(?P<elided>(?i:zz)"),
    ("dollars", "are countries", "text/sentences.py", "{_MONEY}|{_DOLLARS}(?![A-Za-z])|", ""),
    ("hashtag", "is one word", "text/sentences.py", "        return words\n    return [(0, tag)]", "        return [(0, tag)]\n    return [(0, tag)]"),
    ("katakana", "matches inside a run", "rules/news/terms.py", "if self.katakana_start and first", "if False and first"),
    ("distance", "a comma adds nothing", "text/tokens.py", "CLAUSE: 4, IS_WIDE | CLAUSE: 3", "CLAUSE: 2, IS_WIDE | CLAUSE: 1"),
    ("distance", "Han counts whole", "text/tokens.py", "IS_WIDE: 1, CLAUSE: 4, IS_WIDE | CLAUSE: 3", "IS_WIDE: 2, CLAUSE: 4, IS_WIDE | CLAUSE: 4"),
    ("index", "forgets other branches", "rules/news/index.py", "self.of(part) for part in wanted(node)]", "self.of(part) for part in wanted(node)[:1]]"),
    ("index", "requires what cancels", "rules/news/coverage.py", "(node.left,) if node.op in SUBTRACTING else", "(node.left,) if node.op == '' else"),
    ("index", "requires what must not be", "rules/news/coverage.py", "[test for negated, test in node.tests if not negated]\n    if isinstance(node, Pair)", "[test for _, test in node.tests]\n    if isinstance(node, Pair)"),
    ("index", "requires every alternative", "rules/news/index.py", "return (Group(*(_keys(chain(*keys)) for keys in zip(*rarest, strict=True))),) if rarest else ()", "return tuple(rarest)"),
    ("index", "misses initials", "text/prefilter.py", "found += (letters[i:]", "found += (letters[:0]"),
    ("prefix", "is passed over", "rules/news/places.py", "{*self.places, *[word[:PREFIX] for word in self.places]}", "{*self.places}"),
    ("index", "forgets the words of a name", "rules/news/index.py", "else self.of(node.expression.body)", "else ((),)"),
    ("index", "takes a name for one branch", "rules/news/index.py", "else self.of(node.expression.body)", "else (self._any(self.of(node.expression.body)),)"),
    ("name", "is judged at each place anew", "rules/news/query.py", "return Named(expression=found,", "return Named(expression=__import__('copy').deepcopy(found),"),
    ("name", "gives all labels of its body", "rules/news/evaluate.py", "if expression.labels is None:\n        return hits", "if True:\n        return hits"),
    ("name", "keeps the names of labels", "rules/news/nodes.py", "tuple(out for out, own in", "tuple(own for out, own in"),
    ("name", "claims the labels that stay inside", "rules/news/nodes.py", "frozenset(label for label, _ in self.expression.given)", "self.expression.body.gives"),
    ("name", "claims what stays inside another", "rules/news/coverage.py", "yield from part.expression.given", "yield from labelled(part.expression.body)"),
    ("name", "is no list joined by AND alone", "rules/news/evaluate.py", "while isinstance(test, Named):", "while False:"),
    ("name", "means what it does where it is used", "rules/scope.py", "return scope._own(written, bare, at)", "return self._own(written, bare, at)"),
    ("name", "takes AND in its body", "rules/news/query.py", 'if piece.kind in ("age", "label") and self._named:', "if False:"),
    ("name", "stands as deep as it likes", "rules/scope.py", "if levels(node) > 2 * DEEPEST:", "if False:"),
    ("name", "grows as large as it likes", "rules/scope.py", "if size(node) > LARGEST:", "if False:"),
    ("name", "hides what it reaches from the hash", "rules/scope.py", "self.contents([text.text])]", "[]]"),
    ("name", "is the same as its namesake elsewhere", "rules/news/coverage.py", "return list(map(_identity, units(one))) == list(map(_identity, units(other)))", "return True"),
    ("name", "is unfolded where it is true", "rules/news/proof.py", "elif not grounds:", "else:"),
    ("name", "is proved by its first branch", "rules/news/proof.py", "and self._grounds(part, inner) is None:", "and True:"),
    ("name", "hides its examples", "rules/examples.py", "yield from ((False, example) for example in carrier.quiet)", "yield from ()"),
    ("override", "adds to no list", "rules/overlay.py", "groups[value] = (*groups.get(value, ()), *terms)", "pass"),
    ("override", "replaces the members of a list", "rules/overlay.py", "groups[value] = (*groups.get(value, ()), *terms)", "groups[value] = terms"),
    ("override", "does not reach what is used", "rules/overlay.py", "pack if same else replace(pack, used=used)", "pack"),
    ("all_of", "is content with one", "policy/alerting/correlation.py", "wanted = len(correlation.members) if", "wanted = 1 if"),
    ("any_of, count", "wants one less", "policy/alerting/correlation.py", "if len(first) < wanted:", "if len(first) < wanted - 1:"),
    ("order", "takes any order", "policy/alerting/correlation.py", "m.event_time >= since)", "True)"),
    ("within", "leaves out the end", "policy/alerting/correlation.py", "start <= member.event_time <= start + within]", "start <= member.event_time < start + within]"),
    ("within", "has no end", "policy/alerting/correlation.py", "start <= member.event_time <= start + within]", "start <= member.event_time]"),
    ("by", "joins whatever there is", "policy/alerting/correlation.py", "for name in correlation.by)), _MOST_KEYS)", "for name in ())), _MOST_KEYS)"),
    ("distinct", "counts every match", "policy/alerting/correlation.py", "return (member.origin or member.source,)", "return (str(id(member)),)"),
    ("re-arm", "never fires again", "policy/alerting/correlation.py", "<= at <= one.last + correlation.within:", "<= at:"),
    ("re-arm", "knows the last time only", "policy/alerting/correlation.py", "(*past, ActiveWindow(first", "(ActiveWindow(first"),
    ("price edge", "fires while it holds", "rules/prices/edge.py", "return replace(state, armed=False, met=0), True", "return state, True"),
    ("price edge", "fires at first sight", "rules/prices/edge.py", "return replace(state, armed=not when, met=0), False", "return replace(state, armed=False, met=0), bool(when)"),
    ("price", "judges stale quotes", "rules/prices/reading.py", "if age > sight.stale_after:", "if False:"),
)  # fmt: skip
_FAILED = re.compile(r"^FAILED (\S+?)(?:\[| - |$)", re.MULTILINE)


def run(name: str, old: str, new: str) -> str:
    """The test that fails with one line changed; empty where none does.

    Raises:
        ValueError: the line is not there, once.
    """
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder)
        for part in ("daemon", "docs", "tests/unit", "tests/golden"):
            shutil.copytree(ROOT / part, copy / part, ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(ROOT / "pyproject.toml", copy)
        path = copy / "daemon" / "tocsin" / name
        text = path.read_text(encoding="utf-8")
        if text.count(old) != 1:
            raise ValueError(f"{name}: {text.count(old)} times: {old}")
        path.write_text(text.replace(old, new), encoding="utf-8")
        tests = ["tests/unit/policy"] if name.startswith("policy/") else ["tests/unit/rules"]
        tests += ["tests/unit/text"] if name.startswith("text/") else []
        command = [sys.executable, "-m", "pytest", "-x", "-q", "--tb=no", "-p", "no:cacheprovider", "-rf", *tests]
        environment = {
            **os.environ,
            "PYTHONPATH": str(copy / "daemon"),
            "HYPOTHESIS_STORAGE_DIRECTORY": str(copy / "h"),
        }
        done = subprocess.run(command, cwd=copy, env=environment, capture_output=True, text=True, check=False)
        found = _FAILED.search(done.stdout)
        if found is None and done.returncode:
            return f"(does not run: status {done.returncode})"
        return found[1].rpartition("::")[2] if found else ""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--only", default="", help="operators that hold this word")
    arguments = parser.parse_args()
    survived = 0
    # A test that fails in a copy as it is would notice everything.
    for name, line in (("rules/news/hits.py", "class Part("), ("policy/decide.py", "class Policy")):
        if test := run(name, line, line):
            sys.exit(f"{test} fails where nothing is broken")
    print(f"{'operator':14}{'broken: it ...':42}noticed by")
    for operator, what, name, old, new in MUTATIONS:
        if arguments.only in operator:
            test = run(name, old, new)
            survived += not test or test.startswith("(")
            print(f"{operator:14}{what:42}{test or 'survived'}", flush=True)
    print(f"{survived} survived" if survived else "every one is noticed")
    return int(survived > 0)


if __name__ == "__main__":
    sys.exit(main())
