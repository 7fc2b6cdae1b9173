"""What happens in the world, in order: the same for the undisturbed run and for every disturbed one."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import timedelta

from chaos.evidence import Told
from chaos.people import ACK, CONFIRM, SILENCE, SPEAK
from chaos.servers import Answer

MAIL = "mail"
HOOK = "hook"
DESK, SECOND, OPS = "desk@example.org", "second@example.org", "ops@example.org"
NIGHT, AWAY, DEPUTY = "night@example.org", "away@example.org", "deputy@example.org"
WATCH, BOSS, PHONE, PAPER = "watch@example.org", "boss@example.org", "phone@example.org", "paper@example.org"
#: Everybody who is told of news, (receiver, recipient); OPS is told of the daemon, NIGHT sleeps through the day, and DEPUTY
#: stands in for AWAY. WATCH is told of blackouts again until somebody answers, and at last BOSS is; PHONE and PAPER are one
#: person's.
RECIPIENTS = frozenset({(MAIL, DESK), (MAIL, SECOND), (HOOK, ""), ("night", NIGHT)})
#: The receivers of addresses; all others are those of MAIL.
NAMES = {
    OPS: "ops",
    NIGHT: "night",
    AWAY: "away",
    DEPUTY: "deputy",
    WATCH: "watch",
    BOSS: "boss",
    PHONE: "phone",
    PAPER: "paper",
}
#: The receivers of one person, and how often WATCH is told of an alert again.
ANN = ("phone", "paper")
REMINDERS = 2
#: Secrets of the configuration, that may stand nowhere.
CANARIES = ("c4nary-t0ken", "c4nary-passw0rd")
FEEDS = ("wire0", "wire1", "wire2", "ministry", "flaky")
#: Where they are where hosts are public ones.
HOSTS = {**dict.fromkeys(FEEDS, "wires.example"), "ministry": "ministry.example"}

RULES = """\
tocsin: 1
pack: {id: metals, version: 1.0.0}
lists:
  mineral: {gallium: [gallium], cobalt: [cobalt], antimony: [antimony], tin: [tin], tungsten: [tungsten],
            germanium: [germanium], nickel: [nickel]}
rules:
  - id: ban
    title: "{mineral}: export ban"
    severity: high
    event: trade.export.restrict
    news:
      match: |
        $mineral NEAR/8 (ban~ OR halt~)
      severity_if:
        - critical: tier=primary
    key: [mineral]
    cooldown: 6h
  - id: jump
    title: "{instrument}: above 105"
    event: price.spike
    price:
      instruments: [tin]
      when: last >= 105
      clear: last < 103
      recovered: true
    key: [instrument]
    cooldown: 1h
  - id: closure
    title: "{mineral}: closure"
    news: {match: $mineral NEAR/8 closure}
    key: [mineral]
    cooldown: 12h
  - id: notice
    title: Notice
    news: {match: notice}
    key: [story]
    cooldown: 1m
  - id: talk
    title: "{mineral}: talk"
    news: {match: $mineral NEAR/8 talks}
    key: [mineral]
    cooldown: 12h
  - id: rumour
    title: Rumour
    news: {match: rumour}
    key: [story]
    cooldown: 1m
  - id: blackout
    title: Blackout
    severity: high
    news: {match: blackout}
    key: [story]
    cooldown: 1m
  - id: ban-and-jump
    all_of: [ban, jump]
    by: [mineral]
    within: 12h
    cooldown: 12h
"""

CONFIG = """\
timezone: Europe/London
database: "${{DATABASE}}"
rules: [./rules]
sources:
{feeds}
  table: {{table: "http://127.0.0.9:{web}/prices", rows: rows, symbol: metal, price: price, time: at, every: 1s, allow_private: true}}
instruments:
  tin: {{class: metal, currency: USD, sources: table:tin, stale_after: 30d, labels: {{mineral: tin}}}}
receivers:
  mail: {{url: "${{MAIL}}", rate: 6000}}
  hook: {{url: "${{HOOK}}", rate: 6000, max_per_hour: 3600}}
  ops: {{url: "${{OPS}}", rate: 6000, operator: true}}
  night:
    url: "${{NIGHT}}"
    rate: 6000
    timezone: UTC
    quiet_hours: {{from: "01:00", to: "22:00"}}
    digest: {{at: "22:00", empty: true}}
  away: {{url: "${{AWAY}}", rate: 6000, fallback: {{to: deputy, after: 10s}}}}
  deputy: {{url: "${{DEPUTY}}", rate: 6000}}
  watch: {{url: "${{WATCH}}", rate: 6000, repeat: {{every: 3h, at_most: 2}}}}
  boss: {{url: "${{BOSS}}", rate: 6000}}
  phone: {{url: "${{PHONE}}", rate: 6000, person: ann, fallback: {{to: paper, after: 20h}}}}
  paper: {{url: "${{PAPER}}", rate: 6000, person: ann}}
routes:
  - {{to: [mail, hook, night]}}
  - {{rule: closure, to: [away]}}
  - {{rule: blackout, to: [watch, phone, paper]}}
escalations:
  - {{rule: blackout, after: 2h, to: [boss]}}
inhibit:
  - {{by: {{rule: ban, severity: critical}}, silences: {{rule: talk}}, same: [mineral], for: 24h}}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One thing that happens: *items* are (feed, guid, title), *prices* of instruments; then the clock goes on by *later*.

    Those *beside* meet no rule. If *together*, the feeds of all items answer at one moment. *hook* and *mail* answer so out of turn; mails to *refused* are refused from now on, those to *heard* no more, and
    *stood_in* says that somebody then hears in another's stead. *broken* feeds give errors from now on, *mended* ones no more. *rule* is
    what the items meet, *own* are rules of the daemon's own of which it leads to alerts. *pack* is written below the
    rules until it is *pack_mended*. *said* is what a person says of something: see `chaos.people`.
    """

    name: str
    items: tuple[tuple[str, str, str], ...] = ()
    rule: str = ""
    beside: tuple[tuple[str, str, str], ...] = ()
    together: bool = False
    prices: tuple[tuple[str, str], ...] = ()
    hook: tuple[Answer, ...] = ()
    mail: tuple[Answer, ...] = ()
    broken: tuple[str, ...] = ()
    mended: tuple[str, ...] = ()
    pack: str = ""
    pack_mended: bool = False
    own: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()
    heard: tuple[str, ...] = ()
    stood_in: bool = False
    said: tuple[tuple[str, str], ...] = ()
    later: timedelta = timedelta(0)

    @property
    def told(self) -> tuple[Told, ...]:
        """Its publications."""
        met = tuple(Told(feed=feed, title=title, rule=self.rule) for feed, _, title in self.items)
        return met + tuple(Told(feed=feed, title=title) for feed, _, title in self.beside)


def _notice(name: str) -> str:
    """A headline that resembles no other."""
    sounds = hashlib.sha256(name.encode()).digest()
    words = ["".join("bdfgklmnprst"[b % 12] + "aeiou"[b % 5] for b in sounds[at : at + 3]) for at in (0, 4, 8, 12, 16)]
    return f"Notice {' '.join(words)}"


def several(name: str) -> tuple[tuple[str, str, str], ...]:
    """Publications in one document that make a message each: after the first of them a receiver is sent others in a row."""
    return tuple(("wire2", f"{name} {n}", _notice(f"{name} {n}")) for n in range(4))


def everywhere(name: str) -> tuple[tuple[str, str, str], ...]:
    """A publication in each feed that makes a message: some of them wait until those before are written."""
    return tuple((feed, f"{name} {feed}", _notice(f"{name} {feed}")) for feed in FEEDS)


def dull(feed: str, name: str, count: int) -> tuple[tuple[str, str, str], ...]:
    """Publications that meet no rule; two dozen of them are too many for one transaction."""
    return tuple((feed, f"{name} {n}", f"Gallery {name} {n} shows its prints") for n in range(count))


BAN = "metals/ban"
SCRIPT = (
    Step(name="story", items=(("wire0", "g1", "China bans exports of gallium"),), rule=BAN),
    Step(
        name="coverage",
        items=(
            ("wire1", "g2", "China bans exports of gallium"),
            ("wire2", "g3", "China bans exports of gallium, traders say"),
        ),
        rule=BAN,
    ),
    Step(name="louder", items=(("ministry", "g4", "China bans exports of gallium"),), rule=BAN),
    Step(name="inhibited", items=(("wire2", "i1", "Ministers hold gallium talks in Lima"),), rule="metals/talk"),
    Step(name="noise", items=(("wire0", "n1", "Museum opens a new wing for modern art"),)),
    Step(name="within cooldown", items=(("wire1", "g5", "Smelter in Bonn halts gallium line after fire"),), rule=BAN),
    Step(name="long document", items=dull("wire1", "l", 120)),
    Step(name="edge", prices=(("tin", "106"),)),
    Step(name="calm", prices=(("tin", "101"),)),
    Step(name="several at once", items=several("s"), rule="metals/notice"),
    Step(name="correlation", items=(("wire2", "t1", "Indonesia bans exports of tin ingots"),), rule=BAN),
    Step(
        name="syndicated",
        items=tuple((feed, f"c{feed}", "Congo halts shipments of cobalt") for feed in ("wire0", "wire1", "wire2")),
        rule=BAN,
        together=True,
    ),
    Step(name="at one moment", items=everywhere("m"), rule="metals/notice", together=True),
    Step(name="out of order", broken=("flaky",)),
    Step(
        name="mended",
        mended=("flaky",),
        items=(("flaky", "f1", "Vietnam bans antimony exports to its neighbours"),),
        rule=BAN,
        later=timedelta(minutes=20),
    ),
    Step(
        name="refused for a while",
        items=(("wire1", "w1", "Myanmar halts tungsten mining at the border"),),
        rule=BAN,
        hook=(Answer(status=503, words="down for maintenance"),),
        mail=(Answer(status=451, words="try again later"),),
    ),
    Step(name="faulty pack", pack="  - id: [nonsense\n", own=("tocsin/pack-kept-back",)),
    Step(
        name="mended pack",
        pack_mended=True,
        items=(("wire1", "s1", "Quebec halts shipments of germanium after a strike"),),
        rule=BAN,
    ),
    Step(
        name="refused for good",
        items=(("wire0", "r1", "Manila bans buyers of nickel without a licence"),),
        rule=BAN,
        hook=(Answer(status=400, words="invalid_blocks"),) * 2,
        own=("tocsin/delivery-dead",),
    ),
    Step(
        name="asked for quiet",
        items=(("wire1", "q1", "Notice of a tariff on antimony that takes effect on 1 April 2026"),),
        rule="metals/notice",
        hook=(Answer(status=429, words="slow down", headers={"Retry-After": "15"}),),
    ),
    Step(
        name="stood in",
        items=(("wire0", "x1", "Ferry strike forces closure of the gallium terminal"),),
        rule="metals/closure",
        refused=(AWAY,),
        stood_in=True,
    ),
    Step(name="back again", heard=(AWAY,), later=timedelta(hours=2, minutes=30)),
    Step(
        name="silenced",
        said=((SILENCE, "rule=metals/rumour"),),
        items=(("wire1", "u1", "A rumour has it that Oslo sells its stocks"),),
        rule="metals/rumour",
    ),
    Step(
        name="blackout",
        said=((SPEAK, "rule=metals/rumour"),),
        items=(
            ("wire0", "b1", "Blackout stops the smelter of Kokkola"),
            ("wire1", "b2", "Storm brings a blackout to refineries near Perth"),
            ("wire2", "b3", "Grid fails, and Zambian furnaces cool in a blackout"),
        ),
        rule="metals/blackout",
    ),
    Step(name="answered", said=((ACK, "Blackout stops the smelter of Kokkola"), (CONFIRM, "2026-04-01"))),
    Step(name="cooldowns end", later=timedelta(hours=5), own=("tocsin/self-report",)),
    Step(name="answered late", said=((ACK, "Storm brings a blackout to refineries near Perth"),)),
    Step(
        name="taken and not said",
        items=(("wire2", "c9", "Kinshasa court halts the sale of cobalt stocks to traders"),),
        rule=BAN,
        hook=(Answer(status=0, keeps=True),),
        mail=(Answer(status=0, keeps=True),),
    ),
    Step(name="second edge", prices=(("tin", "107"),)),
    Step(name="reworded", items=(("wire2", "t1", "Correction: Indonesia lifts its ban on tin ingots"),)),
    Step(name="all cooldowns end", later=timedelta(hours=8)),
    Step(name="evening", later=timedelta(hours=4)),
)


def probe(number: int) -> Step:
    """News that resembles no other, for a life that is to be cut off on its way."""
    item = (f"wire{number % 3}", f"p{number}", _notice(str(number)))
    return Step(name=f"probe {number}", items=(item,), rule="metals/notice")
