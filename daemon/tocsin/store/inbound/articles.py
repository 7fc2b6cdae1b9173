"""The articles of entries: promised with their entry, fetched later, and judged once more with it.

What is to be fetched is a row that is written with its entry, so that no crash forgets it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta

from sqlmodel import Session, col, func, or_, select, update

from tocsin.errors import LeaseLostError
from tocsin.model.articles import FETCHED_WITHIN, Article, ArticleRecord, ArticleState, with_article
from tocsin.model.rules import Judged, Match
from tocsin.policy.alerting.facts import Arrival
from tocsin.policy.polling.articles import MOST_FAILURES
from tocsin.redaction import masked
from tocsin.rules import builtin
from tocsin.store.db import mapping
from tocsin.store.db.tables import AlertRow, ArticleRow, EntryRow, MatchRow, RevisionRow, SourceRow
from tocsin.store.inbound import dates, entries, unevaluated
from tocsin.store.inbound.decisions import Deciding, total
from tocsin.store.values import ArticleLease, Committed, Once

_WAITING = col(ArticleRow.state) == ArticleState.WAITING
_TOO_LATE = f"not fetched within {FETCHED_WITHIN // timedelta(hours=1)} hours"
_LONGEST_ERROR = 500
#: The number of articles in each state, by the number of the source.
Counts = Mapping[int, Mapping[ArticleState, int]]


def claim(
    session: Session,
    now: datetime,
    real: datetime,
    lease: timedelta,
    *,
    sources: Collection[str],
    limit: int,
    worker: int | None = None,
) -> list[ArticleLease]:
    """Lease the oldest due article of each of *sources*, at most *limit*, until *real* + *lease*.

    A source has one lease at a time. Articles that waited too long are given up.
    """
    late = (_WAITING, col(ArticleRow.promised_at) < now - FETCHED_WITHIN)
    session.exec(
        update(ArticleRow)
        .where(*late)
        .values(state=ArticleState.FAILED, error=_TOO_LATE, ended_at=now, lease_until=None)
    )
    asked = select(SourceRow.id).where(col(SourceRow.name).in_(sources), col(SourceRow.disabled).is_(False))
    busy = select(ArticleRow.source_id).where(_WAITING, col(ArticleRow.lease_until) >= real)
    number = col(ArticleRow.source_id)
    numbers = session.exec(
        select(func.min(ArticleRow.entry_id))
        .where(_WAITING, col(ArticleRow.due_at) <= now, number.in_(asked), number.not_in(busy))
        .group_by(number)
        .limit(limit)
    ).all()
    # The holder of a lease that has ended may write about one just now, beside those who claim.
    wanted = select(ArticleRow).where(col(ArticleRow.entry_id).in_(numbers), _WAITING)
    rows = session.exec(wanted.with_for_update()).all()
    found = []
    for row in rows:
        entry = entries.get(session, row.entry_id)
        row.fence, row.lease_until, row.worker = row.fence + 1, real + lease, worker
        if entry is not None:
            kept = mapping.read(ArticleLease, row, entry=entry)
            found.append(kept)
    return found


def void(session: Session, alive: Collection[int]) -> None:
    """End every lease but those of the workers that are *alive*."""
    gone = or_(col(ArticleRow.worker).is_(None), col(ArticleRow.worker).not_in(alive))
    leased = (_WAITING, col(ArticleRow.lease_until).is_not(None), gone)
    session.exec(update(ArticleRow).where(*leased).values(lease_until=None, fence=ArticleRow.fence + 1))


def take(
    deciding: Deciding,
    lease: ArticleLease,
    article: Article,
    judged: Judged,
    *,
    once: Once,
    program: str,
    again: Sequence[Match] = (),
) -> Committed:
    """Write the text of *article*, and the decision about the rules that its entry meets only with it.

    *again* are the daemon's events that articles of the source can be read again, if operators were told that they cannot.

    Raises:
        LeaseLostError: the lease is no longer valid; nothing is written.
    """
    session, number, now = deciding.session, lease.entry_id, deciding.now
    row = _held(session, lease)
    row.state, row.tries, row.error, row.lease_until = ArticleState.FETCHED, row.tries + 1, "", None
    row.address, row.ended_at = masked(article.address), now
    entry = session.get(EntryRow, number)
    assert entry is not None, "its article refers to it"
    entry.body, entry.article_at = with_article(entry.body, article.text)
    last = session.exec(
        select(RevisionRow).where(RevisionRow.entry_id == number).order_by(col(RevisionRow.id).desc()).limit(1)
    ).first()
    met = set(session.exec(select(MatchRow.rule).where(MatchRow.entry_id == number)))
    withdrawn = last is not None and last.withdrawn
    new = () if withdrawn else tuple(match for match in judged.matches if match.rule.id not in met)
    first = unevaluated.first_time(session, once)
    circumstance = (False, row.last_success)
    failed = [(number, failure) for failure in judged.unevaluated if failure.rule not in met]
    unevaluated.add(session, failed, circumstance, now=now, program=program)
    arrivals = [Arrival(entry_id=number, matches=new)]
    own = (*first, *(again if _reported(session, lease.entry.source) else ()))
    committed = total([deciding.about(arrivals, circumstance), deciding.about_own(own)])
    if not withdrawn:
        dates.keep(session, {number: judged.dates}, now)
    return committed


def put_off(session: Session, lease: ArticleLease, error: str, due_at: datetime, *, tried: bool) -> None:
    """Write that an article could not be fetched, if it was *tried*, and is due again at *due_at*.

    Raises:
        LeaseLostError: the lease is no longer valid; nothing is written.
    """
    row = _held(session, lease)
    row.lease_until, row.error, row.tries, row.due_at = None, error[:_LONGEST_ERROR], row.tries + tried, due_at


def give_up(deciding: Deciding, lease: ArticleLease, error: str, *, tried: bool, own: Sequence[Match]) -> Committed:
    """Write that an article is given up; if none of the last ones of its source was fetched, decide about *own*, once.

    Raises:
        LeaseLostError: the lease is no longer valid; nothing is written.
    """
    session = deciding.session
    row = _held(session, lease)
    row.state, row.tries, row.error, row.lease_until = (
        ArticleState.FAILED,
        row.tries + tried,
        error[:_LONGEST_ERROR],
        None,
    )
    row.ended_at = deciding.now
    session.flush()
    ended = (ArticleRow.source_id == row.source_id, col(ArticleRow.ended_at).is_not(None))
    last = select(ArticleRow.state).where(*ended).order_by(col(ArticleRow.ended_at).desc()).limit(MOST_FAILURES)
    failed = list(session.exec(last)).count(ArticleState.FAILED)
    tells = failed == MOST_FAILURES and not _reported(session, lease.entry.source)
    return deciding.about_own(own if tells else ())


def _reported(session: Session, source: str) -> bool:
    """Return whether operators were told that articles of *source* cannot be read, and not yet that they can."""
    rows = session.exec(
        select(AlertRow).where(AlertRow.rule == builtin.ARTICLES_FAILING.id, col(AlertRow.over_at).is_(None))
    )
    return any(source in row.labels.get("source", ()) for row in rows)


def record(session: Session, number: int) -> ArticleRecord | None:
    """Return what became of fetching the article of the entry *number*; None if nobody promised it."""
    row = session.get(ArticleRow, number)
    return mapping.read(ArticleRecord, row) if row else None


def counts(session: Session) -> Counts:
    """Return the number of articles in each state, by the number of the source."""
    found: dict[int, dict[ArticleState, int]] = defaultdict(dict)
    grouped = select(ArticleRow.source_id, ArticleRow.state, func.count()).group_by(
        col(ArticleRow.state), col(ArticleRow.source_id)
    )
    for source, state, count in session.exec(grouped):
        found[source][ArticleState(state)] = count
    return found


def _held(session: Session, lease: ArticleLease) -> ArticleRow:
    row = session.get(ArticleRow, lease.entry_id, with_for_update=True)
    if row is None or row.fence != lease.fence or row.lease_until is None:
        raise LeaseLostError(f"the article of entry {lease.entry_id} took longer than its lease; it is fetched again")
    return row
