"""The page at a unix socket, in front of which a proxy stands."""

import grp
import os
import socket
import stat

import pytest

PROXIED = "proxy: {socket: true}\nurl: https://ops.example.org"
ANN = {"X-Forwarded-User": "ann"}


def test_the_socket_is_for_the_service_and_its_group(serve, tmp_path):
    """The right to open it is the right to be the proxy. It is gone when the daemon is."""
    path, group = tmp_path / "web.sock", grp.getgrgid(os.getgid()).gr_name

    async def scene(page):
        found = path.stat()
        return stat.S_ISSOCK(found.st_mode), stat.S_IMODE(found.st_mode), found.st_gid, (await page.get("/")).status

    assert serve(scene, listen=f"unix:{path}", web=f"group: {group}") == (True, 0o660, os.getgid(), 200)
    assert not path.exists()


@pytest.mark.parametrize(
    ("web", "status"), [(PROXIED, 200), ("url: https://ops.example.org", 401)], ids=["trusted", "not trusted"]
)
def test_a_trusted_socket_names_its_user(serve, tmp_path, web, status):
    """Only where the configuration says so."""
    answer = serve(
        lambda page: page.get("/sources", headers={**ANN, "Host": "ops.example.org"}),
        listen=f"unix:{tmp_path}/web.sock",
        web=web,
        log_in=False,
    )
    assert answer.status == status


def test_a_trusted_socket_is_no_trust_in_a_port(serve):
    """A configuration that changes from a socket to a port must not open a door: it is refused."""
    from tocsin.errors import ConfigError

    with pytest.raises(ConfigError, match="needs a unix socket"):
        serve(lambda page: page.get("/"), web=PROXIED)


def test_a_socket_that_a_crash_left_behind_is_replaced(serve, tmp_path):
    """A restart must not need a hand."""
    path = tmp_path / "web.sock"
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(path))
    assert serve(lambda page: page.get("/healthz"), listen=f"unix:{path}", log_in=False).status == 200


@pytest.mark.parametrize("kind", ["file", "listening", "no folder", "no group"])
def test_what_is_in_the_way_stays(serve, tmp_path, kind):
    """A file is somebody's, and a socket that somebody listens on is another service."""
    path = tmp_path / "web.sock"
    web = ""
    with socket.socket(socket.AF_UNIX) as other:
        if kind == "file":
            path.write_text("mine")
        elif kind == "listening":
            other.bind(str(path))
            other.listen()
        elif kind == "no folder":
            path = tmp_path / "none" / "web.sock"
        else:
            web = "group: no-such-group"
        with pytest.raises(AssertionError, match="The page cannot be served at unix:"):
            serve(lambda page: page.get("/healthz"), listen=f"unix:{path}", web=web, log_in=False)
        if kind == "file":
            assert path.read_text() == "mine"
