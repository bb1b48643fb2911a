"""Chats and folders carried with the pointer; the drag itself is Qt's and stands still in tests."""

import time
from collections.abc import Callable

import pytest
from PySide6.QtCore import QEvent, QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDrag, QDragEnterEvent, QDragLeaveEvent, QDragMoveEvent, QDropEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from desktop.domain.history import ChatSummary, Folder
from desktop.ui.chat_places import ChatPlace, FolderPlace
from desktop.ui.chat_rows import Area, Content
from desktop.ui.sidebar import Sidebar

_NOW = time.time()
_MOVE = Qt.DropAction.MoveAction
_LEFT = Qt.MouseButton.LeftButton
_NONE = Qt.KeyboardModifier.NoModifier


def _chat(number: int, title: str, folder: int | None = None, **marks: bool) -> ChatSummary:
    return ChatSummary(
        number,
        title,
        _NOW,
        _NOW,
        folder=folder,
        pinned=marks.get("pinned", False),
        archived=marks.get("archived", False),
        temporary=marks.get("temporary", False),
    )


_CONTENT = Content(
    (
        _chat(1, "Thesis", pinned=True),
        _chat(2, "Poem", pinned=True),
        _chat(3, "Lease", 1),
        _chat(4, "Landlord", 1),
        _chat(5, "Kyoto"),
        _chat(6, "Passing", temporary=True),
    ),
    (Folder(1, "Flat"), Folder(2, "Work", is_open=False), Folder(3, "Ideas")),
    (_chat(7, "Old", archived=True),),
)


@pytest.fixture
def sidebar(qtbot: QtBot) -> Sidebar:
    one = Sidebar()
    qtbot.addWidget(one)
    one.resize(260, 700)
    one.show()
    one.set_content(_CONTENT)
    one._model.set_archive_open(is_open=True)
    return one


class Hand:
    """Carries a row to places in the list while the drag is on."""

    def __init__(self, sidebar: Sidebar, data: QMimeData) -> None:
        self.sidebar = sidebar
        self.data = data

    def over(self, words: str, part: float) -> bool:
        """Hold it over a row, `part` of its height down; return whether it may be let go there."""
        self._enter()
        move = QDragMoveEvent(self._place(words, part).toPoint(), _MOVE, self.data, _LEFT, _NONE)
        QApplication.sendEvent(self.sidebar.list.viewport(), move)
        assert not self.sidebar.list.grab().isNull()
        return move.isAccepted()

    def drop(self, words: str, part: float = 0.5) -> None:
        """Let it go there; where the last move was refused Qt tells that it left instead."""
        event: QEvent = QDragLeaveEvent()
        if self.over(words, part):
            event = QDropEvent(self._place(words, part), _MOVE, self.data, _LEFT, _NONE)
        QApplication.sendEvent(self.sidebar.list.viewport(), event)

    def _enter(self) -> None:
        event = QDragEnterEvent(QPoint(10, 10), _MOVE, self.data, _LEFT, _NONE)
        QApplication.sendEvent(self.sidebar.list.viewport(), event)

    def _place(self, words: str, part: float) -> QPointF:
        lines = self.sidebar.list
        if not words:
            return QPointF(60, lines.viewport().height() - 2)
        rect = lines.visualRect(lines.model().index(_rows(self.sidebar).index(words), 0))
        return QPointF(60, rect.top() + part * rect.height())


def _rows(sidebar: Sidebar) -> list[str]:
    model = sidebar.list.model()
    return [str(model.index(row, 0).data()) for row in range(model.rowCount())]


@pytest.fixture
def carry(sidebar: Sidebar, monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[object]]:
    """Return what drags a row, lets a hand act, and returns the places that were told."""
    told: list[object] = []
    sidebar.chat_moved.connect(lambda _chat, place: told.append(place))
    sidebar.folder_moved.connect(lambda _folder, place: told.append(place))

    def carry(words: str, act: Callable[[Hand], object]) -> list[object]:
        def hold(drag: QDrag, *_actions: object) -> Qt.DropAction:
            act(Hand(sidebar, drag.mimeData()))
            return _MOVE

        monkeypatch.setattr(QDrag, "exec", hold)
        lines = sidebar.list
        lines.setCurrentIndex(lines.model().index(_rows(sidebar).index(words), 0))
        lines.startDrag(_MOVE)
        return told

    return carry


@pytest.mark.parametrize(
    ("words", "target", "part", "place"),
    [
        ("Poem", "Thesis", 0.2, ChatPlace(Area.PINNED, None, 1)),
        ("Thesis", "Poem", 0.8, ChatPlace(Area.PINNED, None, None)),
        ("Kyoto", "Thesis", 0.8, ChatPlace(Area.PINNED, None, 2)),
        ("Kyoto", "Pinned", 0.5, ChatPlace(Area.PINNED, None, 1)),
        ("Landlord", "Lease", 0.2, ChatPlace(Area.FOLDER, 1, 3)),
        ("Kyoto", "Lease", 0.8, ChatPlace(Area.FOLDER, 1, 4)),
        ("Kyoto", "Landlord", 0.8, ChatPlace(Area.FOLDER, 1, None)),
        ("Kyoto", "Flat", 0.5, ChatPlace(Area.FOLDER, 1, 3)),
        ("Kyoto", "Work", 0.5, ChatPlace(Area.FOLDER, 2, None)),
        ("Poem", "No chats in it yet", 0.5, ChatPlace(Area.FOLDER, 3, None)),
        ("Lease", "Today", 0.5, ChatPlace(Area.TIME)),
        ("Poem", "Kyoto", 0.5, ChatPlace(Area.TIME)),
        ("Old", "Kyoto", 0.5, ChatPlace(Area.TIME)),
        ("Old", "Work", 0.5, ChatPlace(Area.FOLDER, 2, None)),
        ("Lease", "", 0.5, ChatPlace(Area.TIME)),
        ("Lease", "Archive", 0.5, ChatPlace(Area.ARCHIVE)),
        ("Thesis", "Old", 0.5, ChatPlace(Area.ARCHIVE)),
        ("Ideas", "Flat", 0.2, FolderPlace(1)),
        ("Flat", "Work", 0.8, FolderPlace(3)),
        ("Flat", "Old", 0.5, FolderPlace(None)),
        ("Work", "Thesis", 0.5, FolderPlace(1)),
        ("Ideas", "Lease", 0.2, FolderPlace(1)),
        ("Ideas", "Landlord", 0.5, FolderPlace(2)),
    ],
)
def test_a_row_goes_where_it_is_let_go(
    carry: Callable[..., list[object]], words: str, target: str, part: float, place: object
) -> None:
    assert carry(words, lambda hand: hand.drop(target, part)) == [place]


@pytest.mark.parametrize(
    ("words", "target", "part"),
    [
        ("Thesis", "Thesis", 0.8),
        ("Thesis", "Poem", 0.2),
        ("Lease", "Flat", 0.5),
        ("Kyoto", "Today", 0.5),
        ("Kyoto", "Folders", 0.5),
        ("Old", "Archive", 0.5),
        ("Flat", "Lease", 0.5),
        ("Work", "Work", 0.9),
    ],
)
def test_where_it_would_change_nothing_it_cannot_be_let_go(
    carry: Callable[..., list[object]], words: str, target: str, part: float
) -> None:
    assert carry(words, lambda hand: hand.drop(target, part)) == []


def test_the_place_is_shown_while_it_is_held_and_no_longer(
    sidebar: Sidebar, carry: Callable[..., list[object]]
) -> None:
    before = sidebar.list.grab().toImage()
    shown = []

    def hold(hand: Hand) -> None:
        for target in ("Thesis", "Flat", "Landlord", "Archive"):
            hand.over(target, 0.8)
            shown.append(sidebar.list.grab().toImage())
        QApplication.sendEvent(sidebar.list.viewport(), QDragLeaveEvent())
        shown.append(sidebar.list.grab().toImage())

    carry("Kyoto", hold)
    pictures = [bytes(image.constBits()) for image in shown]
    assert len(set(pictures)) == len(pictures)
    assert shown[-1] == before


def test_letting_go_outside_changes_nothing(
    sidebar: Sidebar, carry: Callable[..., list[object]]
) -> None:
    before = _rows(sidebar)

    assert carry("Kyoto", lambda _hand: None) == []
    assert _rows(sidebar) == before


@pytest.mark.parametrize("words", ["Passing", "Archive"])
def test_what_has_no_other_place_is_not_picked_up(
    carry: Callable[..., list[object]], words: str
) -> None:
    held: list[Hand] = []
    carry(words, held.append)

    assert held == []


def test_files_and_words_from_elsewhere_are_not_for_the_list(sidebar: Sidebar) -> None:
    data = QMimeData()
    data.setText("Kyoto")
    data.setUrls([QUrl.fromLocalFile("model.gguf")])
    event = QDragEnterEvent(QPoint(20, 20), _MOVE, data, _LEFT, _NONE)
    event.ignore()
    QApplication.sendEvent(sidebar.list.viewport(), event)

    assert event.type() == QEvent.Type.DragEnter
    assert not event.isAccepted()
