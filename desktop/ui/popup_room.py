"""The quick question with all that belongs to it, put together. GUI thread.

Made once and hidden; on the key it is only shown, and what takes time follows the first picture.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Final, Protocol

from PySide6.QtCore import QObject, QTimer, Signal, SignalInstance
from PySide6.QtGui import QGuiApplication

from desktop.domain.quick_action import QuickAction
from desktop.domain.settings import Language, Settings
from desktop.domain.text import Text
from desktop.system.compositor import blends_windows
from desktop.system.front.base import Front, Selection
from desktop.ui.attaching import Attaching
from desktop.ui.banner import Topic
from desktop.ui.chat_controller import ChatController
from desktop.ui.errands import Errands
from desktop.ui.popup import Popup
from desktop.ui.popup_clipboard import PopupClipboard
from desktop.ui.popup_controller import PopupController
from desktop.ui.popup_controller_actions import PopupActions
from desktop.ui.popup_controller_model import KnowsModels, PopupModels
from desktop.ui.popup_controller_offers import PopupOffers
from desktop.ui.popup_controller_paste import PopupPasting
from desktop.ui.preferences import Preferences
from desktop.ui.surroundings import Surroundings

__all__ = ["HasActions", "PopupRoom"]

_PREPARE_MS: Final = 400
# Longer than a program takes to copy what is selected, however slow it is.
_COPY_MS: Final = 900


class _AllActions(Protocol):
    def all(self, language: Language) -> tuple[QuickAction, ...]: ...


class HasActions(Protocol):
    """The part of `ChatLibrary` that knows quick actions."""

    actions_changed: SignalInstance

    @property
    def actions(self) -> _AllActions:
        """All of them."""
        ...

    def language(self) -> Language:
        """Return the language of the surface."""
        ...

    def show_actions(self) -> None:
        """Show the page with the quick actions."""
        ...


class PopupRoom(QObject):
    """Owns the popup and its controllers; `call` is what a key does."""

    chat_wanted = Signal(int)
    """(chat): it is to go on in the window."""
    model_dropped = Signal(object)
    """(Path)"""
    models_wanted = Signal()
    """All models are to be shown in the window."""
    actions_wanted = Signal()
    """The quick actions are to be edited in the window."""
    said = Signal(object)
    """(Text): what became of something after the popup was hidden."""

    def __init__(
        self,
        chats: ChatController,
        preferences: Preferences,
        models: KnowsModels,
        library: HasActions,
        front: Front,
        parent: QObject,
    ) -> None:
        """Make the popup, hidden."""
        super().__init__(parent)
        self._preferences = preferences
        self._errands = Errands(self)
        self.surroundings = around = Surroundings(front, self._errands, self)
        self.popup = popup = Popup(translucent=blends_windows(QGuiApplication.platformName()))
        self.controller = popups = PopupController(popup, chats, self)
        self._attaching = Attaching(popup, popup.composer, popup.banner)
        clipboard = PopupClipboard(self._errands, self)
        self.offers = PopupOffers(popup, around, clipboard, self)
        self.actions = PopupActions(popup, popups, self.offers, library.actions, library.language)
        self.models = PopupModels(popup, popups, models, preferences)
        pasting = PopupPasting(popup, popups, around)
        self._copying = QTimer(self, singleShot=True, interval=_COPY_MS)
        self._copying.timeout.connect(lambda: self._show_with(Selection()))
        around.selection_came.connect(self._on_selection_came)
        popup.looked_away.connect(around.note_soon)
        popups.chat_wanted.connect(self.chat_wanted)
        popups.asked.connect(self.offers.settle)
        popups.begun_anew.connect(self.offers.forget)
        popup.composer.model_dropped.connect(self.model_dropped)
        popup.size_chosen.connect(self._on_size_chosen)
        popup.transcript.zoom_changed.connect(self._on_zoom_changed)
        self.models.more_requested.connect(self.models_wanted)
        popups.models_wanted.connect(self.models_wanted)
        self.actions.manage_requested.connect(self._on_manage_requested)
        pasting.said.connect(self.said)
        library.actions_changed.connect(self.actions.refresh)
        preferences.changed.connect(self._follow)
        self._follow(preferences.value)
        QTimer.singleShot(0, self, self.actions.refresh)
        QTimer.singleShot(_PREPARE_MS, self, self._prepare)

    def set_elsewhere(self, is_open: Callable[[int], bool]) -> None:
        """`is_open` tells whether a chat is on show in the window."""
        self.controller.set_elsewhere(is_open)

    def call(self, time_ms: int = 0, *, selected: bool = False) -> None:
        """Show the popup, bring it to the front, or hide it; `time_ms` is that of the key.

        With `selected` what is selected in the program in front goes along.
        """
        popup, around = self.popup, self.surroundings
        if popup.has_keyboard:
            self.controller.toggle()
            return
        around.note()
        settings = self._preferences.value.popup
        may_copy = selected or (settings.selection and settings.copy_selection)
        self.offers.expect(time_ms, wanted=selected)
        if may_copy and around.can_copy and not around.can_read and not popup.isVisible():
            # The program has to have the keyboard while its keys for copying are pressed.
            self._copying.start()
            around.copy_selection()
        else:
            self.controller.toggle()

    def stop(self) -> None:
        """End the answer that is being written in the popup."""
        self.controller.stop()

    def tell(self, words: Text) -> None:
        """Come up again and say `words`: there is no other place to say them."""
        self.popup.banner.show_notice(Topic.ANSWER, words)
        self.popup.bring_to_front()

    def hide(self) -> None:
        """Take the popup off the screen; idempotent."""
        self.popup.hide()

    def close(self) -> None:
        """End what runs in other threads; idempotent."""
        self._copying.stop()
        self._attaching.close()
        self.surroundings.close()
        self._errands.close()

    def _on_selection_came(self, selection: Selection) -> None:
        if self._copying.isActive():
            self._copying.stop()
            self._show_with(selection)

    def _show_with(self, selection: Selection) -> None:
        self.offers.take(selection)
        if not self.popup.has_keyboard:
            # Called in another way meanwhile, it stays.
            self.controller.toggle()

    def _prepare(self) -> None:
        if not self.popup.isVisible():
            self.popup.prepare()

    def _follow(self, settings: Settings) -> None:
        popup, quick = self.popup, settings.popup
        popup.sizing.set_wanted(quick.width, quick.height)
        popup.transcript.set_zoom(settings.window.zoom)
        popup.transcript.set_compact(compact=settings.look.compact)
        self.controller.set_kept(kept=quick.keep)
        self.controller.show_model()
        self.offers.set_settings(quick)
        self.actions.set_translate_to(quick.translate_to)

    def _on_size_chosen(self, width: int, height: int) -> None:
        self._preferences.change(
            lambda now: replace(now, popup=replace(now.popup, width=width, height=height))
        )

    def _on_zoom_changed(self, percent: int) -> None:
        self._preferences.change(lambda now: replace(now, window=replace(now.window, zoom=percent)))

    def _on_manage_requested(self) -> None:
        self.popup.hide()
        self.actions_wanted.emit()
