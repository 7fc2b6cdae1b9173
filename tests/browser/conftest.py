"""A browser in front of the real page: Chromium of the distribution, driven by playwright."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest
from playwright.async_api import Browser, async_playwright
from playwright.async_api import Page as Tab

from adapters.conftest import empty, unused_port
from adapters.web.conftest import Served, serve

__all__ = ["empty", "serve", "unused_port"]

Scene = Callable[[Served, Tab], Awaitable[Any]]
#: Without the second, Chromium may abort in a container.
OPTIONS = ["--no-sandbox", "--disable-gpu-sandbox"]


@pytest.fixture(scope="session")
def chromium() -> str:
    """Return the program of the browser. Where it is missing the test is skipped, and with CI set it fails."""
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    if found:
        return found
    words = "Chromium is not installed: apt-get install chromium fonts-noto-cjk fonts-dejavu-core"
    return pytest.fail(words) if os.environ.get("CI") else pytest.skip(words)


@pytest.fixture(scope="session")
def play() -> Iterator[Callable[..., Any]]:
    """Run a coroutine to its end, on the loop of the browser."""
    with asyncio.Runner() as runner:
        yield runner.run


@pytest.fixture(scope="session")
def browser(play: Callable[..., Any], chromium: str) -> Iterator[Browser]:
    """A browser for all tests, each of which has cookies and storage of its own in it."""
    driver = play(async_playwright().start())
    browser = play(driver.chromium.launch(executable_path=chromium, args=OPTIONS))
    yield browser
    play(browser.close())
    play(driver.stop())


@pytest.fixture
def browse(serve: Callable[..., Any], browser: Browser) -> Callable[..., Any]:
    """Run `scene(served, tab)` in a browser that is logged in. A message on its console fails the test.

    *width* in pixels, *scheme* light or dark, *script* False for a browser without JavaScript, *quiet* False where pages
    that are refused are part of the scene.
    """

    def run(
        scene: Scene,
        *,
        width: int = 1280,
        scheme: Any = "light",
        script: bool = True,
        log_in: bool = True,
        quiet: bool = True,
        **site: Any,
    ) -> Any:
        async def shown(served: Served) -> Any:
            context = await browser.new_context(
                viewport={"width": width, "height": 900},
                color_scheme=scheme,
                java_script_enabled=script,
                base_url=f"http://{served.host}",
            )
            await context.add_cookies(
                [
                    {"name": name, "value": value, "url": f"http://{served.host}"}
                    for name, value in served.cookies.items()
                ]
            )
            tab = await context.new_page()
            faults: list[str] = []
            tab.on("console", lambda said: faults.append(said.text) if said.type == "error" else None)
            tab.on("pageerror", lambda error: faults.append(str(error)))
            try:
                found = await scene(served, tab)
            finally:
                await context.close()
            assert not (quiet and faults)
            return found

        return serve(shown, log_in=log_in, **site)

    return run
