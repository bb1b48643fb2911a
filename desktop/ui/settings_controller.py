"""The settings page of the window, made when it is first wanted. GUI thread."""

from collections.abc import Callable, Sequence

from PySide6.QtCore import QObject, QTimer

from desktop.domain.settings import Settings
from desktop.ui.preferences import Preferences
from desktop.ui.settings_page import SettingsPage
from desktop.ui.settings_section import SettingsSection
from desktop.ui.window import MainWindow

__all__ = ["SettingsController"]


class SettingsController(QObject):
    """Every change on the page takes effect at once, and is kept."""

    def __init__(
        self,
        window: MainWindow,
        preferences: Preferences,
        sections: Callable[[], Sequence[SettingsSection]],
    ) -> None:
        """`sections` makes the parts of the page, once."""
        super().__init__(window)
        self._window = window
        self._preferences = preferences
        self._make_sections = sections
        self._page: SettingsPage | None = None
        preferences.changed.connect(self._on_settings_changed)
        window.sidebar_shown.connect(self._on_sidebar_shown)
        window.language_changed.connect(self._on_language_changed)
        window.shortcuts.find.connect(self._on_find_wanted)

    @property
    def is_shown(self) -> bool:
        """Whether the page is on show."""
        return self._page is not None and self._page.isVisibleTo(self._window)

    def show(
        self, section: int | None = None, *, part: type[SettingsSection] | None = None
    ) -> None:
        """Show the page, at the part with this number or of this kind."""
        page = self._page or self._make()
        if part is not None:
            page.show_part(part)
        if section is not None:
            page.show_section(section)
        self._window.show_page(page, page.accessibleName(), place="settings")
        page.take_focus()

    def insert(self, number: int, make: Callable[[], SettingsSection]) -> None:
        """Put one more part on the page, if it was made already; else it will be made with it."""
        if self._page is not None:
            section = make()
            section.show_settings(self._preferences.value)
            self._page.insert_section(number, section)

    def _make(self) -> SettingsPage:
        page = self._page = SettingsPage(self._make_sections())
        page.changed.connect(self._preferences.change)
        page.closed.connect(self._window.show_talk)
        page.sidebar_requested.connect(self._window.toggle_sidebar)
        page.show_sidebar_button(visible=not self._window.is_sidebar_shown)
        page.show_settings(self._preferences.value)
        return page

    def _on_settings_changed(self, settings: Settings) -> None:
        if self._page is not None:
            self._page.show_settings(settings)

    def _on_language_changed(self) -> None:
        if self._page is not None and self.is_shown:
            # The page hears of it after the window.
            page, window = self._page, self._window
            QTimer.singleShot(0, page, lambda: window.show_page_title(page.accessibleName()))

    def _on_find_wanted(self) -> None:
        if self._page is not None and self.is_shown:
            self._page.take_focus()

    def _on_sidebar_shown(self, shown: bool) -> None:
        if self._page is not None:
            self._page.show_sidebar_button(visible=not shown)
