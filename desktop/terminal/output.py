"""The two streams of a terminal program: answers on one, everything about them on the other.

Colours only where a terminal shows them and `NO_COLOR` is not set. The main thread writes; the
status line may also be painted from the engine's thread.
"""

import os
import sys
import threading
from collections.abc import Iterable
from enum import StrEnum
from typing import TextIO

from rich.cells import cell_len, set_cell_size

from desktop.domain.errors import UserFixable
from desktop.domain.text import Text
from desktop.terminal.harmless import Cleaner, harmless
from desktop.terminal.wrapping import wrapped

_NARROWEST = 40
_CLEAR_LINE = "\r\x1b[K"


class OutputFailed(UserFixable):
    """Standard output cannot be written: the disk behind it is full, say."""

    def __init__(self, error: OSError) -> None:
        reason = {"reason": error.strerror or str(error)}
        super().__init__(
            Text("The output cannot be written"), Text("The system says: {reason}", reason)
        )


class Style(StrEnum):
    """Looks, as parameters of the escape sequence that selects them."""

    PLAIN = ""
    STRONG = "1"
    FAINT = "2"
    ACCENT = "1;94"
    ERROR = "1;31"


def paint(text: str, style: Style, *, colours: bool) -> str:
    """Return `text` in `style`, or as it is where colours are not wanted."""
    return f"\x1b[{style}m{text}\x1b[0m" if colours and style else text


class Screen:
    """Where a terminal front end writes.

    `out` takes answers and nothing else when it is not a terminal, so that it can be piped; `err`
    takes notes, status and errors. Writing to `out` raises BrokenPipeError once nobody reads it, and
    OutputFailed if the system refuses for another reason.
    """

    def __init__(self, out: TextIO, err: TextIO) -> None:
        """Look at what the two streams are; a character they cannot encode becomes `?`."""
        for stream in (out, err):
            if hasattr(stream, "reconfigure"):
                stream.reconfigure(errors="replace")
        self.out = out
        self.err = err
        self.out_colours = takes_colours(out)
        self.err_colours = takes_colours(err)
        self.status = Status(err, enabled=_takes_escapes(err), colours=self.err_colours)
        self._cleaner = Cleaner()
        self._at_line_start = True

    def answer(self, piece: str) -> None:
        """Stream a piece of a model's answer, made harmless, and flush it."""
        self._put(self._cleaner.feed(piece))

    def end_answer(self) -> None:
        """End the answer's last line if it is open."""
        self._put(self._cleaner.rest())
        if not self._at_line_start:
            self._put("\n")

    def line(self, text: str = "", style: Style = Style.PLAIN) -> None:
        """Write one own line to `out`."""
        self.status.clear()
        self._put(paint(harmless(text), style, colours=self.out_colours) + "\n")

    def labelled(self, label: str, text: str) -> None:
        """Write one own line to `out`, in which `label` stands out if `text` begins with it."""
        label, text = harmless(label), harmless(text)
        if not text.startswith(label):
            label = ""
        self.status.clear()
        painted = paint(label, Style.ACCENT, colours=self.out_colours and bool(label))
        self._put(painted + text[len(label) :] + "\n")

    def runs(self, runs: Iterable[tuple[str, Style]]) -> None:
        """Write one own line to `out`, each run of it in its own style."""
        self.status.clear()
        painted = (paint(harmless(text), look, colours=self.out_colours) for text, look in runs)
        self._put("".join(painted) + "\n")

    def note(self, text: str) -> None:
        """Write a few words about the answer to `err`, faint."""
        self.complain(text, Style.FAINT)

    def complain(self, text: str, style: Style = Style.PLAIN, indent: str = "") -> None:
        """Write sentences to `err`, broken between words where a terminal is too narrow for them."""
        self.status.clear()
        text, room = harmless(text), columns(self.err) - len(indent)
        for line in wrapped(text, room) if self.err.isatty() else [text]:
            self.err.write(indent + paint(line, style, colours=self.err_colours) + "\n")
        self.err.flush()

    def can_write(self, signs: str) -> bool:
        """Return whether `out` can show `signs`, and would not replace them by `?`."""
        try:
            signs.encode(self.out.encoding or "ascii")
        except UnicodeEncodeError:
            return False
        return True

    def forget_out(self) -> None:
        """Let what is still buffered for `out` go nowhere, so that the interpreter ends quietly."""
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, self.out.fileno())
        os.close(nowhere)

    def _put(self, text: str) -> None:
        if not text:
            return
        try:
            self.out.write(text)
            self.out.flush()
        except BrokenPipeError:
            raise
        except OSError as error:
            self.forget_out()
            raise OutputFailed(error) from error
        self._at_line_start = text.endswith("\n")


class Status:
    """One line that says what is going on, gone before anything else is written.

    It hides no cursor and sets no mode, so a program killed while it shows leaves a sane terminal.
    """

    def __init__(self, stream: TextIO, *, enabled: bool, colours: bool) -> None:
        """Paint on `stream`; not `enabled` shows nothing, ever."""
        self._stream = stream
        self._colours = colours
        self._enabled = enabled
        self._lock = threading.Lock()
        self._allowed = False
        self._shown = False

    def allow(self) -> None:
        """Let lines appear until `clear`."""
        with self._lock:
            self._allowed = self._enabled

    def show(self, text: str) -> None:
        """Replace the line; any thread; does nothing unless allowed."""
        with self._lock:
            if self._allowed:
                line = fitted(harmless(text), columns(self._stream) - 1)
                self._stream.write(_CLEAR_LINE + paint(line, Style.FAINT, colours=self._colours))
                self._stream.flush()
                self._shown = True

    def clear(self) -> None:
        """Remove the line and show none until allowed again."""
        with self._lock:
            self._allowed = False
            if self._shown:
                self._shown = False
                self._stream.write(_CLEAR_LINE)
                self._stream.flush()


def fitted(text: str, cells: int) -> str:
    """Return the first line of `text`, cut to `cells` terminal cells (a Chinese sign takes two)."""
    first = text.partition("\n")[0].replace("\t", " ")
    return first if cell_len(first) <= cells else set_cell_size(first, cells - 1) + "…"


def columns(stream: TextIO) -> int:
    """Return the width of the terminal behind `stream` in cells; 80 where there is none."""
    try:
        width = os.get_terminal_size(stream.fileno()).columns
    except (OSError, ValueError):
        width = 0
    return max(_NARROWEST, width or 80)


def takes_colours(stream: TextIO) -> bool:
    """Return whether `stream` is a terminal that shows colours, and they are welcome."""
    return not os.environ.get("NO_COLOR") and _takes_escapes(stream)


def _takes_escapes(stream: TextIO) -> bool:
    if not stream.isatty() or os.environ.get("TERM") == "dumb":
        return False
    if sys.platform == "win32":
        import ctypes
        import msvcrt

        # ENABLE_PROCESSED_OUTPUT | ENABLE_WRAP_AT_EOL_OUTPUT | ENABLE_VIRTUAL_TERMINAL_PROCESSING
        handle = msvcrt.get_osfhandle(stream.fileno())
        return bool(ctypes.windll.kernel32.SetConsoleMode(handle, 0x7))
    return True
