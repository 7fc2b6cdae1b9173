"""What a worker does, where several share a database."""

from __future__ import annotations

from enum import StrEnum


class Role(StrEnum):
    """The one thing that a worker does; one without a role does all of them."""

    POLL = "poll"
    DELIVER = "deliver"
    WEB = "web"
