"""Login by a link that works once, and logout."""

from __future__ import annotations

from aiohttp import web

from tocsin.web.page import Page, Route
from tocsin.web.wall.sessions import LASTS, LoginCode, Session, read_code, write_cookie


def routes() -> tuple[Route, ...]:
    """Return the routes, which need no login."""
    return (
        Route(method="GET", path="/login", handler=ask, may=None),
        Route(method="POST", path="/login", handler=log_in, may=None),
        Route(method="GET", path="/logout", handler=ask_out, may=None),
        Route(method="POST", path="/logout", handler=log_out, may=None),
    )


async def ask(page: Page) -> web.Response:
    """Show a button: programs that look into messages open links, and must not use them up."""
    return page.show("login.html", code=page.request.query.get("code", ""), words="")


async def log_in(page: Page) -> web.Response:
    """Use the code, and begin a session."""
    text = (await page.form()).get("code", "")
    epoch = await page.read(page.store.read.session_epoch)

    async def use() -> LoginCode | None:
        now = page.daemon.real.now()
        code = read_code(text, page.site.login_key, epoch=epoch, now=now)
        if code is None:
            return None
        first = await page.daemon.write(page.store.act.use_code, code.nonce, code.expires, now)
        return code if first else None

    code = await page.attempts.judge(page.client, use)
    if code is None:
        return page.show("login.html", status=403, code="", words="This link has expired, or it was used already.")
    session = Session(user=code.user, expires=page.daemon.real.now() + LASTS, epoch=epoch)
    response = web.HTTPSeeOther(page.address())
    response.set_cookie(
        page.site.cookie,
        write_cookie(session, page.site.cookie_key, page.site.cookie),
        max_age=int(LASTS.total_seconds()),
        path=page.address(),
        # Under its name on loopback the page has no TLS.
        secure=page.site.is_secure(page.request.host),
        httponly=True,
        samesite="Lax",
    )
    raise response


async def ask_out(page: Page) -> web.Response:
    """Show a button to end the session."""
    return page.show("logout.html")


async def log_out(page: Page) -> web.Response:
    """Take the cookie from this browser."""
    response = web.HTTPSeeOther(page.address("login"))
    response.del_cookie(page.site.cookie, path=page.address())
    raise response
