"""Sources of kind `push` in the configuration: programs hand in their entries by the API."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from pydantic import Field

from tocsin.config.filters import FilterShape, make_filter
from tocsin.config.yaml.nodes import Node, Scalar, children, entries, member, problem, said, scalars
from tocsin.config.yaml.shape import Texts
from tocsin.errors import Problem, meant
from tocsin.model.entries import PUSH
from tocsin.rules.filters import Filter


@dataclass(frozen=True, slots=True, kw_only=True)
class PushConfig:
    """A source that programs hand entries in to. Its *labels* belong to each; *accept_labels* names those that an entry may bring.

    *tokens* are those that may hand in here, all that may ingest if none is named.
    """

    name: str
    labels: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    accept_labels: tuple[str, ...] = ()
    tokens: tuple[str, ...] = ()
    filter: Filter | None = None

    def takes_from(self, token: str) -> bool:
        """Return True if the program with the *token* of this name may hand in here."""
        return not self.tokens or token in self.tokens

    @property
    def kind(self) -> str:
        """The kind of source."""
        return PUSH

    @property
    def address(self) -> str:
        """The address of the API that takes its entries, below the page."""
        return f"/api/v1/sources/{self.name}/items"

    @property
    def identity(self) -> str:
        """The text by which its row is known: a name that programs push to is always the same source."""
        return self.address


class PushShape(FilterShape):
    """A source in the file that programs hand entries in to."""

    push: Literal[True]
    """Always true: entries are handed in by the API, and nothing is polled."""
    labels: dict[str, Texts] = Field(default_factory=dict)
    """Labels of every entry of this source."""
    accept_labels: Texts = ()
    """Labels that an entry may bring itself, such as [company]. Any other is refused: labels decide what a rule finds, how loud
    it is and who is told."""
    tokens: Texts = ()
    """The tokens that may hand in here, by name. Default: every token that may ingest."""


class AnyValue(frozenset[str]):
    """The values of a label that entries may bring themselves: every text is one of them."""

    def __contains__(self, value: object) -> bool:
        """Return True."""
        return True


def make_push(name: str, item: PushShape) -> PushConfig:
    """Return the source *name* that *item* describes."""
    return item.build(PushConfig, name=name, filter=make_filter(item))


def check_pushes(root: Node) -> Iterator[Problem]:
    """Yield faults of the sources that programs hand entries in to, and warnings if no program can."""
    pushed = [source for source in children(member(root, "sources")) if member(source, "push")]
    web = member(root, "web")
    able = [key.text for key, token in entries(member(web, "tokens")) if _may(token) == "ingest"]
    for source in pushed:
        own = [key.text for key, _ in entries(member(source, "labels"))]
        for name in scalars(member(source, "accept_labels")):
            if name.text in own:
                words = f"{said(name.text)} stands in labels, which an entry cannot change: remove it from one of them"
                yield problem(name, words)
        for name in scalars(member(source, "tokens")):
            if name.text not in able:
                yield problem(name, f"no token {said(name.text)} may ingest{meant(name.text, able)}")
    if not pushed:
        return
    listen = member(web, "listen")
    if web is None or (isinstance(listen, Scalar) and listen.text == "off"):
        yield problem(pushed[0], "nothing can be handed in, because there is no page: write web: {}", warning=True)
    elif not able:
        words = "no program may hand anything in: write web: {tokens: {NAME: {secret: ..., may: ingest}}}"
        yield problem(pushed[0], words, warning=True)


def _may(token: Node) -> str:
    found = member(token, "may")
    return found.text if isinstance(found, Scalar) else ""
