"""A process of its own for `popup`: Lapis that writes down when first words were on the screen.

`python -m tests.bench.popup_program FILE OPTION …`: for each answer in the popup a line in FILE,
the time by the monotonic clock after the picture with its first words was drawn.
"""

import sys
import time
from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QEvent, QObject, QTimer

from desktop.app import main as run
from desktop.ui.markdown_parts import Part
from desktop.ui.message_body import MessageBody
from desktop.ui.popup import Popup


class _Watch(QObject):
    """Waits for the next picture of a window, and writes down when it was there."""

    def __init__(self, file: Path) -> None:
        super().__init__()
        self._file = file
        # Themselves and not their ids, which others get after them.
        self._known: set[MessageBody] = set()

    def take(self, body: MessageBody) -> None:
        """Take in that `body` got words; only those of a popup, and only its first ones, count."""
        window = body.window()
        if isinstance(window, Popup) and body not in self._known:
            self._known.add(body)
            window.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 - of Qt
        """Hear that a picture is drawn: with the next turn of the loop it is on the screen."""
        if event.type() == QEvent.Type.UpdateRequest:
            watched.removeEventFilter(self)
            QTimer.singleShot(0, self, self._write)
        return False

    def _write(self) -> None:
        with self._file.open("a", encoding="ascii") as file:
            file.write(f"{time.monotonic()}\n")


def main(arguments: Sequence[str]) -> int:
    """Run Lapis with all but the first of `arguments`."""
    watch = _Watch(Path(arguments[0]))
    show = MessageBody.show_parts

    def show_parts(
        self: MessageBody, settled: Sequence[Part], growing: Sequence[Part] = ()
    ) -> None:
        show(self, settled, growing)
        if settled or growing:
            watch.take(self)

    MessageBody.show_parts = show_parts  # type: ignore[method-assign]
    return run(arguments[1:])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
