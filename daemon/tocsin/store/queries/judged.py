"""Stored entries as explanations need them."""

from __future__ import annotations

from sqlmodel import Session

from tocsin.model.entries import Entry
from tocsin.model.records import JudgedEntry
from tocsin.store.inbound import articles, entries, unevaluated
from tocsin.store.queries import listing


def record(session: Session, number: int, rule: str) -> tuple[JudgedEntry, Entry | None] | None:
    """Return what is recorded about the entry *number* under *rule*, and its text as it was judged.

    The text is None if it was deleted. A match is explained by the text that was judged, an entry without a match by its
    present one. None if there is no such entry.
    """
    view = next((one for one in entries.find(session, str(number)) if one.id == number), None)
    if view is None:
        return None
    match = next(iter(listing.matches(session, entry_id=number, rule=rule)), None)
    found = JudgedEntry(
        number=number,
        entry=view.entry,
        match=match,
        failure=unevaluated.error(session, number, rule),
        alert=listing.alert(session, match.alert_id) if match and match.alert_id is not None else None,
        revised=view.revised,
        article=articles.record(session, number),
    )
    text = None if view.pruned else entries.get(session, number, match.decided_at if match else None) or view.entry
    return found, text


def find_record(session: Session, words: str, rule: str) -> tuple[JudgedEntry, Entry | None] | None:
    """Return the `record` of the entry with the number *words*, or else of the newest with that id or link."""
    found = entries.find(session, words)
    view = next((one for one in found if str(one.id) == words), found[0] if found else None)
    return record(session, view.id, rule) if view else None
