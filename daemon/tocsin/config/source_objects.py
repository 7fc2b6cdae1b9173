"""Sources as the objects of JSON that commands print and the API answers with."""

from __future__ import annotations

from typing import Any

from tocsin.config.config import Config
from tocsin.render.objects import with_more
from tocsin.store.views import SourceView


def source_object(view: SourceView, config: Config, **more: Any) -> dict[str, Any]:
    """Return the object of a source, with its state in a word, its address, and the fields *more*."""
    return with_more(view, state=view.state, address=address_of(view.name, config), **more)


def address_of(name: str, config: Config) -> str:
    """Return the address of the source *name* as it may be shown; empty if it is not configured any more."""
    return next((source.address for source in config.every_source if source.name == name), "")
