"""The service of systemd: what is installed, what is refused, and what stays when it is removed."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Tocsin = Any
Install = Callable[..., Any]
PROGRAM = "/opt/tocsin/bin/tocsin"
CONFIG = """\
timezone: Europe/London
rules: [./rules]
sources:
  wire: {feed: "https://example.org/feed"}
receivers:
  desk: {url: "${cred:desk}"}
  bot:  {url: "${file:secrets/bot}", operator: true}
"""
ANALYZE = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not on this machine")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The root of a machine that has the program, and the credential that an operator put there."""
    root = tmp_path / "machine"
    kept = {PROGRAM: "", "/bin/kill": "", "/etc/tocsin/credentials/desk": "json://127.0.0.1:9/\n"}
    for path, text in kept.items():
        place = root / path.lstrip("/")
        place.parent.mkdir(parents=True)
        place.write_text(text, encoding="utf-8")
        place.chmod(0o755)
    return root


@pytest.fixture
def service(tocsin: Tocsin, root: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    """`tocsin service COMMAND` of a configuration with a credential and a secret, for that machine."""
    (tocsin.folder / "config.yaml").write_text(CONFIG, encoding="utf-8")
    (tocsin.folder / "secrets").mkdir()
    (tocsin.folder / "secrets" / "bot").write_text("json://127.0.0.1:9/s3cret\n", encoding="utf-8")
    monkeypatch.delenv("STATE_DIRECTORY")

    def run(command: str, *arguments: str) -> Any:
        program = () if command == "remove" else ("--program", PROGRAM)
        words = ("service", command, "--system", "--root", str(root), *program, *arguments)
        return tocsin(*words, config=command != "remove")

    return run


def content(root: Path) -> dict[str, tuple[str, str]]:
    """The files below *root* that are not the machine's own, with their modes."""
    files = [path for path in root.rglob("etc/**/*") if path.is_file()]
    found = {str(path.relative_to(root)): (f"{path.stat().st_mode & 0o777:o}", path.read_text()) for path in files}
    del found["etc/tocsin/credentials/desk"]
    return found


def test_everything_is_shown_before_anything_is_done(service: Install, root: Path) -> None:
    """Whoever runs a stranger's installer as root wants to read it first; secrets are not part of that."""
    tried, printed = service("install", "--dry-run"), service("print")
    assert (tried.exit_code, printed.exit_code) == (0, 0), tried.stderr
    assert content(root) == {}
    assert "s3cret" not in printed.stdout
    names = ["sysusers.d/tocsin.conf", "tocsin/config.yaml", "tocsin/secrets/bot", "tocsin/rules/pack.yaml"]
    for name in (*names, "systemd/system/tocsin.service"):
        assert f"would be written: {root}/etc/{name}" in tried.stderr
        assert f"# ---- {root}/etc/{name} (" in printed.stdout
    commands = printed.stdout.partition("# ---- commands\n")[2].splitlines()
    assert [line.partition(": ")[2] for line in tried.stderr.splitlines() if "would be run" in line] == commands
    assert commands == [
        "systemd-sysusers /etc/sysusers.d/tocsin.conf",
        "systemctl daemon-reload",
        "systemctl enable tocsin",
        "systemctl restart tocsin",
    ]


def test_the_unit_finds_program_configuration_and_credentials(service: Install, root: Path) -> None:
    """A second call finds all of it and changes nothing, and restarts nothing."""
    done = service("install")
    assert done.exit_code == 0, done.stderr
    found = content(root)
    mode, unit = found["etc/systemd/system/tocsin.service"]
    assert mode == "644"
    assert f"ExecStart={PROGRAM} run --config /etc/tocsin/config.yaml\n" in unit
    assert re.findall(r"^LoadCredential=(.*)$", unit, re.MULTILINE) == ["desk:/etc/tocsin/credentials/desk"]
    assert found["etc/tocsin/config.yaml"] == ("640", CONFIG)
    assert found["etc/tocsin/secrets/bot"] == ("600", "json://127.0.0.1:9/s3cret\n")
    again = service("install")
    assert again.exit_code == 0
    assert content(root) == found
    assert "written" not in again.stderr
    assert "systemctl restart" not in again.stderr


def test_what_somebody_changed_is_not_lost(service: Install, root: Path) -> None:
    """The installed configuration is the operator's; a changed unit is kept beside the new one."""
    service("install")
    config, unit = root / "etc/tocsin/config.yaml", root / "etc/systemd/system/tocsin.service"
    mine = CONFIG.replace("London", "Paris")
    config.write_text(mine, encoding="utf-8")
    unit.write_text("[Service]\nExecStart=/bin/true\n", encoding="utf-8")
    assert service("install").exit_code == 0
    assert config.read_text() == mine
    assert "ExecStart=/bin/true" in unit.with_name("tocsin.service.before").read_text()


def test_what_is_removed_leaves_the_data_and_says_where_it_is(service: Install, root: Path) -> None:
    """Alerts and settings are worth more than the unit; twice is as good as once."""
    service("install")
    before = content(root)
    assert "Would be deleted" in service("remove", "--dry-run").stderr
    done = service("remove")
    assert done.exit_code == 0
    gone = {*before} - {*content(root)}
    assert gone == {"etc/systemd/system/tocsin.service"}
    for place in ("/etc/tocsin", "/var/lib/tocsin", "/etc/sysusers.d/tocsin.conf"):
        assert place in done.stderr
    assert "There is no unit" in service("remove").stderr


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        pytest.param("receivers:", "recievers:", "did you mean receivers?", id="a slip"),
        pytest.param("${cred:desk}", "${cred:other}", "LoadCredential=other:FILE", id="a credential that is not there"),
        pytest.param("${cred:desk}", "${MY_HOOK}", "write ${cred:my-hook}", id="a variable of this shell"),
        pytest.param("${file:secrets/bot}", "${file:/home/me/bot}", "/home/me/bot", id="a secret in a home"),
        pytest.param(
            "rules:", "database: sqlite:///x.db\nrules:", "remove the line database:", id="a database elsewhere"
        ),
    ],
)
def test_nothing_is_installed_that_would_not_start(
    service: Install, tocsin: Tocsin, root: Path, monkeypatch: pytest.MonkeyPatch, before: str, after: str, words: str
) -> None:
    """A service that starts and ends again and again is found days later; a refusal at once."""
    monkeypatch.setenv("MY_HOOK", "json://127.0.0.1:9/")
    (tocsin.folder / "config.yaml").write_text(CONFIG.replace(before, after), encoding="utf-8")
    done = service("install")
    assert done.exit_code == 78
    assert words in done.stderr
    assert content(root) == {}


def test_a_program_that_the_service_cannot_see_is_refused(tocsin: Tocsin, tmp_path: Path) -> None:
    """Pipx and uv install into the home of a user, which the unit does not see."""
    done = tocsin("service", "install", "--system", "--root", str(tmp_path), "--program", "/home/me/.local/bin/tocsin")
    assert done.exit_code == 2
    assert "install tocsin into /opt/tocsin" in done.stderr


@ANALYZE
def test_the_installed_unit_is_one_that_systemd_takes(service: Install, root: Path) -> None:
    """`systemd-analyze verify` has nothing against it, and it stays hardened with its credentials."""
    service("install")
    unit = root / "etc/systemd/system/tocsin.service"
    for name in ("sysinit", "basic", "multi-user", "network-online", "shutdown"):
        (unit.parent / f"{name}.target").write_text("[Unit]\nDescription=x\n", encoding="utf-8")
    verified = _analyze("verify", f"--root={root}", "--man=no", "tocsin.service")
    assert [line for line in verified.stderr.splitlines() if "tocsin" in line] == []
    judged = _analyze("security", "--offline=true", "--no-pager", str(unit))
    found = re.search(r"exposure level for tocsin\.service: ([0-9.]+)", judged.stdout)
    assert found, judged.stdout + judged.stderr
    assert float(found[1]) <= 1.5


@ANALYZE
def test_a_user_may_have_a_service_alone(tocsin: Tocsin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without root: the unit starts this configuration where it is, and systemd takes it; odd paths are quoted."""
    folder = tmp_path / "my $5 % of news"
    shutil.copytree(tocsin.folder, folder, ignore=lambda *_: ["machine", folder.name])
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    done = tocsin(
        "service", "print", "--user", "--program", "/bin/true", "--config", f"{folder}/config.yaml", config=False
    )
    assert done.exit_code == 0, done.stderr
    unit = done.stdout.partition(".config/systemd/user/tocsin.service (644)\n")[2].partition("# ---- commands")[0]
    assert f'ExecStart=/bin/true run --config "{tmp_path}/my $$5 %% of news/config.yaml"' in unit
    (tmp_path / "tocsin.service").write_text(unit, encoding="utf-8")
    verified = _analyze("verify", "--user", "--man=no", str(tmp_path / "tocsin.service"))
    assert [line for line in verified.stderr.splitlines() if "tocsin.service" in line] == []


def _analyze(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = ["systemd-analyze", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
