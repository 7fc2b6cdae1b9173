"""`tocsin web`: a link for one browser, and the end of all sessions."""

import json
import stat
from datetime import UTC, datetime, timedelta

from tocsin.web.wall.keys import derive, own_secret, secret_beside
from tocsin.web.wall.sessions import read_code
from tocsin.web.wall.site import LOGIN_KEY


def _with(tocsin, web):
    path = tocsin.folder / "config.yaml"
    path.write_text(path.read_text() + web, encoding="utf-8")


def test_a_link_logs_its_user_in(tocsin):
    """The name stands beside what they answer; the secret is made once and is for its owner alone."""
    _with(tocsin, "web: {listen: 127.0.0.1:8931}\n")
    done = tocsin("web", "link", "--by", "ann")
    again = tocsin("web", "link", "--by", "ann")
    address, _, text = done.stdout.strip().partition("/login?code=")
    assert address == "http://127.0.0.1:8931"
    file = secret_beside(tocsin.folder / "tocsin.db")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    key, now = derive(own_secret(file), LOGIN_KEY), datetime.now(UTC)
    assert read_code(text, key, epoch=0, now=now).user == "ann"
    assert read_code(text, key, epoch=0, now=now + timedelta(minutes=6)) is None
    other = again.stdout.strip().partition("code=")[2]
    assert read_code(other, key, epoch=0, now=now).nonce != read_code(text, key, epoch=0, now=now).nonce
    assert "works once, within 5m" in done.stderr
    assert "tocsin does not run" in done.stderr
    found = json.loads(tocsin("web", "link", "--json").stdout)
    assert found["link"].startswith(f"{address}/login?code=")
    assert datetime.fromisoformat(found["until"]) > now


def test_the_link_is_that_of_the_proxy(tocsin):
    """People open the name that they know, below its path."""
    _with(tocsin, "web: {listen: unix:web.sock, url: 'https://ops.example.org/alarm/'}\n")
    assert tocsin("web", "link").stdout.startswith("https://ops.example.org/alarm/login?code=")


def test_without_a_page_there_is_no_link(tocsin):
    """The error says what to write."""
    done = tocsin("web", "link")
    assert done.exit_code == 2
    assert "web: {listen: 127.0.0.1:8787}" in done.stderr


def test_a_socket_needs_a_name(tocsin):
    """A browser cannot open a socket."""
    _with(tocsin, "web: {listen: unix:web.sock}\n")
    done = tocsin("web", "link")
    assert done.exit_code == 2
    assert "web: {url: ...}" in done.stderr


def test_all_sessions_end(tocsin):
    """Each call raises the number that cookies have to carry."""
    _with(tocsin, "web: {}\n")
    for number in (1, 2):
        assert tocsin("web", "logout-all").exit_code == 0
        store = tocsin.store()
        assert store.read.session_epoch() == number
        store.close()
