"""What goes with a quick question, and what could: selected text, and what was copied.

Looked at after the popup is on the screen, in other threads. GUI thread.
"""

from typing import Final, Protocol, cast

from PySide6.QtCore import QMimeData, QObject, SignalInstance
from PySide6.QtGui import QClipboard, QGuiApplication
from PySide6.QtWidgets import QApplication, QLineEdit, QPlainTextEdit, QWidget
from shiboken6 import isValid

from desktop.domain.history import Attachment, AttachmentKind
from desktop.domain.settings import PopupSettings
from desktop.domain.text import Text
from desktop.system.front.base import LONGEST_SELECTION, Copied, Selection
from desktop.ui.banner import Topic
from desktop.ui.popup import Popup
from desktop.ui.popup_chips import Offer
from desktop.ui.popup_clipboard import PopupClipboard
from desktop.ui.popup_frame import is_wayland

__all__ = ["PopupOffers", "ReadsSelection"]

_SELECTION: Final = "selection"
_CLIPBOARD: Final = "clipboard"
_PICTURE: Final = "picture"
_NOTHING: Final = Selection()


class ReadsSelection(Protocol):
    """The part of `Surroundings` that knows what is selected."""

    selection_came: SignalInstance

    @property
    def can_read(self) -> bool:
        """Whether selected text can be read without doing anything to the program."""
        ...

    def read_selection(self, time_ms: int = 0) -> None:
        """Read what is selected."""
        ...


class PopupOffers(QObject):
    """Selected text goes along by itself, until it was asked about, or taken away: then it is offered.

    Selected once more it goes along again. What is known to be left over in another program is
    offered, and so is what was copied.
    """

    def __init__(
        self, popup: Popup, surroundings: ReadsSelection, clipboard: PopupClipboard, parent: QObject
    ) -> None:
        """Look whenever the popup appears."""
        super().__init__(parent)
        self._popup = popup
        self._surroundings = surroundings
        self._clipboard = clipboard
        self._settings = PopupSettings()
        self._time = 0
        self._is_wanted = False
        self._is_read = False
        self._seen = ""
        self._own: Attachment | None = None
        self._selected = _NOTHING
        self._copied = Copied()
        self._settled: frozenset[str] = frozenset()
        self._is_unread = self._is_anew = self._is_picture_used = False
        self._typed = ""
        self._marked_in: QWidget | None = None
        popup.composer.field.selectionChanged.connect(self._on_typed_selected)
        popup.appeared.connect(self._look)
        QGuiApplication.clipboard().selectionChanged.connect(self._on_selection_changed)
        QGuiApplication.clipboard().dataChanged.connect(self._on_copied)
        popup.chips.offer_taken.connect(self._on_offer_taken)
        popup.chips.taken_away.connect(self._on_taken_away)
        popup.chips.changed.connect(self._show)
        popup.language_changed.connect(self._show)
        surroundings.selection_came.connect(self._on_selection_came)
        clipboard.came.connect(self._on_copied_came)

    def set_settings(self, settings: PopupSettings) -> None:
        """Look at what these allow."""
        self._settings = settings

    def expect(self, time_ms: int, *, wanted: bool = False) -> None:
        """Get ready for the popup, called by a key at `time_ms`.

        With `wanted` selected text goes along in any case: the key was the one for that.
        """
        self._time, self._is_wanted, self._is_read = time_ms, wanted, False

    def take(self, selection: Selection) -> None:
        """Let text go along that was read before the popup appears."""
        self._is_wanted = self._is_read = True
        self._on_selection_came(selection)

    def text(self) -> str:
        """Return what an action may be done with if nothing goes along: what is on offer."""
        return self._selected.text if self._selected.text.strip() else self._read_copied()

    def settle(self) -> None:
        """Offer nothing of this again as long as the conversation lasts that has just begun."""
        self._settled |= {self._selected.text, self._copied.text}
        self._is_picture_used |= self._copied.has_picture
        self._seen = self._selected.text or self._seen
        self._own = None
        self._selected, self._copied = _NOTHING, Copied()
        self._show()

    def forget(self) -> None:
        """Let nothing go along by itself, and offer whatever there is from the next look on."""
        self._settled = frozenset()
        self._take_away_own()
        self._is_unread = self._is_picture_used = False
        self._selected, self._copied = _NOTHING, Copied()
        self._show()

    def _look(self) -> None:
        if (self._settings.selection or self._is_wanted) and not self._is_read:
            self._read_selection()
        if self._settings.clipboard:
            self._clipboard.look()

    def _read_selection(self) -> None:
        clipboard = QGuiApplication.clipboard()
        if clipboard.ownsSelection():
            # In a window of ours: nobody has to be waited for.
            text = clipboard.text(QClipboard.Mode.Selection)
            # What was marked to be typed over, or taken out since, is no text to ask about.
            is_gone = text == self._typed or not _is_left(text, self._marked_in)
            found = "" if is_gone else text[:LONGEST_SELECTION]
            self._on_selection_came(Selection(found))
        elif self._surroundings.can_read:
            self._surroundings.read_selection(self._time)

    def _on_typed_selected(self) -> None:
        marked = self._popup.composer.field.textCursor()
        if marked.hasSelection():
            self._typed = marked.selection().toPlainText()

    def _on_selection_changed(self) -> None:
        """Hear that something was selected: under X11 whenever it is, with the same words or others.

        Under Wayland only the window with the keyboard is told, and of what was selected before.
        """
        clipboard = QGuiApplication.clipboard()
        self._marked_in = QApplication.focusWidget() if clipboard.ownsSelection() else None
        if not is_wayland():
            self._is_anew = not clipboard.ownsSelection()
            return
        if not (self._popup.isVisible() and self._settings.selection):
            return
        data = cast("QMimeData | None", clipboard.mimeData(QClipboard.Mode.Selection))
        # Its kinds are known; whoever holds it is asked only when a person wants it.
        self._is_unread = not clipboard.ownsSelection() and data is not None and data.hasText()
        self._show()

    def _on_selection_came(self, found: Selection) -> None:
        if not self._popup.isVisible() and not self._is_read:
            # It went away before the answer came: nobody has seen it.
            return
        self._selected = found if found.text.strip() else _NOTHING
        text = self._selected.text
        is_new = bool(text) and (text != self._seen or self._is_anew) and not found.is_elsewhere
        self._is_anew = False
        if text and self._own is not None and text != self._own.text:
            # What went along by itself gives way to what is selected now.
            self._take_away_own()
        in_talk = self._popup.transcript.isVisibleTo(self._popup)
        if text and (self._is_wanted or (is_new and not in_talk)):
            self._attach()
        self._is_wanted = False
        if found.is_cut:
            self._tell_cut()
        self._show()

    def _attach(self) -> None:
        self._own = Attachment(AttachmentKind.SELECTION, "", self._selected.text)
        self._popup.composer.attach(self._own)

    def _take_away_own(self) -> None:
        own, self._own = self._own, None
        chips = self._popup.chips
        if own is not None and own in chips.attachments():
            chips.set_attachments([one for one in chips.attachments() if one != own])

    def _on_copied(self) -> None:
        """Hear that something else was copied: another picture, maybe."""
        self._is_picture_used = False

    def _on_copied_came(self, found: Copied) -> None:
        self._copied = found
        self._show()

    def _read_copied(self) -> str:
        """Return what was copied, now that a person wants it."""
        if self._copied.is_unread:
            self._copied = Copied(self._clipboard.text())
        return self._copied.text if self._copied.text.strip() else ""

    def _on_offer_taken(self, key: str) -> None:
        match key:
            case "selection":
                if self._is_unread:
                    text = QGuiApplication.clipboard().text(QClipboard.Mode.Selection)
                    self._selected = Selection(text[:LONGEST_SELECTION])
                    self._is_unread = False
                if self._selected.text.strip():
                    self._attach()
            case "clipboard":
                if text := self._read_copied():
                    self._popup.composer.attach(Attachment(AttachmentKind.PASTE, "", text))
            case _:
                self._is_picture_used = True
                self._popup.composer.picture_pasted.emit(self._clipboard.picture())
        self._show()
        self._popup.composer.focus_field()

    def _on_taken_away(self, attachment: Attachment) -> None:
        if attachment.text == self._selected.text:
            self._seen = attachment.text
        if attachment.is_picture:
            self._is_picture_used = False
            self._show()

    def _show(self) -> None:
        along = self._settled | {one.text for one in self._popup.chips.attachments()}
        offers: list[Offer] = []
        selected, copied = self._selected.text, self._copied
        if self._is_unread or (selected and selected not in along):
            offers.append(Offer(_SELECTION, self.tr("Selected text"), _start(selected)))
        is_new = copied.text.strip() and copied.text not in along | {selected}
        if is_new or copied.is_unread:
            offers.append(Offer(_CLIPBOARD, self.tr("Clipboard"), _start(copied.text)))
        elif copied.has_picture and not copied.text.strip() and not self._is_picture_used:
            offers.append(Offer(_PICTURE, self.tr("Copied picture"), icon="picture"))
        self._popup.chips.set_offers(offers)

    def _tell_cut(self) -> None:
        title = Text("More is selected than can go with a question")
        hint = Text("The first {size} KB go along.", {"size": LONGEST_SELECTION // 1024})
        self._popup.banner.show_notice(Topic.ATTACHING, title, hint)


def _is_left(text: str, field: QWidget | None) -> bool:
    """Tell whether `text` is still there in the field of ours that it was marked in."""
    if field is None or not isValid(field):
        return True
    match field:
        case QPlainTextEdit() if not field.isReadOnly():
            return text in field.toPlainText()
        case QLineEdit() if not field.isReadOnly():
            return text in field.text()
        case _:
            return True


def _start(text: str) -> str:
    return " ".join(text[:200].split())
