"""News that a program hands in, as `docs/sources.md` shows it, to the daemon as a process."""

from __future__ import annotations

import json
import re
import shutil
import signal
import socket
import subprocess
from pathlib import Path
from typing import Any

import pytest

World = Any
ROOT = Path(__file__).resolve().parents[2]
KILLING = (Path(__file__).parent / "killing.py").read_text(encoding="utf-8")
TOKEN = "filter-" + "f" * 30
EMPTY_REPLY = 52


def _blocks() -> tuple[str, str]:
    """The recipe and the answer that the page shows."""
    text = (ROOT / "docs" / "sources.md").read_text(encoding="utf-8")
    [found] = re.findall(r"^```sh\n(curl .*?)^```\n\n```json\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    return found


@pytest.mark.skipif(not shutil.which("curl"), reason="curl is not installed")
@pytest.mark.parametrize("point", ["before-push", "after-push"])
def test_what_a_program_hands_in_is_sent_once_whenever_the_daemon_dies(world: World, point: str) -> None:
    """It gets no answer, and repeats the request: the answer is the one that the page shows, and there is one message."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    tokens = f"web: {{listen: '127.0.0.1:{port}', tokens: {{filter: {{secret: {TOKEN}, may: ingest}}}}}}\n"
    world.configure(extra=tokens)
    text = world.config.read_text(encoding="utf-8")
    world.config.write_text(text.replace("sources:\n", "sources:\n  desk: {push: true, labels: {tier: trade}}\n", 1))
    recipe, shown = _blocks()
    once = recipe.replace(":8787/", f":{port}/").replace("--retry 5 --retry-all-errors", "")

    def hand_in() -> tuple[int, str]:
        done = subprocess.run(["sh", "-c", once], env={"TOKEN": TOKEN}, capture_output=True, text=True, check=False)
        return done.returncode, done.stdout

    daemon = world.start(point, str(world.config), script=KILLING)
    assert hand_in() == (EMPTY_REPLY, "")
    assert daemon.wait() == -signal.SIGKILL
    daemon = world.start()
    code, printed = hand_in()
    assert code == 0, printed
    assert json.loads(printed) == json.loads(shown)
    assert hand_in() == (0, printed)
    world.until(lambda: world.mailbox.mails and world.web.posts, "mail and message")
    assert daemon.stop() == 0
    assert len(world.listing("alerts", "list")) == 1
    assert len(world.mailbox.mails) == len(world.web.posts) == 1
    assert "gallium: export ban" in world.mailbox.mails[0][1]["Subject"]
    assert not daemon.says(TOKEN)
