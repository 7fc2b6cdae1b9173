"""Cards of chat services that show the severity as a colour: Teams and Discord."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from apprise import NotifyType
from apprise.plugins.base import NotifyBase
from apprise.plugins.discord import NotifyDiscord
from apprise.plugins.workflows import NotifyWorkflows

from tocsin.model.rules import Severity
from tocsin.render.words import linked

#: Styles of a container in an adaptive card, from info to critical. Nothing in it is closer to orange than yellow.
_STYLES = ("default", "accent", "warning", "warning", "attention")


class TeamsCard(NotifyWorkflows):
    """apprise's Teams, with cards that wrap text, keep line breaks, show where links lead, and a band of the *severity*."""

    severity: Severity | None = None

    def gen_payload(self, body: str, title: str = "", *args: Any, **kwargs: Any) -> Any:
        """Return the card."""
        lines = linked(body).replace("  \n", "\n\n")
        payload = super().gen_payload(lines, title, *args, **kwargs)
        for attachment in payload["attachments"] if payload and not self.template else ():
            card = attachment["content"]
            for block in card["body"]:
                if block["type"] == "TextBlock":
                    block["wrap"] = True
            if self.severity:
                card["body"] = [self._banded(block) for block in card["body"]]
        return payload

    def _banded(self, block: dict[str, Any]) -> dict[str, Any]:
        if block.get("id") != "title" or not self.severity:
            return block
        return {"type": "Container", "style": _STYLES[self.severity.rank], "bleed": True, "items": [block]}


class DiscordCard(NotifyDiscord):
    """apprise's Discord, with the headline above a card in apprise's colour, and no mention but the operator's."""

    def _send(self, payload: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        if self.ping or self.template:
            return super()._send(payload, *args, **kwargs)
        changed = {**payload, "allowed_mentions": {"parse": []}}
        title, end, body = str(payload.get("content", "")).partition("\r\n")
        if end:  # not already a card, which the address can ask for
            colour = self.asset.color(NotifyType.INFO, int)  # `paint` makes it the same for every type
            changed |= {"content": title, "embeds": [{"description": body, "color": colour}]}
        return super()._send(changed, *args, **kwargs)


#: Ours in place of apprise's.
CARDS: Mapping[type[NotifyBase], type[NotifyBase]] = {NotifyWorkflows: TeamsCard, NotifyDiscord: DiscordCard}
