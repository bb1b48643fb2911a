"""What opens in place of the conversation or over it, each made when it is first wanted. GUI thread."""

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QUrl, Signal
from PySide6.QtGui import QDesktopServices

from desktop.base.paths import Paths
from desktop.ui.preferences import Preferences
from desktop.ui.window import MainWindow

if TYPE_CHECKING:
    from desktop.ui.copies_controller import CopiesController
    from desktop.ui.settings_controller import SettingsController
    from desktop.ui.settings_section import SettingsSection
    from desktop.ui.shortcut_sheet import ShortcutSheet

__all__ = ["WindowPages"]


class WindowPages(QObject):
    """Settings, the card with all keys, and what this program is."""

    quit_requested = Signal()
    export_requested = Signal()
    import_requested = Signal()

    def __init__(self, window: MainWindow, preferences: Preferences, paths: Paths) -> None:
        """Make nothing yet."""
        super().__init__(window)
        self._window = window
        self._preferences = preferences
        self._paths = paths
        self._settings: SettingsController | None = None
        self._copies: CopiesController | None = None
        self._keys: ShortcutSheet | None = None
        menu, keys = window.header.main_menu, window.shortcuts
        for wish in (menu.settings_requested, keys.settings, window.sidebar.settings_requested):
            wish.connect(self.show_settings)
        for wish in (menu.keys_requested, keys.keys):
            wish.connect(self.show_keys)
        menu.about_requested.connect(self._show_about)

    def show_settings(self) -> None:
        """Show the settings; asked for while they are on show, go back to the chat."""
        if self._settings is not None and self._settings.is_shown:
            self._window.show_talk()
        else:
            self.open_settings()

    def open_settings(self) -> None:
        """Show the settings, or let them stay."""
        if self._settings is None:
            from desktop.ui.settings_controller import SettingsController

            self._settings = SettingsController(
                self._window, self._preferences, self._make_sections
            )
        self._settings.show()

    def show_keys(self) -> None:
        """Show the card with all keys, or put it away."""
        if self._keys is None:
            from desktop.ui.shortcut_sheet import ShortcutSheet

            self._keys = ShortcutSheet(self._window)
            self._keys.closed.connect(self._window.keys.take_focus_soon)
        self._keys.show_keys()

    def close(self) -> None:
        """End what works in the background; idempotent."""
        if self._copies is not None:
            self._copies.close()

    def _make_sections(self) -> "list[SettingsSection]":
        from desktop.ui.copies_controller import CopiesController
        from desktop.ui.settings_copies import CopiesSection
        from desktop.ui.settings_sections import (
            AnswersSection,
            ChatsSection,
            LookSection,
            MemorySection,
        )

        copies = CopiesSection()
        self._copies = CopiesController(copies, self._paths.database, self._window.banner)
        copies.folder_requested.connect(self._open_data_folder)
        copies.quit_requested.connect(self.quit_requested)
        copies.export_requested.connect(self.export_requested)
        copies.import_requested.connect(self.import_requested)
        return [LookSection(), ChatsSection(), AnswersSection(), MemorySection(), copies]

    def _open_data_folder(self) -> None:
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(self._paths.data)))

    def _show_about(self) -> None:
        from desktop.ui.about import About

        About(self._paths.data, self._window).show()
