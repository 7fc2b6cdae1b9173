"""The log on stderr, as people and programs read it."""

from __future__ import annotations

import io
import json
import logging
from datetime import UTC, datetime, timedelta

import pytest

from tocsin.cli.log_output import JsonFormatter, LogHandler, TextFormatter
from tocsin.log import line


class Log:
    """A logger of its own, its output, and a clock moved by hand."""

    def __init__(self, formatter: logging.Formatter, *, journal: bool = False) -> None:
        self.now = 0.0
        self.output = io.StringIO()
        self.handler = LogHandler(self.output, journal=journal, monotonic=lambda: self.now)
        self.handler.setFormatter(formatter)
        self.logger = logging.getLogger(__name__)
        self.logger.setLevel(logging.DEBUG)
        self.logger.handlers, self.logger.propagate = [self.handler], False

    @property
    def lines(self) -> list[str]:
        """What was written."""
        return self.output.getvalue().splitlines()


def test_json_has_a_key_for_each_pair() -> None:
    """A collector needs no expressions to take the log apart: numbers stay numbers, and control characters escaped."""
    log = Log(JsonFormatter())
    log.logger.warning(
        line(
            "delivery failed",
            receiver="desk",
            tries=3,
            late=True,
            retry_in=timedelta(seconds=40.5),
            next=datetime(2026, 3, 2, tzinfo=UTC),
            reason="\x1b[31m503\nbusy",
            code=None,
        )
    )
    (found,) = map(json.loads, log.lines)
    at = datetime.fromisoformat(found.pop("ts"))
    assert at.utcoffset() == timedelta(0)
    assert found == {
        "level": "warning",
        "event": "delivery failed",
        "receiver": "desk",
        "tries": 3,
        "late": True,
        "retry_in": 40.5,
        "next": "2026-03-02T00:00:00+00:00",
        "reason": "\x1b[31m503\nbusy",
    }
    assert log.output.getvalue().strip().isprintable()


def test_json_is_one_line_even_for_a_traceback_and_a_line_of_a_library() -> None:
    """A collector reads line by line."""
    log = Log(JsonFormatter())
    try:
        raise ValueError("two\nlines")
    except ValueError:
        log.logger.exception(line("poll failed unexpectedly", source="wire"))
    log.logger.warning("%s is\nslow", "it")
    first, second = map(json.loads, log.lines)
    assert first["source"] == "wire"
    assert "ValueError: two\nlines" in first["exception"]
    assert (second["event"], second["level"]) == ("it is\nslow", "warning")


@pytest.mark.parametrize("formatter", [TextFormatter(timed=False), JsonFormatter()], ids=["text", "json"])
def test_a_line_comes_once_a_minute_and_then_says_how_often(formatter: logging.Formatter) -> None:
    """A source that fails twice a second must not bury what else happens."""
    log = Log(formatter)
    for _ in range(240):
        log.logger.error(line("no price", symbol="MP", next=timedelta(seconds=log.now)))
        log.now += 0.5
    assert len(log.lines) == 3
    log.logger.error(line("no price", symbol="ALB"))
    log.handler.close()
    if isinstance(formatter, TextFormatter):
        assert log.lines == [
            "ERROR no price symbol=MP next=0.0s",
            "ERROR no price symbol=MP next=59.5s (repeated 119 times)",
            "ERROR no price symbol=MP next=60.0s",
            "ERROR no price symbol=MP next=119.5s (repeated 119 times)",
            "ERROR no price symbol=ALB",
        ]
    else:
        assert [json.loads(one).get("repeated") for one in log.lines] == [None, 119, None, 119, None]


def test_what_was_counted_is_written_at_the_end() -> None:
    """A daemon that stops within the minute says how often it was."""
    log = Log(TextFormatter(timed=False))
    for _ in range(3):
        log.logger.warning(line("over its limit", receiver="desk"))
    log.handler.close()
    assert log.lines[1:] == ["WARNING over its limit receiver=desk (repeated 2 times)"]


def test_each_poll_is_shown_to_who_asks_for_it() -> None:
    """At level debug nothing is left out."""
    log = Log(TextFormatter(timed=False))
    for _ in range(3):
        log.logger.debug(line("source polled", source="wire", new=0))
    assert len(log.lines) == 3


def test_each_line_in_the_journal_has_a_priority() -> None:
    """`journalctl -p warning` finds what went wrong, every line of a traceback included."""
    log = Log(TextFormatter(timed=False), journal=True)
    log.logger.info("started")
    log.logger.critical("database lost\nfor good")
    assert log.lines == ["<6>INFO started", "<2>CRITICAL database lost", "<2>for good"]


def test_what_comes_after_the_end_of_the_log_is_dropped(capsys: pytest.CaptureFixture[str]) -> None:
    """A line or a timer may come when stderr is closed: it must not print a traceback into what comes after."""
    log = Log(TextFormatter(timed=False))
    for _ in range(2):
        log.logger.warning(line("source failed", source="wire"))
    log.output.close()
    log.logger.warning(line("source failed", source="other"))
    log.handler.close()
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("formatter", [TextFormatter(), JsonFormatter()], ids=["text", "json"])
def test_an_address_is_logged_without_its_secrets(formatter: logging.Formatter) -> None:
    """Whoever reads a log may not use what it names: not in a pair, and not in a traceback."""
    log = Log(formatter)
    try:
        raise ValueError("cannot ask https://me:s3cret@example.org/feed?key=s3cret")
    except ValueError:
        log.logger.exception(line("poll failed", url="https://example.org/?token=s3cret"))
    assert "https://example.org/?token=***" in log.output.getvalue()
    assert "s3cret" not in log.output.getvalue()
    if isinstance(formatter, JsonFormatter):
        assert "ValueError" in json.loads(log.lines[0])["exception"]
