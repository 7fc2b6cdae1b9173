"""Evidence on the terminal: the tree with its marks, and the text with the matching words highlighted."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.table import Table
from rich.text import Text
from rich.tree import Tree

from tocsin.cli.output import local, shown
from tocsin.explain.excerpts import excerpts
from tocsin.explain.outline import Mark, Node, outline
from tocsin.model.entries import Entry
from tocsin.model.rules import Evidence
from tocsin.units import counted

#: Columns of a line if the output is not a terminal.
_PIPE = 120
#: Characters shown of a text in which nothing was found.
_OPENING = 240
#: Characters shown of a collapsed expression.
_EXPRESSION = 100


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
    root = outline(node, texts, zone)
    view = Tree(_label(root, zone), guide_style="dim", highlight=False)
    _grow(view, root, zone)
    return view


def _grow(view: Tree, node: Node, zone: ZoneInfo) -> None:
    for child in node.children:
        _grow(view.add(_label(child, zone)), child, zone)
    if node.hidden:
        view.add(Text(f"· {counted(node.hidden, 'other')} not met", style="dim"))


def _label(node: Node, zone: ZoneInfo) -> Table:
    row = Table.grid(expand=True, padding=(0, 1, 0, 0))
    row.add_column(width=1)
    row.add_column(ratio=1, overflow="fold")
    row.add_column(justify="right", no_wrap=True, style="dim")
    head = Text.assemble((node.name, "bold")) if node.name else Text()
    if node.text:
        head.append(" " if head else "")
        head.append_text(_cut(node.text))
    if node.found:
        said = ", ".join(f"“{shown(word)}”" for word in node.found)
        head.append(f"  {said}{' …' if node.more else ''}", style="yellow")
    if node.note:
        bad = node.mark in (Mark.MISSING, Mark.NEITHER)
        head.append(f"\n{shown(node.note)}", style="red" if bad else "dim")
    if witness := node.witness:
        by = f" ({witness.source})" if witness.source else ""
        head.append(f"  {local(witness.at, zone)}  {shown(witness.title)}{shown(by)}", style="yellow")
    row.add_row(_mark(node), head, node.place)
    return row


def _mark(node: Node) -> Text:
    """Return the mark as `mark` does. An exception that does not apply is neither good nor bad."""
    if node.mark is Mark.CANCELS:
        return Text("✓", style="red")
    return mark(None if node.mark is Mark.NEITHER else node.mark is Mark.MET)


def _cut(text: str) -> Text:
    written = Text(shown(text))
    written.truncate(_EXPRESSION, overflow="ellipsis")
    return written


def text_lines(entry: Entry, evidence: Evidence | None, *, colour: bool) -> Iterator[tuple[str, Text]]:
    """Yield (field, excerpt) of *entry*, with the words marked that met the rule or came nearest to it.

    Without *colour* the words are put in brackets.
    """
    for quote in excerpts(entry, evidence):
        line = Text()
        for piece in quote.pieces:
            words = shown(piece.text)
            if piece.marked:
                line.append(words if colour else f"[{words}]", style="bold black on yellow" if colour else "")
            else:
                line.append(words)
        yield quote.field, line
