"""Sources and words written into a file that people keep."""

from __future__ import annotations

import fcntl
import os

import pytest

from tocsin.config.yaml.edit import NewSource, NewWord, add_sources, add_word, replace_file
from tocsin.errors import UsageError

NEW = NewSource(name="new", kind="feed", address="https://e.com/f?a=1&b=2", more={})
LINE = "new: {feed: https://e.com/f?a=1&b=2}\n"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", "sources:\n  " + LINE),
        ("timezone: UTC", "timezone: UTC\n\nsources:\n  " + LINE),
        ("sources:\n  a: {feed: http://a.b}\n", "sources:\n  a: {feed: http://a.b}\n  " + LINE),
        ("sources:\n  a: {feed: http://a.b}", "sources:\n  a: {feed: http://a.b}\n  " + LINE),
        ("sources:\n", "sources:\n  " + LINE),
        (
            "# mine\nsources:   # all\n    a:\n        feed: http://a.b   # x\n    # after a\n\n# below\nrules: [r]\n",
            "# mine\nsources:   # all\n    a:\n        feed: http://a.b   # x\n    # after a\n    "
            + LINE
            + "\n# below\nrules: [r]\n",
        ),
        (
            "sources:\r\n  a: {feed: http://a.b}\r\nrules: []\r\n",
            "sources:\r\n  a: {feed: http://a.b}\r\n  " + LINE.replace("\n", "\r\n") + "rules: []\r\n",
        ),
        (
            "sources:\n  a: {feed: http://a.b,\n      every: 5m}\nrules: []\n",
            "sources:\n  a: {feed: http://a.b,\n      every: 5m}\n  " + LINE + "rules: []\n",
        ),
        (
            "sources:\n  铜: {feed: 'http://a.b'}\nx-note: |\n  sources:\n",
            "sources:\n  铜: {feed: 'http://a.b'}\n  " + LINE + "x-note: |\n  sources:\n",
        ),
        ("---\nsources:\n  a: {feed: x}\n", "---\nsources:\n  a: {feed: x}\n  " + LINE),
        ("\ufeffsources: {a: {feed: x}}\n", "\ufeffsources: {a: {feed: x}, " + LINE.strip() + "}\n"),
    ],
    ids=[
        *("empty", "no-sources", "block", "no-end", "nothing-yet", "comments", "crlf", "flow-item", "words"),
        *("document", "mark"),
    ],
)
def test_a_source_goes_behind_the_others_and_all_else_stays(before: str, after: str) -> None:
    """People's comments, order and line ends are theirs."""
    assert add_sources(before, [NEW]) == after


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("sources: {}  # none\n", "sources: {new: {feed: w}, two: {feed: z}}  # none\n"),
        ("sources: {a: {feed: x}, } # c\n", "sources: {a: {feed: x}, new: {feed: w}, two: {feed: z}, } # c\n"),
        (
            "sources: {\r\n  a: {feed: x}  # of a, really\r\n  # end\r\n}\r\n",
            "sources: {\r\n  a: {feed: x},  # of a, really\r\n  new: {feed: w},\r\n  two: {feed: z}\r\n  # end\r\n}\r\n",
        ),
        (
            "sources: {\n    a: {feed: x},\n}\nrules: []\n",
            "sources: {\n    a: {feed: x},\n    new: {feed: w},\n    two: {feed: z},\n}\nrules: []\n",
        ),
        ("sources: {x-a: b}\n", "sources: {x-a: b, new: {feed: w}, two: {feed: z}}\n"),
        ('{"sources": {"a": {"feed": "}"}}}\n', '{"sources": {"a": {"feed": "}"}, new: {feed: w}, two: {feed: z}}}\n'),
    ],
    ids=["empty", "line", "lines", "last-comma", "scalar", "json"],
)
def test_sources_between_braces_stay_there(before: str, after: str) -> None:
    """In their line, or a line each; a comment stays with the source that it is about."""
    new = [
        NewSource(name=name, kind="feed", address=address, more={}) for name, address in (("new", "w"), ("two", "z"))
    ]
    assert add_sources(before, new) == after


def test_a_name_that_means_nothing_in_yaml_is_quoted() -> None:
    """There are outlets of all names."""
    assert '"null": {feed: x}' in add_sources("", [NewSource(name="null", kind="feed", address="x", more={})])


@pytest.mark.parametrize(
    "text",
    [
        "- a\n",
        "sources: [\n",
        "{rules: []}\n",
        "x-a: &a {a: {feed: x}}\nsources: *a\n",
        "x-a: &a\n  a: {feed: x}\nsources: *a\n",
        "sources: {a: {feed: x}\n , }\n",
        "sources: {b: {feed: w}, a: {feed: x} # c\n  }\n",
        "rules: []\n...\n",
    ],
    ids=["list", "broken", "braces", "alias", "block-alias", "comma-below", "mixed", "ended"],
)
def test_what_cannot_be_done_safely_is_left_to_people(text: str) -> None:
    """With the line to paste."""
    with pytest.raises(UsageError) as caught:
        add_sources(text, [NEW])
    assert str(caught.value).endswith("\n  " + LINE.strip())


@pytest.mark.parametrize(
    "value",
    [
        "plain",
        "a, b",
        "x: y",
        "#x",
        "${HOME}",
        'say "x"',
        "true",
        "12:30",
        "{",
        "https://e.com/[1]",
        "日本",
        "a\nb",
        "\x7f\x85\u2028\u202e\ufeff\U000e0001",
    ],
)
def test_any_text_stays_what_it_is(value: str) -> None:
    """A dollar sign must not become a reference, nor a word a truth value."""
    source = NewSource(name="new", kind="feed", address=value, more={"labels": {"tier": value}, "allow_private": True})
    assert add_sources("sources:\n  a: {feed: http://a.b}\n", [source]).count("\n") == 3


LABELLED = NewWord(pack="metals", name="mineral", label="gallium", term="GaAs wafer")
PLAIN = NewWord(pack="metals", name="curb", label="", term="choke")


@pytest.mark.parametrize(
    ("before", "new", "after"),
    [
        ("rules: []\n", PLAIN, "rules: []\n\noverrides:\n  metals: {lists: {curb: [choke]}}\n"),
        (
            "overrides:\n  ban: {severity: low}  # loud\n\nrules: []\n",
            LABELLED,
            (
                "overrides:\n  ban: {severity: low}  # loud\n"
                '  metals: {lists: {mineral: {gallium: ["GaAs wafer"]}}}\n\nrules: []\n'
            ),
        ),
        (
            "overrides:\n  metals: {lists: {curb: [halt~]}}  # ours\n",
            PLAIN,
            "overrides:\n  metals: {lists: {curb: [halt~, choke]}}  # ours\n",
        ),
        (
            "overrides:\n  metals:\n    lists:\n      curb:\n        - halt~  # of old\n        # end\n  # of x\n  x: {to: a}\n",
            PLAIN,
            (
                "overrides:\n  metals:\n    lists:\n      curb:\n        - halt~  # of old\n        # end\n        - choke\n"
                "  # of x\n  x: {to: a}\n"
            ),
        ),
        (
            "overrides:\n  metals:\n    lists:\n      curb: [\n        'halt~',  # of old\n        stop,\n      ]\n",
            PLAIN,
            "overrides:\n  metals:\n    lists:\n      curb: [\n        'halt~',  # of old\n        stop,\n        choke,\n      ]\n",
        ),
        (
            "overrides:\n  metals:\n    lists: {curb: ['it''s']}\n",
            LABELLED,
            "overrides:\n  metals:\n    lists: {curb: ['it''s'], mineral: {gallium: [\"GaAs wafer\"]}}\n",
        ),
        (
            "overrides:\n  metals:\n    lists:\n      mineral:\n        cobalt:\n        - Co\n  y: {to: a}\n",
            LABELLED,
            (
                "overrides:\n  metals:\n    lists:\n      mineral:\n        cobalt:\n        - Co\n"
                '        gallium: ["GaAs wafer"]\n  y: {to: a}\n'
            ),
        ),
        (
            "overrides:\n  metals:\n    lists:\n      mineral:\n        gallium:\n        - Ga\n        cobalt: [Co]\n",
            LABELLED,
            (
                "overrides:\n  metals:\n    lists:\n      mineral:\n        gallium:\n        - Ga\n"
                '        - "GaAs wafer"\n        cobalt: [Co]\n'
            ),
        ),
    ],
    ids=["nothing", "another", "line", "dashes", "brackets", "list", "label", "dashes-below-key"],
)
def test_a_word_joins_the_words_that_are_there(before: str, new: NewWord, after: str) -> None:
    """In the form that somebody chose for them."""
    assert add_word(before, new) == after


@pytest.mark.parametrize("term", ["ban~", "-silver medal", "$MP", "=MP", "镓", "no", "10%", 'a "b"', "NEAR", "1e3"])
def test_any_word_stays_what_it_is(term: str) -> None:
    """Rules are full of characters that YAML or a reference would take for its own."""
    new = NewWord(pack="p", name="x", label="", term=term)
    assert add_word(add_word("", new), new).count("\n") == 2


@pytest.mark.parametrize(
    "text",
    [
        "overrides: [a]\n",
        "overrides:\n  metals: {lists: {curb: halt}}\n",
        "overrides:\n  metals: {lists: {curb: {a: [b]}}}\n",
    ],
)
def test_a_word_is_not_forced_into_another_form(text: str) -> None:
    """The message has what to write by hand."""
    with pytest.raises(UsageError, match=r"write this below overrides:\n  metals: {lists: {curb: \[choke\]}}"):
        add_word(text, PLAIN)


def test_nothing_invisible_is_written() -> None:
    """Nobody can check what they cannot see, and a mark that turns the direction makes a line look like another."""
    source = NewSource(name="new", kind="feed", address="https://e.com/", more={"labels": {"a\u200b": "b\u202ec"}})
    assert '{"a\\U0000200b": "b\\U0000202ec"}' in add_sources("", [source])


def test_two_writers_do_not_lose_what_one_of_them_wrote(tmp_path) -> None:
    """A command and the page: whoever comes second is told so, and waits for nobody, who may hold the folder for ever."""
    path = tmp_path / "config.yaml"
    path.write_bytes(b"old")
    other = os.open(tmp_path, os.O_RDONLY)
    fcntl.flock(other, fcntl.LOCK_EX)
    with pytest.raises(UsageError, match="being changed by another process; nothing was written: try again"):
        replace_file(path, b"old", b"new")
    os.close(other)
    assert path.read_bytes() == b"old"
    replace_file(path, b"old", b"new")
    assert path.read_bytes() == b"new"


def test_a_file_is_replaced_whole_with_its_permissions(tmp_path) -> None:
    """Whoever may not read the old one may not read the new one; and a link stays a link."""
    real = tmp_path / "real.yaml"
    real.write_bytes(b"old")
    real.chmod(0o640)
    link = tmp_path / "config.yaml"
    link.symlink_to(real)
    replace_file(link, b"old", b"new")
    assert (real.read_bytes(), real.stat().st_mode & 0o777, link.is_symlink()) == (b"new", 0o640, True)
    with pytest.raises(UsageError, match="was changed in the meantime"):
        replace_file(link, b"old", b"newer")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["config.yaml", "real.yaml"]
