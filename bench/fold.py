"""Fold headlines into stories as the product does: {"id", "story"} a line on stdout, the time a headline on stderr.

    python bench/fold.py FILE              FILE: {"id", "title", "first_seen_ms", "url"} a line
    python bench/fold.py --time [--open 5000]

Rules are left out: all headlines count as reports of one event. Without a FILE, made headlines about as many stories as
--open says measure the time that one more headline takes.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tocsin.model.alerts import Story, StoryEntry
from tocsin.model.entries import Entry
from tocsin.policy.alerting.story import Stories

START = datetime(2026, 3, 2, 8, tzinfo=UTC)


class Folder:
    """Stories of one event that grow headline by headline."""

    def __init__(self) -> None:
        self._open = Stories()
        self._count = 0

    def fold(self, title: str, link: str, at: datetime) -> int:
        """The number of the story that the headline belongs to."""
        self._count += 1
        entry = Entry(
            source="x",
            id=str(self._count),
            keys=(),
            title=title,
            canonical_link=link,
            first_seen=at,
            published=at,
            labels={},
        )
        member = StoryEntry(
            entry_id=self._count, title=title, canonical_link=link, publisher="", origin="", event_time=at
        )
        found = self._open.find(entry, at)
        if found is None:
            story = Story(id=self._count, event="bench", opened_at=at, last_at=at, entries=(member,))
        else:
            story = replace(found, last_at=max(found.last_at, at), entries=(*found.entries, member))
        self._open.put(story)
        return story.id


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path, nargs="?")
    parser.add_argument("--time", action="store_true")
    parser.add_argument("--open", type=int, default=5000)
    given = parser.parse_args()
    if given.file:
        fold_file(given.file)
    if given.time or not given.file:
        measure(given.open)
    return 0


def fold_file(path: Path) -> None:
    with path.open(encoding="utf-8") as lines:
        rows = sorted((json.loads(line) for line in lines if line.strip()), key=lambda row: row["first_seen_ms"])
    folder = Folder()
    begun = time.process_time()
    for row in rows:
        at = datetime.fromtimestamp(row["first_seen_ms"] / 1000, UTC)
        print(json.dumps({"id": row["id"], "story": folder.fold(row["title"], row.get("url", ""), at)}))
    told(begun, len(rows))


def measure(stories: int) -> None:
    """*stories* are opened; the thousand headlines behind them are timed, every third of them one that was seen before."""
    rnd = random.Random(1)
    common = [f"{a}{b}" for a in ("gall", "germ", "lith", "cob", "nick", "cop", "tung") for b in ("ium", "alt", "el")]
    rare = [f"name{n}" for n in range(20_000)]

    def title() -> str:
        # Headlines of one domain share their words: half of each are common ones.
        return " ".join([*rnd.sample(common, 4), *rnd.sample(rare, 5)])

    folder = Folder()
    titles = [title() for _ in range(stories)]
    for number, each in enumerate(titles):
        folder.fold(each, "", START + timedelta(seconds=number))
    fresh = [title() if n % 3 else rnd.choice(titles) + " today" for n in range(1000)]
    begun = time.process_time()
    for each in fresh:
        folder.fold(each, "", START + timedelta(hours=2))
    told(begun, len(fresh))


def told(begun: float, headlines: int) -> None:
    spent = time.process_time() - begun
    print(f"{headlines} headlines, {1e6 * spent / max(headlines, 1):.0f} µs each", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
