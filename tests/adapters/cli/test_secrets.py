"""Secrets that only the service has: what a person can do without them, and what is said where they are needed."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

CONFIG = """\
timezone: Europe/London
rules: [./rules]
http: {proxy: "${cred:proxy}"}
sources:
  wire:   {feed: "https://example.org/feed?key=${cred:feed-key}"}
  closed: {feed: https://example.org/closed, credentials: "${cred:closed}", headers: {X-Key: "${file:/nowhere/key}"}}
  metals: {table: "https://example.org/${cred:metals}?q={symbol}", price: p, headers: {X-Key: "${cred:metals}"}}
instruments:
  tin: {class: metal, sources: metals:TIN}
receivers:
  desk: {url: "${cred:desk}", operator: true}
  bot:  {url: hook://127.0.0.1:9/x, secret: "${cred:bot}"}
heartbeat: {url: "${cred:heartbeat}"}
translation: {url: "http://127.0.0.1:9", key: "${cred:translation}"}
"""
CREDENTIALS = {
    "proxy": "http://proxy.example.org:3128",
    "feed-key": "k",
    "closed": "me:word",
    "metals": "m",
    "desk": "json://127.0.0.1:9/",
    "bot": "x" * 24,
    "heartbeat": "https://beat.example.org/token",
    "translation": "t" * 24,
}


@pytest.fixture
def guarded(tocsin: Any, history: Callable[[], None], monkeypatch: pytest.MonkeyPatch) -> Any:
    """The program of a person, on the configuration of a service with secrets."""
    history()
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    (tocsin.folder / "config.yaml").write_text(CONFIG, encoding="utf-8")
    return tocsin


@pytest.mark.parametrize(
    "command",
    [
        "alerts list",
        "alerts show 1",
        "alerts ack 1",
        "backtest",
        "config show",
        "deliveries list",
        "instruments list",
        "receivers list",
        "rules stats",
        "silences list",
        "sources export",
        "sources list",
        "sources show wire",
        "status",
        "why metals/ban --title 'China bans gallium exports'",
    ],
)
def test_a_command_that_only_reads_needs_no_secret(guarded: Any, command: str) -> None:
    """Whoever looks after an alert at night is not the service, and need not be root."""
    done = guarded(*shlex.split(command))
    # The daemon does not run, which is what status says with 1.
    assert done.exit_code == (1 if command == "status" else 0), done.stderr
    assert "credential" not in done.stderr
    assert "/nowhere" not in done.stderr


def test_a_secret_that_is_missing_is_masked_like_any_other(guarded: Any) -> None:
    """What is shown does not depend on who looks."""
    text = guarded("config", "show").stdout
    assert "https://example.org/feed?key=${cred:feed-key}" in text
    assert all(f"'${{cred:{name}}}'" not in text for name in CREDENTIALS)
    assert text.count("'***'") == 10


def test_what_needs_the_secrets_names_all_of_them_and_the_way_to_use_them(guarded: Any) -> None:
    """One line to copy, with each credential in it."""
    done = guarded("once")
    assert done.exit_code == 78
    assert "config.yaml:5:48: there are no credentials here: systemd passes feed-key to a service with " in done.stderr
    assert "/nowhere/key cannot be read" in done.stderr
    line = shlex.split(done.stderr.splitlines()[-1])
    assert line[:5] == ["systemd-run", "--pipe", "--wait", "--collect", "--quiet"]
    assert {"--property=User=tocsin", "--property=StateDirectory=tocsin"} <= set(line)
    given = [word.partition("LoadCredential=")[2] for word in line if "LoadCredential=" in word]
    assert given == [f"{name}:/etc/tocsin/credentials/{name}" for name in CREDENTIALS]


@pytest.mark.parametrize(
    ("command", "names"),
    [
        pytest.param("notify-test desk", ["desk"], id="a receiver"),
        pytest.param("notify-test bot", ["bot"], id="the secret of a webhook"),
        pytest.param("sources test wire", ["proxy"], id="the proxy of a source"),
    ],
)
def test_a_command_asks_for_the_secrets_that_it_uses(guarded: Any, command: str, names: list[str]) -> None:
    """A test of one receiver fails for no other."""
    done = guarded(*shlex.split(command))
    assert done.exit_code == 78
    assert re.findall(r"LoadCredential=([a-z-]+):/etc", done.stderr) == names


@pytest.mark.parametrize(
    ("source", "names"),
    [
        pytest.param("wire", ["feed-key"], id="the address of a feed"),
        pytest.param("closed", ["closed"], id="the credentials of a feed"),
        pytest.param("metals:TIN", ["metals"], id="a table of prices"),
    ],
)
def test_a_source_is_not_polled_without_its_secrets(guarded: Any, source: str, names: list[str]) -> None:
    """Half an address is another address, and a server counts what it refuses."""
    config = guarded.folder / "config.yaml"
    text = CONFIG.replace('http: {proxy: "${cred:proxy}"}\n', "").replace("${file:/nowhere/key}", "k")
    config.write_text(text, encoding="utf-8")
    done = guarded("sources", "test", source)
    assert done.exit_code == 78, done.stderr
    assert re.findall(r"LoadCredential=([a-z-]+):/etc", done.stderr) == names


def test_check_warns_of_the_secrets_of_the_service_and_refuses_a_missing_file(guarded: Any) -> None:
    """A person may check the file of a service; a file that nobody can read is a fault for everybody."""
    done = guarded("check")
    assert done.exit_code == 78
    assert "1 problem, " in done.stderr
    config = guarded.folder / "config.yaml"
    config.write_text(CONFIG.replace("${file:/nowhere/key}", "k"), encoding="utf-8")
    done = guarded("check")
    assert done.exit_code == 0, done.stderr
    assert done.stderr.count("warning: there are no credentials here") == len(CREDENTIALS)
    assert done.stderr.count("and at 1 other place") == 1  # metals is written twice
    assert done.stderr.count("systemd-run --pipe") == 1
    assert "nobody will be notified" not in done.stderr


def test_with_its_credentials_the_service_has_all_that_it_needs(
    guarded: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The same file, the same checks: a bad value is still a fault at its place."""
    folder = tmp_path / "credentials"
    folder.mkdir()
    for name, value in CREDENTIALS.items():
        (folder / name).write_text(f"{value}\n", encoding="utf-8")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(folder))
    config = guarded.folder / "config.yaml"
    config.write_text(CONFIG.replace("${file:/nowhere/key}", "k"), encoding="utf-8")
    done = guarded("check")
    assert (done.exit_code, "credentials here" in done.stderr) == (0, False), done.stderr
    (folder / "heartbeat").write_text("beat.example.org", encoding="utf-8")
    (folder / "bot").unlink()
    done = guarded("check")
    assert done.exit_code == 78
    assert "url must be an address that begins with http:// or https://" in done.stderr
    (folder / "heartbeat").write_text(CREDENTIALS["heartbeat"], encoding="utf-8")
    done = guarded("once")
    assert done.exit_code == 78
    assert f"{folder}/bot cannot be read" in done.stderr
    assert "; the unit of the service needs LoadCredential=bot:FILE" in done.stderr
    assert "systemd-run" not in done.stderr


@pytest.mark.parametrize("value", ["${cred:zone}", "${file:/nowhere/zone}"])
def test_what_is_no_secret_must_be_there(guarded: Any, value: str) -> None:
    """A time zone or a label that is left out would change what every command shows."""
    config = guarded.folder / "config.yaml"
    config.write_text(CONFIG.replace("Europe/London", f'"{value}"'), encoding="utf-8")
    done = guarded("alerts", "list")
    assert done.exit_code == 78
    assert "config.yaml:1:12: " in done.stderr
    config.write_text(CONFIG.replace("closed: {", f'closed: {{labels: {{tier: "{value}"}}, '), encoding="utf-8")
    assert guarded("alerts", "list").exit_code == 78


def test_doctor_examines_what_it_can_without_secrets(guarded: Any) -> None:
    """An examination that ends at the first closed door finds nothing behind the others."""
    done = guarded("doctor")
    assert done.exit_code == 1
    assert "/nowhere/key cannot be read" in re.sub(r"\s+", " ", done.stdout)
    assert "ok    database" in done.stdout
    words = re.sub(r"\s+", " ", done.stdout)
    assert "warn network no source is asked, because the secret of http.proxy is missing" in words
    assert "desk: not asked, because a secret is missing" in words


def test_doctor_leaves_out_only_what_needs_a_secret(guarded: Any) -> None:
    """One credential of the service must not hide a feed that is gone and a server that is down."""
    open_one = '  open: {feed: "http://127.0.0.1:1/feed", allow_private: true}\n'
    text = CONFIG.replace('http: {proxy: "${cred:proxy}"}\n', "").replace("sources:\n", f"sources:\n{open_one}")
    text = text.replace("receivers:\n", 'receivers:\n  other: {url: "json://127.0.0.1:1/"}\n')
    (guarded.folder / "config.yaml").write_text(text, encoding="utf-8")
    words = re.sub(r"\s+", " ", guarded("doctor").stdout)
    assert "fail source open: " in words
    assert "warn source wire, closed, metals:TIN: not asked, because a secret is missing" in words
    assert "fail receiver other: 127.0.0.1:1: " in words
    assert "warn receiver bot: not asked, because a secret is missing" in words


@pytest.mark.parametrize(
    "command",
    ["config show", "sources show wire", "sources list", "sources export", "status", "check", "sources test wire"],
)
def test_a_secret_that_stands_in_an_address_is_shown_by_no_command(tocsin: Any, command: str) -> None:
    """Not everybody writes ${NAME}; what they print lands in terminals, tickets and pipelines."""
    file = tocsin.folder / "config.yaml"
    text = file.read_text(encoding="utf-8").replace(
        "https://me:s3cret@example.org/feed", "http://127.0.0.1:1/?token=s3cret"
    )
    file.write_text(text.replace("}", ", evry: 3m}", 1) if command == "check" else text, encoding="utf-8")
    store = tocsin.store()
    store.sync_sources([("wire", "x", "feed")], datetime.now(UTC))
    store.close()
    result = tocsin(*command.split())
    assert result.stdout + result.stderr
    assert "s3cret" not in result.stdout + result.stderr
