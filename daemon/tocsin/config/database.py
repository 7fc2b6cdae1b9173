"""The database of a configuration: a file of SQLite, or one on a server of PostgreSQL."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import parse_qsl, urlsplit

from pydantic import AfterValidator, Discriminator, Field, Tag, ValidationInfo

from tocsin.config.state import default_database
from tocsin.config.yaml.shape import Shape, context, tag

_FILE = "sqlite:///"
_SERVER = re.compile(r"postgresql://[^/?#\s]*/[^/?#\s]+(\?[^#\s]*)?\Z")
_FORMS = "must be sqlite:///path/to/a/file or postgresql://user@host/name"
#: Where a faulty file names its database; one that is filled in from outside cannot be read.
_NAMED = re.compile(
    r"^database:\s*(?:\{?\s*url:\s*)?[\"']?((?:sqlite:///|postgresql://)[^\"'#\s$,}]+)(?=[\"'#\s,}]|\Z)", re.MULTILINE
)


def _address(url: str, info: ValidationInfo) -> str:
    """Return *url* with its path made absolute: `sqlite:///var/x.db` lies below the folder of the configuration."""
    if re.match(r"sqlite:///.", url):
        return below(url, context(info).folder)
    if not _SERVER.match(url):
        raise ValueError(_FORMS)
    parts = urlsplit(url)
    try:
        _ = parts.port
    except ValueError as error:
        raise ValueError(f"{_FORMS}; the port is a number") from error
    if "password" in dict(parse_qsl(parts.query)):
        raise ValueError("must have its password before the @: postgresql://user:${PASSWORD}@host/name")
    return url


Address = Annotated[str, AfterValidator(_address)]


class DatabaseShape(Shape):
    """`database:` in the file, where more than its address is given."""

    url: Address
    """The database as sqlite:///path, relative to this file, or as postgresql://user@host/name."""
    connections: int = Field(default=10, ge=6, le=100)
    """Connections of a worker to a server at most; it keeps five of them beside its transactions."""


def _form(value: Any) -> str:
    return tag("settings" if isinstance(value, Mapping | DatabaseShape) else "address")


DatabaseKey = Annotated[
    Annotated[Address, Tag(tag("address"))] | Annotated[DatabaseShape, Tag(tag("settings"))], Discriminator(_form)
]


def below(url: str, folder: Path) -> str:
    """Return *url* with the path of a file below *folder*."""
    if not url.startswith(_FILE):
        return url
    return f"{_FILE}{folder / Path(url.removeprefix(_FILE)).expanduser()}"


def named(text: str) -> str:
    """Return the address of the database that the text of a faulty configuration names, empty if none can be read."""
    found = _NAMED.search(text)
    return found[1] if found else ""


def file_of(database: str) -> Path | None:
    """Return the file of *database*, None if it is on a server."""
    return Path(database.removeprefix(_FILE)) if database.startswith(_FILE) else None


def place_of(database: str, env: Mapping[str, str]) -> Path:
    """Return the file beside which this machine keeps what belongs to *database*.

    One on a server has such a file only by its name, in the folder of the default database: a user may have several.
    """
    return file_of(database) or default_database(env).with_name(urlsplit(database).path.strip("/") or "tocsin")
