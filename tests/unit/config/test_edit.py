"""Sources written into a file that people keep."""

from __future__ import annotations

import pytest

from tocsin.config.edit import NewSource, add_sources, replace_file
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
    ],
    ids=["empty", "no-sources", "block", "no-end", "nothing-yet", "comments", "crlf", "flow-item", "words"],
)
def test_a_source_goes_behind_the_others_and_all_else_stays(before: str, after: str) -> None:
    """People's comments, order and line ends are theirs."""
    assert add_sources(before, [NEW]) == after


@pytest.mark.parametrize(
    "text",
    ["sources: {a: {feed: http://a.b}}\n", "sources: {}\n", "- a\n", "---\nsources:\n  a: {feed: x}\n", "sources: [\n"],
    ids=["braces", "empty-braces", "list", "document", "broken"],
)
def test_what_cannot_be_done_safely_is_left_to_people(text: str) -> None:
    """With the line to paste."""
    with pytest.raises(UsageError) as caught:
        add_sources(text, [NEW])
    assert str(caught.value).endswith("\n  " + LINE.strip())


@pytest.mark.parametrize(
    "value",
    ["plain", "a, b", "x: y", "#x", "${HOME}", 'say "x"', "true", "12:30", "{", "https://e.com/[1]", "日本", "a\nb"],
)
def test_any_text_stays_what_it_is(value: str) -> None:
    """A dollar sign must not become a reference, nor a word a truth value."""
    source = NewSource(name="new", kind="feed", address=value, more={"labels": {"tier": value}, "allow_private": True})
    assert add_sources("sources:\n  a: {feed: http://a.b}\n", [source]).count("\n") == 3


def test_a_file_is_replaced_whole_with_its_permissions(tmp_path) -> None:
    """Whoever may not read the old one may not read the new one; and a link stays a link."""
    real = tmp_path / "real.yaml"
    real.write_bytes(b"old")
    real.chmod(0o640)
    link = tmp_path / "config.yaml"
    link.symlink_to(real)
    replace_file(link, b"old", b"new")
    assert (real.read_bytes(), real.stat().st_mode & 0o777, link.is_symlink()) == (b"new", 0o640, True)
    with pytest.raises(UsageError, match="was changed meanwhile"):
        replace_file(link, b"old", b"newer")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["config.yaml", "real.yaml"]
