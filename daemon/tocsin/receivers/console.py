"""The console receiver: prints messages on standard output."""

from __future__ import annotations

import io
import sys
import threading
from dataclasses import dataclass

from tocsin.model.deliveries import AttemptResult, Delivery, ErrorClass, Message, MessageKind

#: Styles of the severities, by the words in a message.
STYLES = {
    "CRITICAL": "bold red",
    "HIGH": "bold dark_orange3",
    "MEDIUM": "bold yellow",
    "LOW": "bold blue",
    "INFO": "bold",
}
_PRINTING = threading.Lock()


@dataclass(frozen=True, slots=True)
class ConsoleReceiver:
    """Receiver that prints to standard output, with colours on a terminal unless NO_COLOR is set."""

    name: str
    kind: MessageKind = MessageKind.CONSOLE
    recipients: tuple[str, ...] = ("",)

    def send(self, delivery: Delivery, message: Message) -> AttemptResult:  # noqa: ARG002  # the protocol's
        """Print *message* as a whole, never mixed with another one."""
        # Standard output is looked up now, because it may have been replaced since the start.
        encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
        shown = message.text.encode(encoding, "replace").decode(encoding)
        # rich ends the program on a broken pipe, so it only adds colours, and we write the text.
        coloured = _coloured(shown, terminal=sys.stdout.isatty())
        try:
            with _PRINTING:
                sys.stdout.write(coloured)
                sys.stdout.flush()
        except OSError as error:
            return AttemptResult(error_class=ErrorClass.TRANSIENT, words=error.strerror or str(error))
        return AttemptResult(error_class=ErrorClass.OK)


def _coloured(text: str, *, terminal: bool) -> str:
    """Return the lines of *text*, with colours on a *terminal*."""
    # Few daemons print, and each start would wait for the import.
    from rich.console import Console  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    styled = Text(text)
    for word, style in STYLES.items():
        styled.highlight_regex(rf"(?m)^{word}(?=  )", style)
    for line in styled.split("\n", include_separator=True):
        if line.plain.startswith("> "):
            line.highlight_regex(r"\*[^*]+\*", "bold yellow")
    coloured = io.StringIO()
    Console(file=coloured, force_terminal=terminal, soft_wrap=True, highlight=False, emoji=False).print(styled)
    return coloured.getvalue()
