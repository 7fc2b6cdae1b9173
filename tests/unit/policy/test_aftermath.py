"""What polls make of a source over months of simulated time: health, moves, floods, outages."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from tocsin.errors import Fault, SourceError
from tocsin.hints import PollHints, ResponseHints
from tocsin.model.entries import KeyKind
from tocsin.policy.polling import health, history
from tocsin.policy.polling.aftermath import after_failure, after_success
from tocsin.policy.polling.findings import Findings
from tocsin.policy.polling.health import Network, News, SourceStatus
from tocsin.policy.polling.history import Moved, PollHistory, learn
from tocsin.policy.polling.schedule import Terms

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
NEW = "https://new.example/feed"
SAME = Findings()


@dataclass
class Life:
    """A source that is polled again and again; *told* is everything that was told of it."""

    now: datetime = NOON
    before: SourceStatus = field(
        default_factory=lambda: SourceStatus(
            name="wire", terms=Terms(group="e.com"), habits=PollHistory(), first_polled=NOON, last_success=NOON
        )
    )
    told: list[News] = field(default_factory=list)
    details: list[str] = field(default_factory=list)
    due_at: datetime = NOON
    others_until: datetime | None = None

    def poll(self, found: Findings = SAME, *, wait: timedelta = HOUR, **answer: object) -> Life:
        """A good poll, *wait* after the one before."""
        self.now += wait
        after = after_success(self.before, ResponseHints(status=200, **answer), found, now=self.now, random=0.5)  # type: ignore[arg-type]
        self._tell(after.events)
        self.due_at = after.plan.due_at
        self.before = SourceStatus(
            name="wire",
            terms=self.before.terms,
            habits=after.habits,
            first_polled=self.before.first_polled,
            last_success=self.now,
        )
        return self

    def fail(self, fault: Fault, status: int | None = None, *, wait: timedelta = HOUR, **fields: object) -> Life:
        """A failed poll, *wait* after the one before."""
        self.now += wait
        error = SourceError("no luck", fault=fault, status=status, **fields)  # type: ignore[arg-type]
        after = after_failure(self.before, error, now=self.now, random=0.5)
        self._tell(after.events)
        self.due_at, self.others_until = after.plan.due_at, after.others_until
        self.before = SourceStatus(
            name="wire",
            terms=self.before.terms,
            habits=after.habits,
            first_polled=self.before.first_polled,
            last_success=self.before.last_success,
            errors=self.before.errors + 1,
            last_fault=fault,
            unhealthy=after.unhealthy,
            gone=after.gone,
            dead=after.dead,
        )
        return self

    def _tell(self, events: object) -> None:
        self.told += [item.news for item in events]  # type: ignore[attr-defined]
        self.details += [item.detail for item in events]  # type: ignore[attr-defined]


# ---- failures ------------------------------------------------------------------------------------------------------


def test_unhealthy_is_told_once_after_three_failures_and_six_hours_and_so_is_recovery() -> None:
    """One message, not one a failure, none for a hiccup, and one when it is over."""
    life = Life().fail(Fault.NETWORK).fail(Fault.NETWORK).fail(Fault.NETWORK)
    assert life.told == []
    life.fail(Fault.NETWORK, wait=4 * HOUR)
    assert life.told == [News.UNHEALTHY]
    life.fail(Fault.NETWORK, wait=DAY).poll().poll()
    assert life.told == [News.UNHEALTHY, News.RECOVERED]


def test_the_end_of_an_outage_is_noticed_within_the_hour() -> None:
    """A feed that answered 404 for nearly eight hours is not left alone for another eight."""
    life = Life()
    while life.now < NOON + 8 * HOUR:
        life.fail(Fault.STATUS, 404, wait=max(timedelta(minutes=1), life.due_at - life.now))
        assert life.due_at - life.now <= HOUR
    assert life.before.errors < 15


def test_three_answers_that_are_no_feed_are_told_without_waiting() -> None:
    """A feed that became a web page will not become one again by itself."""
    life = Life().fail(Fault.NOT_A_FEED, 200).fail(Fault.NOT_A_FEED, 200).fail(Fault.NOT_A_FEED, 200)
    assert life.told == [News.NOT_A_FEED]
    assert life.fail(Fault.NOT_A_FEED, 200).poll().told == [News.NOT_A_FEED, News.RECOVERED]


def test_a_source_is_gone_after_two_410_in_a_row() -> None:
    """The operator hears it once, and not also that it is unhealthy; it is asked once a week."""
    life = Life().fail(Fault.GONE, 410)
    assert (life.told, life.due_at - life.now) == ([], DAY)
    life.fail(Fault.GONE, 410, wait=DAY).fail(Fault.GONE, 410, wait=7 * DAY)
    assert (life.told, life.due_at - life.now) == ([News.GONE], 7 * DAY)
    assert life.poll(wait=7 * DAY).told == [News.GONE, News.RECOVERED]


def test_a_410_between_other_failures_is_no_end() -> None:
    """Two in a row are meant."""
    life = Life().fail(Fault.GONE, 410).fail(Fault.NETWORK).fail(Fault.GONE, 410)
    assert life.told == []


@pytest.mark.parametrize(("fault", "status"), [(Fault.STATUS, 404), (Fault.UNREACHABLE, None)], ids=["404", "no host"])
def test_a_source_is_dead_after_a_month_without_a_trace(fault: Fault, status: int | None) -> None:
    """It is told once more, and then asked once a week; what comes back is welcome."""
    life = Life().fail(fault, status).fail(fault, status)
    for _ in range(30):
        life.fail(fault, status, wait=DAY)
    assert life.told == [News.UNHEALTHY, News.DEAD]
    assert life.due_at - life.now == 7 * DAY
    assert life.poll(wait=7 * DAY).told[-1] is News.RECOVERED


def test_a_server_error_for_a_month_is_not_death() -> None:
    """There is somebody; he is ill."""
    life = Life()
    for _ in range(40):
        life.fail(Fault.STATUS, 500, wait=DAY)
    assert life.told == [News.UNHEALTHY]


def test_what_a_server_asks_for_concerns_its_whole_host() -> None:
    """A private source, which has no group, puts off nobody."""
    life = Life().fail(Fault.RATE_LIMITED, 429, retry_after=2 * HOUR)
    assert life.others_until == life.now + 2 * HOUR
    own = Life(before=SourceStatus(name="wire", terms=Terms(), habits=PollHistory(), first_polled=NOON))
    assert own.fail(Fault.RATE_LIMITED, 429, retry_after=2 * HOUR).others_until is None


# ---- rhythm --------------------------------------------------------------------------------------------------------


def lively() -> Life:
    """Three weeks with news every eight hours, but not at weekends."""
    life = Life()
    for _ in range(21 * 3):
        quiet = (life.now + 8 * HOUR).weekday() >= 5
        life.poll(SAME if quiet else Findings(held=30, new=1), wait=8 * HOUR)
    return life


def test_a_weekend_is_no_silence_but_two_weeks_are() -> None:
    """Silence is measured against the longest that the source ever kept; told once, and so is its end."""
    life = lively()
    assert life.told == []
    for _ in range(2 * 14):
        life.poll(wait=12 * HOUR)
    assert life.told == [News.SILENT]
    assert "longest silence before was 2d 8h" in life.details[0]
    life.poll(Findings(held=30, new=2)).poll(Findings(held=30, new=2))
    assert life.told == [News.SILENT, News.RECOVERED]


def test_silence_of_a_source_that_is_hardly_known_is_nothing() -> None:
    """A fortnight and some news are needed to know a rhythm."""
    life = Life()
    for _ in range(6):
        life.poll(Findings(held=5, new=1))
    assert life.poll(wait=10 * DAY).told == []
    rare = Life().poll(Findings(held=5, new=1), wait=DAY)
    assert rare.poll(wait=300 * DAY).told == []


def test_a_source_that_is_suddenly_empty_is_told_at_the_third_poll() -> None:
    """An answer without entries is not "no news"; whether the document changes or not."""
    life = lively().poll(Findings(held=0)).poll()
    assert life.told == []
    life.poll(Findings(held=0)).poll().poll()
    assert life.told == [News.EMPTY]
    assert life.poll(Findings(held=3, new=0)).told == [News.EMPTY, News.RECOVERED]
    assert life.details[-1] == "Its document has entries again."


def test_a_source_that_is_often_empty_is_not_told() -> None:
    """A list of warnings is empty on good days."""
    life = lively()
    for _ in range(2):
        life.poll(Findings(held=0)).poll(Findings(held=2, new=1))
    life.poll(Findings(held=0)).poll().poll().poll()
    assert life.told == []


def test_a_source_that_never_had_an_entry_is_not_suddenly_empty() -> None:
    """A new feed begins empty."""
    assert Life().poll(Findings(held=0)).poll().poll().poll().told == []


def test_everything_that_ends_at_once_is_one_message() -> None:
    """A source that fails while it is silent comes back with one "recovered"."""
    life = lively()
    life.poll(wait=14 * DAY).fail(Fault.NETWORK).fail(Fault.NETWORK).fail(Fault.NETWORK, wait=6 * HOUR)
    life.poll(Findings(held=30, new=1))
    assert life.told == [News.SILENT, News.UNHEALTHY, News.RECOVERED]
    assert life.details[-1].startswith("It answers again. It has news again")


def test_a_long_silence_of_long_ago_counts_half() -> None:
    """One dead summer must not hide the next outage for years."""
    habits = PollHistory(arrivals=(NOON,), longest=20 * DAY, longest_at=NOON)
    found = Findings(held=3, new=1)
    within = learn(habits, ResponseHints(), held=found.held, new=found.new, now=NOON + 5 * DAY)
    assert within.longest == 20 * DAY
    later = learn(within, ResponseHints(), held=3, new=1, now=NOON + 40 * DAY)
    assert (later.longest, later.longest_at) == (35 * DAY, NOON + 40 * DAY)
    again = learn(
        PollHistory(arrivals=(NOON + 36 * DAY,), longest=20 * DAY, longest_at=NOON),
        ResponseHints(),
        held=3,
        new=1,
        now=NOON + 37 * DAY,
    )
    assert again.longest == 10 * DAY


def test_what_a_document_asks_for_outlives_a_304_and_headers_do_not() -> None:
    """A 304 repeats its headers, never the feed's own words."""
    hints = PollHints(ttl=HOUR)
    first = learn(
        PollHistory(), ResponseHints(fresh=MINUTE, validators=True, poll_hints=hints), held=3, new=3, now=NOON
    )
    second = learn(first, ResponseHints(validators=True), held=None, new=0, now=NOON + HOUR)
    assert (second.fresh, second.poll_hints, second.arrivals) == (None, hints, (NOON,))


def test_arrivals_are_bounded() -> None:
    """The row of a source does not grow."""
    habits = PollHistory()
    for n in range(100):
        habits = learn(habits, ResponseHints(), held=5, new=1, now=NOON + n * HOUR)
    assert len(habits.arrivals) == 21
    assert len(habits.gaps) == 20


# ---- floods --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("held", "new", "late", "is_flood"),
    [(100, 60, 40, True), (100, 50, 50, False), (30, 20, 20, False), (100, 60, 30, False), (25, 25, 24, True)],
    ids=["a flood", "half of it only", "twenty only", "really new", "a small feed"],
)
def test_old_news_all_at_once_is_a_flood(held: int, new: int, late: int, is_flood: bool) -> None:
    """A feed that changed its ids does not ring a hundred times."""
    assert health.is_flood(held=held, new=new, late=late) is is_flood
    life = lively().poll(Findings(held=held, new=new, late=late))
    assert life.told == ([News.FLOOD] if is_flood else [])


def test_a_baseline_is_no_flood() -> None:
    """The first fetch is silent anyway."""
    first = SourceStatus(name="wire", terms=Terms(), habits=PollHistory(), first_polled=NOON)
    after = after_success(first, ResponseHints(), Findings(held=100, new=100, late=0), now=NOON, random=0.0)
    assert (after.flood, after.events) == (False, ())


# ---- moves ---------------------------------------------------------------------------------------------------------


def test_a_permanent_redirect_is_used_after_a_week_and_told_once() -> None:
    """Five sightings alone could be one bad afternoon."""
    life = Life()
    for _ in range(6):
        life.poll(moved_to=NEW)
    assert life.told == []
    life.poll(wait=7 * DAY, moved_to=NEW).poll(moved_to="").poll(moved_to="")
    assert life.told == [News.MOVED]
    assert NEW in life.details[0]
    assert life.before.habits.moved
    assert life.before.habits.moved.used


def test_a_redirect_that_stops_or_changes_is_forgotten() -> None:
    """It was not so permanent."""
    assert Life().poll(moved_to=NEW).poll(moved_to="").before.habits.moved is None
    life = Life().poll(moved_to=NEW).poll(moved_to=NEW).poll(moved_to="https://other.example/")
    assert life.before.habits.moved == Moved(url="https://other.example/", since=life.now, count=1)


def test_https_in_place_of_http_is_used_at_once() -> None:
    """Every poll by http could be read and changed on its way."""
    assert Life().poll(moved_to=NEW, secured=True).told == [News.MOVED]


def test_a_destination_that_shares_nothing_is_not_counted() -> None:
    """A parked domain answers every address with a feed of its own."""
    life = Life().poll(Findings(held=10, new=10), moved_to=NEW)
    assert life.before.habits.moved is None
    assert life.poll(Findings(held=10, new=9), moved_to=NEW).before.habits.moved


@pytest.mark.parametrize("status", [404, 410])
def test_a_redirect_that_was_seen_is_used_when_the_old_address_ends(status: int) -> None:
    """A server that moved stops redirecting one day."""
    life = Life().poll(moved_to=NEW).fail(Fault.STATUS, status)
    assert life.told == [News.MOVED]
    assert life.due_at == life.now + MINUTE


@pytest.mark.parametrize(
    ("fault", "status", "times", "undone"),
    [
        (Fault.STATUS, 404, 1, True),
        (Fault.GONE, 410, 1, True),
        (Fault.UNREACHABLE, None, 3, True),
        (Fault.UNREACHABLE, None, 2, False),
        (Fault.NOT_A_FEED, 200, 1, True),
        (Fault.STATUS, 503, 4, False),
        (Fault.NETWORK, None, 4, False),
    ],
)
def test_a_move_is_undone_when_there_is_no_feed(fault: Fault, status: int | None, times: int, undone: bool) -> None:
    """A bad hour of the new server is no reason to go back; a missing feed is, and that is told once."""
    life = Life().poll(moved_to=NEW, secured=True)
    for _ in range(times):
        life.fail(fault, status)
    assert life.told == ([News.MOVED, News.MOVED_BACK] if undone else [News.MOVED])


def test_without_a_redirect_nothing_is_doubted() -> None:
    """A plain failure is a plain failure."""
    assert history.failed_at(None, Fault.STATUS, 404, 1) is None


# ---- the network ---------------------------------------------------------------------------------------------------


def tried(hosts: int, *tries: tuple[str, bool], every: timedelta = timedelta(seconds=5)) -> Network:
    """What is known after asking hosts one after the other."""
    found = Network()
    for n, (host, reached) in enumerate(tries):
        found = health.after_try(found, host, reached=reached, hosts=hosts, now=NOON + n * every)
    return found


@pytest.mark.parametrize(
    ("hosts", "tries", "every", "offline"),
    [
        (50, [(f"h{n}", False) for n in range(5)], 5, True),
        (50, [(f"h{n}", False) for n in range(4)], 5, False),
        (50, [("up", True), *((f"h{n}", False) for n in range(4))], 5, True),
        (50, [("up", True), ("also", True), *((f"h{n}", False) for n in range(5))], 5, False),
        (50, [("same", False)] * 9, 5, False),
        (3, [(f"h{n}", False) for n in range(3)], 900, True),
        (3, [("up", True), *((f"h{n}", False) for n in range(2))], 900, False),
        (1, [("only", False)] * 3, 5, False),
    ],
    ids=[
        "five of five",
        "four are too few",
        "four of five",
        "two of seven answer",
        "one host often",
        "all of three, slowly",
        "one of three answers",
        "one host says nothing",
    ],
)
def test_the_network_is_down_when_nearly_nobody_can_be_reached(
    hosts: int, tries: list[tuple[str, bool]], every: int, offline: bool
) -> None:
    """A broken line makes one message, not one a source; a few dead servers are not a broken line."""
    assert (tried(hosts, *tries, every=timedelta(seconds=every)).offline_since is not None) is offline


def test_while_it_is_down_one_try_a_minute_is_made_and_one_success_ends_it() -> None:
    """The daemon notices within a minute that the line is back, and does not hammer until then."""
    down = tried(50, *((f"h{n}", False) for n in range(5)))
    now = NOON + 20 * timedelta(seconds=1)
    assert health.probe(down, now + timedelta(seconds=59)) is None
    probing = health.probe(down, now + MINUTE)
    assert probing is not None
    assert health.probe(probing, now + MINUTE + timedelta(seconds=1)) is None
    assert health.after_try(probing, "h9", reached=False, hosts=50, now=now + MINUTE) == probing
    up = health.after_try(probing, "h1", reached=True, hosts=50, now=now + MINUTE)
    assert up.offline_since is None
    assert health.probe(up, now) is up


# ---- keys that drift ------------------------------------------------------------------------------------------------

IDS = frozenset({KeyKind.ID})
IDS_AND_LINKS = frozenset({KeyKind.ID, KeyKind.LINK})


def test_ids_that_drift_are_told_once_and_remembered() -> None:
    """The operator hears of it once, also when the links turn out to drift, too; it is not taken back."""
    life = Life().poll(Findings(held=9, volatile=IDS)).poll(Findings(held=9, volatile=IDS_AND_LINKS))
    assert life.told == [News.VOLATILE]
    assert life.details[0].startswith("The ids of its entries have changed since the last poll")
    assert life.poll(SAME).before.habits.volatile == IDS_AND_LINKS


def test_ids_that_drift_with_the_links_say_so() -> None:
    """What tells entries apart from now on is in the message."""
    life = Life().poll(Findings(held=9, volatile=IDS_AND_LINKS))
    assert "ids and links" in life.details[0]
    assert "headline and day tell them apart" in life.details[0]


def test_ids_that_are_others_after_a_day_may_have_been_renewed_once() -> None:
    """Nothing is told, and the next poll decides."""
    life = Life().poll(Findings(held=9, volatile=IDS), wait=25 * HOUR)
    assert (life.told, life.before.habits.volatile) == ([], frozenset())
