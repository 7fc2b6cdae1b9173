"""`tocsin rules word`: add a word to a list of a pack, as an override of the configuration."""

from __future__ import annotations

from typing import Annotated

import typer

from tocsin.cli.adding import DryRunOption, add_to, say_written
from tocsin.cli.common import DEFAULT_CONFIG, ConfigOption, read_config
from tocsin.cli.output import say
from tocsin.config.loading import rules_of
from tocsin.config.new_words import checked_word
from tocsin.config.yaml.edit import add_word
from tocsin.errors import UsageError
from tocsin.replay.word_trial import try_out, word_edit

ListArgument = Annotated[
    str, typer.Argument(metavar="LIST", help="pack/list, or pack/list/label if the list has labels.")
]
WordArgument = Annotated[str, typer.Argument(metavar="WORD", help="The word or the words, as a pack has them: ban~.")]


def new_word(
    into: ListArgument, word: WordArgument, *, dry_run: DryRunOption = False, config: ConfigOption = DEFAULT_CONFIG
) -> None:
    """Add WORD to a LIST of a pack by an override in the configuration file. The pack itself stays as it is.

    Warnings name what is doubtful about the word, and each example of a rule that no longer holds with it.
    """
    settings = read_config(config)
    loaded = rules_of(settings, tried=False)
    lists = {name: terms for rule in loaded.rules.rules.values() for name, terms in rule.lists.items()}
    new = checked_word(lists, into, word)
    tried = try_out(word_edit(new, loaded, settings.overrides), None, ())
    if tried.faults:
        raise UsageError("\n".join(tried.faults))
    for words in tried.warnings:
        say(f"warning: {words}")
    print("\n".join(add_to(config, lambda text: add_word(text, new), dry_run=dry_run).diff))
    say_written(config, 1, dry_run=dry_run)
