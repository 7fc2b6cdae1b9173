"""The database of a configuration that names none."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from tocsin.config.config import load_config
from tocsin.config.database import place_of
from tocsin.config.state import default_database
from tocsin.errors import ConfigError

CONFIG = "sources: {a: {feed: https://example.org/feed}}\nreceivers: {here: {console: true}}\n"


@pytest.mark.parametrize(
    ("env", "place"),
    [
        pytest.param({"STATE_DIRECTORY": "/var/lib/tocsin"}, "/var/lib/tocsin/tocsin.db", id="a service"),
        pytest.param({"STATE_DIRECTORY": "/var/lib/a:/var/lib/b"}, "/var/lib/a/tocsin.db", id="with several folders"),
        pytest.param(
            {"STATE_DIRECTORY": "/var/lib/tocsin", "XDG_STATE_HOME": "/x"}, "/var/lib/tocsin/tocsin.db", id="with both"
        ),
        pytest.param({"XDG_STATE_HOME": "/data/state"}, "/data/state/tocsin/tocsin.db", id="a person's own place"),
        pytest.param({"XDG_STATE_HOME": "state"}, "/home/me/.local/state/tocsin/tocsin.db", id="a relative place"),
        pytest.param({}, "/home/me/.local/state/tocsin/tocsin.db", id="nothing"),
    ],
)
def test_state_lies_where_the_system_keeps_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, env: Mapping[str, str], place: str
) -> None:
    """A service may not write beside its configuration, and a person's folder is no place for a database."""
    monkeypatch.setenv("HOME", "/home/me")
    path = tmp_path / "config.yaml"
    path.write_text(CONFIG, encoding="utf-8")
    assert load_config(path, env).database == f"sqlite:///{place}"
    path.write_text(f"{CONFIG}database: sqlite:///own.db\n", encoding="utf-8")
    assert load_config(path, env).database == f"sqlite:///{tmp_path}/own.db"


@pytest.mark.parametrize(
    "name", [pytest.param("tocsin.db", id="the default"), pytest.param("var/tocsin.db", id="ours")]
)
def test_a_database_that_an_earlier_version_kept_near_the_file_is_not_forgotten(tmp_path: Path, name: str) -> None:
    """To begin anew would send again what was sent, and lose what was not."""
    path, env = tmp_path / "config.yaml", {"STATE_DIRECTORY": str(tmp_path / "state")}
    path.write_text(CONFIG, encoding="utf-8")
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).touch()
    with pytest.raises(ConfigError, match=f"write database: sqlite:///{name} to keep it, or move it") as caught:
        load_config(path, env)
    assert str(default_database(env)) in str(caught.value)
    path.write_text(f"{CONFIG}database: sqlite:///{name}\n", encoding="utf-8")
    assert load_config(path, env).database == f"sqlite:///{tmp_path}/{name}"
    path.write_text(CONFIG, encoding="utf-8")
    (tmp_path / "state").mkdir()
    (tmp_path / name).rename(tmp_path / "state" / "tocsin.db")
    assert load_config(path, env).database == f"sqlite:///{tmp_path}/state/tocsin.db"


@pytest.mark.parametrize(
    ("database", "beside"),
    [
        ("sqlite:////var/lib/x.db", "/var/lib/x.db"),
        ("postgresql://me:secret@db.example.org/news?sslmode=require", "/state/news"),
        ("postgresql:///tocsin?host=/run/postgresql", "/state/tocsin"),
        ("postgresql://db.example.org", "/state/tocsin"),
    ],
)
def test_databases_of_a_user_on_a_server_have_files_of_their_own(database: str, beside: str) -> None:
    """The login of a receiver of one is not that of a receiver of the same name of another."""
    assert str(place_of(database, {"STATE_DIRECTORY": "/state"})) == beside
