"""Opens help at the topic that belongs to what a person looks at. GUI thread.

Nothing of help is imported or read before it is wanted for the first time.
"""

from typing import TYPE_CHECKING, Protocol, runtime_checkable

from PySide6.QtCore import QObject

from desktop.ui.preferences import Preferences
from desktop.ui.window import MainWindow

if TYPE_CHECKING:
    from desktop.ui.help_window import HelpWindow

__all__ = ["Explained", "HelpDesk"]

_OF_CHATS = "window"


@runtime_checkable
class Explained(Protocol):
    """A page in place of the conversation that has a topic of help."""

    @property
    def help_topic(self) -> str:
        """One of `domain.help_page.TOPICS`."""
        ...


class HelpDesk(QObject):
    """One window of help for all of Lapis, made when it is first wanted."""

    def __init__(self, window: MainWindow, preferences: Preferences) -> None:
        """Make nothing yet."""
        super().__init__(window)
        self._window = window
        self._preferences = preferences
        self._help: HelpWindow | None = None
        menu, keys = window.header.main_menu, window.shortcuts
        for wish in (menu.help_requested, keys.help):
            wish.connect(self.show_help)
        window.language_changed.connect(self._on_language_changed)

    @property
    def window(self) -> "HelpWindow | None":
        """The window of help, once there is one."""
        return self._help

    def show_help(self, topic: str = "") -> None:
        """Show `topic`; without one, that of the page in front."""
        if self._help is None:
            from desktop.ui.help_window import HelpWindow

            self._help = HelpWindow(self._window, self._preferences.value.language)
        self._help.show_topic(topic or self._topic_in_front())
        self._help.bring_to_front()

    def _topic_in_front(self) -> str:
        page: object = self._window.page_in_front
        return page.help_topic if isinstance(page, Explained) else _OF_CHATS

    def _on_language_changed(self) -> None:
        if self._help is not None:
            self._help.set_language(self._preferences.value.language)
