"""A language in which every word is recognisable, so that what was not translated stands out."""

from PySide6.QtCore import QTranslator
from PySide6.QtWidgets import QAbstractButton, QLabel, QWidget

MARK = "«"


class Marking(QTranslator):
    """Translates everything; what stays unmarked was not translated."""

    def isEmpty(self) -> bool:
        return False

    def translate(
        self, _context: str, source: str, _disambiguation: str | None = None, _n: int = -1
    ) -> str:
        return f"{MARK}{source}"


def unmarked(top: QWidget) -> set[str]:
    """Return the words on visible widgets under `top` that were not translated again."""
    words = []
    for widget in top.findChildren(QWidget):
        if not widget.isVisible():
            continue
        if isinstance(widget, QLabel):
            # A name may be shown with places where it can be broken.
            words.append(widget.accessibleName() or widget.text())
            continue
        words.append(widget.accessibleName())
        if isinstance(widget, QAbstractButton):
            words.append(widget.text())
    return {word for word in words if word and MARK not in word}
