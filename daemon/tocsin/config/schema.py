"""JSON Schemas (2020-12) for editors, generated from the shapes that check the files."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core.core_schema import NullableSchema, StringSchema

from tocsin.config.config import ConfigFile
from tocsin.config.packs import RuleFile
from tocsin.config.testfile import RuleTestFile
from tocsin.config.yaml.shape import Shape

_DIALECT = "https://json-schema.org/draft/2020-12/schema"


class Kind(StrEnum):
    """The kinds of file that have a schema."""

    RULES = "rules"
    CONFIG = "config"
    TESTS = "tests"


#: The shape and the description of each kind of file.
_SHAPES: dict[Kind, tuple[type[Shape], str]] = {
    Kind.RULES: (RuleFile, "A file of a rule pack"),
    Kind.CONFIG: (ConfigFile, "The configuration of tocsin"),
    Kind.TESTS: (RuleTestFile, "A file of rule tests"),
}


def schema(kind: Kind) -> dict[str, Any]:
    """Return the JSON Schema of a *kind* of file. It is closed except for `x-` keys, and describes every key."""
    shape, title = _SHAPES[kind]
    made = shape.model_json_schema(schema_generator=_Generator)
    return {"$schema": _DIALECT, **made, "title": title}


class _Generator(GenerateJsonSchema):
    """Generator of a schema that accepts what the reader accepts: numbers where text is expected. Defaults are left out."""

    def str_schema(self, schema: StringSchema) -> JsonSchemaValue:
        made = super().str_schema(schema)
        return {**made, "type": ["string", "number"]}

    def nullable_schema(self, schema: NullableSchema) -> JsonSchemaValue:
        return self.generate_inner(schema["schema"])  # a key without a value is a fault, so null is not allowed

    def default_schema(self, schema: Any) -> JsonSchemaValue:
        return self.generate_inner(schema["schema"])

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002 (as the base class asks)
        return False
