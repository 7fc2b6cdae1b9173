"""The unit that is shipped, as systemd itself judges it."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

UNIT = Path(__file__).resolve().parents[2] / "systemd" / "tocsin.service"


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not on this machine")
def test_the_unit_is_hardened() -> None:
    """`systemd-analyze security --offline` exposes at most 1.5 of 10."""
    done = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--no-pager", str(UNIT)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    found = re.search(r"exposure level for tocsin\.service: ([0-9.]+)", done.stdout)
    assert found, done.stdout + done.stderr
    assert float(found[1]) <= 1.5


def test_a_bad_configuration_is_not_restarted_for_ever() -> None:
    """The exit status of a bad configuration ends the unit."""
    unit = UNIT.read_text(encoding="utf-8")
    for line in ("Type=notify", "RestartPreventExitStatus=78", "ExecReload=/bin/kill -HUP $MAINPID", "User=tocsin"):
        assert line in unit.splitlines()


def test_the_unit_lets_the_parser_bound_itself_and_be_ended_alone() -> None:
    """A filter, the kernel's hunger and a stop are about the parser's processes, too."""
    lines = UNIT.read_text(encoding="utf-8").splitlines()
    filters = [line.partition("=")[2] for line in lines if line.startswith("SystemCallFilter=")]
    assert filters[-1].split() == ["setpriority", "setrlimit"]  # behind what takes @resources away
    assert {"OOMPolicy=continue", "KillMode=mixed"} <= set(lines)
