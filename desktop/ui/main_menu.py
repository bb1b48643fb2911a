"""The menu ⋯: theme, language, this chat, and the program itself. GUI thread."""

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtGui import QActionGroup
from PySide6.QtWidgets import QMenu, QWidget

from desktop.domain.settings import Language, Theme
from desktop.ui.icons import icon
from desktop.ui.shortcuts import with_key

__all__ = ["MainMenu"]


class MainMenu(QMenu):
    """Filled anew each time it opens, in the language and for the settings of then."""

    theme_chosen = Signal(object)
    """(Theme)"""
    language_chosen = Signal(object)
    """(Language)"""
    rename_requested = Signal()
    delete_requested = Signal()
    data_folder_requested = Signal()
    about_requested = Signal()
    quit_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        """Start with the defaults marked."""
        super().__init__(parent)
        self._theme = Theme.SYSTEM
        self._language = Language.SYSTEM
        self._chat_open = False
        self.aboutToShow.connect(self._fill)

    def set_marks(self, theme: Theme, language: Language) -> None:
        """Mark the settings in use."""
        self._theme = theme
        self._language = language

    def set_chat_open(self, *, chat_open: bool) -> None:
        """Offer to rename and delete only what exists."""
        self._chat_open = chat_open

    def open_at(self, corner: QPoint) -> None:
        """Open with the right upper corner at `corner` (global)."""
        self._fill()
        self.popup(corner - QPoint(self.sizeHint().width(), 0))

    def _fill(self) -> None:
        self.clear()
        rename = self.addAction(icon("edit"), with_key(self.tr("Rename"), Qt.Key.Key_F2))
        rename.triggered.connect(self.rename_requested)
        delete = self.addAction(icon("trash"), with_key(self.tr("Delete"), Qt.Key.Key_Delete))
        delete.triggered.connect(self.delete_requested)
        for action in (rename, delete):
            action.setEnabled(self._chat_open)
        self.addSeparator()
        self._add_themes()
        self._add_languages()
        self.addSeparator()
        folder = self.addAction(icon("folder"), self.tr("Open data folder"))
        folder.triggered.connect(self.data_folder_requested)
        about = self.addAction(icon("info"), self.tr("About Lapis"))
        about.triggered.connect(self.about_requested)
        self.addSeparator()
        quit_key = Qt.Modifier.CTRL | Qt.Key.Key_Q
        leave = self.addAction(icon("power"), with_key(self.tr("Quit"), quit_key))
        leave.triggered.connect(self.quit_requested)

    def _add_themes(self) -> None:
        menu = self.addMenu(icon("sun"), self.tr("Theme"))
        group = QActionGroup(menu)
        names = {
            Theme.SYSTEM: self.tr("System"),
            Theme.LIGHT: self.tr("Light"),
            Theme.DARK: self.tr("Dark"),
        }
        for theme, name in names.items():
            action = group.addAction(menu.addAction(name))
            action.setCheckable(True)
            action.setChecked(theme is self._theme)
            action.triggered.connect(lambda _checked, theme=theme: self.theme_chosen.emit(theme))

    def _add_languages(self) -> None:
        menu = self.addMenu(icon("globe"), self.tr("Language"))
        group = QActionGroup(menu)
        names = {
            Language.SYSTEM: self.tr("System"),
            Language.ENGLISH: "English",
            Language.CHINESE: "简体中文",
        }
        for language, name in names.items():
            action = group.addAction(menu.addAction(name))
            action.setCheckable(True)
            action.setChecked(language is self._language)
            action.triggered.connect(
                lambda _checked, language=language: self.language_chosen.emit(language)
            )
