"""Errors and notices above the composer, one at a time. Never modal. GUI thread."""

from dataclasses import dataclass
from enum import Enum, auto

from PySide6.QtCore import QEvent, Signal
from PySide6.QtWidgets import QWidget

from desktop.domain.errors import LapisError
from desktop.domain.text import Text
from desktop.ui.buttons import IconButton, TextButton
from desktop.ui.notice_card import Look, NoticeCard
from desktop.ui.translation import say

__all__ = ["Banner", "Remedy", "Topic"]

_CLOSE = 24


class Topic(Enum):
    """What a message is about, so that whoever solves it can take it away."""

    STORAGE = auto()
    SETTINGS = auto()
    RECOVERY = auto()
    MODEL_CHOICE = auto()
    MODEL_LOADING = auto()
    MODEL_PLAN = auto()
    ANSWER = auto()
    ATTACHING = auto()
    FILES = auto()
    CLOSING = auto()
    UPDATE = auto()
    REPLACED = auto()
    DEFECT = auto()


class Remedy(Enum):
    """What a button of the banner offers."""

    RETRY = auto()
    FULL_SETTINGS = auto()
    TRY_ANYWAY = auto()
    LOAD_ANYWAY = auto()
    CHOOSE_MODEL = auto()
    COPY_REPORT = auto()
    OPEN_PAGE = auto()
    SKIP_VERSION = auto()
    LATER = auto()


@dataclass(frozen=True, slots=True)
class _Message:
    topic: Topic
    title: Text
    hint: Text | None
    remedies: tuple[Remedy, ...]
    is_error: bool


class Banner(NoticeCard):
    """One message at a time, errors first and then the newest; each stays until solved or closed."""

    remedy_chosen = Signal(object)
    """(Remedy)"""
    put_away = Signal(object)
    """(Topic): a person closed the message about it."""

    def __init__(self, parent: QWidget | None = None) -> None:
        """Start hidden."""
        buttons = {remedy: TextButton() for remedy in Remedy}
        close = IconButton("close", side=_CLOSE)
        super().__init__(buttons.values(), corner=close, parent=parent)
        self._messages: list[_Message] = []
        self._buttons = buttons
        self._close = close
        for remedy, button in self._buttons.items():
            button.clicked.connect(lambda _checked, remedy=remedy: self._on_clicked(remedy))
        self._close.clicked.connect(self._on_close_clicked)
        self._show()

    @property
    def topic(self) -> Topic | None:
        """What the message on show is about."""
        return self._messages[0].topic if self._messages else None

    def show_error(self, topic: Topic, error: LapisError, *remedies: Remedy) -> None:
        """Show `error`, in place of an earlier message about `topic`."""
        self._add(_Message(topic, error.title, error.hint, remedies, is_error=True))

    def show_notice(
        self, topic: Topic, title: Text, hint: Text | None = None, *remedies: Remedy
    ) -> None:
        """Show a message that is no error; it waits while an error is on show.

        What is being said already is not said again.
        """
        if all(each.title != title for each in self._messages if each.topic is not topic):
            self._add(_Message(topic, title, hint, remedies, is_error=False))

    def solve(self, topic: Topic) -> None:
        """Take the message about `topic` away, if there is one."""
        self._messages = [each for each in self._messages if each.topic is not topic]
        self._show()

    def close_message(self) -> None:
        """Take the message on show away; the next one may take its place."""
        self._messages = self._messages[1:]
        self._show()

    def changeEvent(self, event: QEvent) -> None:
        """Follow the language."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange:
            self._show()

    def _add(self, message: _Message) -> None:
        others = [each for each in self._messages if each.topic is not message.topic]
        self._messages = sorted([message, *others], key=lambda each: not each.is_error)
        self._show()

    def _on_close_clicked(self) -> None:
        topic = self.topic
        self.close_message()
        self.put_away.emit(topic)

    def _on_clicked(self, remedy: Remedy) -> None:
        if remedy is not Remedy.COPY_REPORT:
            self.close_message()
        self.remedy_chosen.emit(remedy)

    def _show(self) -> None:
        self._buttons[Remedy.RETRY].setText(self.tr("Try again"))
        self._buttons[Remedy.FULL_SETTINGS].setText(self.tr("Use full settings again"))
        self._buttons[Remedy.TRY_ANYWAY].setText(self.tr("Try again anyway"))
        self._buttons[Remedy.LOAD_ANYWAY].setText(self.tr("Load it anyway"))
        self._buttons[Remedy.CHOOSE_MODEL].setText(self.tr("Choose a model"))
        self._buttons[Remedy.COPY_REPORT].setText(self.tr("Copy report"))
        self._buttons[Remedy.OPEN_PAGE].setText(self.tr("Open the download page"))
        self._buttons[Remedy.SKIP_VERSION].setText(self.tr("Skip this version"))
        self._buttons[Remedy.LATER].setText(self.tr("Later"))
        self._close.set_label(self.tr("Close"))
        if not self._messages:
            self.hide()
            return
        message = self._messages[0]
        hint = say(message.hint) if message.hint is not None else ""
        look = Look.ERROR if message.is_error else Look.NEWS
        self.show_words(say(message.title), hint, look)
        for remedy, button in self._buttons.items():
            button.setVisible(remedy in message.remedies)
        self.show()
