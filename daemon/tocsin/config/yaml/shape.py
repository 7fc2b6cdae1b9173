"""Checks of nodes against closed shapes, with every fault at its position.

The shapes are pydantic models. Pydantic's errors are reworded so that they name the remedy, and their position is
looked up in the nodes. An unknown key is a fault with a suggestion, and keys that begin with `x-` are free.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, ClassVar, Self, TypeVar, get_args

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    ModelWrapValidatorHandler,
    PrivateAttr,
    ValidationError,
    ValidationInfo,
    WithJsonSchema,
    model_validator,
)
from pydantic_core import ErrorDetails

from tocsin.config.yaml.meanings import meanings
from tocsin.config.yaml.nodes import Items, Missing, Node, Pairs, Scalar, problem, said
from tocsin.errors import Position, Problem, meant
from tocsin.units import DURATION, parse_duration, write_duration

T = TypeVar("T")


#: Unknown keys of one document for which a likely one is looked for: that costs a thousand times as much as to read a key.
_SUGGESTED = 100


@dataclass(frozen=True, slots=True)
class Context:
    """Context in which a value is read. Faults are added to *problems*, and paths are relative to *folder*."""

    problems: list[Problem]
    folder: Path


def context(info: ValidationInfo) -> Context:
    """Return the context in which a value is read."""
    assert isinstance(info.context, Context), "files are read by Shape.of"
    return info.context


class Filled(str):
    """A text of which a part came from outside the file. *written* is how the file has it."""

    __slots__ = ("written",)
    written: str


class _Map(dict[str, Any]):
    """A map with its node, for pydantic."""

    node: Pairs


def _close(schema: dict[str, Any]) -> None:
    """Make unknown keys faults in a JSON Schema too, except those that begin with `x-`."""
    schema.pop("title", None)
    schema.pop("description", None)  # the docstring of the class, which is for readers of the code
    schema["additionalProperties"] = False
    schema["patternProperties"] = {"^x-": {}}


class Shape(BaseModel):
    """A map with these keys and no others. The text below a key is its description for editors."""

    model_config = ConfigDict(
        extra="ignore",
        frozen=True,
        coerce_numbers_to_str=True,
        arbitrary_types_allowed=True,
        json_schema_extra=_close,
    )

    #: Why some keys are unknown on purpose.
    refused: ClassVar[Mapping[str, str]] = {}
    _node: Pairs | None = PrivateAttr(default=None)

    @model_validator(mode="wrap")
    @classmethod
    def _read(cls, data: Any, handler: ModelWrapValidatorHandler[Self], info: ValidationInfo) -> Self:
        if not isinstance(data, _Map):
            return handler(data)
        known = [field.alias or name for name, field in cls.model_fields.items()]
        unknown = [name for name in data if name not in known and not name.startswith("x-")]
        if unknown:
            keys = {key.text: key for key, _ in data.node.pairs}
            problems, all_of_them = context(info).problems, f"; the keys here are {', '.join(known)}"
            for name in unknown:
                likely = _inside(cls, name) or (meant(name, known) if len(problems) < _SUGGESTED else "")
                words = f"unknown key {said(name)}{likely or all_of_them}"
                problems.append(problem(keys[name], cls.refused.get(name) or words))
        for name, (own, field) in zip(known, cls.model_fields.items(), strict=True):
            if field.is_required() and name not in data:
                words = f"{name} is missing here{_meaning(meanings(cls).get(own, ''))}"
                context(info).problems.append(problem(_head(data.node), words))
        shape = handler(data)
        shape._node = data.node
        return shape

    @classmethod
    def of(cls, node: Node, problems: list[Problem], folder: Path = Path()) -> Self | None:
        """Return the values of *node*, whose paths are relative to *folder*.

        If it has faults, add them to *problems* and return None.
        """
        before = len(problems)
        try:
            value = cls.model_validate(_plain(node), context=Context(problems, folder))
        except ValidationError as error:
            problems += filter(None, (_explain(fault, node) for fault in error.errors(include_url=False)))
            return None
        return value if len(problems) == before else None

    @property
    def node(self) -> Pairs | None:
        """The map in the file. None for a default."""
        return self._node

    @property
    def position(self) -> Position | None:
        """The position at which the map begins."""
        return self._node.place.at() if self._node else None

    def build(self, kind: type[T], /, **more: Any) -> T:
        """Return the dataclass *kind* with the values of this map for fields of the same name, and with *more*."""
        names = type(self).model_fields.keys() & {field.name for field in fields(kind)}  # type: ignore[arg-type]
        return kind(**{name: getattr(self, name) for name in names} | more)


def _duration(value: Any) -> timedelta:
    if isinstance(value, timedelta):
        return value
    if isinstance(value, bool | float | dict | list) or value is None:
        raise ValueError("must be a whole number and one unit, such as 90s, 30m, 12h, 2d or 1w")
    return parse_duration(str(value))


def at_least(shortest: timedelta) -> AfterValidator:
    """Return a validator that refuses spans shorter than *shortest*."""

    def checked(length: timedelta) -> timedelta:
        if length < shortest:
            raise ValueError(f"must be {write_duration(shortest)} or more")
        return length

    return AfterValidator(checked)


def listed(value: Any) -> Any:
    """Return a single text as a list of one, and anything else as it is."""
    return [value] if isinstance(value, str | int | float) and not isinstance(value, bool) else value


_DURATION = {"type": "string", "pattern": rf"{DURATION}|\$\{{", "examples": ["90s", "30m", "12h", "2d", "1w"]}
Duration = Annotated[timedelta, BeforeValidator(_duration), WithJsonSchema(_DURATION)]
TEXT = {"type": ["string", "number"]}
TEXTS = {"anyOf": [TEXT, {"type": "array", "items": TEXT}]}
#: A list of texts. A single text is a list of one.
Texts = Annotated[tuple[str, ...], BeforeValidator(listed), WithJsonSchema(TEXTS)]


def _find(node: Node, path: tuple[str | int, ...]) -> Node | None:
    """Return the node at *path* below *node*, or None."""
    found: Node | None = node
    for step in path:
        if isinstance(found, Pairs):
            found = found.get(str(step))
        elif isinstance(found, Items) and isinstance(step, int) and step < len(found.items):
            found = found.items[step]
        else:
            return None
    return found


def _plain(node: Node) -> Any:
    if isinstance(node, Scalar):
        if not node.filled or not isinstance(node.value, str) or isinstance(node.value, Missing):
            return node.value
        filled = Filled(node.value)
        filled.written = node.text
        return filled
    if isinstance(node, Items):
        return [_plain(item) for item in node.items]
    values = _Map((key.text, _plain(value)) for key, value in node.pairs)
    values.node = node
    return values


def tag(name: str) -> str:
    """Return the tag of a shape in a union. Pydantic puts it into the paths of faults, where it must differ from a key."""
    return f"[{name}]"


def _inside(cls: type[Shape], name: str) -> str:
    """Return inside of which keys of a shape the key *name* belongs, as the end of a sentence; empty if of none."""
    found = [
        field.alias or own
        for own, field in cls.model_fields.items()
        for part in (field.annotation, *get_args(field.annotation))
        if isinstance(part, type) and issubclass(part, Shape)
        if name in {inner.alias or key for key, inner in part.model_fields.items()}
    ]
    return f" here; it belongs inside of {' or '.join(found)}" if found else ""


def _explain(fault: ErrorDetails, root: Node) -> Problem | None:
    """Return *fault* as a problem at its position. None if the node is already known to be broken."""
    path = tuple(step for step in fault["loc"] if not str(step).startswith("["))
    if fault["type"] == "missing":
        return None  # the shape has said what it needs
    node: Node = root
    for length in range(len(path), -1, -1):
        found = _find(root, path[:length])
        if found is not None:
            node = found
            break
    if isinstance(node, Scalar) and node.broken:
        return None
    names = [str(step) for step in path if isinstance(step, str)]
    name = names[-1] if names else "this"
    return problem(node, f"{name} {_words(fault, node)}")


def _meaning(text: str) -> str:
    """Return what a key means, from its description *text*, to go on after a colon."""
    first = text.partition(". ")[0].removesuffix(".")
    return f": {first[:1].lower()}{first[1:]}" if first else ""


def _head(node: Node) -> Node:
    """Return the first key of a map, to point at, and any other node itself."""
    return node.pairs[0][0] if isinstance(node, Pairs) and node.pairs else node


def _words(fault: ErrorDetails, node: Node) -> str:
    kind = fault["type"]
    given = fault.get("ctx", {})
    if isinstance(node, Scalar) and node.value is None:
        return "is empty; write a value, or leave the key out"
    if kind == "value_error":
        return str(given["error"])
    if kind in ("literal_error", "enum"):
        known = str(given["expected"]).replace("'", "").replace("True", "true")
        levels = known.replace(" or ", ", ").split(", ")
        likely = meant(node.text, levels) if isinstance(node, Scalar) and not node.filled else ""
        return f"must be {known}{likely}"
    if kind.startswith("bool"):
        return "must be true or false"
    if kind == "string_type":
        return "must be text; true and false need quotes to be text" if isinstance(node, Scalar) else "must be text"
    if kind in ("dict_type", "model_type", "model_attributes_type", "mapping_type"):
        return "must be a map: keys with values"
    if kind in ("list_type", "tuple_type"):
        return "must be a list"
    if kind in _BOUNDS:
        return _BOUNDS[kind].format(**given)
    if kind == "string_pattern_mismatch":
        return "must be letters, digits, dots, dashes and underscores, and begin with a letter or digit"
    return str(fault["msg"]).lower()


_BOUNDS = {
    "greater_than_equal": "must be {ge} or more",
    "less_than_equal": "must be {le} or less",
    "string_too_long": "must have at most {max_length:,} characters",
    "string_too_short": "must not be empty",
    "too_long": "must have at most {max_length:,} items",
    "too_short": "must not be empty",
}
