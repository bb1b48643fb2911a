"""What stands where the installed models would be: how to get one, or that none was found.

GUI thread.
"""

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from desktop.ui.buttons import TextButton
from desktop.ui.labels import PlainLabel
from desktop.ui.tinted_icon import TintedIcon
from desktop.ui.tokens import Space

__all__ = ["InstalledEmpty", "NothingFound"]

_SIGN = 40
_WIDEST = 460


class InstalledEmpty(QWidget):
    """No model but the guide: two ways to one."""

    discover_requested = Signal()
    import_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        """Say what to do."""
        super().__init__(parent)
        self._title = PlainLabel(size="large", wrap=True)
        self._hint = PlainLabel(tone="muted", wrap=True)
        self._drop = PlainLabel(tone="muted", size="small", wrap=True)
        for label in (self._title, self._hint, self._drop):
            label.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._discover = TextButton(kind="primary")
        self._import = TextButton()
        buttons = QHBoxLayout()
        buttons.setSpacing(Space.S)
        buttons.addStretch(1)
        buttons.addWidget(self._discover)
        buttons.addWidget(self._import)
        buttons.addStretch(1)
        middle = QWidget()
        middle.setMaximumWidth(_WIDEST)
        column = QVBoxLayout(middle)
        column.setContentsMargins(Space.L, Space.L, Space.L, Space.L)
        column.setSpacing(0)
        column.addStretch(2)
        column.addWidget(TintedIcon("box", _SIGN, tone="accent"), 0, Qt.AlignmentFlag.AlignHCenter)
        column.addSpacing(Space.L)
        column.addWidget(self._title)
        column.addSpacing(Space.S)
        column.addWidget(self._hint)
        column.addSpacing(Space.XL)
        column.addLayout(buttons)
        column.addSpacing(Space.M)
        column.addWidget(self._drop)
        column.addStretch(3)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addStretch(1)
        row.addWidget(middle, 1000)
        row.addStretch(1)
        self._discover.clicked.connect(self.discover_requested)
        self._import.clicked.connect(self.import_wanted)
        self._retranslate()

    def changeEvent(self, event: QEvent) -> None:
        """Follow the language."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange:
            self._retranslate()

    def _retranslate(self) -> None:
        self._title.setText(self.tr("No models yet"))
        self._hint.setText(
            self.tr(
                "The built-in guide knows Lapis only. Get a model that fits this computer, or use "
                "a GGUF file you have."
            )
        )
        self._discover.setText(self.tr("Discover models"))
        self._import.setText(self.tr("Import a file…"))
        self._drop.setText(self.tr("You can also drop a .gguf file here."))


class NothingFound(QWidget):
    """The filter leaves nothing."""

    clear_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        """Offer to look at everything again."""
        super().__init__(parent)
        self._title = PlainLabel(tone="muted")
        self._clear = TextButton(kind="quiet")
        column = QVBoxLayout(self)
        column.setSpacing(Space.S)
        column.addStretch(1)
        column.addWidget(self._title, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addWidget(self._clear, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addStretch(2)
        self._clear.clicked.connect(self.clear_requested)
        self._retranslate()

    def changeEvent(self, event: QEvent) -> None:
        """Follow the language."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange:
            self._retranslate()

    def _retranslate(self) -> None:
        self._title.setText(self.tr("No model here is called that"))
        self._clear.setText(self.tr("Show all models"))
