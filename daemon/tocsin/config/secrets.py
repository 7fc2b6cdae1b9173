"""Values from outside of the file (environment, files, systemd credentials), and how they are kept secret."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from tocsin.config.yaml.nodes import Items, Node, Pairs, Scalar, Style, problem, resolve
from tocsin.errors import FileError, Problem
from tocsin.files import read_regular

#: Text that is shown instead of a secret.
HIDDEN = "***"
#: Most bytes of a file or credential that is used as a value.
_LARGEST = 16_384
_REFERENCE = re.compile(r"\$(?:\$|\{(?P<inner>[^{}]*)\})")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")


class Secret:
    """A text that only `reveal` returns. *shown* is displayed in its place."""

    __slots__ = ("_text", "shown")

    def __init__(self, text: str, shown: str = HIDDEN) -> None:
        self._text = text
        self.shown = shown if text else ""

    def reveal(self) -> str:
        """Return the text itself."""
        return self._text

    def __repr__(self) -> str:
        return self.shown

    def __bool__(self) -> bool:
        return bool(self._text)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._text == self._text

    def __hash__(self) -> int:
        return hash(self._text)


class Filler:
    """Replacer of `${NAME}`, `${NAME:-default}`, `${file:/path}` and `${cred:name}`. `$$` is a dollar sign.

    A default is used for a name that is unset or empty. A line break at the end of a file or credential is removed.
    """

    def __init__(self, env: Mapping[str, str]) -> None:
        self.problems: list[Problem] = []
        self._env = env

    def fill(self, node: Node) -> Node:
        """Return *node* with every reference in its values replaced. Add references that cannot be to *problems*."""
        if isinstance(node, Pairs):
            return replace(node, pairs=tuple((key, self.fill(value)) for key, value in node.pairs))
        if isinstance(node, Items):
            return replace(node, items=tuple(self.fill(item) for item in node.items))
        if "$" not in node.text:
            return node
        return self._fill_scalar(node)

    def _fill_scalar(self, node: Scalar) -> Scalar:
        broken = False
        filled = False

        def value_of(found: re.Match[str]) -> str:
            nonlocal broken, filled
            if found["inner"] is None:
                return "$"
            filled = True
            try:
                return self._value(found["inner"])
            except ValueError as error:
                broken = True
                place = problem(node, str(error), offset=found.start(), length=len(found.group()))
                self.problems.append(place)
                return ""

        text = _REFERENCE.sub(value_of, node.text)
        value = resolve(text) if node.style is Style.PLAIN and not broken else text
        # An empty value of a plain scalar is still text, because a receiver with an empty address is off.
        return replace(node, value="" if value is None else value, filled=filled, broken=node.broken or broken)

    def _value(self, inner: str) -> str:
        name, _, default = inner.partition(":-")
        kind, colon, rest = inner.partition(":")
        if colon and kind == "file":
            return _read(Path(rest))
        if colon and kind == "cred":
            return self._credential(rest)
        if not _NAME.match(name):
            raise ValueError("write ${NAME}, ${NAME:-default}, ${file:/path} or ${cred:name}; $$ is a dollar sign")
        value = self._env.get(name, "")
        if value or ":-" in inner:
            return value or default
        if name in self._env:
            return ""
        raise ValueError(f"the environment has no {name}; set it, or write ${{{name}:-default}}")

    def _credential(self, name: str) -> str:
        folder = self._env.get("CREDENTIALS_DIRECTORY", "")
        if not folder:
            raise ValueError("there are no credentials: systemd passes them with LoadCredential=")
        if "/" in name or name.startswith("."):
            raise ValueError("the name of a credential cannot be a path")
        return _read(Path(folder) / name)


def _read(path: Path) -> str:
    try:
        text = read_regular(path, _LARGEST).decode("utf-8")
    except FileError as error:
        raise ValueError(f"{path} {error}") from error
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} cannot be read: not UTF-8 text") from error
    return text.removesuffix("\n").removesuffix("\r")


def masked(url: str) -> str:
    """Return *url* with any password in it masked."""
    return re.sub(r"(?<=://)([^/@\s]*):[^/@\s]*@", lambda found: f"{found[1]}:{HIDDEN}@", url)


def address(url: str, *, written: str = "") -> Secret:
    """Return *url* as a secret that is shown as *written* (without references filled in), with its password masked."""
    return Secret(url, masked(written or url))
