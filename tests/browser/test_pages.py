"""Every page as people see it: on a phone and on a desk, in both colour schemes, with hostile news on it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from axe_playwright_python.async_playwright import Axe

from tocsin.model.alerts import AnswerKind
from tocsin.web.application import routes
from tocsin.web.wall.answer_links import Signer
from tocsin.web.wall.keys import derive
from tocsin.web.wall.site import ANSWER_KEY

#: A page for each route that shows one.
PAGES = {
    "/": "/",
    "/a/{link}": "/a/{link}",
    "/add-source": "/add-source?address=https%3A%2F%2Fexample.com%2Ffeed",
    "/add-word": "/add-word?rule=metals%2Fban&entry=1",
    "/alerts": "/alerts?q=gallium",
    "/alerts/{number}": "/alerts/1",
    "/dates": "/dates",
    "/deliveries": "/deliveries",
    "/deliveries/{id}": "/deliveries/{delivery}",
    "/digest/{receiver}": "/digest/here",
    "/entries": "/entries?met=yes",
    "/entries/{number}": "/entries/1",
    "/login": "/login",
    "/logout": "/logout",
    "/more": "/more",
    "/play": "/play?rule=ban",
    "/prices": "/prices",
    "/prices/{id}": "/prices/GAL",
    "/rules": "/rules",
    "/rules/{pack}/{rule}": "/rules/metals/ban",
    "/silences": "/silences",
    "/silences/new": "/silences/new?m=mineral%3Dgallium",
    "/sources": "/sources",
    "/sources/{name}": "/sources/wire",
}
#: Routes that show no page of ours, or one that other tests look at.
OTHERS = {
    "/alerts.atom",
    "/alerts.csv",
    "/alerts.json",
    "/changes",
    "/dates.ics",
    "/deliveries/{id}/message",
    "/digest/{receiver}/{number}/message",
    "/healthz",
    "/metrics",
    "/readyz",
    "/static/{name}",
    "/websub/{source}/{token}/{topic}",
}
HOSTILE = (
    "China bans <script>document.title='taken'</script> gallium exports",
    'Ministry halts gallium "onmouseover="document.title=1" x="',
    "Gallium ban \u202egnp.exe\u202c: what \u0000 follows",
    "gallium ban " + "unbreakable" * 60,
    "中国禁止镓出口 cobalt ban 半导体行业",
)


def link(page):
    """What stands behind /a/ in a message about the first alert."""
    made = Signer(url="", lasts=timedelta(days=7), key=derive(page.secret, ANSWER_KEY)).links("here", page.clock.now())
    return made(page.store.read.cards([1])[0].alert)[AnswerKind.ACK].removeprefix("/a/")


def test_every_page_is_looked_at():
    """A new page belongs into the list above."""
    shown = {route.path for route in routes() if route.method == "GET" and not route.path.startswith("/api/")}
    assert shown == PAGES.keys() | OTHERS


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pages_are_sound(browse, width, scheme):
    """No page scrolls sideways, breaks a rule of axe-core, lacks a heading or runs what a headline says."""

    async def scene(page, tab):
        page.bring(*HOSTILE, source="wire")
        parts = {"delivery": page.store.read.deliveries()[0].id, "link": link(page)}
        found = {}
        for path in (path.format(**parts) for path in PAGES.values()):
            answer = await tab.goto(path)
            assert answer
            assert answer.status == 200, path
            over = await tab.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
            audit = (await Axe().run(tab)).response
            assert audit["passes"], path
            broken = audit["violations"]
            faults = [f"{over} px too wide"] if over else []
            faults += [f"{one['id']}: {one['nodes'][0]['html'][:200]}" for one in broken]
            faults += [] if await tab.locator("h1").count() == 1 else ["not one heading"]
            faults += [] if (await tab.title()).endswith("tocsin") else [await tab.title()]
            if faults:
                found[path] = faults
        return found

    assert browse(scene, width=width, scheme=scheme, web="url: https://ops.example.org") == {}
