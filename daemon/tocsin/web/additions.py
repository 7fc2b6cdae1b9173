"""Additions to the configuration from a page: proposed, shown, and written once what was shown still holds."""

from __future__ import annotations

import logging

from tocsin.config.additions import Addition, Edit, check_writable, write
from tocsin.errors import ConfigError, UsageError
from tocsin.log import line
from tocsin.web.page import Page

log = logging.getLogger(__name__)


class ChangedError(UsageError):
    """The file is not the one of which a person was shown the change."""


async def refusal(page: Page) -> str:
    """Return why nothing can be added to the configuration now; empty if it can."""
    try:
        await proposed(page, str)
    except UsageError as error:
        return f"{error}."
    return ""


async def proposed(page: Page, edit: Edit) -> Addition:
    """Return what *edit* would add to the configuration.

    Raises:
        UsageError: it cannot be added, or not now.
    """
    path = page.daemon.config.path
    if page.daemon.health().refused:
        raise UsageError(
            f"tocsin does not run what {path} says: it refused that file and goes on with the one before; "
            "correct it first (the page More has the first fault)"
        )
    try:
        addition = await page.read(page.daemon.propose, edit)
    except ConfigError as error:
        # Without the lines of the file, which may hold secrets.
        faults = [f"{one.position}: {one.sentence}" if one.position else one.sentence for one in error.problems]
        raise UsageError(
            "\n".join(["The configuration would have faults, so nothing was written:", *faults])
        ) from error
    check_writable(path)
    return addition


async def written(page: Page, addition: Addition, seen: str, what: str) -> None:
    """Write *addition*, which a person was shown of the file *seen*, and let the daemon read it. *what* is for the log.

    Raises:
        ChangedError: the file is another one by now.
        UsageError: it cannot be written.
    """
    if addition.seen != seen:
        raise ChangedError(
            f"{addition.path} was changed since you were shown what would be added, so nothing was written"
        )
    await page.act(write, addition)
    by = page.visitor.name if page.visitor else ""
    log.info(line("configuration written", file=addition.path, added=what, by=by))
    page.daemon.reload()


def lines_of(error: UsageError) -> tuple[str, ...]:
    """Return the words of *error*, a sentence or a line of the configuration each."""
    return tuple(words for words in str(error).splitlines() if words.strip())
