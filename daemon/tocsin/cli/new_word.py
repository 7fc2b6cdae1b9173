"""`tocsin rules word`: add a word to a list of a pack, as an override of the configuration."""

from __future__ import annotations

from typing import Annotated

import typer

from tocsin.cli.adding import DryRunOption, add_to, say_written
from tocsin.cli.common import DEFAULT_CONFIG, ConfigOption, read_config
from tocsin.config.loading import rules_of
from tocsin.config.new_words import checked_word
from tocsin.config.yaml.edit import add_word

ListArgument = Annotated[
    str, typer.Argument(metavar="LIST", help="pack/list, or pack/list/label if the list has labels.")
]
WordArgument = Annotated[str, typer.Argument(metavar="WORD", help="The word or the words, as a pack has them: ban~.")]


def new_word(
    into: ListArgument, word: WordArgument, *, dry_run: DryRunOption = False, config: ConfigOption = DEFAULT_CONFIG
) -> None:
    """Add WORD to a LIST of a pack by an override in the configuration file. The pack itself stays as it is."""
    rules = rules_of(read_config(config), tried=False).rules
    lists = {name: terms for rule in rules.rules.values() for name, terms in rule.lists.items()}
    new = checked_word(lists, into, word)
    print("\n".join(add_to(config, lambda text: add_word(text, new), dry_run=dry_run).diff))
    say_written(config, 1, dry_run=dry_run)
