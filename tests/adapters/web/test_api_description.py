"""The description of the API: it names every operation, and every real answer is as it says."""

import json
from datetime import timedelta

import jsonschema
import pytest

from tocsin.config.web import Right
from tocsin.model.entries import PUSH
from tocsin.web.api.answers import FOLDER
from tocsin.web.api.groups import GROUPS
from tocsin.web.api.openapi import description

TOKEN = "act-" + "a" * 30
INGEST = "ingest-" + "i" * 30
TOKENS = f"tokens: {{actor: {{secret: {TOKEN}, may: act}}, filter: {{secret: {INGEST}, may: ingest}}}}"
HEADERS = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
#: What is asked for, by path of the description; {DELIVERY} is that of the news.
ASKED = (
    ("GET", "/alerts", "alerts", ""),
    ("GET", "/alerts/{number}", "alerts/1", ""),
    ("POST", "/alerts/{number}/answers", "alerts/1/answers", '{"kind": "useful"}'),
    ("GET", "/entries", "entries", ""),
    ("GET", "/entries/{number}", "entries/1", ""),
    ("GET", "/matches", "matches", ""),
    ("GET", "/matches/{number}", "matches/1", ""),
    ("GET", "/stories", "stories", ""),
    ("GET", "/stories/{number}", "stories/1", ""),
    ("GET", "/rules", "rules", ""),
    ("GET", "/rules/{pack}/{rule}", "rules/metals/ban", ""),
    ("GET", "/sources", "sources", ""),
    ("GET", "/sources/{name}", "sources/wire", ""),
    ("POST", "/sources/{name}/poll", "sources/wire/poll", ""),
    ("POST", "/sources/{name}/items", "sources/desk/items", '{"title": "China bans cobalt exports"}'),
    ("GET", "/instruments", "instruments", ""),
    ("GET", "/instruments/{id}", "instruments/GAL", ""),
    ("POST", "/silences", "silences", '{"matchers": ["rule=ban"], "for": "4h"}'),
    ("GET", "/silences", "silences", ""),
    ("GET", "/silences/{number}", "silences/1", ""),
    ("GET", "/deliveries", "deliveries", ""),
    ("GET", "/deliveries/{id}", "deliveries/{DELIVERY}", ""),
    ("POST", "/deliveries/{id}/resend", "deliveries/{DELIVERY}/resend", ""),
    ("POST", "/silences/{number}/end", "silences/1/end", ""),
    ("GET", "/dates", "dates", ""),
    ("GET", "/dates/{number}", "dates/1", ""),
    ("POST", "/dates/{number}/confirm", "dates/1/confirm", ""),
    ("POST", "/dates/{number}/reject", "dates/1/reject", ""),
    ("POST", "/why", "why", '{"rule": "ban", "entry": "1"}'),
    ("POST", "/check", "check", '{"pack": "metals", "text": "- id: x\\n  news: {match: $mineral NEAR/8 sell~}"}'),
    ("POST", "/backtest", "backtest", '{"rule": "ban"}'),
    ("POST", "/reload", "reload", ""),
)


def test_every_operation_is_described_and_tried():
    """A new address without a description is found here."""
    described = {(method.upper(), path) for path, one in description()["paths"].items() for method in one}
    routes = {(one.method, one.path.removeprefix(FOLDER)) for group in GROUPS for one in group.routes()}
    assert described == routes - {("GET", "/openapi.json")}
    assert described == {(method, path) for method, path, _, _ in ASKED}


@pytest.fixture(scope="module")
def schema():
    """The schema of the answer of an operation, with what it refers to."""

    def find(method, path, status):
        found = description()["paths"][path][method.lower()]["responses"][status]["content"]["application/json"]
        return {**found["schema"], "components": description()["components"]}

    return find


def test_every_answer_is_as_described(serve, schema):
    """Real objects of real news, a message that was suppressed, and what each act answers."""

    async def scene(page):
        page.bring("China bans gallium exports", summary="In force until 10 November 2026.")
        page.store.sync_sources(
            [("wire", "https://example.org/feed", "feed"), ("desk", "items", PUSH)], page.clock.now()
        )
        answers = []
        for method, path, asked, body in ASKED:
            [*_, delivery] = page.store.read.deliveries()
            if asked == "deliveries":
                page.clock.move(minutes=5)
                page.store.claim_deliveries(page.clock.now(), timedelta(minutes=1))
            where = asked.replace("{DELIVERY}", delivery.id)
            headers = {**HEADERS, "Authorization": f"Bearer {INGEST}"} if path.endswith("/items") else HEADERS
            found = await page.ask(method, f"/api/v1/{where}", data=body or None, headers=headers)
            answers.append((method, path, found))
        return answers

    for method, path, found in serve(scene, web=TOKENS, log_in=False):
        assert found.status < 300, (path, found.text)
        jsonschema.Draft202012Validator(schema(method, path, str(found.status))).validate(json.loads(found.text))


def test_the_description_names_the_version_and_the_address(serve):
    """A generator of clients begins with it."""

    async def scene(page):
        return await page.get("/tocsin/api/v1/openapi.json", headers=HEADERS)

    found = json.loads(serve(scene, web=f"{TOKENS}\nurl: https://example.org/tocsin", log_in=False).text)
    assert found["info"] == {"title": "tocsin", "version": "1.2.3"}
    assert found["servers"] == [{"url": "/tocsin/api/v1"}]
    assert found["openapi"] == "3.1.0"


def test_the_schemas_are_valid_and_bodies_are_closed():
    """An unknown key of a body is a fault for clients too."""
    schemas = description()["components"]["schemas"]
    for schema in schemas.values():
        jsonschema.Draft202012Validator.check_schema(schema)
    assert schemas["AnswerBody"]["additionalProperties"] is False
    assert set(schemas["AnswerBody"]["properties"]) == {"kind", "for", "why"}
    undescribed = [
        f"{name}.{key}"
        for name, schema in schemas.items()
        if name.endswith("Body")
        for key, found in schema["properties"].items()
        if "description" not in found
    ]
    assert undescribed == []


def test_every_act_may_be_sent_with_a_key():
    """Whoever generates a client gets it; a question has none."""
    keyed = {
        path
        for path, one in description()["paths"].items()
        if any(part["in"] == "header" for part in one.get("post", {}).get("parameters", ()))
    }
    acts = {one.path.removeprefix(FOLDER) for group in GROUPS for one in group.routes() if one.may is not Right.READ}
    assert keyed == acts
