"""Values from outside of the file (environment, files, systemd credentials), and how they are kept secret."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from tocsin.config.yaml.nodes import Items, Missing, Node, Pairs, Scalar, Style, problem, resolve
from tocsin.errors import ConfigError, CredentialsError, FileError, Problem, each_once
from tocsin.files import read_regular
from tocsin.redaction import HIDDEN, masked

#: Most bytes of a file or credential that is used as a value.
_LARGEST = 16_384
_REFERENCE = re.compile(r"\$(?:\$|\{(?P<inner>[^{}]*)\})")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")


class Secret:
    """A text that only `reveal` returns. *shown* is displayed in its place; *written* is how a file has it, if that matters.

    It is *missing* if a part of it could not be read, which is an error only where it is used.
    """

    __slots__ = ("known", "missing", "shown", "written")

    def __init__(self, text: str, shown: str = HIDDEN, written: str = "") -> None:
        #: The text without what could not be read of it.
        self.known = str(text)
        self.missing: Missing | None = None
        if isinstance(text, Missing):
            self.missing = text
            text.taken = True
        self.shown = shown if self else ""
        self.written = written

    def reveal(self) -> str:
        """Return the text itself.

        Raises:
            ConfigError: a part of it could not be read.
        """
        if self.missing is not None:
            raise unread([self.missing])
        return self.known

    def become(self, change: Callable[[str], str]) -> Secret:
        """Return what *change* makes of the text as a secret, which is missing if this one is."""
        if self.missing is None:
            return Secret(change(self.known))
        return Secret(self.missing)

    def __repr__(self) -> str:
        return self.shown

    def __bool__(self) -> bool:
        return bool(self.known) or self.missing is not None

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and (other.known, other.missing) == (self.known, self.missing)

    def __hash__(self) -> int:
        return hash(self.known)


def untaken(missing: Iterable[Missing]) -> Iterator[Problem]:
    """Yield the faults of values that are *missing*, and no secret: nothing can be done without them."""
    return (one.problem for one in missing if not one.taken)


def unread(missing: Sequence[Missing]) -> ConfigError:
    """Return the error of secrets that are used, and *missing*."""
    problems = each_once(one.problem for one in missing)
    names = dict.fromkeys(one.credential for one in missing if one.credential)
    return CredentialsError(problems, tuple(names)) if names else ConfigError(problems)


class Filler:
    """Replacer of `${NAME}`, `${NAME:-default}`, `${file:/path}` and `${cred:name}`. `$$` is a dollar sign.

    The path of a file is relative to *folder*. A default is used for a name that is unset or empty. A line break at the end
    of a file or credential is removed.
    Files and credentials that cannot be read are *missing*: commands that do not use a secret need none.
    """

    def __init__(self, env: Mapping[str, str], folder: Path) -> None:
        self.problems: list[Problem] = []
        self.missing: list[Missing] = []
        self._env = env
        self._folder = folder

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
        unread: list[tuple[Problem, str]] = []

        def value_of(found: re.Match[str]) -> str:
            nonlocal broken, filled
            if found["inner"] is None:
                return "$"
            filled = True
            try:
                return self._value(found["inner"])
            except _UnreadError as error:
                unread.append((_at(node, found, error), error.credential))
                return ""
            except ValueError as error:
                broken = True
                self.problems.append(_at(node, found, error))
                return ""

        text = _REFERENCE.sub(value_of, node.text)
        if unread and not broken:
            missing = Missing.of(text, unread[0][0], node.text, unread[0][1])
            self.missing.append(missing)
            return replace(node, value=missing, filled=True, broken=True)
        value = resolve(text) if node.style is Style.PLAIN and not broken else text
        # An empty value of a plain scalar is still text, because a receiver with an empty address is off.
        return replace(node, value="" if value is None else value, filled=filled, broken=node.broken or broken)

    def _value(self, inner: str) -> str:
        name, _, default = inner.partition(":-")
        kind, colon, rest = inner.partition(":")
        if colon and kind == "file":
            return _read(self._folder / rest)
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
        if "/" in name or name.startswith("."):
            raise ValueError("the name of a credential cannot be a path")
        folder = self._env.get("CREDENTIALS_DIRECTORY", "")
        if not folder:
            raise _UnreadError(
                f"there are no credentials here: systemd passes {name} to a service with LoadCredential={name}:FILE",
                name,
            )
        try:
            return _read(Path(folder) / name)
        except _UnreadError as error:
            raise _UnreadError(f"{error}; the unit of the service needs LoadCredential={name}:FILE") from error


class _UnreadError(ValueError):
    """A file or credential cannot be read. *credential* is the name of one in a process that has none."""

    def __init__(self, words: str, credential: str = "") -> None:
        super().__init__(words)
        self.credential = credential


def _at(node: Scalar, found: re.Match[str], error: ValueError) -> Problem:
    return problem(node, str(error), offset=found.start(), length=len(found.group()))


def _read(path: Path) -> str:
    try:
        text = read_regular(path, _LARGEST).decode("utf-8")
    except FileError as error:
        raise _UnreadError(f"{path} {error}") from error
    except UnicodeDecodeError as error:
        raise _UnreadError(f"{path} cannot be read: not UTF-8 text") from error
    return text.removesuffix("\n").removesuffix("\r")


def address(url: str, *, written: str = "") -> Secret:
    """Return *url* as a secret that is shown as *written* (without references filled in), with the secrets in it masked."""
    return Secret(url, masked(written or url), written=written or url)


def identity(url: Secret) -> str:
    """Return what an address is known by in the database: it as it is written, without a password.

    Another password is the same source; another parameter is another document, and begins a new baseline.
    """
    return re.sub(r"(?<=://)([^/@\s]*):[^/@\s]*@", lambda found: f"{found[1]}:{HIDDEN}@", url.written)
