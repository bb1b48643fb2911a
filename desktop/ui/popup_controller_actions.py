"""Quick actions in the popup: what they are done with, and how they are asked. GUI thread."""

import time
from collections.abc import Callable
from typing import Final, Protocol

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QKeyEvent

from desktop.domain.errors import StorageError
from desktop.domain.history import Attachment, AttachmentKind
from desktop.domain.quick_action import Languages, QuickAction
from desktop.domain.settings import Language
from desktop.services.context import Draft
from desktop.services.quick_actions import chat_title, find_action, languages_of, question
from desktop.ui.popup import Popup
from desktop.ui.popup_controller import PopupController
from desktop.ui.popup_controller_offers import PopupOffers
from desktop.ui.quick_action_strip import QuickActionStrip

__all__ = ["PopupActions"]

_REGRET_SECONDS: Final = 1.0


class _AllActions(Protocol):
    def all(self, language: Language) -> tuple[QuickAction, ...]: ...


class PopupActions(QObject):
    """An action is done with what goes along; else with what is typed, answered or on offer.

    A letter alone chooses while nothing is typed and something goes along. Whoever was about to
    type a word goes on typing, and then nothing was asked.
    """

    manage_requested = Signal()
    """The actions are to be edited."""

    def __init__(
        self,
        popup: Popup,
        popups: PopupController,
        offers: PopupOffers,
        actions: _AllActions,
        language: Callable[[], Language],
    ) -> None:
        """`language` returns that of the surface; nothing is read before `refresh`."""
        super().__init__(popups)
        self._popup = popup
        self._popups = popups
        self._offers = offers
        self._all = actions
        self._language = language
        self._translate_to = ""
        self._actions: tuple[QuickAction, ...] = ()
        self._waiting: QuickAction | None = None
        self._letter = ""
        self._pressed = 0.0
        self._before: tuple[Attachment, ...] = ()
        self._asked: int | None = None
        self._clock: Callable[[], float] = time.monotonic
        self.strip = QuickActionStrip()
        popup.add_actions(self.strip)
        popup.composer.field.ask_first(self)
        self.strip.chosen.connect(self._on_chosen)
        self.strip.manage_requested.connect(self.manage_requested)
        popups.set_rewriting(self._rewritten)
        popups.answer_changed.connect(self._show_state)
        popup.composer.edited.connect(self._show_state)
        for event in (popups.asked, popups.begun_anew):
            event.connect(self.strip.fold)
            event.connect(self._stop_waiting)

    def set_translate_to(self, language: str) -> None:
        """Translate into this language what is in the person's own; empty: see `PopupSettings`."""
        self._translate_to = language

    def refresh(self) -> None:
        """Read the actions again, as there may be others or another language."""
        try:
            self._actions = self._all.all(self._language())
        except StorageError as error:
            self._popups.show_problem(error)
            return
        self.strip.set_actions(self._actions)
        self._stop_waiting()
        self._show_state()

    def take_key(self, event: QKeyEvent) -> bool:
        """Take letters that choose, and give back one that began a word."""
        field = self._popup.composer.field
        is_first = field.document().isEmpty() and not self._popups.is_running
        is_letter = bool(event.text()) and event.text().isprintable()
        if self._is_regretting and is_letter and field.document().isEmpty():
            if self._asked is None and self.strip.take_key(event):
                # One of the ways to do the action.
                return True
            self._give_back_letter()
            return False
        if self._waiting is not None and is_first and not event.text().isprintable():
            return self._step_back(event)
        if not is_first or not self._can_choose:
            return is_first and self._is_stepping(event) and self.strip.take_key(event)
        self._before = self._popup.chips.attachments()
        self._letter, self._pressed, self._asked = event.text(), self._clock(), None
        if not self.strip.take_key(event):
            self._letter = ""
            return False
        self._asked = self._popups.chat
        return True

    @property
    def _can_choose(self) -> bool:
        """Whether a letter alone chooses: something goes along, and nothing was said yet."""
        has_text = any(not one.is_picture for one in self._popup.chips.attachments())
        return has_text and self._popups.chat is None and not self._is_busy

    @property
    def _is_busy(self) -> bool:
        """Whether nothing can be asked, as with Enter: an answer runs, or a file is being read."""
        return self._popups.is_running or self._popup.chips.is_reading

    @property
    def _is_regretting(self) -> bool:
        return bool(self._letter) and self._clock() - self._pressed < _REGRET_SECONDS

    @staticmethod
    def _is_stepping(event: QKeyEvent) -> bool:
        return not event.text().isprintable()

    def _give_back_letter(self) -> None:
        """Go on as if the letter had been typed."""
        letter, self._letter = self._letter, ""
        self.strip.step_back()
        if self._asked is not None and self._asked == self._popups.chat:
            self._popups.take_back()
            self._popup.composer.set_question("", self._before)
        self._popup.composer.field.insertPlainText(letter)

    def _step_back(self, event: QKeyEvent) -> bool:
        if event.key() in {Qt.Key.Key_Escape, Qt.Key.Key_Backspace}:
            self._stop_waiting()
            return True
        return False

    def _on_chosen(self, name: str) -> None:
        action = find_action(self._actions, name)
        if action is None or self._is_busy or not self._popups.can_work_with_texts():
            return
        draft = self._popup.composer.question()
        text = "\n\n".join(one.text for one in draft.attachments if not one.is_picture)
        if text.strip():
            self._ask(action, text, draft.text, _pictures(draft))
        elif draft.text:
            self._ask(action, draft.text, "", _pictures(draft))
        elif found := self._text_at_hand():
            self._ask(action, found)
        else:
            self._wait_for_text(action)

    def _text_at_hand(self) -> str:
        answer = self._popups.answer()
        return answer.content if answer is not None else self._offers.text()

    def _ask(
        self,
        action: QuickAction,
        text: str,
        wish: str = "",
        pictures: tuple[Attachment, ...] = (),
    ) -> None:
        self._stop_waiting()
        self._popups.ask(wish, (self._attachment(action, text), *pictures))
        self._popup.composer.focus_field()

    def _attachment(self, action: QuickAction, text: str) -> Attachment:
        languages = self._languages()
        name = chat_title(action, text, languages.surface)
        return Attachment(AttachmentKind.ACTION, name, question(action, text, languages))

    def _languages(self) -> Languages:
        return languages_of(self._language(), self._translate_to)

    def _wait_for_text(self, action: QuickAction) -> None:
        """There is nothing to do it with yet: the next text is it."""
        self._waiting = action
        words = self.tr("{action}: type or paste a text, then press Enter")
        self._popup.composer.set_placeholder(words.format(action=action.name))
        self._popup.composer.focus_field()

    def _stop_waiting(self) -> None:
        if self._waiting is not None:
            self._waiting = None
            self._popup.composer.set_placeholder("")

    def _rewritten(self, draft: Draft) -> Draft:
        """Return what is asked: with an action that waits, the typed text is what it is done with."""
        action = self._waiting
        if action is None:
            return draft
        parts = [*(one.words for one in draft.attachments), draft.text]
        text = "\n\n".join(filter(None, parts))
        return Draft("", (self._attachment(action, text), *_pictures(draft)))

    def _show_state(self) -> None:
        self.strip.setEnabled(not self._is_busy)
        is_first = self._popup.composer.field.document().isEmpty()
        choose = is_first and self._can_choose
        self._popup.foot.set_letters(choose=choose)
        self.strip.set_letters(choose=choose)


def _pictures(draft: Draft) -> tuple[Attachment, ...]:
    """Return the pictures that go along, whatever is done with the texts."""
    return tuple(one for one in draft.attachments if one.is_picture)
