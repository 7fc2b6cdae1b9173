"""Timeline of the demo: three years of critical minerals in a dozen chapters.

The events and their dates are public history. Every headline and sentence here was written for this demo.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One entry of a feed, *minute* minutes into its chapter."""

    feed: str
    title: str
    text: str = ""
    minute: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Chapter:
    """One day: its title, and the items that the feeds publish."""

    at: datetime
    title: str
    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """An item and the time when it appeared."""

    item: Item
    at: datetime


def _chapter(day: str, title: str, *items: Item) -> Chapter:
    return Chapter(at=datetime.fromisoformat(day).replace(tzinfo=UTC), title=title, items=items)


def _copies(title: str, text: str, **outlets: str) -> tuple[Item, ...]:
    """Return one report in several feeds, each a little later, with the outlet's name after the headline."""
    return tuple(
        Item(feed=feed.replace("_", "-"), title=f"{title} - {outlet}", text=text, minute=0.3 + n * 0.2)
        for n, (feed, outlet) in enumerate(outlets.items())
    )


#: Items that the feeds contain before the story begins: their silent baseline.
ARCHIVE = (
    Item(feed="wire", title="China bans exports of rare earth processing know-how, an old story"),
    Item(feed="metals", title="Copper smelters agree on lower treatment charges"),
    Item(feed="gazette", title="Notice on opening hours of the registry"),
    Item(feed="post", title="Harbour festival draws record crowd"),
    Item(feed="shangbao", title="港口吞吐量创新高"),
    Item(feed="slow", title="Museum reopens its mineral hall"),
)

_GALLIUM = "Exporters of gallium and germanium must apply for a licence from the first of August, the ministry said."
_DECEMBER = (
    "The ministry said that exports of the three metals to the United States will in principle not be permitted."
)
_OCTOBER = "Five more rare earths come under control, and so does foreign-made equipment that contains them."

TIMELINE = (
    _chapter(
        "2023-07-03T11:00",
        "Gallium and germanium under licence",
        Item(feed="wire", title="China to restrict exports of gallium and germanium from August", text=_GALLIUM),
        Item(feed="shangbao", title="中国对镓、锗相关物项实施出口管制", text="自八月一日起实施。", minute=0.2),
        *_copies(
            "China to restrict exports of gallium and germanium from August",
            f"BEIJING (Reuters) - {_GALLIUM}",
            metals="Metals Daily",
            post="Harbour Post",
        ),
        Item(feed="post", title="Gallium Market to Reach USD 6 Billion by 2031 at a CAGR of 24%", minute=0.8),
    ),
    _chapter(
        "2023-10-20T09:30",
        "Graphite needs a permit",
        Item(
            feed="gazette",
            title="Notice: export licences required for graphite from December",
            text="China will require export licences for natural and synthetic graphite from the first of December.",
        ),
        Item(feed="metals", title="Graphite 2.0 bans default exports in JavaScript modules", minute=0.4),
    ),
    _chapter(
        "2024-08-15T10:00",
        "Antimony",
        Item(feed="wire", title="China to limit exports of antimony and superhard materials from mid-September"),
        Item(feed="post", title="Antimony exports rise to a ten-year high, customs data for June show", minute=0.5),
    ),
    _chapter(
        "2024-12-03T08:00",
        "The ban",
        Item(feed="wire", title="China bans exports of gallium and germanium to the United States", text=_DECEMBER),
        *_copies(
            "China bans exports of gallium and germanium to the United States",
            f"BEIJING (Reuters) - {_DECEMBER}",
            post="Harbour Post",
            slow="Slow News",
        ),
        Item(
            feed="metals",
            title="China bans exports of gallium, germanium and antimony to the United States",
            text=_DECEMBER,
            minute=1.2,
        ),
        Item(feed="shangbao", title="原则上不予许可镓、锗、锑相关两用物项对美国出口", minute=0.9),
        Item(feed="post", title="Silver medal for China after gallium thermometer breaks", minute=1.0),
    ),
    _chapter(
        "2025-04-04T12:00",
        "Seven rare earths",
        Item(feed="wire", title="China puts export controls on dysprosium, terbium and five more rare earths"),
        Item(feed="post", title="Beijing says it will not lift curbs on antimony exports", minute=1.0),
    ),
    _chapter(
        "2025-07-10T13:00",
        "The Pentagon becomes a shareholder",
        Item(
            feed="wire",
            title="Pentagon to become largest shareholder in MP Materials",
            text="The Defense Department buys preferred stock and sets a price floor for neodymium and praseodymium.",
        ),
        *_copies(
            "Pentagon to become largest shareholder in MP Materials",
            "The department buys preferred stock.",
            metals="Metals Daily",
            post="Harbour Post",
        ),
        Item(feed="post", title="MP raises stake in debate on government spending", minute=0.9),
    ),
    _chapter(
        "2025-09-30T20:00",
        "Lithium Americas",
        Item(feed="metals", title="US government takes 5% stake in Lithium Americas and in Thacker Pass"),
        Item(feed="wire", title="Vulcan Materials opens a quarry with a government warrant", minute=0.6),
    ),
    _chapter(
        "2025-10-06T20:30",
        "Trilogy Metals",
        Item(
            feed="wire", title="US takes 10% stake in Trilogy Metals", text="The road to the Ambler district is back."
        ),
        Item(feed="post", title="Pentagon drops plan to take stake in graphite miner", minute=0.7),
    ),
    _chapter(
        "2025-10-09T02:00",
        "The wide net",
        Item(feed="gazette", title="Announcement: export controls on holmium, erbium, thulium and more", text=_OCTOBER),
        Item(
            feed="wire",
            title="China widens rare earth export controls to foreign-made goods",
            text=_OCTOBER,
            minute=0.5,
        ),
    ),
    _chapter(
        "2025-10-20T17:00",
        "Friends",
        Item(feed="wire", title="US and Australia sign critical minerals framework"),
        Item(feed="metals", title="Albemarle signs lithium offtake agreement with a Japanese maker", minute=0.5),
    ),
    _chapter(
        "2025-11-03T14:00",
        "Loans for magnets",
        Item(
            feed="wire",
            title="Pentagon lends Vulcan Elements $620 million, its largest loan for magnets",
            text="ReElement, which is to supply the oxides, gets a loan of its own.",
        ),
        Item(feed="post", title="Bank opens lithium battery loan desk for car buyers", minute=0.5),
    ),
    _chapter(
        "2025-11-07T09:00",
        "The pause",
        Item(feed="gazette", title="China suspends rare earth export controls of October for one year"),
        Item(feed="shangbao", title="中国暂停实施稀土出口管制", minute=0.5),
    ),
    _chapter(
        "2026-01-26T12:30",
        "USA Rare Earth",
        Item(
            feed="wire",
            title="Commerce Department letter of intent gives it 10% stake in USA Rare Earth",
            text="The package mixes grants, a loan and shares.",
        ),
        Item(feed="post", title="Cobalt blue returns to the catwalks", minute=0.4),
    ),
)

#: How long before the first chapter the archive was published, and the service started.
BEFORE = timedelta(hours=6)


def visible(feed: str, now: datetime) -> tuple[Published, ...]:
    """Return the items of *feed* at *now*, newest first."""
    start = TIMELINE[0].at - BEFORE
    shown = [Published(item=item, at=start) for item in ARCHIVE]
    shown += [Published(item=i, at=c.at + timedelta(minutes=i.minute)) for c in TIMELINE for i in c.items]
    return tuple(sorted((p for p in shown if p.item.feed == feed and p.at <= now), key=lambda p: p.at, reverse=True))
