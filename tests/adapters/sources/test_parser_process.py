"""Large documents are parsed in a process of their own."""

import contextlib
import json
import os
import platform
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tocsin.errors import Fault, SourceError
from tocsin.sources.documents import parser_process
from tocsin.sources.feeds.rss import parse

HEADERS = {"url": "http://e.com/feed", "content_type": "text/xml; charset=gbk", "content_language": "zh"}
ENTRIES = "".join(
    f"<item><title>中国 {n}</title><guid>{n}</guid><link>/{n}</link>"
    f"<pubDate>Mon, 02 Mar 2026 10:00:{n:02} GMT</pubDate><source url='x'>出处</source></item>"
    for n in range(9)
)
#: Cut off, so that every field of the result says something.
FEED = f"<rss version='2.0'><channel><title>矿业</title><link>/</link>{ENTRIES}<item><title>x".encode("gbk")


def test_the_cell_finds_what_the_parser_finds():
    """A feed does not change its entries or their identity on the day on which it has grown large."""
    apart = parser_process.parse(FEED, **HEADERS, large=0)
    assert apart == parse(FEED, **HEADERS)
    assert (len(apart.items), apart.complete, bool(apart.notes)) == (9, False, True)
    assert apart.items[0].published is not None


def test_known_items_are_skipped_in_the_process_as_well():
    """The marks of the last document have to arrive there as they are."""
    whole = FEED.removesuffix("<item><title>x".encode("gbk")) + b"</channel></rss>"
    marks = parser_process.parse(whole, **HEADERS).marks
    apart = parser_process.parse(whole, **HEADERS, reading=marks)
    assert apart == parse(whole, **HEADERS, known=marks)
    assert (apart.items, apart.skipped, apart.marks) == ((), tuple(range(9)), marks)


@pytest.mark.parametrize(
    ("size", "options", "words"),
    [
        pytest.param(100, {"large": 0}, "not a feed but an HTML page", id="no feed"),
        pytest.param(100, {"large": 0, "seconds": 0.001}, "takes more than 0.001 seconds", id="too slow"),
        pytest.param(9_000_000, {"memory": 1024 * 1024}, "the reader ended with", id="too much memory"),
        pytest.param(100, {"large": 200}, "not a feed but an HTML page", id="small"),
    ],
)
def test_a_document_that_cannot_be_read_is_a_failed_poll(size, options, words):
    """However the process ends, the daemon gets its one error."""
    with pytest.raises(SourceError, match=words) as caught:
        parser_process.parse(b"<html>".ljust(size), url="http://e.com/", **options)
    assert caught.value.fault is Fault.NOT_A_FEED


def test_the_cell_knows_no_secrets(monkeypatch):
    """Hostile input is parsed where there is no password: the environment is empty, and the arguments contain no address."""
    monkeypatch.setenv("TOCSIN_PASSWORD", "canary")
    large = b"<rss version='2.0'><channel>" + b"<item><title>x</title></item>" * 30_000 + b"</channel></rss>"
    with ThreadPoolExecutor(1) as pool:
        parsing = pool.submit(parser_process.parse, large, url="http://user:canary@e.com/feed")
        seen = b""
        while not parsing.done():
            seen = _looked_up() or seen
            time.sleep(0.005)
        assert len(parsing.result().items) == 2000
    assert b"tocsin.sources.feeds.parser_program" in seen
    assert b"PYTHONPATH=" in seen
    assert b"canary" not in seen


def _looked_up():
    """Arguments and environment of the parser process that runs as a child of this process."""
    return b"".join(
        command + known for _, command, known in _children() if b"tocsin.sources.feeds.parser_program" in command
    )


def _children():
    """(id, arguments, environment) of the children of this process."""
    for task in Path("/proc/self/task").iterdir():
        with contextlib.suppress(OSError):  # threads and children come and go
            for child in (task / "children").read_text().split():
                place = Path(f"/proc/{child}")
                yield int(child), (place / "cmdline").read_bytes(), (place / "environ").read_bytes()


#: Numbers of system calls: `nice` is the first, and limits are set by the second.
SETPRIORITY, PRLIMIT64 = {"x86_64": (141, 302), "aarch64": (140, 261)}.get(platform.machine(), (0, 0))
REFUSING = Path(__file__).with_name("refusing.py")


@pytest.fixture
def refusing(tmp_path, monkeypatch):
    """Makes parser processes start under a kernel that refuses the calls of these numbers; gives how such a Python is called."""

    def make(*numbers):
        command = [sys.executable, str(REFUSING), ",".join(map(str, numbers))]
        if not all(numbers) or subprocess.run([*command, "-c", ""], check=False).returncode:
            pytest.skip("this kernel takes no filter")
        wrapper = tmp_path / "python"
        wrapper.write_text(f'#!/bin/sh\nexec {" ".join(command)} "$@"\n')
        wrapper.chmod(0o755)
        monkeypatch.setattr(sys, "executable", str(wrapper))
        return command

    return make


def test_a_refused_niceness_switches_no_limit_off(refusing):
    """The unit's own filter refused `nice`, and with it went memory and processor time of whatever a stranger sends."""
    command = refusing(SETPRIORITY)
    with subprocess.Popen(
        [*command, "-m", "tocsin.sources.feeds.parser_program", "200000000", "60"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={"PYTHONPATH": os.pathsep.join(sys.path)},
    ) as inside:
        asked = {"document": {"url": "http://e.com/"}, "selectors": None, "size": 1, "seconds": 3, "niceness": 5}
        inside.stdin.write(json.dumps(asked).encode() + b"\nx")
        inside.stdin.flush()
        refused = json.loads(inside.stdout.readline())["refused"]
        limits = Path(f"/proc/{inside.pid}/limits").read_text()
        last_resort = Path(f"/proc/{inside.pid}/oom_score_adj").read_text()
        inside.kill()
    assert [words.partition(":")[0] for words in refused] == ["niceness"]
    bounds = {line[:25].strip(): line[25:].split()[0] for line in limits.splitlines()}
    assert bounds["Max address space"] == "200000000"
    assert bounds["Max core file size"] == "0"
    assert 3 <= int(bounds["Max cpu time"]) <= 10
    assert last_resort == "1000\n"


def test_what_the_system_refuses_is_logged_once_and_feeds_are_read(refusing, caplog):
    """A warning at every poll would be as good as none; and how little is bounded, there is a clock on the wall."""
    refusing(SETPRIORITY, PRLIMIT64)
    for _ in range(2):
        assert len(parser_process.parse(FEED, **HEADERS, large=0).items) == 9
    logged = [record.getMessage() for record in caplog.records if record.name == parser_process.__name__]
    names = ["memory", "core", "files", "niceness", "processor time"]
    assert sorted(names) == sorted(words.partition('limit="')[2].partition(":")[0] for words in logged)


def test_small_documents_share_a_process_that_may_die(tmp_path):
    """Starting one takes longer than reading a feed; whoever ends it in between costs no poll."""
    parser_process.close()
    assert len(parser_process.parse(FEED, **HEADERS).items) == 9
    [first] = _cells()
    assert len(parser_process.parse(FEED, **HEADERS).items) == 9
    assert _cells() == [first]
    os.kill(first, 9)
    assert len(parser_process.parse(FEED, **HEADERS).items) == 9
    assert first not in _cells()


def test_a_process_that_nobody_asks_ends_by_itself():
    """Two of them would take a fifth of the memory of a daemon whose feeds rarely change; the next document starts one."""
    command = [sys.executable, "-m", "tocsin.sources.feeds.parser_program", "200000000", "0.01"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, env={"PYTHONPATH": os.pathsep.join(sys.path)}) as process:
        assert process.wait(60) == 0


def _cells():
    """The processes of parser processes that run as children of this one."""
    return [pid for pid, command, _ in _children() if b"tocsin.sources.feeds.parser_program" in command]


def test_a_large_json_feed_is_read_in_a_parser_process_as_well():
    """Every format has large documents."""
    body = b'{"version": "https://jsonfeed.org/version/1.1", "title": "T", "items": [{"id": "1", "title": "A\\ud800"}]}'
    parsed = parser_process.parse(body, url="https://example.com/feed", large=10)
    assert (parsed.title, [(item.id, item.title) for item in parsed.items]) == ("T", [("1", "A?")])


@pytest.mark.parametrize(
    ("document", "titles"),
    [
        pytest.param("<rss version='2.0'>{blanks}<channel><item><title>x</title></item></channel></rss>", ["x"], id="in"),
        pytest.param("{blanks}<rss version='2.0'><channel><item><title>x</title></item></channel></rss>", ["x"], id="before"),
        pytest.param("<rss version='2.0'><channel><item><title>x</title></item></channel></rss>{blanks}", ["x"], id="after"),
        pytest.param("<rss version='2.0'><channel><item><title>x{blanks}y</title></item></channel></rss>", ["x"], id="title"),
    ],
)  # fmt: skip
def test_a_megabyte_of_nothing_is_read_at_once(document, titles):
    """Blanks are searched once: twice from each would hold the interpreter, and with it every source, for minutes."""
    body = document.format(blanks=" \n" * 500_000).encode()
    assert [item.title for item in parser_process.parse(body, url="http://e.com/feed", seconds=15).items] == titles
