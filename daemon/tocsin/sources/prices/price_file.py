"""The kind `file`: prices in a file that somebody else writes. It is read when it changed."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from tocsin.errors import Fault, FileError, SourceError
from tocsin.files import read_regular
from tocsin.model.prices import Prints
from tocsin.model.sources import Batch, Cursor
from tocsin.protocols import Run
from tocsin.sources.prices.table import Table

_LARGEST = 10 * 1024 * 1024
#: Marks a cursor after which the last line still had no end.
_OPEN = "open:"


class WatchedFile:
    """Prices of *symbols* in the file at *path*, which *table* reads; *run* takes that to a worker.

    A last line without an end may still be being written: it counts once the file rested for a poll.
    """

    def __init__(self, name: str, path: Path, symbols: Sequence[str], table: Table, *, run: Run) -> None:
        self._name = name
        self._path = path
        self._symbols = tuple(symbols)
        self._table = table
        self._run = run

    @property
    def name(self) -> str:
        """The name that the configuration gives it."""
        return self._name

    async def poll(self, cursor: Cursor, now: datetime) -> Batch:
        """The prices of the symbols, or that the file is the same as at *cursor*.

        Raises:
            SourceError: the file cannot be read, is too large, or holds no prices.
        """
        return await self._run(self._poll, cursor, now)

    def _poll(self, cursor: Cursor, now: datetime) -> Batch:
        body = self._read()
        mark = hashlib.sha256(body).hexdigest()
        if cursor.body_hash == mark:
            return Batch(source=self._name, entries=(), cursor=cursor, changed=False, size=len(body))
        rested = cursor.body_hash == _OPEN + mark
        ended = body.endswith((b"\n", b"\r")) or rested
        found = self._prints(body if ended else body[: body.rfind(b"\n") + 1])
        following = Cursor(body_hash=mark if ended else _OPEN + mark, validated_at=now)
        return Batch(
            source=self._name,
            entries=(),
            cursor=following,
            changed=True,
            size=len(body),
            prints=found.prints,
            missing=found.missing,
        )

    def _read(self) -> bytes:
        try:
            return read_regular(self._path, _LARGEST)
        except FileError as error:
            fault = Fault.TOO_LARGE if error.too_large else Fault.NOT_FOUND
            raise SourceError(f"{self._path.name} {error}", fault=fault) from error

    def _prints(self, body: bytes) -> Prints:
        found = self._table.parse(body, "", self._symbols)
        if found.prints or not found.missing:
            return found
        raise SourceError(f"{self._path.name}: {found.missing[0].words}", fault=found.missing[0].fault)
