"""A popup with everything around it: a real store and window, a scripted engine, a scripted front."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from desktop.system.front.base import FrontWindow, Pasted, Selection
from desktop.ui.chat_library import ChatLibrary
from desktop.ui.popup import Popup
from desktop.ui.popup_room import PopupRoom
from tests.ui.desk import DONE, Desk, say


@dataclass
class ScriptedFront:
    """A program in front that has `selected` and takes what is pasted, as the test says."""

    can_read: bool = True
    can_copy: bool = False
    can_paste: bool = True
    selected: Selection = field(default_factory=Selection)
    outcome: Pasted = Pasted.PASTED
    window: FrontWindow | None = field(default_factory=lambda: FrontWindow(7, "editor"))
    asked: list[int] = field(default_factory=list)
    copies: int = 0
    pastes: list[FrontWindow] = field(default_factory=list)
    focused: list[FrontWindow] = field(default_factory=list)

    def current(self) -> FrontWindow | None:
        return self.window

    def selection(self, time_ms: int = 0) -> Selection:
        self.asked.append(time_ms)
        return self.selected

    def copy_selection(self) -> Selection:
        self.copies += 1
        return self.selected

    def give_focus(self, window: FrontWindow) -> bool:
        self.focused.append(window)
        return True

    def paste(self, window: FrontWindow) -> Pasted:
        self.pastes.append(window)
        return self.outcome

    def close(self) -> None:
        pass


@dataclass
class Bench:
    """The popup of `desk`, with `front` in front."""

    desk: Desk
    front: ScriptedFront
    library: ChatLibrary
    room: PopupRoom
    qtbot: QtBot

    @property
    def popup(self) -> Popup:
        """The popup."""
        return self.room.popup

    def call(self, time_ms: int = 0, *, selected: bool = False) -> None:
        """Press the key, from another window, and wait until what follows has come."""
        self.desk.window.activateWindow()
        self.qtbot.waitUntil(self.desk.window.isActiveWindow)
        with self.qtbot.waitSignal(self.popup.appeared):
            self.room.call(time_ms, selected=selected)
        self.qtbot.waitUntil(self.popup.isActiveWindow)
        self.settle()

    def settle(self) -> None:
        """Wait until the program in front has answered everything."""
        done: list[object] = []
        self.room._errands.run("surroundings", lambda _: 1, done.append, done.append, queued=True)
        self.qtbot.waitUntil(lambda: bool(done))
        QApplication.processEvents()

    def ask(self, text: str) -> None:
        """Type a question and press Enter."""
        self.popup.composer.field.setPlainText(text)
        self.popup.composer.field.submitted.emit()

    def answer(self, *pieces: str) -> None:
        """Let the engine answer the newest question."""
        number = len(self.desk.engine.requests)
        with self.qtbot.waitSignal(self.desk.chats.answer_finished):
            self.desk.engine.tell(number, *say(*pieces), DONE)

    def along(self) -> list[str]:
        """Return the texts that go with the question."""
        return [one.text for one in self.popup.chips.attachments()]

    def offered(self) -> list[tuple[str, str]]:
        """Return what could go along: what it is, and how it begins."""
        return [(one.title, one.start) for one in self.popup.chips.offers]


@contextmanager
def open_bench(desk: Desk, qtbot: QtBot) -> Iterator[Bench]:
    """Make a popup upon `desk`, hidden."""
    # What another test has copied would be offered.
    QApplication.clipboard().clear()
    front = ScriptedFront()
    library = ChatLibrary(desk.window, desk.store, desk.preferences, desk.own)
    room = PopupRoom(desk.chats, desk.preferences, desk.models, library, front, desk.window)
    QApplication.processEvents()
    try:
        yield Bench(desk, front, library, room, qtbot)
    finally:
        room.hide()
        room.close()
        room.popup.deleteLater()
