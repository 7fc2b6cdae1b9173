"""A path that somebody names leads anywhere: whatever is there, nothing waits for it and nothing is filled by it."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from types import FrameType
from typing import NoReturn

import pytest

from tocsin.cli.adding import _read as read_outline
from tocsin.cli.input_files import read_entries, read_quotes
from tocsin.config.config import load_config
from tocsin.config.loading import load_rules
from tocsin.config.price_tables import load_preset
from tocsin.config.testfile import load_tests
from tocsin.config.yaml.edit import replace_file
from tocsin.errors import ConfigError, FileError, SourceError, StoreError, UsageError
from tocsin.files import read_regular
from tocsin.model.entries import Cursor
from tocsin.sources.prices.extract import Format
from tocsin.sources.prices.source import WatchedFile
from tocsin.sources.prices.table import Columns, Table
from tocsin.store.db.sqlite import SqliteDatabase

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
PACK = "tocsin: 1\npack: {id: p, version: 1.0.0}\nrules: [{id: r, news: {match: gallium}}]\n"


@pytest.fixture(autouse=True)
def _impatience() -> Iterator[None]:
    """Whoever waits for a pipe fails."""

    def fail(_: int, __: FrameType | None) -> NoReturn:
        raise AssertionError("it waited")

    before = signal.signal(signal.SIGALRM, fail)
    signal.alarm(20)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


def _pipe(path: Path) -> None:
    os.mkfifo(path)


def _socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))


def _enormous(path: Path) -> None:
    path.touch()
    os.truncate(path, 5 * 1024**3)


THINGS = [
    pytest.param(_pipe, "it is a pipe", id="a pipe"),
    pytest.param(lambda path: path.symlink_to("/dev/zero"), "it is a device", id="a device without an end"),
    pytest.param(lambda path: path.mkdir(), "it is a folder", id="a folder"),
    pytest.param(_socket, "it is a socket", id="a socket"),
    pytest.param(_enormous, "is larger than", id="an enormous file"),
    pytest.param(lambda path: None, "No such file or directory", id="nothing"),
    pytest.param(lambda path: path.symlink_to(path), "symbolic links", id="a link to itself"),
]


def _configuration(path: Path) -> None:
    load_config(path, {})


def _value(path: Path) -> None:
    config = path.with_name("c.yaml")
    config.write_text(f"timezone: ${{file:{path}}}\n")
    load_config(config, {})


def _credential(path: Path) -> None:
    config = path.with_name("c.yaml")
    config.write_text(f"timezone: ${{cred:{path.name}}}\n")
    load_config(config, {"CREDENTIALS_DIRECTORY": str(path.parent)})


def _certificates(path: Path) -> None:
    config = path.with_name("c.yaml")
    config.write_text(f"http: {{ca_file: {path.name}}}\n")
    load_config(config, {})


def _pack(path: Path) -> None:
    folder = path.parent / "pack"
    folder.mkdir()
    (folder / "a.yaml").write_text(PACK)
    (folder / "b.yaml").symlink_to(path)
    load_rules([folder])


def _preset(path: Path) -> None:
    _, faults = load_preset(path, {})
    raise ConfigError(faults)


def _rule_tests(path: Path) -> None:
    _, faults = load_tests(path, ())
    raise ConfigError(faults)


def _entries(path: Path) -> None:
    list(read_entries(path, NOW))


def _quotes(path: Path) -> None:
    read_quotes(path, "x", {})


def _outline(path: Path) -> None:
    read_outline(path)


def _edited(path: Path) -> None:
    replace_file(path, b"", b"sources: {}\n")


def _prices(path: Path) -> None:
    table = Table(Columns(format=Format.CSV, price="close"))
    WatchedFile("w", path, ["x"], table, run=None)._poll(Cursor(), NOW)  # type: ignore[arg-type]


READERS = [
    _configuration,
    _value,
    _credential,
    _certificates,
    _pack,
    _preset,
    _rule_tests,
    _entries,
    _quotes,
    _outline,
    _edited,
    _prices,
]


@pytest.mark.parametrize(("make", "words"), THINGS)
@pytest.mark.parametrize("read", READERS, ids=lambda read: read.__name__.strip("_"))
def test_only_regular_files_of_a_bounded_size_are_read(
    tmp_path: Path, make: Callable[[Path], None], words: str, read: Callable[[Path], None]
) -> None:
    """Whoever writes a wrong path learns what is there; neither `check` nor the daemon waits or fills its memory."""
    path = tmp_path / "x"
    make(path)
    if read is _edited and words == "symbolic links":
        pytest.skip("where it leads is resolved before")
    with pytest.raises((ConfigError, UsageError, SourceError, FileError), match=words):
        read(path)


@pytest.mark.parametrize(
    ("make", "words"),
    [thing for thing in THINGS if thing.id not in ("an enormous file", "nothing", "a link to itself")],
)
def test_only_a_regular_file_is_a_database(tmp_path: Path, make: Callable[[Path], None], words: str) -> None:
    """As root, to give /dev/null an owner alone would break the machine."""
    path = tmp_path / "x"
    make(path)
    before = path.stat().st_mode
    with pytest.raises(StoreError, match=words):
        SqliteDatabase.open(f"sqlite:///{path}")
    assert path.stat().st_mode == before


def test_a_file_of_the_kernel_that_has_nothing_to_say_is_not_waited_for(tmp_path: Path) -> None:
    """Some look regular and wait for what happens next."""
    waiting = Path("/proc/kmsg")
    if not os.access(waiting, os.R_OK):
        pytest.skip("it may not be read here")
    with suppress(FileError):
        assert read_regular(waiting, 100_000_000)


def test_a_line_without_an_end_is_refused_before_it_is_whole(tmp_path: Path) -> None:
    """Four gigabytes without a line end are not taken into memory."""
    path = tmp_path / "x.jsonl"
    path.write_bytes(b"{" * 10_000_001)
    with pytest.raises(UsageError, match=r"x\.jsonl:1: the line is longer than 10,000,000 bytes"):
        list(read_entries(path, NOW))


def test_a_folder_of_thousands_of_files_is_no_pack(tmp_path: Path) -> None:
    """A wrong folder costs no minutes."""
    for number in range(501):
        (tmp_path / f"{number}.yaml").touch()
    with pytest.raises(ConfigError, match=r"holds more than 500 \.yaml files"):
        load_rules([tmp_path])


@pytest.mark.parametrize(
    ("text", "price"),
    [
        ('date,close\n2026-03-02,"1,250.5"\n', "1250.5"),
        ("\ufeffdate;close\n2026-03-02;1,250.5\n", "1250.5"),
        ("date\tclose\n2026-03-02\t$1 250.5\n", "1250.5"),
        ("date,close\n2026-03-01,n/a\n2026-03-02,1e3\n", "1000"),
        ('date,close\n2026-03-02,"1,25"\n', ""),
        ("date,close\n2026-03-02,1.2.3\n", ""),
        ("date,close\n2026-03-02,NaN\n", ""),
    ],
)
def test_a_file_of_prices_is_the_same_to_the_daemon_and_to_a_backtest(tmp_path: Path, text: str, price: str) -> None:
    """What a backtest was run on is what would have been sent."""
    path = tmp_path / "tin.csv"
    path.write_text(text, encoding="utf-8")
    table = Table(Columns(format=Format.CSV, price="close", time="date", history=True))
    polled = table.parse(path.read_bytes(), "", ["tin"])
    if price:
        (quote,) = read_quotes(path, "tin", {})[0]
        assert quote.price == polled.prints[0].price == Decimal(price)
    else:
        assert "is not one number" in polled.missing[0].words
        with pytest.raises(UsageError, match=r"tin\.csv:2: close: .* is not one number"):
            read_quotes(path, "tin", {})
