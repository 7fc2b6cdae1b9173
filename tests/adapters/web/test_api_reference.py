"""The examples of docs/reference/api.md work as they stand there."""

import json
import re
from pathlib import Path

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "reference" / "api.md").read_text(encoding="utf-8")
TOKEN = "act-" + "a" * 30
TOKENS = f"tokens: {{runbook: {{secret: {TOKEN}, may: act}}}}"
HEADERS = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}


def test_every_example_of_the_page_works(serve, news):
    """In its order, on a database with one alert; the example of an error is that error."""
    examples = re.findall(r"^```http\n(GET|POST) (\S+)\n((?:(?!```).*\n)*)```", PAGE, re.MULTILINE)

    async def scene(page):
        news(page, "China bans gallium exports")
        page.clock.move(minutes=5)
        found = [
            (path, await page.ask(method, path, data=body or None, headers=HEADERS)) for method, path, body in examples
        ]
        wrong = '{"kind": "noise", "wy": ""}'
        return found, await page.ask("POST", "/api/v1/alerts/1/answers", data=wrong, headers=HEADERS)

    found, refused = serve(scene, web=TOKENS, log_in=False)
    assert len(found) == PAGE.count("```http")
    assert [(path, one.text) for path, one in found if one.status >= 300] == []
    [example] = re.findall(r"^```json\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    assert json.loads(refused.text) == json.loads(example)
