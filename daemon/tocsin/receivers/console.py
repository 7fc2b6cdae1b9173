"""The console receiver: prints messages on standard output."""

from __future__ import annotations

import io
import sys
import threading

from rich.console import Console
from rich.text import Text

from tocsin.model.deliveries import AttemptResult, Delivery, ErrorClass, Message, MessageKind

_STYLES = {
    "CRITICAL": "bold red",
    "HIGH": "bold dark_orange3",
    "MEDIUM": "bold yellow",
    "LOW": "bold blue",
    "INFO": "bold",
}


class ConsoleReceiver:
    """Receiver that prints to standard output, with colours on a terminal unless NO_COLOR is set."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._lock = threading.Lock()

    @property
    def name(self) -> str:
        """The name that the configuration gives it."""
        return self._name

    @property
    def kind(self) -> MessageKind:
        """Plain text for a terminal."""
        return MessageKind.CONSOLE

    @property
    def recipients(self) -> tuple[str, ...]:
        """A single recipient without a name."""
        return ("",)

    def send(self, delivery: Delivery, message: Message) -> AttemptResult:  # noqa: ARG002  # the protocol's
        """Print *message* as a whole, never mixed with another one."""
        # Standard output is looked up now, because it may have been replaced since the start.
        encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
        shown = message.text.encode(encoding, "replace").decode(encoding)
        # rich ends the program on a broken pipe, so it only adds colours, and we write the text.
        coloured = io.StringIO()
        terminal = sys.stdout.isatty()
        Console(file=coloured, force_terminal=terminal, soft_wrap=True, highlight=False, emoji=False).print(
            _styled(shown)
        )
        try:
            with self._lock:
                sys.stdout.write(coloured.getvalue())
                sys.stdout.flush()
        except OSError as error:
            return AttemptResult(error_class=ErrorClass.TRANSIENT, words=error.strerror or str(error))
        return AttemptResult(error_class=ErrorClass.OK)


def _styled(text: str) -> Text:
    styled = Text(text)
    for word, style in _STYLES.items():
        styled.highlight_regex(rf"(?m)^{word}(?=  )", style)
    for line in styled.split("\n", include_separator=True):
        if line.plain.startswith("> "):
            line.highlight_regex(r"\*[^*]+\*", "bold yellow")
    return styled
