"""What monitors see: health, readiness and metrics."""

import contextlib
import json
import sqlite3
from dataclasses import replace

import aiohttp
import pytest

from tocsin.model.counters import Counted, Timed

SECRET = "0123456789abcdef0123456789abcdef"
TOKENS = f"""\
tokens:
  panel: {{secret: "read-{SECRET}"}}
  feed: {{secret: "ingest-{SECRET}", may: ingest}}
proxy: {{secret: {SECRET}}}
"""


@pytest.mark.parametrize(
    ("change", "alive", "ready", "word"),
    [
        pytest.param({}, 200, 200, "ok", id="all is well"),
        pytest.param({"alive": False}, 503, 503, "failing", id="claims stand still"),
        pytest.param({"rules": 0}, 200, 503, "failing", id="no rules"),
        pytest.param({"words": "x", "refused": True}, 200, 200, "degraded", id="a refused reload"),
        pytest.param({"kept_back": ("metals",)}, 200, 200, "degraded", id="a pack kept back"),
    ],
)
def test_health_is_a_status(serve, change, alive, ready, word):
    """A monitor restarts what is not alive, sends nobody to what is not ready, and shows what is degraded."""

    async def scene(page):
        page.health = replace(
            page.health, **{**change, **({"refused": page.real.now()} if "refused" in change else {})}
        )
        return await page.get("/healthz"), await page.get("/readyz"), await page.get("/sources")

    health, readiness, seen = serve(scene)
    assert (health.status, readiness.status) == (alive, ready)
    assert json.loads(readiness.text)["status"] == word
    assert ("tocsin is not well" in seen.text) == (word != "ok")


def test_a_database_that_does_not_answer_is_not_ready(serve, tmp_path):
    """The daemon may be alive and of no use."""

    async def scene(page):
        with contextlib.closing(sqlite3.connect(tmp_path / "tocsin.db")) as database:
            database.execute("DROP TABLE session_epoch")
        return await page.get("/healthz"), await page.get("/readyz")

    health, readiness = serve(scene, log_in=False)
    assert (health.status, readiness.status) == (200, 503)
    assert "the database does not answer" in readiness.text


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        pytest.param({}, 401, id="nobody"),
        pytest.param({"Authorization": f"Bearer read-{SECRET}"}, 200, id="a read token"),
        pytest.param({"Authorization": f"Bearer ingest-{SECRET}"}, 403, id="an ingest token"),
        pytest.param({"X-Tocsin-Proxy": SECRET}, 401, id="through the proxy, nobody"),
        pytest.param({"X-Forwarded-For": "127.0.0.1"}, 401, id="who says to be local"),
    ],
)
def test_metrics_need_a_login(serve, headers, status):
    """They name sources and rules, and a proxy passes on whatever lies below its path."""
    assert serve(lambda page: page.get("/metrics", headers=headers), web=TOKENS, log_in=False).status == status


def test_a_listener_of_its_own_serves_metrics_alone(serve, unused_port):
    """It stands in the network of the monitors, without a login and without the page."""

    async def scene(page):
        found = []
        for path in ("/metrics", "/", "/sources", "/healthz"):
            async with page.session.get(f"http://127.0.0.1:{unused_port}{path}") as response:
                found.append((response.status, await response.text()))
        return found

    (status, text), *others = serve(scene, web=f"metrics: 127.0.0.1:{unused_port}", log_in=False)
    assert status == 200
    assert "tocsin_build_info" in text
    assert {status for status, _ in others} == {404}


@pytest.mark.parametrize(
    ("host", "status"), [("localhost:1", 200), ("[::1]:1", 200), ("rebound.example:1", 421), ("127.0.0.1.example", 421)]
)
def test_metrics_on_loopback_are_for_nobody_whose_name_leads_there(serve, unused_port, host, status):
    """A page in a browser on this machine could read them by a name of its own (DNS rebinding)."""

    async def scene(page):
        where = f"http://127.0.0.1:{unused_port}/metrics"
        async with page.session.get(where, headers={"Host": host}) as response:
            return response.status

    assert serve(scene, web=f"metrics: 127.0.0.1:{unused_port}", log_in=False) == status


def test_metrics_are_what_the_daemon_counted_and_the_database_holds(serve):
    """Each has the name that dashboards use, and its labels are names of the configuration."""

    async def scene(page):
        page.store.sync_sources([("wire", "https://me:s3cret@example.org/feed", "feed")], page.clock.now(), {})
        page.counters.add(Counted.POLLS, "wire", "changed")
        page.counters.add(Counted.POLLS, "wire", "changed")
        page.counters.add(Counted.MATCHES, "metals/ban", "alerted")
        page.counters.observe(Timed.EVALUATION, 0.004)
        page.counters.observe(Timed.EVALUATION, 99.0)
        page.health = replace(page.health, claims={"poll": 0.25}, kept_back=("metals",), refused=page.real.now())
        return await page.get("/metrics")

    answer = serve(scene)
    assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    assert set(answer.text.splitlines()) >= {
        'tocsin_build_info{version="1.2.3"} 1.0',
        'tocsin_polls_total{outcome="changed",source="wire"} 2.0',
        'tocsin_matches_total{outcome="alerted",rule="metals/ban"} 1.0',
        'tocsin_evaluation_seconds_bucket{le="0.005"} 1.0',
        'tocsin_evaluation_seconds_bucket{le="10"} 1.0',
        'tocsin_evaluation_seconds_bucket{le="+Inf"} 2.0',
        "tocsin_evaluation_seconds_count 2.0",
        'tocsin_source_up{source="wire"} 1.0',
        'tocsin_claim_age_seconds{claim="poll"} 0.25',
        'tocsin_pack_kept_back{pack="metals"} 1.0',
        "tocsin_config_last_reload_successful 0.0",
        'tocsin_outbox_deliveries{state="ready"} 0.0',
        "tocsin_outbox_oldest_age_seconds 0.0",
        "tocsin_unevaluated_entries 0.0",
    }
    assert "tocsin_database_size_bytes" in answer.text
    assert "s3cret" not in answer.text
    assert "example.org" not in answer.text


def test_open_pages_learn_of_a_change(serve):
    """They ask every few seconds, and are answered from memory: 304 as long as nothing changed."""

    async def scene(page):
        first = json.loads((await page.get("/changes")).text)["number"]
        same = await page.get(f"/changes?since={first}")
        page.listener.changed()
        other = await page.get(f"/changes?since={first}")
        return same, other

    same, other = serve(scene)
    assert (same.status, same.text) == (304, "")
    assert other.status == 200


def test_a_taken_port_is_reported_once_and_tried_again(serve, unused_port):
    """The alarm goes on without a page, and the page comes when the port is free."""

    async def scene(page):
        import asyncio

        taken = await asyncio.start_server(lambda *_: None, "127.0.0.1", unused_port)
        config = page.daemon.config
        site = config.web.model_copy(update={"listen": f"127.0.0.1:{unused_port}"})
        await page.listener.adopt(replace(config, web=site), page.daemon.rules)
        await page.listener.keep()
        words, listens = list(page.calls), page.listener.address
        taken.close()
        await taken.wait_closed()
        await page.listener.keep()
        return words, listens, await page.get("/healthz")

    words, listens, after = serve(scene, log_in=False)
    assert words == [f"The page cannot be served at 127.0.0.1:{unused_port}: Address already in use."]
    assert listens is None
    assert after.status == 200


def test_a_page_that_is_off_listens_nowhere(serve):
    """A reload can switch it off."""

    async def scene(page):
        host = page.host
        config = page.daemon.config
        await page.listener.adopt(replace(config, web=None), page.daemon.rules)
        with pytest.raises(aiohttp.ClientError):
            await page.session.get(f"http://{host}/healthz", timeout=aiohttp.ClientTimeout(5))
        return page.listener.address

    assert serve(scene) is None
