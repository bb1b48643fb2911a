"""Reading what a person types, or what another program pipes into the chat. Main thread."""

import contextlib
from typing import TextIO

from desktop.terminal.output import Screen, Style, paint

_PROMPT = "› "
_CONTINUED = "… "


class LineReader:
    """Questions, one after another, with editing and history where the system has readline.

    The history lives in memory only; no file keeps the lines.
    """

    def __init__(self, stdin: TextIO, screen: Screen) -> None:
        """Prepare line editing; `interactive` tells whether a person types."""
        self._stdin = stdin
        self._screen = screen
        self.interactive = stdin.isatty()
        if hasattr(stdin, "reconfigure"):
            stdin.reconfigure(errors="replace")
        self._edits = self.interactive and screen.out.isatty()
        if self._edits:
            with contextlib.suppress(ImportError):
                import readline  # noqa: F401 - importing it gives `input` editing and history

    def read(self) -> str | None:
        """Return the next question, None at the end; raises KeyboardInterrupt.

        A line that ends with a backslash goes on in the next one.
        """
        lines: list[str] = []
        while True:
            line = self._line(_CONTINUED if lines else _PROMPT)
            if line is None:
                return "\n".join(lines) if lines else None
            if not line.endswith("\\"):
                return "\n".join([*lines, line])
            lines.append(line[:-1])

    def _line(self, prompt: str) -> str | None:
        if self._edits:
            try:
                return sendable(input(self._painted(prompt)))
            except EOFError:
                return None
        if self.interactive:
            self._screen.err.write(paint(prompt, Style.ACCENT, colours=self._screen.err_colours))
            self._screen.err.flush()
        line = self._stdin.readline()
        return sendable(line.rstrip("\r\n")) if line else None

    def _painted(self, prompt: str) -> str:
        if not self._screen.out_colours:
            return prompt
        # \x01 and \x02 tell readline which characters take no room on the line.
        return f"\x01\x1b[{Style.ACCENT}m\x02{prompt}\x01\x1b[0m\x02"


def sendable(text: str) -> str:
    """Return `text` with what is no Unicode text (half characters, lone surrogates) replaced."""
    return text.encode("utf-8", errors="replace").decode("utf-8")
