"""The program that one came from: what is selected in it, and text put into it.

Asking another program takes as long as that takes to answer, so it is done in a lane of errands,
one thing after another. GUI thread.
"""

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtGui import QGuiApplication

from desktop.system.front.base import ClipboardKeeper, Front, FrontWindow, Pasted, Selection
from desktop.ui.clipboard_loan import ClipboardLoan
from desktop.ui.errands import Errand, Errands

__all__ = ["Surroundings"]

_LANE: Final = "surroundings"
_SETTLED_MS: Final = 50
_SETTLED_TRIES: Final = 10
"""Until then window managers have said who has the keyboard, also busy ones."""
# A terminal would carry them out; nothing that a person reads has them.
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_LINE_ENDS: Final = re.compile(r"\r\n?")


class Surroundings(QObject):
    """Remembers the window in front, reads what is selected in it, pastes into it."""

    selection_came = Signal(object)
    """(Selection): after each question, also empty; an older question is answered by the newest."""
    pasted = Signal(object)
    """(Pasted): what became of the text. Unless it was pasted it is on the clipboard."""

    def __init__(self, front: Front, errands: Errands, parent: QObject) -> None:
        """Get ready in the background, so that the first key finds it so."""
        super().__init__(parent)
        self._front = front
        self._errands = errands
        self._loan = ClipboardLoan(self)
        self._window: FrontWindow | None = None
        self._is_ours_in_front = False
        self._asked = self._tries = 0
        self._later = QTimer(self, singleShot=True, interval=_SETTLED_MS)
        self._later.timeout.connect(self._on_settled)
        self._run(front.current)

    @property
    def can_read(self) -> bool:
        """Whether selected text can be read without doing anything to the program."""
        return self._front.can_read

    @property
    def can_copy(self) -> bool:
        """Whether it can be had by pressing the keys for copying, before the popup is shown."""
        return self._front.can_copy

    @property
    def can_paste(self) -> bool:
        """Whether text can be put into the program; else it is copied."""
        return self._front.can_paste

    @property
    def program(self) -> str:
        """The name of the program in front, lower case; empty if unknown."""
        return "" if self._window is None else self._window.program

    def note(self) -> None:
        """Remember the window in front, before one of ours is shown; at most 20 ms."""
        self._later.stop()
        self._window = self._front.current()
        self._is_ours_in_front = self._window is None and QGuiApplication.focusWindow() is not None

    def note_soon(self) -> None:
        """Remember who has the keyboard now and as soon as it is settled, unless that is us.

        For a window of ours that lost it and stays: who comes back to it came from there. Qt tells
        of it a tenth of a second late under X11, so whoever is quick is nearly back by now.
        """
        self._tries = _SETTLED_TRIES
        self._window = self._front.current() or self._window
        self._later.start()

    def read_selection(self, time_ms: int = 0) -> None:
        """Read what is selected; `selection_came` follows. `time_ms`: of the key.

        Called over a window of ours, whatever another program has selected was left there.
        """
        is_elsewhere = self._is_ours_in_front

        def read() -> Selection:
            found = self._front.selection(time_ms)
            return replace(found, is_elsewhere=True) if is_elsewhere else found

        self._ask(read)

    def copy_selection(self) -> None:
        """Have the program copy what is selected; `selection_came` follows, then show the popup."""
        self._ask(self._front.copy_selection)

    def paste(self, text: str) -> None:
        """Put `text` into the window noted last; `pasted` follows.

        Our own windows are hidden in the same turn of the event loop: after this call, because
        under Wayland only the window with the keyboard may copy.
        """
        window = self._window
        words = _plain(text, is_terminal=window is not None and window.is_terminal)
        if window is None or not self.can_paste:
            self._loan.leave()
            QGuiApplication.clipboard().setText(words)
            reason = Pasted.REFUSED if self.can_paste else Pasted.UNSUPPORTED
            QTimer.singleShot(0, self, lambda: self.pasted.emit(reason))
            return
        keeper = None if self._loan.is_ours else self._front

        def keep(_: Errand) -> tuple[dict[str, bytes] | None, str | None]:
            kept = keeper.clipboard() if isinstance(keeper, ClipboardKeeper) else None
            if not window.is_terminal:
                return kept, None
            selected = self._front.selection()
            return kept, "" if selected.is_cut else selected.text

        self._errands.run(
            _LANE,
            keep,
            lambda kept: self._press(words, window, *kept),
            lambda _: self._press(words, window, {}, None),
            queued=True,
        )

    def give_focus_back(self) -> None:
        """Give the keyboard back to the window noted last."""
        window = self._window
        if window is not None:
            self._run(lambda: self._front.give_focus(window))

    def close(self) -> None:
        """Give back what is borrowed and held; idempotent."""
        self._later.stop()
        self._loan.return_now()
        self._front.close()

    def _on_settled(self) -> None:
        found = self._front.current()
        self._tries -= 1
        if found is not None:
            self._window = found
        elif self._tries:
            self._later.start()

    def _run(self, work: Callable[[], object]) -> None:
        """Do what nobody waits for."""
        self._errands.run(_LANE, lambda _: work(), _ignore, _ignore, queued=True)

    def _ask(self, read: Callable[[], Selection]) -> None:
        self._asked += 1
        number = self._asked

        def work(_: Errand) -> Selection | None:
            # Whoever asks again and again has no use for the answers between.
            return read() if number == self._asked else None

        def done(found: Selection | None) -> None:
            if number == self._asked:
                self.selection_came.emit(found or Selection())

        self._errands.run(_LANE, work, done, lambda _: done(None), queued=True)

    def _press(
        self,
        words: str,
        window: FrontWindow,
        kept: dict[str, bytes] | None,
        selected: str | None,
    ) -> None:
        """Press the keys, now that it is known what has to be put back."""
        self._loan.lend(words, kept, selected)
        self._errands.run(
            _LANE,
            lambda _: self._front.paste(window),
            self._on_pasted,
            lambda _: self._on_pasted(Pasted.REFUSED),
            queued=True,
        )

    def _on_pasted(self, outcome: Pasted) -> None:
        if outcome is Pasted.PASTED:
            self._loan.return_when_fetched()
        else:
            self._loan.leave()
        self.pasted.emit(outcome)


def _ignore(_: object) -> None:
    """Have no use for it."""


def _plain(text: str, *, is_terminal: bool) -> str:
    """Return `text` without what no person can see in it.

    Into a terminal it goes without the end of its last line, so that the person is who carries it
    out.
    """
    plain = _CONTROL.sub("", _LINE_ENDS.sub("\n", text))
    return plain.rstrip("\n") if is_terminal else plain
