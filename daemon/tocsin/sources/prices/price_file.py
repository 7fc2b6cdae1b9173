"""The kind `file`: prices in a file that another program writes. It is read whenever it changes."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass
from datetime import datetime
from pathlib import Path

from tocsin.errors import Fault, FileError, SourceError
from tocsin.files import read_regular
from tocsin.model.entries import Batch, Cursor
from tocsin.protocols import Run
from tocsin.sources.prices import some
from tocsin.sources.prices.table import Table

_LARGEST = 10 * 1024 * 1024
#: Prefix of a cursor after which the last line was still incomplete.
_OPEN = "open:"


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class WatchedFile:
    """Prices of *symbols* in the file at *path*, read by *table*. *run* runs that in a worker.

    A last line without a line break may still be incomplete, so it counts only if the file has not changed for a poll.
    """

    name: str
    path: Path
    symbols: Sequence[str]
    table: Table
    _: KW_ONLY
    run: Run

    async def poll(self, cursor: Cursor, now: datetime) -> Batch:
        """Return the prices of the symbols, or that the file has not changed since *cursor*.

        Raises:
            SourceError: the file cannot be read, is too large, or has no prices.
        """
        return await self.run(self._poll, cursor, now)

    def _poll(self, cursor: Cursor, now: datetime) -> Batch:
        body = self._read()
        mark = hashlib.sha256(body).hexdigest()
        if cursor.body_hash == mark:
            return Batch(source=self.name, entries=(), cursor=cursor, changed=False, size=len(body))
        rested = cursor.body_hash == _OPEN + mark
        ended = body.endswith((b"\n", b"\r")) or rested
        try:
            found = some(self.table.parse(body if ended else body[: body.rfind(b"\n") + 1], "", self.symbols))
        except SourceError as error:
            raise SourceError(f"{self.path.name}: {error}", fault=error.fault) from error
        following = Cursor(body_hash=mark if ended else _OPEN + mark, validated_at=now)
        return Batch(
            source=self.name,
            entries=(),
            cursor=following,
            changed=True,
            size=len(body),
            prints=found.prints,
            missing=found.missing,
        )

    def _read(self) -> bytes:
        try:
            return read_regular(self.path, _LARGEST)
        except FileError as error:
            fault = Fault.TOO_LARGE if error.too_large else Fault.NOT_FOUND
            raise SourceError(f"{self.path.name} {error}", fault=fault) from error
