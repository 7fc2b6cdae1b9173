"""`tocsin demo`: the whole job offline."""

from __future__ import annotations
