"""An alert's title: the rule's, with its labels filled in."""

from __future__ import annotations

import re

from tocsin.model.prices import Labels

_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")


def fill(template: str, labels: Labels) -> str:
    """*template* with `{label}` replaced by its values; one that has none leaves no stray colon behind."""
    text = _PLACEHOLDER.sub(lambda found: ", ".join(labels.get(found[1], ())), template)
    return " ".join(text.split()).strip(" :,;–—-") or template
