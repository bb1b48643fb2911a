"""A chat of 10,000 messages: how long it takes to open, what it takes, how smoothly it scrolls.

A real window on a screen of its own, with the chat as the program shows it, from a real database. A frame is one turn of the
event loop: what came in, layout, painting. Opening ends when the end of the chat is painted.
"""

import gc
import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final

from desktop.base.paths import paths_under, resources
from desktop.domain.chat import Role, Usage
from desktop.domain.history import MessageState
from tests.bench import chat_texts
from tests.bench.measure import Figure
from tests.harness.screen import virtual_screen

if TYPE_CHECKING:
    from PySide6.QtWidgets import QApplication

    from desktop.store.chats import ChatStore
    from desktop.ui.transcript import Transcript

_MESSAGES: Final = 10_000
_RUNS: Final = 5
_OPEN_MS: Final = 150.0
_MEMORY_MB: Final = 40.0
_FRAME_MS: Final = 33.0
_FRAME_SECONDS: Final = 1 / 60
_USAGE: Final = Usage(300, 0, 240, 420.0, 180.0, 24.0)


def measure(folder: Path) -> list[Figure]:
    """Return the figures; `folder` takes data and logs."""
    with virtual_screen(folder) as screen:
        told = subprocess.run(
            [sys.executable, "-m", "tests.bench.transcript", str(folder / "data")],
            cwd=resources().parent,
            env=dict(screen.environment),
            stdout=subprocess.PIPE,
            check=True,
            text=True,
        ).stdout
    found: dict[str, list[float]] = json.loads(told)
    limits = {"ms": _FRAME_MS, "MB": _MEMORY_MB}
    figures = []
    for name, values in found.items():
        title, unit = name.rsplit(", ", 1)
        limit = _OPEN_MS if title.startswith("open") and unit == "ms" else limits[unit]
        figures.append(Figure(title, unit, tuple(values), limit))
    return figures


def main(data: Path) -> None:
    """Open and scroll in a window of this process; print the figures by what was measured."""
    from PySide6.QtWidgets import QApplication

    from desktop.domain.settings import Theme
    from desktop.store.chats import ChatStore
    from desktop.ui.collecting import collect_when_idle
    from desktop.ui.plain_imports import import_plainly
    from desktop.ui.theme import apply_theme
    from desktop.ui.transcript import Transcript

    import_plainly()
    paths = paths_under(data)
    paths.create()
    app = QApplication([])
    apply_theme(app, Theme.LIGHT)
    store = ChatStore.open(paths.database)
    chats = [_fill(store, 10), _fill(store, _MESSAGES)]
    window = Transcript()
    window.resize(832, 640)
    window.show()
    collect_when_idle(window, 0)
    try:
        print(json.dumps(_Reader(app, store, window).run(*chats)))
    finally:
        window.close()
        store.close()


def _fill(store: "ChatStore", messages: int) -> int:
    chat = store.create("A long talk").id
    parent: int | None = None
    with store.transaction():
        for number in range(messages):
            is_question = number % 2 == 0
            text = chat_texts.question(number) if is_question else chat_texts.answer(number)
            role = Role.USER if is_question else Role.ASSISTANT
            parent = store.add(chat, parent, role, text, model="gemma-2-9b").id
            if not is_question:
                store.update(
                    parent,
                    content=text,
                    reasoning="",
                    state=MessageState.COMPLETE,
                    usage=_USAGE,
                )
    return chat


class _Reader:
    """Somebody who opens chats and scrolls."""

    def __init__(self, app: "QApplication", store: "ChatStore", transcript: "Transcript") -> None:
        self._app = app
        self._store = store
        self._transcript = transcript
        self._frames: list[float] = []

    def run(self, short: int, long: int) -> dict[str, list[float]]:
        self._rest()
        found: dict[str, list[float]] = {}
        self._open(short)
        self._rest()
        gc.collect()
        before = _resident()
        found["open 10,000 messages, ms"] = [self._open(long)]
        self._rest()
        found["open 10,000 messages, MB"] = [_resident() - before]
        for _ in range(_RUNS - 1):
            self._open(short)
            self._rest()
            found["open 10,000 messages, ms"].append(self._open(long))
            self._rest()
        found["worst frame: wheel, ms"] = [self._worst(self._turn_wheel)]
        found["worst frame: bar dragged from top to bottom, ms"] = [self._worst(self._drag)]
        found["worst frame: Home, PgDn, End, PgUp, ms"] = [self._worst(self._press_keys)]
        found["after all the scrolling, MB"] = [_resident() - before]
        return found

    def _open(self, chat: int) -> float:
        begin = time.perf_counter()
        self._transcript.show_chat(self._store.refs(chat), self._store.messages_of)
        self._app.processEvents()
        self._transcript.viewport().repaint()
        return (time.perf_counter() - begin) * 1000

    def _rest(self) -> None:
        """Let everything be built, and time pass."""
        end = time.perf_counter() + 0.3
        while time.perf_counter() < end or self._transcript._filling.isActive():
            self._frame()

    def _worst(self, act: Callable[[], None]) -> float:
        self._rest()
        self._frames = []
        act()
        self._rest()
        frames = sorted(self._frames)
        print(
            f"{getattr(act, '__name__', act)}: {len(frames)} frames, worst {[round(f, 1) for f in frames[-6:]]}",
            file=sys.stderr,
        )
        return frames[-1]

    def _frame(self) -> None:
        """Let one sixtieth of a second pass, and note the longest turn of the event loop in it."""
        end = time.perf_counter() + _FRAME_SECONDS
        while (begin := time.perf_counter()) < end:
            self._turn()
            taken = (time.perf_counter() - begin) * 1000
            self._frames.append(taken)
            if taken < 0.2:
                time.sleep(0.001)

    def _turn(self) -> None:
        """Do what the event loop does in one turn; widgets given up are only deleted by a real one."""
        from PySide6.QtCore import QEvent

        self._app.processEvents()
        self._app.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)

    def _do(self, act: Callable[[], None]) -> None:
        begin = time.perf_counter()
        act()
        self._turn()
        self._frames.append((time.perf_counter() - begin) * 1000)
        self._frame()

    def _turn_wheel(self) -> None:
        from PySide6.QtCore import QPoint, QPointF, Qt
        from PySide6.QtGui import QWheelEvent

        view = self._transcript.viewport()
        middle = QPointF(view.rect().center())

        def turn(by: int) -> None:
            event = QWheelEvent(
                middle,
                QPointF(view.mapToGlobal(middle)),
                QPoint(),
                QPoint(0, by),
                Qt.MouseButton.NoButton,
                Qt.KeyboardModifier.NoModifier,
                Qt.ScrollPhase.NoScrollPhase,
                False,
            )
            self._app.sendEvent(view, event)

        for by, times in ((120, 300), (-120, 200), (480, 200)):
            for _ in range(times):
                self._do(lambda: turn(by))  # noqa: B023

    def _drag(self) -> None:
        from PySide6.QtCore import QPoint, Qt
        from PySide6.QtTest import QTest

        self._transcript.scroll_to(0)
        self._rest()
        bar = self._transcript.verticalScrollBar()
        x = bar.width() // 2
        QTest.mousePress(bar, Qt.MouseButton.LeftButton, pos=QPoint(x, 4))
        assert bar.isSliderDown()
        for y in [*range(4, bar.height(), 2), *range(bar.height(), 4, -7)]:
            self._do(lambda: QTest.mouseMove(bar, QPoint(x, y)))  # noqa: B023
        QTest.mouseMove(bar, QPoint(x, bar.height() + 20))
        self._frame()
        QTest.mouseRelease(bar, Qt.MouseButton.LeftButton, pos=QPoint(x, bar.height() + 20))
        assert self._transcript.follows

    def _press_keys(self) -> None:
        from PySide6.QtCore import Qt
        from PySide6.QtTest import QTest

        key = Qt.Key
        order = [key.Key_Home, *[key.Key_PageDown] * 60, key.Key_End, *[key.Key_PageUp] * 60]
        for one in order:
            self._do(lambda: QTest.keyClick(self._transcript, one))  # noqa: B023


def _resident() -> float:
    """Return this process's memory in MB."""
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise AssertionError


if __name__ == "__main__":
    main(Path(sys.argv[1]))
