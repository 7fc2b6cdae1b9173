"""`tocsin demo`, whole: what a newcomer sees first."""

from __future__ import annotations

import email
import email.policy
import signal
import urllib.request
from typing import Any

World = Any


def test_without_the_demo_extra_every_other_command_works(world: World) -> None:
    """A plain installation must not fail for want of a mail server that only the demo needs."""
    script = "import sys; sys.modules['aiosmtpd'] = None; from tocsin.cli import main; main()"
    plain = world.launch("--version", script=script)
    assert plain.wait() == 0
    demo = world.launch("demo", script=script)
    assert demo.wait() == 2
    assert demo.says("pip install 'tocsin[demo]'")


def _visit(link: str) -> str:
    """The page that a browser shows after the click on the button of a *link* to log in."""
    login, _, code = link.partition("?code=")
    browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
    press = urllib.request.Request(login, f"code={code}".encode(), headers={"Sec-Fetch-Site": "same-origin"})
    with browser.open(press, timeout=20) as answer:
        return str(answer.read().decode())


def test_the_demo_tells_its_story_within_a_minute(world: World) -> None:
    """Every happening is told by mail and by Slack, no hard negative is, the mails can be opened, and the page is open.

    Without a terminal it ends by itself; with --stay it waits for Ctrl-C.
    """
    alone, staying = world.launch("demo"), world.launch("demo", "--stay", "--mails", "others")
    shown = ""
    for line in staying.process.stdout:
        shown += line
        if "/login?code=" in line:
            break
    assert "/login?code=" in shown, shown
    now = _visit(shown.splitlines()[-1].strip())
    assert "Now · tocsin</title>" in now
    assert "usa-rare-earth: state takes a stake" in now
    assert staying.process.poll() is None
    assert staying.stop(signal.SIGINT) == 0
    printed = alone.process.stdout.read()
    assert alone.wait() == 0
    assert "/login" not in printed
    for told in (
        "gallium, germanium: export restriction",
        "mp-materials: state takes a stake",
        "critical-minerals: alliance of states",
        "rare-earths: export restriction eased",
        "Source is no feed: broken",
        "503 back in a moment: will be retried, nothing is lost",
        "folded",
    ):
        assert told in printed, printed
    for quiet in ("Silver medal", "JavaScript", "raises stake", "CAGR", "offtake", "Vulcan Materials"):
        assert quiet not in printed, printed
    mails = sorted((world.folder / "demo-mails").glob("*.eml"))
    assert len(mails) >= 15
    for path in mails:
        mail = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
        assert mail.get_body(("plain",)).get_content().strip()
        assert "</html>" in mail.get_body(("html",)).get_content()
