"""Evidence on the terminal: the tree with its marks, and the text with the matching words highlighted."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.table import Table
from rich.text import Text
from rich.tree import Tree

from tocsin.cli.output import local, shown
from tocsin.model.entries import Entry
from tocsin.model.rules import Evidence, Hit, Severity
from tocsin.render.quotes import quotes
from tocsin.render.reasons import in_zone
from tocsin.units import counted

#: Columns of a line if the output is not a terminal.
_PIPE = 120
#: Characters shown of a text in which nothing was found.
_OPENING = 240
#: Characters shown of a collapsed expression.
_EXPRESSION = 100
#: Different words shown after a term or a list.
_WORDS = 5
#: Operators of which both sides must be found.
_PAIRS = ("NEAR", "BEFORE", "SENT", "CLAUSE")
#: Operators that are named although their expression is shown.
_NAMED = ("rule", "match", "unless", "NOT", *(f"severity_if {level}" for level in Severity))


def console() -> Console:
    """Return the console for data on stdout, as wide as the terminal, or 120 columns."""
    return Console(highlight=False) if sys.stdout.isatty() else Console(width=_PIPE, highlight=False)


def mark(good: bool | None) -> Text:
    """Return a tick for true, a cross for false, and a dot for neither."""
    if good is None:
        return Text("·", style="dim")
    return Text("✓", style="green") if good else Text("✗", style="red")


def tree(node: Evidence, texts: Mapping[str, str], zone: ZoneInfo) -> Tree:
    """Return the evidence as a tree, with times in *zone*.

    Each node has a mark, the expression, the words found in *texts* (by field), a note, and its line. Alternatives that were not needed are collapsed, and so are expressions of which nothing was found.
    """
    view = Tree(_label(node, texts, zone), guide_style="dim", highlight=False)
    _grow(view, node, texts, zone)
    return view


def _grow(view: Tree, node: Evidence, texts: Mapping[str, str], zone: ZoneInfo) -> None:
    children = _telling(node)
    for child in children:
        _grow(view.add(_label(child, texts, zone)), child, texts, zone)
    if children and (hidden := len(node.children) - len(children)):
        view.add(Text(f"· {counted(hidden, 'other')} not met", style="dim"))


def _telling(node: Evidence) -> tuple[Evidence, ...]:
    """Return the children that explain the result."""
    if node.op not in ("rule", "expression") and not _found_something(node):
        return ()
    if node.holds and node.op in ("match", "unless", "OR") and any(child.op != "NOT" for child in node.children):
        return tuple(child for child in node.children if child.holds)
    return node.children


def _found_something(node: Evidence) -> bool:
    return node.holds or bool(node.hits) or any(map(_found_something, node.children))


def _label(node: Evidence, texts: Mapping[str, str], zone: ZoneInfo) -> Table:
    row = Table.grid(expand=True, padding=(0, 1, 0, 0))
    row.add_column(width=1)
    row.add_column(ratio=1, overflow="fold")
    row.add_column(justify="right", no_wrap=True, style="dim")
    head = Text()
    unfolded = bool(_telling(node))
    if node.op in _NAMED or (unfolded and node.op not in ("term", "list", "expression")):
        head.append(node.op, style="bold")
    # If the node is expanded, its children show the rest.
    if not unfolded or node.op in ("rule", "expression") or node.witnesses:
        head.append(" " if head else "")
        head.append_text(_cut(node.text))
    if found := _found(node, texts):
        head.append(f"  {found}", style="yellow")
    # If a side of a pair is missing, its own line shows that.
    missing = node.op.partition("/")[0] in _PAIRS and not all(child.holds for child in node.children)
    if node.note and node.op != "rule" and not (unfolded and missing):
        head.append(f"\n{shown(in_zone(node.note, zone))}", style="red" if not node.holds else "dim")
    if witness := node.witness:
        by = f" ({witness.source})" if witness.source else ""
        head.append(f"  {local(witness.at, zone)}  {shown(witness.title)}{shown(by)}", style="yellow")
    at = node.position
    row.add_row(_mark(node), head, f"{at.file.rpartition('/')[2]}:{at.line}" if at else "")
    return row


def _mark(node: Evidence) -> Text:
    """Return the mark as `mark` does. An exception that does not apply is neither good nor bad."""
    if node.op == "unless":
        return Text("✓", style="red") if node.holds else mark(None)
    return mark(None) if node.op.startswith("severity_if") and not node.holds else mark(node.holds)


def _cut(text: str) -> Text:
    written = Text(shown(text))
    written.truncate(_EXPRESSION, overflow="ellipsis")
    return written


def _found(node: Evidence, texts: Mapping[str, str]) -> str:
    """Return the distinct words that a leaf found, and the number of those left out."""
    if node.children or not node.hits:
        return ""
    spans = (span for hit in node.hits for span in hit.spans)
    words = dict.fromkeys(" ".join(texts.get(s.field, "")[s.start : s.end].split()) for s in spans)
    said = [f"“{shown(word)}”" for word in words if word]
    more = " …" if len(said) > _WORDS else ""
    return f"{', '.join(said[:_WORDS])}{more}"


def text_lines(entry: Entry, evidence: Evidence, *, colour: bool) -> Iterator[tuple[str, Text]]:
    """Yield (field, excerpt) of *entry*, with the words marked that met the rule or came nearest to it.

    Without *colour* the words are put in brackets.
    """
    hits = evidence.hits if evidence.holds else tuple(_leaf_hits(evidence))
    quoted = quotes(entry, replace(evidence, hits=hits))
    if not any(quote.field == "title" for quote in quoted):
        yield "title", Text(shown(entry.title))
    for quote in quoted:
        line = Text()
        for piece in quote.pieces:
            words = shown(piece.text)
            if piece.marked:
                line.append(words if colour else f"[{words}]", style="bold black on yellow" if colour else "")
            else:
                line.append(words)
        yield quote.field, line
    if not any(quote.field != "title" for quote in quoted):
        for field, text in (("summary", entry.summary), ("body", entry.body)):
            if text:
                cut = " …" if len(text) > _OPENING else ""
                yield field, Text(f"{shown(' '.join(text[:_OPENING].split()))}{cut}", style="dim")


def _leaf_hits(node: Evidence) -> Iterator[Hit]:
    if not node.children:
        yield from node.hits
    for child in node.children:
        yield from _leaf_hits(child)
