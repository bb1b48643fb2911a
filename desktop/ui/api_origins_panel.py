"""Web pages and editors that want to use the local server, on the settings page. GUI thread."""

from collections.abc import Sequence
from functools import partial

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from desktop.domain.text import printable
from desktop.ui.buttons import TextButton
from desktop.ui.form_panel import FormPanel
from desktop.ui.labels import ElidedLabel, PlainLabel
from desktop.ui.tinted_icon import TintedIcon
from desktop.ui.tokens import Space

__all__ = ["ApiOriginsPanel"]

_SIGN = 16


class ApiOriginsPanel(QWidget):
    """Those that were let in, and those that were refused since Lapis runs; hidden without any."""

    allowed = Signal(str)
    """(origin): let it in from now on."""
    removed = Signal(str)
    """(origin): no more."""

    def __init__(self, parent: QWidget | None = None) -> None:
        """Start without any."""
        super().__init__(parent)
        self._let_in: tuple[str, ...] = ()
        self._refused: tuple[str, ...] = ()
        self._rows: list[QWidget] = []
        self._list = QVBoxLayout()
        self._list.setSpacing(Space.S)
        self._panel = FormPanel([], self._list)
        around = QVBoxLayout(self)
        around.setContentsMargins(0, 0, 0, 0)
        around.addWidget(self._panel)
        self._retranslate()

    @property
    def words(self) -> str:
        """What is said here, to be searched."""
        return self.tr("Web pages and editors")

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to show."""
        return not self._let_in and not self._refused

    def show_origins(self, let_in: Sequence[str], refused: Sequence[str]) -> None:
        """Show who was let in, and who was `refused` and is not let in."""
        left = tuple(each for each in refused if each not in let_in)
        if (tuple(let_in), left) != (self._let_in, self._refused):
            self._let_in, self._refused = tuple(let_in), left
            self._show()

    def changeEvent(self, event: QEvent) -> None:
        """Follow the language."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange:
            self._retranslate()

    def _show(self) -> None:
        for row in self._rows:
            self._list.removeWidget(row)
            row.hide()
            row.deleteLater()
        self._rows = [self._row(each, is_in=False) for each in self._refused]
        self._rows += [self._row(each, is_in=True) for each in self._let_in]
        for row in self._rows:
            self._list.addWidget(row)

    def _row(self, origin: str, *, is_in: bool) -> QWidget:
        row = QWidget()
        shown = printable(origin)
        sign = TintedIcon("check-circle" if is_in else "block", _SIGN)
        sign.set_icon("check-circle" if is_in else "block", "good" if is_in else "warn")
        name = ElidedLabel(shown, mode=Qt.TextElideMode.ElideMiddle)
        state = PlainLabel(self.tr("let in") if is_in else self.tr("refused"), tone="muted")
        button = TextButton(self.tr("Remove") if is_in else self.tr("Allow"))
        words = self.tr("Remove {origin}") if is_in else self.tr("Allow {origin}")
        button.setAccessibleName(words.format(origin=shown))
        button.clicked.connect(partial(self._on_clicked, origin, is_in))
        line = QHBoxLayout(row)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(Space.S)
        line.addWidget(sign)
        line.addWidget(name, 1)
        line.addWidget(state)
        line.addSpacing(Space.S)
        line.addWidget(button)
        return row

    def _on_clicked(self, origin: str, is_in: bool) -> None:
        (self.removed if is_in else self.allowed).emit(origin)

    def _retranslate(self) -> None:
        self._panel.set_heading(
            self.tr("Web pages and editors"),
            self.tr(
                "Pages in a browser are refused. Some editors are built like one, too: allow those"
                " that you use yourself, and nothing that you do not know."
            ),
        )
        self._show()
