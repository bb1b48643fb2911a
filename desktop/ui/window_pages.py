"""What opens in place of the conversation or over it, each made when it is first wanted. GUI thread."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, QUrl, Signal
from PySide6.QtGui import QDesktopServices

from desktop.base.paths import Paths
from desktop.domain.model import InstalledModel
from desktop.ui.help_desk import HelpDesk
from desktop.ui.preferences import Preferences
from desktop.ui.window import MainWindow

if TYPE_CHECKING:
    from desktop.ui.copies_controller import CopiesController
    from desktop.ui.key_desk import KeyDesk
    from desktop.ui.network_controller import NetworkController
    from desktop.ui.settings_controller import SettingsController
    from desktop.ui.settings_keys import KeysSection
    from desktop.ui.settings_popup import PopupSection
    from desktop.ui.settings_section import SettingsSection
    from desktop.ui.shortcut_sheet import ShortcutSheet

__all__ = ["WindowPages"]

_BEFORE_THE_LAST_TWO: Final = -2


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
        self._network: NetworkController | None = None
        self._keys: ShortcutSheet | None = None
        self._key_desk: KeyDesk | None = None
        self._key_section: KeysSection | None = None
        self._popup_section: PopupSection | None = None
        self._front = (True, False)
        self._models: Callable[[], Sequence[InstalledModel]] = tuple
        self._first: list[Callable[[], SettingsSection]] = []
        self._late: list[Callable[[], SettingsSection]] = []
        self._help = HelpDesk(window, preferences)
        menu, keys = window.header.main_menu, window.shortcuts
        for wish in (menu.settings_requested, keys.settings, window.sidebar.settings_requested):
            wish.connect(self.show_settings)
        for wish in (menu.keys_requested, keys.keys):
            wish.connect(self.show_keys)
        menu.about_requested.connect(self._show_about)

    def add_section(self, make: "Callable[[], SettingsSection]", *, late: bool = False) -> None:
        """Let the settings begin with what `make` makes when they are first wanted.

        A `late` part stands after those about chats and answers. Where the settings were wanted
        before, it comes in there.
        """
        if self._settings is not None:
            self._settings.insert(_BEFORE_THE_LAST_TWO if late else len(self._first), make)
        (self._late if late else self._first).append(make)

    def offer_models(self, models: Callable[[], Sequence[InstalledModel]]) -> None:
        """Take in where the models are found that can be chosen, which come after the window."""
        self._models = models

    def attach_keys(self, desk: "KeyDesk") -> None:
        """Take the keys that work in any program, which come after the window."""
        self._key_desk = desk
        if self._key_section is not None:
            self._key_section.attach(desk)

    def set_front(self, *, can_read: bool, can_copy: bool) -> None:
        """Take in what this desktop lets be known of the program in front."""
        self._front = (can_read, can_copy)
        if self._popup_section is not None:
            self._popup_section.set_front(can_read=can_read, can_copy=can_copy)

    def show_settings(self) -> None:
        """Show the settings; asked for while they are on show, go back to the chat."""
        if self._settings is not None and self._settings.is_shown:
            self._window.show_talk()
        else:
            self.open_settings()

    def open_settings(self, part: "type[SettingsSection] | None" = None) -> None:
        """Show the settings, at `part` if one is given, or let them stay."""
        if self._settings is None:
            from desktop.ui.settings_controller import SettingsController

            self._settings = SettingsController(
                self._window, self._preferences, self._make_sections
            )
        self._settings.show(part=part)

    def show_keys(self) -> None:
        """Show the card with all keys, or put it away."""
        if self._keys is None:
            from desktop.ui.shortcut_sheet import ShortcutSheet

            self._keys = ShortcutSheet(self._window)
            self._keys.closed.connect(self._window.keys.take_focus_soon)
        self._keys.show_keys()

    def show_help(self, topic: str) -> None:
        """Show the page of help on `topic`."""
        self._help.show_help(topic)

    def close(self) -> None:
        """End what works in the background; idempotent."""
        for controller in (self._copies, self._network):
            if controller is not None:
                controller.close()

    def _make_sections(self) -> "list[SettingsSection]":
        from desktop.services.network_log import NetworkLog
        from desktop.ui.copies_controller import CopiesController
        from desktop.ui.network_controller import NetworkController
        from desktop.ui.settings_answers import AnswersSection
        from desktop.ui.settings_connections import ConnectionsSection
        from desktop.ui.settings_copies import CopiesSection
        from desktop.ui.settings_keys import KeysSection
        from desktop.ui.settings_popup import PopupSection
        from desktop.ui.settings_privacy import PrivacySection
        from desktop.ui.settings_sections import ChatsSection, LookSection, MemorySection

        copies = CopiesSection()
        self._copies = CopiesController(copies, self._paths.database, self._window.banner)
        copies.folder_requested.connect(self._open_data_folder)
        copies.quit_requested.connect(self.quit_requested)
        copies.export_requested.connect(self.export_requested)
        copies.import_requested.connect(self.import_requested)
        privacy = PrivacySection()
        self._network = NetworkController(privacy, NetworkLog(self._paths.network_log))
        privacy.offline_requested.connect(lambda: self.open_settings(ConnectionsSection))
        first = [make() for make in self._first]
        keys = self._key_section = KeysSection()
        if self._key_desk is not None:
            keys.attach(self._key_desk)
        popup = self._popup_section = PopupSection()
        popup.set_front(can_read=self._front[0], can_copy=self._front[1])
        talk = (ChatsSection(), AnswersSection(self._models_here), MemorySection())
        late = [make() for make in self._late]
        return [*first, LookSection(), keys, popup, *talk, *late, privacy, copies]

    def _models_here(self) -> Sequence[InstalledModel]:
        return self._models()

    def _open_data_folder(self) -> None:
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(self._paths.data)))

    def _show_about(self) -> None:
        from desktop.ui.about import About

        About(self._paths.data, self._window).show()
