"""Additions to the configuration file: what is shown of them, and how they are refused."""

from __future__ import annotations

import pytest

from tocsin.config.additions import Addition, propose, write
from tocsin.config.yaml.edit import NewSource, add_sources
from tocsin.errors import UsageError

NEW = NewSource(name="new", kind="feed", address="https://e.com/f", more={})
SECRET = "https://me:s3cret@a.b/f"


def proposed(path, text: str) -> Addition:
    """Return the addition of the new source to a file with this *text*."""
    path.write_text(text, encoding="utf-8")
    return propose(path, {}, lambda before: add_sources(before, [NEW]))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (f"sources:\n  a: {{feed: '{SECRET}'}}\n", ["@@ -2,0 +3 @@", "+  new: {feed: https://e.com/f}"]),
        (f"sources: {{a: {{feed: '{SECRET}'}}}}\n", ["@@ -1 +1 @@", "+…, new: {feed: https://e.com/f}…"]),
        (
            f"sources: {{\n  a: {{feed: '{SECRET}'}}  # all\n  }}\n",
            ["@@ -2 +2,2 @@", "+…,  # all", "+  new: {feed: https://e.com/f}"],
        ),
        ("", ["@@ -0,0 +1,2 @@", "+sources:", "+  new: {feed: https://e.com/f}"]),
    ],
    ids=["block", "line", "lines", "empty"],
)
def test_a_diff_shows_what_is_new_and_no_secret_beside_it(tmp_path, text, shown) -> None:
    """A line that is changed may hold the credentials of another source."""
    assert list(proposed(tmp_path / "c.yaml", text).diff[2:]) == shown


def test_an_addition_is_refused_with_what_to_do(tmp_path) -> None:
    """Another hand, a folder that is not ours, and a file that is not there: nothing is half written."""
    path = tmp_path / "c.yaml"
    addition = proposed(path, "sources: {}\n")
    path.write_text("rules: []\n", encoding="utf-8")
    with pytest.raises(UsageError, match="was changed in the meantime"):
        write(addition)
    assert path.read_text(encoding="utf-8") == "rules: []\n"
    with pytest.raises(UsageError, match="cannot be read"):
        propose(tmp_path / "none.yaml", {}, str)
    long = tmp_path / ("c" * 250)  # beside it no file can be made whose name is longer
    addition = proposed(long, "timezone: UTC\n")
    with pytest.raises(
        UsageError, match=r"cannot be written: .*add this by hand:\n\nsources:\n  new: \{feed"
    ) as caught:
        write(addition)
    assert "let the user of tocsin write there" in str(caught.value)
    assert long.read_text(encoding="utf-8") == "timezone: UTC\n"
