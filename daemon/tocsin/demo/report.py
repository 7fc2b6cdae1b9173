"""Output of the demo: chapters, messages as they are delivered, and a summary."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from pathlib import Path

from rich.console import Console
from rich.text import Text

from tocsin.demo.servers import Chapter, World
from tocsin.model.alerts import Coverage, MatchOutcome
from tocsin.model.deliveries import AttemptResult, Delivery, DeliveryKind, DeliveryState, Settlement
from tocsin.model.rules import Evidence
from tocsin.receivers.console import STYLES
from tocsin.store.views import Counts
from tocsin.units import counted

#: A message that was due this long after it was planned was held.
_HELD = timedelta(hours=1)


class Report:
    """Printer on standard output, with colours only on a terminal."""

    def __init__(self) -> None:
        self.delivered: Counter[str] = Counter()
        self.retried = 0
        self._console = Console(highlight=False)

    def chapter(self, chapter: Chapter) -> None:
        """Print the heading of a new day."""
        self._console.print()
        self._console.rule(Text(f"{chapter.at:%d %B %Y} · {chapter.title}", style="bold"), align="left", style="dim")

    def settled(self, delivery: Delivery, outcome: AttemptResult, settlement: Settlement) -> None:
        """Print a message that was delivered, or that failed."""
        if settlement.state is not DeliveryState.DELIVERED:
            self.retried += settlement.state is DeliveryState.RETRY
            words = f"   {delivery.receiver:<6}{outcome.code or ''} {outcome.words}: will be retried, nothing is lost"
            self._print(Text(words, style="dim"))
            return
        self.delivered[delivery.receiver] += 1
        lead = delivery.content[0]
        alert = lead.alert
        word = {DeliveryKind.UPDATE: "Update: ", DeliveryKind.OPERATOR: "tocsin: "}.get(delivery.kind, "")
        if delivery.kind is DeliveryKind.ALERT and delivery.due_at - delivery.created_at > _HELD:
            word = "held by the cooldown: "
        more = f"  and {len(delivery.content) - 1} more" if len(delivery.content) > 1 else ""
        mark = "✉ mail " if delivery.receiver == "mail" else "# slack"
        severity = alert.severity.upper()
        loud = (f"{severity:<9}", STYLES[severity])
        self._print(Text.assemble(" ", (mark, "bold"), "  ", loud, (f"{word}{alert.title}{more}", "bold")))
        if delivery.receiver != "mail":
            return
        indent = " " * 10
        if lead.lead:
            self._print(Text.assemble(indent, _headline(lead.lead, lead.evidence)))
            self._print(
                Text(f"{indent}{lead.lead.publisher} · {alert.rule} at {Path(alert.rule_position).name}", "dim")
            )
        elif alert.detail:
            self._print(Text(f"{indent}{alert.detail}", "dim"))

    def _print(self, text: Text) -> None:
        self._console.print(text, soft_wrap=True)

    def summary(self, world: World, counts: Counts, seconds: float, mails: Path) -> None:
        """Print the totals."""
        matches = counts.matches
        folded = matches.get(MatchOutcome.JOINED, 0)
        sent = f"{counted(self.delivered['mail'], 'mail')}, {counted(self.delivered['desk'], 'Slack message')}"
        rows = [
            (
                "polled",
                f"{counted(counts.polled, 'time')} ({counted(world.answers['304'], 'answer')} of “not modified”)",
            ),
            ("new", counted(counts.entries, "entry")),
            (
                "matched",
                f"{counted(sum(matches.values()), 'time')} a rule, {matches.get(MatchOutcome.BASELINE, 0)} of them in the silent baseline",
            ),
            ("folded", f"{counted(folded, 'further report')} into {counted(counts.stories, 'story')}"),
            ("alerts", f"{counts.alerts}"),
            ("delivered", f"{sent}, {self.retried} after a retry"),
            ("mails", f"{mails}/*.eml opens in any mail program"),
        ]
        self._console.print()
        self._console.rule(Text(f"three years in {seconds:.0f} seconds", style="bold"), align="left", style="dim")
        for name, value in rows:
            self._print(Text.assemble((f"  {name:<10}", "bold"), value))

    def page(self, link: str) -> None:
        """Print the address that opens the page."""
        self._console.print()
        self._print(Text("Look at it in a browser; this address works once, within five minutes:", style="bold"))
        self._print(Text(f"  {link}"))
        self._print(Text("Ctrl-C ends the demo.", style="dim"))


def _headline(lead: Coverage, evidence: Evidence | None) -> Text:
    """Return the headline with the words that met the rule underlined."""
    text = Text(lead.title)
    for hit in evidence.hits if evidence else ():
        for span in hit.spans:
            if span.field == "title":
                text.stylize("underline", span.start, span.end)
    return text
