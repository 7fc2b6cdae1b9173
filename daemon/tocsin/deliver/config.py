"""The part of a good configuration that the dispatcher needs. A reload replaces it as a whole."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from tocsin.model.alerts import Alert, AnswerLinks, no_links
from tocsin.model.prices import Instrument
from tocsin.policy.notifying.date_reminders import DateReminders
from tocsin.policy.notifying.inhibition import Inhibition
from tocsin.policy.notifying.receiver import ReceiverInfo
from tocsin.policy.notifying.reminders import Reminders
from tocsin.policy.notifying.silence import RecurringSilence
from tocsin.receivers import Receiver
from tocsin.rules.prices.edge import PriceRule
from tocsin.store import Decide, Fallbacks

if TYPE_CHECKING:
    from tocsin.receivers.translation import TranslationServer


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryConfig:
    """One good configuration as the dispatcher sees it; *rates* are the most tries a minute, by receiver.

    *people* are the receivers as decisions see them: in quiet hours only alerts that break through are sent. *silences* and
    *inhibitions* are those of the configuration, *reminders* what is sent until somebody answers, *dates* how confirmed dates are reminded of.
    *fallbacks* are the substitutes of each receiver, with their recipients; *routed* returns the recipients of an alert,
    *links* the links to answer in a message to a receiver, as it is sent at a time.
    *translation* is the server that translates headlines, *reads* are the languages that the readers of each receiver read.
    """

    receivers: Mapping[str, Receiver]
    zone: ZoneInfo
    decide: Decide
    instruments: Sequence[Instrument] = ()
    price_rules: Mapping[str, PriceRule] = field(default_factory=dict)
    rates: Mapping[str, int] = field(default_factory=dict)
    people: Sequence[ReceiverInfo] = ()
    silences: Sequence[RecurringSilence] = ()
    inhibitions: Sequence[Inhibition] = ()
    reminders: Reminders = Reminders()  # noqa: RUF009 (frozen)
    dates: DateReminders = DateReminders()  # noqa: RUF009 (frozen)
    fallbacks: Fallbacks = field(default_factory=dict)
    routed: Callable[[Alert], Collection[tuple[str, str]]] = lambda _: ()
    links: Callable[[str, datetime], AnswerLinks] = lambda *_: no_links
    translation: TranslationServer | None = None
    reads: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def present(self) -> list[tuple[str, str]]:
        """Return all recipients: (receiver, recipient) each."""
        return [(name, recipient) for name, item in self.receivers.items() for recipient in item.recipients]
