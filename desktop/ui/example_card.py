"""A question to begin with, as a card to click. GUI thread."""

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import QPushButton, QSizePolicy, QVBoxLayout, QWidget

from desktop.ui.icons import IconName
from desktop.ui.labels import PlainLabel
from desktop.ui.tinted_icon import TintedIcon
from desktop.ui.tokens import Space

__all__ = ["ExampleCard"]

_ICON = 18


class ExampleCard(QPushButton):
    """An icon above a question; one click asks it."""

    chosen = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        """Offer nothing yet."""
        super().__init__(parent)
        self.setProperty("kind", "card")
        self.setAutoDefault(False)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Preferred)
        self._icon = TintedIcon("info", _ICON, tone="accent")
        self._words = PlainLabel(wrap=True)
        self._words.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(Space.L - 2, Space.L - 2, Space.L - 2, Space.L - 2)
        layout.setSpacing(Space.S)
        for part in (self._icon, self._words):
            part.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        layout.addWidget(self._icon)
        layout.addWidget(self._words, 1)
        self.clicked.connect(self._on_clicked)

    def offer(self, name: IconName, question: str) -> None:
        """Show `question` under the icon `name`."""
        self._icon.set_icon(name)
        self._words.setText(question)
        self.setAccessibleName(question)

    def sizeHint(self) -> QSize:
        return self.minimumSizeHint()

    def minimumSizeHint(self) -> QSize:
        layout = self.layout()
        return layout.minimumSize() if layout is not None else super().minimumSizeHint()

    def hasHeightForWidth(self) -> bool:
        return True

    def heightForWidth(self, width: int) -> int:
        layout = self.layout()
        return layout.heightForWidth(width) if layout is not None else -1

    def _on_clicked(self) -> None:
        self.chosen.emit(self._words.text())
