"""A part of the settings page: groups of settings under headings. GUI thread."""

from collections.abc import Sequence

from PySide6.QtCore import QEvent, Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from desktop.domain.settings import Settings
from desktop.ui.form_panel import FormPanel
from desktop.ui.settings_entry import SettingEntry
from desktop.ui.tokens import Space

__all__ = ["SettingsSection"]


class SettingsSection(QWidget):
    """Subclasses make their groups, and say what everything is called in `say`."""

    help_topic = "window"
    """The page of help on what is set here."""
    changed = Signal(object)
    """(Callable[[Settings], Settings])"""
    renamed = Signal()
    """`title` and all names are in another language now."""

    def __init__(self, *groups: Sequence[SettingEntry]) -> None:
        """Put each group of entries into a frame of its own."""
        super().__init__()
        self.title = ""
        self._groups = groups
        self.panels = [FormPanel([entry.widget for entry in group]) for group in groups]
        self.column = QVBoxLayout(self)
        self.column.setContentsMargins(0, 0, 0, 0)
        self.column.setSpacing(Space.M)
        for panel in self.panels:
            self.column.addWidget(panel)
        for group in groups:
            for entry in group:
                entry.changed.connect(self.changed)
        self.say()

    def say(self) -> None:
        """Set `title`, and name groups and entries, in today's language."""

    def show_settings(self, settings: Settings) -> None:
        """Show what is set."""
        for group in self._groups:
            for entry in group:
                entry.show_settings(settings)

    def search(self, wanted: str) -> bool:
        """Show only what has the words `wanted`, all without any; return whether there is some."""
        whole = all(word in self.title.casefold() for word in wanted.casefold().split())
        any_shown = False
        for panel, group in zip(self.panels, self._groups, strict=True):
            shown = [whole or entry.matches(wanted) for entry in group]
            for entry, is_shown in zip(group, shown, strict=True):
                entry.widget.setVisible(is_shown)
            panel.setVisible(any(shown))
            any_shown = any_shown or any(shown)
        return any_shown

    def changeEvent(self, event: QEvent) -> None:
        """Follow the language."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange:
            self.say()
            self.renamed.emit()
