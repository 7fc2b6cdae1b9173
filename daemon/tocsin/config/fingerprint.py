"""Fingerprint of what two workers must have in common: the configuration and the packs."""

from __future__ import annotations

import hashlib
import json

from tocsin.config.config import Config
from tocsin.config.loading import LoadedRules
from tocsin.config.show import show

#: Sections that differ from machine to machine; the packs count by their content.
_OWN = ("database", "web", "rules")


def fingerprint(config: Config, loaded: LoadedRules) -> str:
    """Return a digest of *config* and the packs *loaded*: 64 bits in hex. It has nothing of a secret in it."""
    shared = {key: value for key, value in show(config).items() if key not in _OWN}
    text = json.dumps([shared, sorted(pack.hash for pack in loaded.packs)], sort_keys=True, default=str)
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()
