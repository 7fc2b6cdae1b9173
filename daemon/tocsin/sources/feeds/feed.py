"""The kinds `feed` (RSS, Atom or JSON Feed), `page` and `watch`: a document with entries at a web address."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass, field, replace
from datetime import datetime
from functools import partial

from tocsin.hints import PollHints, ResponseHints
from tocsin.model.entries import Batch, Cursor, Entry
from tocsin.model.prices import Labels
from tocsin.protocols import Run
from tocsin.sources.documents.item_labels import ItemLabels
from tocsin.sources.documents.items import Parsed
from tocsin.sources.documents.page import Selectors
from tocsin.sources.documents.parser_process import parse
from tocsin.sources.documents.whole_page import Watch
from tocsin.sources.feeds.entries import entries
from tocsin.sources.feeds.hubs import hub_of, read_hub, written
from tocsin.sources.feeds.last_items import Memory
from tocsin.sources.feeds.watched import compared, still
from tocsin.sources.http.caching import Conditional, ask_since, fresh, poll_hints
from tocsin.sources.http.client import Fetched, HttpClient, public_headers, same_origin


@dataclass(frozen=True, slots=True, kw_only=True)
class _Read:
    """A *document* with its *entries*, and what to keep for the next poll.

    The entries are None if they are those of the last document, which was committed. With *traces* they are only those that it
    lacked. *named* is true if an item has an id.
    """

    document: Parsed
    entries: tuple[Entry, ...] | None
    traces: tuple[str, ...] = ()
    named: bool = True
    hints: PollHints
    kept: str


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class FeedSource:
    """A feed that is polled, or with *selectors* a page, or with *watch* a page whose changes are its entries.

    *items* is a JMESPath expression that makes items of a JSON document; *labels_of* finds labels in items.
    *run* runs the parsing in a worker. *labels* are added to every entry. *headers* are sent to this host only.
    *allow_private* permits loopback and private networks. The address of a *secret* feed must not be stored anywhere, so
    permanent redirects, which may repeat it, are followed but not remembered. *memory* holds the items of its last document.
    """

    name: str
    url: str
    _: KW_ONLY
    http: HttpClient
    run: Run
    labels: Labels
    allow_private: bool = False
    headers: Mapping[str, str] = field(default_factory=dict)
    secret: bool = False
    selectors: Selectors | None = None
    watch: Watch | None = None
    items: str = ""
    labels_of: ItemLabels = field(default_factory=ItemLabels)
    memory: Memory = field(default_factory=Memory)

    async def poll(self, cursor: Cursor, now: datetime) -> Batch:
        """Return the entries of the document, or that it has not changed since *cursor*.

        Raises:
            SourceError: the fetch failed, or the document is not a feed.
        """
        async with self.http.gate.admit():
            return await self._poll(cursor, now)

    async def _poll(self, cursor: Cursor, now: datetime) -> Batch:
        url = cursor.moved_to or self.url
        headers = self.headers if same_origin(url, self.url) else public_headers(self.headers)
        fetch = partial(self.http.fetch, url, headers=headers, allow_private=self.allow_private)
        answer = await ask_since(cursor, now, fetch)
        size, hints = len(answer.fetched.body), self._hints(answer, now)
        batch = Batch(source=self.name, entries=(), cursor=answer.cursor, changed=False, size=size, answer=hints)
        if answer.unchanged and self.watch:
            return replace(batch, cursor=replace(answer.cursor, kept=still(cursor.kept, now)))
        if answer.unchanged:
            return replace(batch, answer=replace(hints, hub=read_hub(cursor.kept)))
        read = await self.http.gate.reader(self.run)(self._read, answer.fetched, cursor, answer.cursor.body_hash, now)
        parsed, found, following = read.document, read.entries, replace(answer.cursor, kept=read.kept)
        if not parsed.complete:
            # The rest is still missing, so the next poll must not be answered by a 304 or an equal body.
            following = Cursor(validated_at=following.validated_at, moved_to=following.moved_to)
        return replace(
            batch,
            entries=found or (),
            traces=read.traces,
            cursor=following,
            changed=bool(found) or (found is not None and not self.watch),
            notes=parsed.notes,
            deleted=parsed.deleted,
            form=parsed.form,
            has_ids=read.named,
            answer=replace(hints, poll_hints=read.hints, hub=None if self.watch else read_hub(read.kept)),
        )

    def _hints(self, answer: Conditional, now: datetime) -> ResponseHints:
        fetched = answer.fetched
        moved_to = fetched.final_url if fetched.moved and not self.secret else ""
        return replace(
            answer.hints,
            fresh=fresh(fetched.headers, now),
            moved_to=moved_to,
            secured=self.url.startswith("http:") and moved_to == f"https:{self.url.removeprefix('http:')}",
        )

    def _read(self, fetched: Fetched, cursor: Cursor, body_hash: str, now: datetime) -> _Read:
        """Return the content of the document, whose hash is *body_hash*, after the one that was committed with *cursor*."""
        last = self.memory.last
        parsed = parse(
            fetched.body,
            url=fetched.final_url,
            content_type=fetched.headers.get("content-type", ""),
            content_language=fetched.headers.get("content-language", ""),
            reading=self.watch or self.selectors or self.items or last.marks or "",
        )
        hints = poll_hints(fetched.body)
        if self.watch:
            parsed, kept = compared(parsed, cursor.kept, self.watch, now)
        else:
            # A hub must learn no address that holds a secret, nor of a feed that only some may read.
            kept = (
                "" if self.secret or self.headers else written(hub_of(fetched.headers, fetched.body, fetched.final_url))
            )
        if last.repeated(parsed, cursor):
            self.memory.last = replace(last, body_hash=body_hash)
            return _Read(document=parsed, entries=None, hints=hints, kept=kept)
        parsed = replace(parsed, items=tuple(map(self.labels_of.of, parsed.items)))
        whole = last.completed(parsed, cursor, now, body_hash=body_hash, url=self.url)
        self.memory.last = whole.last
        found = entries(
            whole.document, source=self.name, url=self.url, labels=self.labels, now=now, drafts=whole.drafts
        )
        return _Read(
            document=whole.document, entries=found, traces=whole.traces, named=whole.named, hints=hints, kept=kept
        )
