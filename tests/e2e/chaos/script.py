"""What happens in the world, in order: the same for the undisturbed run and for every disturbed one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from chaos.evidence import Told
from chaos.servers import Answer

MAIL = "mail"
HOOK = "hook"
DESK, SECOND, OPS = "desk@example.org", "second@example.org", "ops@example.org"
#: Everybody who is told of news, (receiver, recipient); OPS is told of the daemon.
RECIPIENTS = frozenset({(MAIL, DESK), (MAIL, SECOND), (HOOK, "")})
#: Secrets of the configuration, that may stand nowhere.
CANARIES = ("c4nary-t0ken", "c4nary-passw0rd")
FEEDS = ("wire0", "wire1", "wire2", "ministry", "flaky")

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
    note: Read the announcement before acting.
  - id: jump
    title: "{instrument}: above 105"
    event: price.spike
    price:
      instruments: [tin]
      when: last >= 105
      clear: last < 103
    key: [instrument]
    cooldown: 1h
  - id: ban-and-jump
    all_of: [ban, jump]
    by: [mineral]
    within: 12h
"""

CONFIG = """\
timezone: Europe/London
rules: [rules]
sources:
{feeds}
  table: {{table: "http://127.0.0.9:{web}/prices", rows: rows, symbol: metal, price: price, time: at, every: 1s, allow_private: true}}
instruments:
  tin: {{class: metal, currency: USD, sources: table:tin, stale_after: 30d, labels: {{mineral: tin}}}}
receivers:
  mail: {{url: "${{MAIL}}", rate: 6000}}
  hook: {{url: "${{HOOK}}", rate: 6000}}
  ops: {{url: "${{OPS}}", rate: 6000, operator: true}}
routes:
  - {{to: [mail, hook]}}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One thing that happens: *items* are (feed, guid, title), *prices* of instruments; then the clock goes on by *later*.

    *hook* and *mail* answer so out of turn. *broken* feeds give errors from now on, *mended* ones no more. *rule* is
    what the items meet, *own* are rules of the daemon's own of which it leads to alerts. *pack* is written below the
    rules until it is *pack_mended*.
    """

    name: str
    items: tuple[tuple[str, str, str], ...] = ()
    rule: str = ""
    prices: tuple[tuple[str, str], ...] = ()
    hook: tuple[Answer, ...] = ()
    mail: tuple[Answer, ...] = ()
    broken: tuple[str, ...] = ()
    mended: tuple[str, ...] = ()
    pack: str = ""
    pack_mended: bool = False
    own: tuple[str, ...] = ()
    later: timedelta = timedelta(0)

    @property
    def told(self) -> tuple[Told, ...]:
        """Its publications."""
        return tuple(Told(feed=feed, title=title, rule=self.rule) for feed, _, title in self.items)


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
    Step(name="noise", items=(("wire0", "n1", "Museum opens a new wing for modern art"),)),
    Step(name="within cooldown", items=(("wire1", "g5", "Smelter in Bonn halts gallium line after fire"),), rule=BAN),
    Step(name="edge", prices=(("tin", "106"),)),
    Step(name="calm", prices=(("tin", "101"),)),
    Step(name="correlation", items=(("wire2", "t1", "Indonesia bans exports of tin ingots"),), rule=BAN),
    Step(
        name="syndicated",
        items=tuple((feed, f"c{feed}", "Congo halts shipments of cobalt") for feed in ("wire0", "wire1", "wire2")),
        rule=BAN,
    ),
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
    Step(name="cooldowns end", later=timedelta(hours=7)),
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
)
