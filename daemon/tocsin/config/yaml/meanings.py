"""The meanings of the keys of shapes: the text below each, for faults, editors and the description of the API."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Mapping
from functools import cache
from itertools import pairwise
from textwrap import dedent

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core.core_schema import ModelSchema


@cache
def meanings(shape: type[BaseModel]) -> Mapping[str, str]:
    """Return the text below each key of *shape*, by the name of its field.

    It is read from the source code when it is needed: to have pydantic read it takes a third of the time in which a
    configuration is loaded.
    """
    found: dict[str, str] = {}
    for kind in reversed(shape.__mro__):
        if issubclass(kind, BaseModel) and kind is not BaseModel:
            (defined,) = ast.parse(dedent(inspect.getsource(kind))).body
            assert isinstance(defined, ast.ClassDef)
            for pair in pairwise(defined.body):
                match pair:
                    case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(text))):
                        found[name] = inspect.cleandoc(text)
    return found


class Described(GenerateJsonSchema):
    """Generator of schemas in which each key of a shape has its meaning."""

    def model_schema(self, schema: ModelSchema) -> JsonSchemaValue:
        """Return the schema of a shape."""
        made, shape = super().model_schema(schema), schema["cls"]
        assert issubclass(shape, BaseModel)
        for name, text in meanings(shape).items():
            made["properties"][shape.model_fields[name].alias or name]["description"] = text
        return made
