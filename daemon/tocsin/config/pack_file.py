"""The shape of a file of a rule pack."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Discriminator, Field, Tag, WithJsonSchema
from pydantic.config import JsonDict

from tocsin.config.values import ID
from tocsin.config.yaml.shape import TEXTS, Duration, Shape, Texts, tag
from tocsin.model.rules import Severity

COOLDOWN = timedelta(hours=12)
#: A quote older than this in market time is not judged, and neither is a move before so many closes are known.
STALE_AFTER = timedelta(hours=48)
MIN_OBS = 10
_Id = Annotated[str, Field(pattern=ID)]

_Number = Annotated[int, Field(ge=1, le=1000)]

_TERMS = {"type": "array", "minItems": 1, "items": {"type": ["string", "number"], "minLength": 1}}
_LISTS = {"anyOf": [_TERMS, {"type": "object", "minProperties": 1, "additionalProperties": _TERMS}]}
#: Names of lists and expressions.
NAME = re.compile(r"[a-z][a-z0-9-]*")
_NAMES: JsonDict = {"propertyNames": {"pattern": f"^{NAME.pattern}$"}}
#: The content of a list is checked on the nodes, because they have the position of each term.
Lists = Annotated[dict[str, Any], WithJsonSchema({"type": "object", "additionalProperties": _LISTS, **_NAMES})]

_CLASS = {
    "type": "object",
    "properties": {"class": {"type": "string", "description": "The class of the instruments."}},
    "required": ["class"],
    "additionalProperties": False,
    "patternProperties": {"^x-": {}},
}
_LEAVING = {"anyOf": [*TEXTS["anyOf"], {"type": "object", "additionalProperties": TEXTS}]}

_IDS = {"type": "array", "minItems": 1, "items": {"type": "string"}}
#: The choice between the two forms is checked on the nodes.
_Which = Annotated[Any, WithJsonSchema({"anyOf": [_CLASS, {"type": "string"}, _IDS]})]


class _Pack(Shape):
    id: _Id
    """The name of the pack: pack/rule names a rule in full."""
    version: str = ""
    """The version of the pack, for people."""
    title: str = ""
    """The subject of the pack."""
    distinguish: Texts = ()
    """Labels that tell stories with similar headlines apart, in addition to the labels of a rule's key.

    A report with a new value of such a label updates the alert that it joins.
    """
    use: Texts = ()
    """The packs whose lists and expressions this one names in full, such as @words/curb."""
    library: bool = False
    """True for a pack without rules, whose lists and expressions are for other packs."""
    note: str = ""
    """A note for readers of the pack."""


class _Expression(Shape):
    match: str
    """The expression. It means what it would in brackets, wherever @name stands."""
    fires: tuple[str, ...] = ()
    """Headlines that must meet it. Checked by check, test and every reload."""
    quiet: tuple[str, ...] = ()
    """Headlines that must not meet it."""
    labels: Annotated[Any, WithJsonSchema(_LEAVING)] = None
    """The labels that leave it: [mineral], [] for none, or {actor: country} for country under the name actor.

    {actor: [state, ministry]} lets several out under one name. Default: all.
    """
    note: str = ""
    """A note for readers of the pack."""


def _form(value: Any) -> str:
    """Return the tag of an expression: a map, or a text that is its `match`."""
    return tag("map" if isinstance(value, Mapping) else "text")


_Expressions = dict[
    str, Annotated[Annotated[str, Tag(tag("text"))] | Annotated[_Expression, Tag(tag("map"))], Discriminator(_form)]
]


class _News(Shape):
    match: str
    """The expression that an entry must meet. Write it after `match: |`, since YAML eats leading quotes."""
    unless: str | None = None
    """An expression that cancels the match."""
    severity_if: tuple[dict[Severity, str], ...] = ()
    """Severities with an expression each. The first that is true, within the sentences of the match, is used."""


class PriceShape(Shape):
    """`price:` of a rule."""

    instruments: _Which
    """The instruments: a class such as {class: equity}, or ids such as [copper, tin]."""
    when: str
    """The comparison that makes the rule fire when it becomes true, such as abs(z(20d)) >= 4."""
    clear: str | None = None
    """The comparison that re-arms the rule. Needed if it cannot be derived from `when`."""
    stale_after: Duration = STALE_AFTER
    """Quotes older than this in market time are not judged."""
    min_obs: Annotated[int, Field(ge=0, le=300)] = MIN_OBS
    """Number of closes that must be known before the rule is evaluated."""
    confirm: Annotated[int, Field(ge=1, le=100)] = 1
    """Number of quotes in a row that must agree before the rule fires."""
    recovered: bool = False
    """True to send one message that it is over, in the thread of the alert, to those who were sent it."""


#: A multiple of what is usual.
_USUAL = r"(\d{1,3}(?:\.\d{1,2})?)\s*x\s+usual"
_TIMES = {"type": "string", "pattern": f"^{_USUAL}$"}


def _times(value: object) -> float:
    """Return the multiple in a text such as `3x usual`.

    Raises:
        ValueError: it is none, or less than 1.
    """
    found = re.fullmatch(_USUAL, str(value).strip())
    if found is None or float(found[1]) < 1:
        raise ValueError("must be a multiple of what is usual, from 1x on, such as 3x usual")
    return float(found[1])


class _Count(Shape):
    rule: str
    """The rule whose matches are counted: its id, or pack/id."""
    at_least: _Number | None = None
    """Number of distinct matches that make it true."""
    more_than: Annotated[float, BeforeValidator(_times), WithJsonSchema(_TIMES)] | None = None
    """Multiple of what is usual at this time of the week that they must exceed, such as 3x usual."""
    new: str | None = None
    """A label, in place of a number: one match is enough whose value of it was in no match before."""
    none_within: Duration | None = None
    """A length of time, in place of a number: true when no match came for so long, such as 24h."""
    distinct: str = "entry"
    """Property that distinguishes the matches that are counted: origin, source, entry or a label."""


class RuleShape(Shape):
    """A rule."""

    id: _Id
    """The name of the rule, unique in its pack. Never change it: state and history refer to it."""
    news: _News | None = None
    """A condition on the text of entries."""
    price: PriceShape | None = None
    """A condition on the prices of instruments. A rule has one condition."""
    all_of: Texts = ()
    """Rules that must all have matched: their ids, or pack/id."""
    any_of: Texts = ()
    """Rules of which some must have matched. at_least says how many."""
    at_least: _Number | None = None
    """Number of rules of any_of that must match."""
    count: _Count | None = None
    """A count of the matches of one rule."""
    by: Texts = ()
    """Labels for which the matches of a correlation must share a value."""
    within: Duration | None = None
    """The longest time between the matches of a correlation."""
    order: bool = False
    """True if the rules of all_of must match in this order."""
    title: str | None = None
    """The title of an alert. {label} is filled in. Default: made from the id."""
    severity: Severity = Severity.MEDIUM
    """The severity: info < low < medium < high < critical."""
    event: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$")] | None = None
    """The event as topic.group.type. Stories are folded within one event. Default: custom.<id>."""
    key: Texts | None = None
    """The labels whose values tell alerts apart. Default: story (instrument for a price, `by` for a correlation)."""
    cooldown: Duration | None = None
    """The least time between messages about one key value, such as 12h. Further messages are held, never dropped.

    Default: 12h, or the `within` of a correlation.
    """
    fires: tuple[str, ...] = ()
    """Headlines that must fire the rule. Checked by check, test and every reload."""
    quiet: tuple[str, ...] = ()
    """Headlines that must not fire the rule."""
    note: str = ""
    """Advice for whoever is notified. It is part of the message."""
    references: Texts = ()
    """Web addresses that the rule is based on."""


class RuleFile(Shape):
    """One file of a pack."""

    tocsin: Literal[1]
    """The version of the rule language."""
    pack: _Pack | None = None
    """The name of the pack. Only one file of the folder has it."""
    lists: Lists = Field(default_factory=dict)
    """Named words: a list of terms, or a map of such lists whose keys become labels."""
    expressions: _Expressions = Field(default_factory=dict, json_schema_extra=_NAMES)
    """Named expressions, written as @name: a text, or a map with `match` and examples."""
    rules: tuple[RuleShape, ...] = ()
    """The rules."""
