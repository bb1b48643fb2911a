"""The local server on the settings page: on or off, how it is, where programs find it. GUI thread."""

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QStackedLayout, QVBoxLayout, QWidget

from desktop.domain.api import ServerPhase, ServerState
from desktop.ui.activity import Activity
from desktop.ui.api_words import base_address, openai_address, running_words
from desktop.ui.buttons import TextButton
from desktop.ui.command_line import CommandLine
from desktop.ui.form_panel import FormPanel
from desktop.ui.labels import PlainLabel
from desktop.ui.link_button import LinkButton
from desktop.ui.notice_card import Look, NoticeCard
from desktop.ui.setting_row import SettingRow
from desktop.ui.switch import Switch
from desktop.ui.tinted_icon import TintedIcon
from desktop.ui.tokens import Size, Space
from desktop.ui.translation import say

__all__ = ["ApiStatePanel"]

_SIGN = 16


class ApiStatePanel(QWidget):
    """Shows a `ServerState`; what is wished for is told, and shown when it has come true."""

    switched = Signal(bool)
    retry_wanted = Signal()
    port_wanted = Signal(int)
    """(a free one, in place of the one that is taken)"""
    page_wanted = Signal(str)
    """(address of the page that explains the server)"""

    def __init__(self, parent: QWidget | None = None) -> None:
        """Start off."""
        super().__init__(parent)
        self._state = ServerState()
        self._switch = Switch()
        self._row = SettingRow(self._switch)
        self._standing = _Standing()
        self._take, self._retry = TextButton(), TextButton()
        self._trouble = NoticeCard([self._take, self._retry])
        self._addresses = _Addresses()
        self._panel = FormPanel([self._row, self._standing, self._trouble, self._addresses])
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self._panel)
        self.setFocusProxy(self._switch)
        self._switch.toggled.connect(self.switched)
        self._take.clicked.connect(lambda: self.port_wanted.emit(self._state.free_port))
        self._retry.clicked.connect(self._on_retry_clicked)
        self._addresses.page.clicked.connect(self._on_page_clicked)
        self._retranslate()

    @property
    def words(self) -> str:
        """What is said here, to be searched."""
        return f"{self._row.name} {self._row.hint}"

    def show_wish(self, *, enabled: bool) -> None:
        """Show whether the server is wanted."""
        self._switch.blockSignals(True)
        self._switch.setChecked(enabled)
        self._switch.blockSignals(False)

    def show_state(self, state: ServerState) -> None:
        """Show how the server is."""
        if state != self._state:
            self._state = state
            self._show()

    def changeEvent(self, event: QEvent) -> None:
        """Follow the language."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange:
            self._retranslate()

    def _show(self) -> None:
        state = self._state
        is_failed = state.phase is ServerPhase.FAILED
        had_focus = self._take.hasFocus() or self._retry.hasFocus()
        self._standing.setVisible(not is_failed)
        self._standing.show_state(state)
        self._trouble.setVisible(is_failed)
        self._take.setVisible(is_failed and state.free_port > 0)
        if state.error is not None:
            self._trouble.show_words(say(state.error.title), say(state.error.hint), Look.ERROR)
        self._take.setText(self.tr("Use port {port}").format(port=state.free_port))
        self._addresses.setVisible(state.phase is ServerPhase.RUNNING)
        if state.phase is ServerPhase.RUNNING:
            self._addresses.show_port(state.port)
        if had_focus and not is_failed:
            self._switch.setFocus()

    def _on_retry_clicked(self) -> None:
        self._switch.setFocus()
        self.retry_wanted.emit()

    def _on_page_clicked(self) -> None:
        self.page_wanted.emit(base_address(self._state.port) + "/")

    def _retranslate(self) -> None:
        self._row.say(
            self.tr("Let other programs ask"),
            self.tr(
                "Editors and scripts on this computer use your models as they would use those of"
                " OpenAI or Ollama. Web pages cannot."
            ),
        )
        self._retry.setText(self.tr("Try again"))
        self._addresses.say()
        self._show()


class _Standing(QWidget):
    """One line: a sign and how the server is."""

    def __init__(self) -> None:
        super().__init__()
        self._sign = TintedIcon("power", _SIGN)
        self._words = PlainLabel(tone="muted", wrap=True)
        self._busy = Activity()
        still = QWidget()
        row = QHBoxLayout(still)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(Space.S)
        row.addWidget(self._sign)
        row.addWidget(self._words, 1)
        self._either = QStackedLayout(self)
        self._either.addWidget(still)
        self._either.addWidget(self._busy)

    def show_state(self, state: ServerState) -> None:
        words = running_words(state)
        is_busy = state.phase is ServerPhase.STARTING or state.requests > 0
        self._either.setCurrentWidget(self._busy) if is_busy else self._either.setCurrentIndex(0)
        self._busy.say(words)
        self._words.setText(words)
        is_on = state.phase is ServerPhase.RUNNING
        self._sign.set_icon("check-circle" if is_on else "power", "good" if is_on else "muted")
        self._words.set_tone("normal" if is_on else "muted")


class _Addresses(QWidget):
    """What is entered in other programs, for each of the two kinds there are."""

    def __init__(self) -> None:
        super().__init__()
        self.page = LinkButton(size=Size.BODY)
        self._names = [PlainLabel(tone="muted", size="small", wrap=True) for _ in range(2)]
        self._lines = [CommandLine() for _ in range(2)]
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, Space.XS, 0)
        grid.setHorizontalSpacing(Space.M)
        grid.setVerticalSpacing(Space.S)
        for number, (name, line) in enumerate(zip(self._names, self._lines, strict=True)):
            grid.addWidget(name, number, 0)
            grid.addWidget(line, number, 1)
        grid.addWidget(self.page, len(self._lines), 1, Qt.AlignmentFlag.AlignLeft)
        grid.setColumnStretch(0, 2)
        grid.setColumnStretch(1, 3)

    def show_port(self, port: int) -> None:
        openai, ollama = self._lines
        openai.show_words(openai_address(port))
        ollama.show_words(base_address(port))

    def say(self) -> None:
        openai, ollama = self._names
        openai.setText(self.tr("Address for programs made for OpenAI"))
        ollama.setText(self.tr("Address for programs made for Ollama"))
        for name, line in zip(self._names, self._lines, strict=True):
            line.say(name.text(), self.tr("Copy the address"))
        self.page.setText(self.tr("How to use it, in your browser"))
