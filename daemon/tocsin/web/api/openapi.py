"""The description of the API (OpenAPI 3.1), made from the types of the values that it answers with."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from functools import cache
from typing import Any

from aiohttp import web
from pydantic import TypeAdapter
from pydantic.json_schema import JsonSchemaValue
from pydantic_core.core_schema import BytesSchema, DataclassSchema, DecimalSchema, TimedeltaSchema

from tocsin.config.yaml.meanings import Described
from tocsin.errors import Position
from tocsin.model.reasons import Cause, Reason
from tocsin.web.api.acts import HEADER, LONGEST_KEY
from tocsin.web.api.answers import FOLDER, answer, get
from tocsin.web.api.operations import OPERATIONS, Operation
from tocsin.web.page import Page, Route

_REF = "#/components/schemas/{model}"
_OBJECT = "application/json"
_PROBLEM = "application/problem+json"


def routes() -> tuple[Route, ...]:
    """Return the route."""
    return (get("/openapi.json", describe),)


async def describe(page: Page) -> web.Response:
    """Answer with the description of the API."""
    version = page.daemon.health().version
    servers = [{"url": f"{page.site.base}{FOLDER}"}]
    return answer({**await page.read(description), "info": {"title": "tocsin", "version": version}, "servers": servers})


class _Objects(Described):
    """Schemas of values as `plain` writes them. All fields are there, also those that are empty."""

    def timedelta_schema(self, schema: TimedeltaSchema) -> JsonSchemaValue:  # noqa: ARG002
        return {"type": "number", "description": "Seconds."}

    def decimal_schema(self, schema: DecimalSchema) -> JsonSchemaValue:  # noqa: ARG002
        return {"type": "string"}

    def bytes_schema(self, schema: BytesSchema) -> JsonSchemaValue:  # noqa: ARG002
        return {"type": "string", "contentEncoding": "base64"}

    def dataclass_schema(self, schema: DataclassSchema) -> JsonSchemaValue:
        kind = schema["cls"]
        if kind is Position:
            return {"type": "string", "description": "file:line:column"}
        if kind is Reason:
            return {"type": "string", "description": "A sentence."}
        found = super().dataclass_schema(schema)
        if any(field.name == "reason" for field in dataclasses.fields(kind)):
            found["properties"]["cause"] = {"type": "string", "enum": list(Cause)}
            found["required"].append("cause")
        return found

    def field_is_required(self, field: Any, total: bool) -> bool:
        return self.mode == "serialization" or super().field_is_required(field, total)


@cache
def description() -> Mapping[str, Any]:
    """Return the description of the API, without the version of the program and its address."""
    kinds = {kind: None for one in OPERATIONS for kind in one.kinds}
    bodies = {one.body: None for one in OPERATIONS if one.body}
    wanted = [
        *((kind, "serialization", TypeAdapter(kind)) for kind in kinds),
        *((kind, "validation", TypeAdapter(kind)) for kind in bodies),
    ]
    found, definitions = TypeAdapter.json_schemas(
        wanted,  # type: ignore[arg-type]
        schema_generator=_Objects,
        ref_template=_REF,
    )
    schemas = {kind: schema for (kind, _), schema in found.items()}
    paths: dict[str, dict[str, object]] = {}
    for one in OPERATIONS:
        paths.setdefault(one.path, {})[one.method.lower()] = _operation(one, schemas)
    return {
        "openapi": "3.1.0",
        "paths": paths,
        "components": {
            "schemas": {**definitions.get("$defs", {}), "ProblemDetails": _PROBLEM_SCHEMA},
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{"token": []}],
    }


def _operation(one: Operation, schemas: Mapping[Any, JsonSchemaValue]) -> dict[str, object]:
    parts = [{"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in _parts(one)]
    query = [
        {"name": name, "in": "query", "description": words, "schema": {"type": "string"}}
        for name, words in one.query.items()
    ]
    header = [{**_KEY, "schema": {"type": "string", "maxLength": LONGEST_KEY}}] if one.acts else []
    good = {
        str(status): {"description": "As asked.", "content": {_OBJECT: {"schema": _answer(one, schemas)}}}
        for status in one.statuses
    }
    bad = {"description": "An error.", "content": {_PROBLEM: {"schema": {"$ref": _REF.format(model="ProblemDetails")}}}}
    body = {"requestBody": {"required": True, "content": {_OBJECT: {"schema": schemas[one.body]}}}} if one.body else {}
    return {
        "summary": one.summary,
        "parameters": [*parts, *query, *header],
        **body,
        "responses": {**good, "default": bad},
    }


def _parts(one: Operation) -> list[str]:
    return re.findall(r"\{(\w+)\}", one.path)


def _answer(one: Operation, schemas: Mapping[Any, JsonSchemaValue]) -> JsonSchemaValue:
    more = {name: schemas[kind] for name, kind in one.more.items()}
    parts = [*([schemas[one.kind]] if one.kind else []), *([_map(more)] if more else [])]
    item = parts[0] if len(parts) == 1 else {"allOf": parts}
    if not one.several:
        return item
    return _map({"items": {"type": "array", "items": item}, "next": {"type": ["string", "null"]}})


def _map(properties: Mapping[str, object]) -> JsonSchemaValue:
    return {"type": "object", "properties": dict(properties), "required": list(properties)}


_KEY = {
    "name": HEADER,
    "in": "header",
    "required": False,
    "description": "A text of your choice. A request that is repeated with it acts once and is answered as before, for a day.",
}
_TEXT = {"type": "string"}
_NUMBER = {"type": ["integer", "null"]}
_FAULT = _map({"file": _TEXT, "line": _NUMBER, "column": _NUMBER, "message": _TEXT, "excerpt": _TEXT})
_PROBLEM_SCHEMA = _map({"type": _TEXT, "title": _TEXT, "status": {"type": "integer"}, "detail": _TEXT})
_PROBLEM_SCHEMA["properties"]["problems"] = {"type": "array", "items": _FAULT}
