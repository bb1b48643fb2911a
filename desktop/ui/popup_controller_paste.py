"""The answer back into the program one came from, or onto the clipboard. GUI thread."""

from typing import Protocol

from PySide6.QtCore import QObject, Qt, Signal, SignalInstance
from PySide6.QtGui import QGuiApplication

from desktop.domain.text import Text
from desktop.system.front.base import Pasted
from desktop.ui.markdown_parts import Code
from desktop.ui.popup import Popup
from desktop.ui.popup_controller import PopupController
from desktop.ui.popup_foot import Insertion

__all__ = ["PastesText", "PopupPasting"]


class PastesText(Protocol):
    """The part of `Surroundings` that reaches the program one came from."""

    pasted: SignalInstance

    @property
    def can_paste(self) -> bool:
        """Whether text can be put into it."""
        ...

    @property
    def program(self) -> str:
        """How it is called; empty if unknown."""
        ...

    def paste(self, text: str) -> None:
        """Put `text` into it."""
        ...

    def give_focus_back(self) -> None:
        """Give it the keyboard."""
        ...


class PopupPasting(QObject):
    """What is inserted: what of the conversation is selected, the only block of code, the answer."""

    said = Signal(object)
    """(Text): what the person has to know, now that the popup is hidden."""

    def __init__(self, popup: Popup, popups: PopupController, surroundings: PastesText) -> None:
        """Offer it as soon as there is an answer."""
        super().__init__(popups)
        self._popup = popup
        self._popups = popups
        self._surroundings = surroundings
        self._answer = self._code = ""
        popup.transcript.selection.changed.connect(self._offer)
        popup.insert_requested.connect(self.insert)
        popup.copy_requested.connect(self.copy)
        popups.answer_changed.connect(self.show)
        popup.appeared.connect(self._show_program)
        popup.dismissed.connect(surroundings.give_focus_back)
        surroundings.pasted.connect(self._on_pasted)

    def show(self) -> None:
        """Offer what there is."""
        answer = self._popups.answer()
        self._answer = "" if answer is None else answer.content.strip()
        self._code = _only_code(self._answer)
        self._offer()

    def insert(self) -> None:
        """Put it into the program one came from, where that can be; else onto the clipboard."""
        text = self._text(code=True)
        if not text:
            return
        if self._surroundings.can_paste:
            self._surroundings.paste(text)
            self._popup.hide()
        else:
            QGuiApplication.clipboard().setText(text)
            self._popup.put_away()

    def copy(self) -> None:
        """Put the answer, or what is selected of the conversation, onto the clipboard."""
        text = self._text(code=False)
        if text:
            QGuiApplication.clipboard().setText(text)
            self._popup.foot.tell(self.tr("Copied"))

    def _text(self, *, code: bool) -> str:
        selection = self._popup.transcript.selection
        if selection.value is not None:
            return selection.plain()
        if code and self._code:
            return self._code
        return self._answer

    def _offer(self) -> None:
        found = Insertion.NOTHING
        if self._popup.transcript.selection.value is not None:
            found = Insertion.SELECTED
        elif self._code:
            found = Insertion.CODE
        elif self._answer:
            found = Insertion.ANSWER
        self._popup.foot.set_insertion(found)

    def _show_program(self) -> None:
        around = self._surroundings
        self._popup.foot.set_paste(can_paste=around.can_paste, program=around.program)

    def _on_pasted(self, outcome: Pasted) -> None:
        if outcome is Pasted.PASTED:
            if self._popup.pin.isChecked():
                self._come_back()
            elif not self._popup.isVisible():
                # Called again meanwhile, it goes on with the conversation.
                self._popups.start_anew()
            return
        if outcome is Pasted.FOCUS_MOVED:
            self.said.emit(Text("The answer is copied: another window came to the front"))
        else:
            self.said.emit(Text("The answer is copied: paste it where you want it"))

    def _come_back(self) -> None:
        """Show what is pinned again, behind the keyboard's back."""
        self._popup.setAttribute(Qt.WidgetAttribute.WA_ShowWithoutActivating)
        self._popup.show()
        self._popup.setAttribute(Qt.WidgetAttribute.WA_ShowWithoutActivating, on=False)


def _only_code(content: str) -> str:
    """Return the block of code in an answer that has one and no more."""
    if "```" not in content and "~~~" not in content:
        return ""
    from desktop.ui.markdown import parse

    blocks = [part.text for part in parse(content) if isinstance(part, Code)]
    return blocks[0] if len(blocks) == 1 else ""
