"""A key in a frame, hidden or shown, with what can be done with it. GUI thread."""

from PySide6.QtCore import QMimeData, Qt
from PySide6.QtGui import QFont, QGuiApplication
from PySide6.QtWidgets import QFrame, QHBoxLayout, QWidget

from desktop.ui.buttons import IconButton
from desktop.ui.copy_button import CopyButton
from desktop.ui.labels import PlainLabel
from desktop.ui.theme import mono_families
from desktop.ui.tokens import Space

__all__ = ["KeyLine", "copy_secret"]

_SIDE = 28
_HIDDEN = "lapis-" + "•" * 24
# Programs that keep all that was copied leave out what is marked so: KDE's and those that follow
# it, and Windows' own (documented as "Cloud Clipboard and Clipboard History Formats").
_SECRET_MARKS = {
    "x-kde-passwordManagerHint": b"secret",
    'application/x-qt-windows-mime;value="ExcludeClipboardContentFromMonitorProcessing"': b"1",
}


def copy_secret(text: str) -> None:
    """Put `text` into the clipboard, marked as nothing to be remembered."""
    data = QMimeData()
    data.setText(text)
    for name, value in _SECRET_MARKS.items():
        data.setData(name, value)
    QGuiApplication.clipboard().setMimeData(data)


class KeyLine(QFrame):
    """Dots in place of the key, until `show_key`. Its buttons are public."""

    def __init__(self, parent: QWidget | None = None) -> None:
        """Start with dots."""
        super().__init__(parent)
        self.setProperty("panel", "code")
        self._key = ""
        self._words = PlainLabel(_HIDDEN, wrap=True)
        font = QFont(self._words.font())
        font.setFamilies(list(mono_families()))
        self._words.setFont(font)
        self.reveal = IconButton("eye", side=_SIDE)
        self.copied = CopyButton(side=_SIDE)
        self.renew = IconButton("refresh", side=_SIDE)
        row = QHBoxLayout(self)
        row.setContentsMargins(Space.L, Space.S, Space.S, Space.S)
        row.setSpacing(Space.XS)
        row.addWidget(self._words, 1)
        for button in (self.reveal, self.copied, self.renew):
            row.addWidget(button, 0, Qt.AlignmentFlag.AlignTop)

    @property
    def is_shown(self) -> bool:
        """Whether the key can be read."""
        return bool(self._key)

    def show_key(self, key: str) -> None:
        """Show `key`; dots for none."""
        self._key = key
        self._words.setText(key or _HIDDEN)
        flags = Qt.TextInteractionFlag
        marked = flags.TextSelectableByMouse | flags.TextSelectableByKeyboard
        self._words.setTextInteractionFlags(marked if key else flags.NoTextInteraction)
        self.say()

    def say(self) -> None:
        """Use today's language."""
        self.reveal.set_label(self.tr("Hide the key") if self._key else self.tr("Show the key"))
        self.copied.set_label(self.tr("Copy the key"))
        self.renew.set_label(self.tr("Make a new key…"))
        self._words.setAccessibleName(self._key or self.tr("The key is hidden"))
