"""A model whose makers want to know who gets it: where to agree, and the token. GUI thread."""

from PySide6.QtCore import QEvent, QPoint, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from desktop.domain.repository import Gate
from desktop.ui.buttons import TextButton
from desktop.ui.flow_layout import FlowLayout
from desktop.ui.labels import PlainLabel
from desktop.ui.tinted_icon import TintedIcon
from desktop.ui.tokens import Space

__all__ = ["GateCard"]

_ICON = 18
_LONGEST = 400
_FIELD = 240


class GateCard(QFrame):
    """Three steps: open the page, accept there, paste a token here."""

    page_wanted = Signal(QPoint)
    """(where on the screen): ask before the page opens."""
    token_given = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        """Start for a gate that opens by itself."""
        super().__init__(parent)
        self.setProperty("panel", "card")
        self._gate = Gate.AUTOMATIC
        self._title = PlainLabel(wrap=True)
        self._title.setProperty("strong", True)
        self._hint = PlainLabel(tone="muted", wrap=True)
        self._open = TextButton()
        self._field = QLineEdit()
        self._field.setEchoMode(QLineEdit.EchoMode.Password)
        self._field.setMaxLength(_LONGEST)
        self._field.setMinimumWidth(_FIELD)
        self._save = TextButton()
        self._save.setEnabled(False)
        head = QHBoxLayout()
        head.setSpacing(Space.S)
        head.addWidget(TintedIcon("lock", _ICON, tone="warn"))
        head.addWidget(self._title, 1)
        steps = FlowLayout(beside=Space.S, between=Space.S)
        for part in (self._open, self._field, self._save):
            steps.addWidget(part)
        column = QVBoxLayout(self)
        column.setContentsMargins(Space.L, Space.M, Space.L, Space.M)
        column.setSpacing(Space.S)
        column.addLayout(head)
        column.addWidget(self._hint)
        column.addLayout(steps)
        self._open.clicked.connect(self._on_open)
        self._save.clicked.connect(self._give)
        self._field.returnPressed.connect(self._give)
        self._field.textChanged.connect(lambda text: self._save.setEnabled(bool(text.strip())))
        self._retranslate()

    def show_gate(self, gate: Gate) -> None:
        """Say what `gate` asks for."""
        self._gate = gate
        self._retranslate()

    def forget(self) -> None:
        """Forget what was typed: it was meant for another model."""
        self._field.clear()

    def changeEvent(self, event: QEvent) -> None:
        """Follow the language."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange:
            self._retranslate()

    def _on_open(self) -> None:
        self.page_wanted.emit(self._open.mapToGlobal(self._open.rect().bottomLeft()))

    def _give(self) -> None:
        token = self._field.text().strip()
        if token:
            self._field.clear()
            self.token_given.emit(token)

    def _retranslate(self) -> None:
        self._title.setText(self.tr("The makers want you to accept their terms first"))
        if self._gate is Gate.MANUAL:
            hint = self.tr(
                "Sign in on the model's page, ask for access and wait until it is granted. "
                "Then make a read token in your account there and paste it here."
            )
        else:
            hint = self.tr(
                "Sign in on the model's page and accept the terms there. "
                "Then make a read token in your account and paste it here."
            )
        self._hint.setText(hint)
        self._open.setText(self.tr("Open the model's page"))
        self._field.setPlaceholderText(self.tr("Access token"))
        self._field.setAccessibleName(self.tr("Access token"))
        self._save.setText(self.tr("Keep token"))
