"""The examples of docs/reference/api.md work as they stand there."""

import asyncio
import json
import re
import shutil
from pathlib import Path

import pytest

from tocsin.model.entries import PUSH

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "reference" / "api.md").read_text(encoding="utf-8")
TOKEN = "act-" + "a" * 30
INGEST = "ingest-" + "i" * 30
TOKENS = f"tokens: {{runbook: {{secret: {TOKEN}, may: act}}, filter: {{secret: {INGEST}, may: ingest}}}}"
HEADERS = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}


def test_every_example_of_the_page_works(serve):
    """In its order, on a database with one alert; the example of an error is that error."""
    examples = re.findall(r"^```http\n(GET|POST) (\S+)\n((?:(?!```).*\n)*)```", PAGE, re.MULTILINE)

    async def scene(page):
        page.bring("China bans gallium exports", summary="In force until 10 November 2026.")
        page.store.sync_sources(
            [("wire", "https://example.org/feed", "feed"), ("desk", "items", PUSH)], page.clock.now()
        )
        page.clock.move(minutes=5)
        found = []
        for method, path, body in examples:
            token = INGEST if path.endswith("/items") else TOKEN
            headers = {**HEADERS, "Authorization": f"Bearer {token}"}
            found.append((path, await page.ask(method, path, data=body or None, headers=headers)))
        wrong = '{"kind": "noise", "wy": ""}'
        return found, await page.ask("POST", "/api/v1/alerts/1/answers", data=wrong, headers=HEADERS)

    found, refused = serve(scene, web=TOKENS, log_in=False)
    assert len(found) == PAGE.count("```http")
    assert [(path, one.text) for path, one in found if one.status >= 300] == []
    [example] = re.findall(r"^```json\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    assert json.loads(refused.text) == json.loads(example)


@pytest.mark.skipif(not shutil.which("curl"), reason="curl is not installed")
def test_every_recipe_for_the_shell_works(serve):
    """Typed twice, it prints the same: the request has a key."""
    recipes = re.findall(r"^```sh\n(curl .*?)^```", PAGE, re.MULTILINE | re.DOTALL)

    async def type_in(page, recipe):
        text = recipe.replace("http://127.0.0.1:8787", f"http://{page.host}").replace(
            "curl ", "curl -sS --fail-with-body ", 1
        )
        shell = await asyncio.create_subprocess_exec(
            "sh", "-c", text, stdout=asyncio.subprocess.PIPE, env={"TOKEN": TOKEN}
        )
        printed, _ = await shell.communicate()
        return shell.returncode, printed.decode()

    async def scene(page):
        page.bring("China bans gallium exports")
        return [await type_in(page, recipe) for recipe in recipes for _ in range(2)]

    found = serve(scene, web=TOKENS, log_in=False)
    assert recipes
    assert [code for code, _ in found] == [0] * len(found), found
    assert [text for _, text in found[::2]] == [text for _, text in found[1::2]]
