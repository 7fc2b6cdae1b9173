"""`tocsin demo`, whole: what a newcomer sees first."""

from __future__ import annotations

import email
import email.policy
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


def test_the_demo_tells_its_story_within_a_minute(world: World) -> None:
    """Every happening is told by mail and by Slack, no hard negative is, and the mails can be opened."""
    printed = world.run("demo", patience=110, measured=True)
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
