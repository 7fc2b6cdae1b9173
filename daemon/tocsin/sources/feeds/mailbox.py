"""The kind `mailbox`: a folder of newsletters and alerts, whose mails are entries, or the articles that they link to."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import KW_ONLY, dataclass, field, replace
from datetime import datetime
from functools import partial
from typing import cast

from tocsin.errors import SourceError
from tocsin.hints import ResponseHints
from tocsin.model.entries import Batch, Cursor, Entry
from tocsin.model.prices import Labels
from tocsin.protocols import Run, T
from tocsin.sources.documents.item_labels import ItemLabels
from tocsin.sources.documents.items import Item, Parsed
from tocsin.sources.documents.mail import Mails
from tocsin.sources.documents.parser_process import parse_mail
from tocsin.sources.feeds.entries import entries
from tocsin.sources.feeds.imap import ImapFolder, Letter, Progress


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class MailboxSource:
    """A *folder* that is polled. *run* runs the parsing in a worker; *labels* are added to every entry."""

    name: str
    folder: ImapFolder
    _: KW_ONLY
    run: Run
    mails: Mails
    labels: Labels
    labels_of: ItemLabels = field(default_factory=ItemLabels)

    async def poll(self, cursor: Cursor, now: datetime) -> Batch:
        """Return the entries of the mails that came since *cursor*.

        Raises:
            SourceError: the folder cannot be read.
        """
        letters, after = await _apart(partial(self.folder.letters, _read(cursor.kept), self.mails.senders))
        found, notes = await self.run(self._entries, letters, now) if letters else ((), ())
        return Batch(
            source=self.name,
            entries=found,
            cursor=Cursor(kept=json.dumps([after.validity, after.following])),
            changed=bool(found),
            size=sum(len(letter.body) for letter in letters),
            notes=notes,
            has_ids=not self.mails.links,
            form="a mailbox",
            answer=ResponseHints(validators=True),
        )

    def _entries(self, letters: list[Letter], now: datetime) -> tuple[tuple[Entry, ...], tuple[str, ...]]:
        """Return the entries of *letters*, the newest first, and what could not be read. One bad mail stops no other."""
        items: list[Item] = []
        notes = []
        for letter in reversed(letters):
            try:
                read = parse_mail(letter.body, links=self.mails.links)
            except SourceError as error:
                notes.append(f"a mail was left out: {error}")
                continue
            items += (self.labels_of.of(replace(item, published=letter.received)) for item in read.items)
        # Several letters of a morning link to one article.
        distinct = {item.id or item.link or item.title: item for item in reversed(items)}
        parsed = Parsed(title="", link="", items=tuple(reversed(distinct.values())))
        return entries(parsed, source=self.name, url="", labels=self.labels, now=now), tuple(notes)


def _read(kept: str) -> Progress:
    """Return the progress that is kept in the row."""
    if not kept:
        return Progress()
    validity, following = json.loads(kept)
    return Progress(validity=validity, following=following)


async def _apart(call: Callable[[], T]) -> T:
    """Run a blocking *call* in a thread of its own, for which nobody waits at the end of the process.

    A server that hangs must hold up neither the workers that parse and judge nor a stop of the daemon.
    """
    loop = asyncio.get_running_loop()
    done: asyncio.Future[T] = loop.create_future()

    def settle(result: T | None, error: Exception | None) -> None:
        if not done.done():
            done.set_exception(error) if error else done.set_result(cast("T", result))

    def work() -> None:
        result, error = None, None
        try:
            result = call()
        except Exception as raised:  # noqa: BLE001  # it is raised again where it is awaited
            error = raised
        with suppress(RuntimeError):  # the loop is closed: the daemon has stopped
            loop.call_soon_threadsafe(settle, result, error)

    threading.Thread(target=work, name="mail", daemon=True).start()
    return await done
