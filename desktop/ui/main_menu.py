"""The menu ⋯: this chat, theme, language, settings, help, the program itself. GUI thread."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtGui import QActionGroup, QIcon
from PySide6.QtWidgets import QMenu, QWidget

from desktop.domain.settings import Settings
from desktop.ui.icons import icon
from desktop.ui.look_choices import (
    language_choices,
    theme_choices,
    with_language,
    with_theme,
)
from desktop.ui.shortcuts import HELP_KEY, with_key

__all__ = ["MainMenu"]

_CTRL = Qt.Modifier.CTRL
Value = TypeVar("Value")


class MainMenu(QMenu):
    """Filled anew each time it opens, in the language of then."""

    rename_requested = Signal()
    find_requested = Signal()
    export_requested = Signal()
    delete_requested = Signal()
    changed = Signal(object)
    """(Callable[[Settings], Settings]): theme or language, which people look for here."""
    settings_requested = Signal()
    library_requested = Signal()
    help_requested = Signal()
    keys_requested = Signal()
    first_steps_requested = Signal()
    about_requested = Signal()
    quit_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        """Start with no chat open."""
        super().__init__(parent)
        self._chat_open = False
        self._settings = Settings()
        self.aboutToShow.connect(self._fill)

    def set_marks(self, settings: Settings) -> None:
        """Mark the settings in use."""
        self._settings = settings

    def set_chat_open(self, *, chat_open: bool) -> None:
        """Offer to rename, search, export and delete only what exists."""
        self._chat_open = chat_open

    def open_at(self, corner: QPoint) -> None:
        """Open with the right upper corner at `corner` (global)."""
        self._fill()
        self.popup(corner - QPoint(self.sizeHint().width(), 0))

    def _fill(self) -> None:
        self.clear()
        self._add_chat()
        self.addSeparator()
        now = self._settings
        self._add_choices(icon("sun"), self.tr("Theme"), theme_choices(), now.theme, with_theme)
        languages = language_choices()
        self._add_choices(
            icon("globe"), self.tr("Language"), languages, now.language, with_language
        )
        library = self.addAction(icon("person"), self.tr("Personas and prompts…"))
        library.triggered.connect(self.library_requested)
        key = _CTRL | Qt.Key.Key_Comma
        settings = self.addAction(icon("settings"), with_key(self.tr("Settings"), key))
        settings.triggered.connect(self.settings_requested)
        self._add_help()
        self.addSeparator()
        leave = self.addAction(icon("power"), with_key(self.tr("Quit"), _CTRL | Qt.Key.Key_Q))
        leave.triggered.connect(self.quit_requested)

    def _add_chat(self) -> None:
        rename = self.addAction(icon("edit"), with_key(self.tr("Rename"), Qt.Key.Key_F2))
        rename.triggered.connect(self.rename_requested)
        find_key = _CTRL | Qt.Key.Key_F
        find = self.addAction(icon("search"), with_key(self.tr("Find in this chat"), find_key))
        find.triggered.connect(self.find_requested)
        export = self.addAction(icon("export"), self.tr("Export…"))
        export.triggered.connect(self.export_requested)
        delete = self.addAction(icon("trash"), with_key(self.tr("Delete"), Qt.Key.Key_Delete))
        delete.triggered.connect(self.delete_requested)
        for action in (rename, find, export, delete):
            action.setEnabled(self._chat_open)

    def _add_choices(
        self,
        picture: QIcon,
        words: str,
        choices: Sequence[tuple[Value, str]],
        now: Value,
        put: Callable[[Settings, Value], Settings],
    ) -> None:
        menu = self.addMenu(picture, words)
        group = QActionGroup(menu)
        for value, name in choices:
            action = group.addAction(menu.addAction(name))
            action.setCheckable(True)
            action.setChecked(value is now)
            action.triggered.connect(
                lambda _on, value=value: self.changed.emit(lambda old: put(old, value))
            )

    def _add_help(self) -> None:
        menu = self.addMenu(icon("info"), self.tr("Help"))
        topics = menu.addAction(with_key(self.tr("Help topics"), HELP_KEY))
        topics.triggered.connect(self.help_requested)
        keys = menu.addAction(with_key(self.tr("Keys"), _CTRL | Qt.Key.Key_Slash))
        keys.triggered.connect(self.keys_requested)
        first = menu.addAction(self.tr("First steps"))
        first.triggered.connect(self.first_steps_requested)
        about = menu.addAction(self.tr("About Lapis"))
        about.triggered.connect(self.about_requested)
