"""What else there is to know: health, receivers, packs, tokens, and the configuration without its secrets."""

from __future__ import annotations

from aiohttp import web

from tocsin.config.receiver_views import receiver_views
from tocsin.config.show import Section, sections
from tocsin.explain.receivers import ReceiverView
from tocsin.web.page import Page, Route, get

#: Entries of a section of the configuration that are shown, and warnings.
_MOST = 100


def routes() -> tuple[Route, ...]:
    """Return the route."""
    return (get("/more", show),)


async def show(page: Page) -> web.Response:
    """Show the state of the daemon and of its receivers, and what it read."""
    daemon = page.daemon
    receivers, written = await page.read(_read, page)
    warnings = (*daemon.config.problems, *daemon.rules.warnings)
    return page.show(
        "more.html",
        health=daemon.health(),
        receivers=receivers,
        digests={one.name for one in daemon.config.receivers if one.info.digest},
        packs=daemon.rules.packs,
        warnings=warnings[:_MOST],
        unshown=max(0, len(warnings) - _MOST),
        tokens=daemon.config.web.tokens if daemon.config.web else {},
        sections=written,
        path=daemon.config.path,
    )


def _read(page: Page) -> tuple[tuple[ReceiverView, ...], tuple[Section, ...]]:
    """Return the receivers, and the configuration, which takes a while to write if it is long."""
    config = page.daemon.config
    views = receiver_views(config, page.store.read.receiver_facts(), page.now)
    return tuple(views), tuple(sections(config, _MOST))
