"""Where the local server listens, on the settings page: its port, and who can reach it. GUI thread."""

from collections.abc import Sequence

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from desktop.domain.settings import ApiSettings
from desktop.ui.api_port_row import PortRow
from desktop.ui.api_words import far_address, is_near
from desktop.ui.buttons import TextButton
from desktop.ui.escape import claims_escape
from desktop.ui.form_panel import FormPanel
from desktop.ui.menu_button import MenuButton
from desktop.ui.notice_card import Look, NoticeCard
from desktop.ui.row_note import RowNote
from desktop.ui.setting_row import SettingRow
from desktop.ui.tokens import Space

__all__ = ["ApiReachPanel"]

_USUAL = ApiSettings()


class ApiReachPanel(QWidget):
    """Other computers are let in only by a second, explicit yes beside the risk in words."""

    port_chosen = Signal(int)
    host_chosen = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        """Start as at first: for this computer alone."""
        super().__init__(parent)
        self._settings = _USUAL
        self._own: tuple[str, ...] = ()
        self._asked = ""
        self.port = PortRow(_USUAL.port)
        self._hosts = MenuButton()
        self._row = SettingRow(self._hosts)
        self._keep, self._open = TextButton(), TextButton(kind="danger")
        answers = QWidget()
        row = QHBoxLayout(answers)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(Space.S)
        row.addWidget(self._keep)
        row.addWidget(self._open)
        row.addStretch(1)
        self._question = NoticeCard([], below=answers)
        self._warning = RowNote()
        who = QWidget()
        column = QVBoxLayout(who)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(Space.S)
        for part in (self._row, self._question, self._warning):
            column.addWidget(part)
        around = QVBoxLayout(self)
        around.setContentsMargins(0, 0, 0, 0)
        around.addWidget(FormPanel([self.port, who]))
        self.port.chosen.connect(self.port_chosen)
        self._hosts.chosen.connect(self._on_chosen)
        self._row.reset_requested.connect(lambda: self._on_chosen(_USUAL.host))
        self._keep.clicked.connect(self._on_kept)
        self._open.clicked.connect(self._on_opened)
        self._question.hide()
        self._retranslate()

    @property
    def words(self) -> str:
        """What is said here, to be searched."""
        return f"{self.port.words} {self._row.name} {self._row.hint}"

    def show_settings(self, settings: ApiSettings) -> None:
        """Show what is set."""
        if settings.host != self._settings.host:
            self._take_question_away()
        self._settings = settings
        self.port.show_port(settings.port)
        self._show()

    def show_own(self, addresses: Sequence[str]) -> None:
        """Offer to listen at each of the `addresses` that this computer has in networks."""
        self._own = tuple(addresses)
        self._show()

    def hide_question(self) -> None:
        """Let what was not answered be unasked."""
        self._take_question_away()
        self._show()

    def event(self, event: QEvent) -> bool:
        """Take Esc before the page does while there is a question."""
        return (not self._question.isHidden() and claims_escape(event)) or super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Esc stays with this computer."""
        if event.key() == Qt.Key.Key_Escape and not self._question.isHidden():
            self._on_kept()
        else:
            super().keyPressEvent(event)

    def changeEvent(self, event: QEvent) -> None:
        """Follow the language."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange:
            self._retranslate()

    def _show(self) -> None:
        host, port = self._settings.host, self._settings.port
        self._hosts.set_choices(self._row.name, self._choices(), self._asked or host)
        self._row.set_overridden(overridden=host != _USUAL.host and not self._asked)
        if is_near(host) or self._asked:
            self._warning.clear()
            return
        words = self.tr(
            "Other computers reach Lapis at {address}, if they have the key. What they send and get"
            " is not encrypted."
        )
        self._warning.show_words(words.format(address=far_address(host, port)), "warn")

    def _choices(self) -> list[tuple[str, str]]:
        usual = (_USUAL.host, self.tr("This computer only"))
        others = dict.fromkeys([*self._own, *([] if is_near(self._host) else [self._host])])
        own = [(each, self.tr("Its network, at {address}").format(address=each)) for each in others]
        return [usual, *own]

    @property
    def _host(self) -> str:
        return self._settings.host

    def _on_chosen(self, host: str) -> None:
        if is_near(host):
            self._take_question_away()
            if host != self._host:
                self.host_chosen.emit(host)
            self._show()
        elif host != self._host:
            self._asked = host
            self._show()
            self._say_question()
            self._question.show()
            self._keep.setFocus(Qt.FocusReason.OtherFocusReason)

    def _on_kept(self) -> None:
        self._hosts.setFocus()
        self.hide_question()

    def _on_opened(self) -> None:
        host = self._asked
        self._hosts.setFocus()
        self._take_question_away()
        self.host_chosen.emit(host)

    def _take_question_away(self) -> None:
        self._asked = ""
        self._question.hide()

    def _say_question(self) -> None:
        self._question.show_words(
            self.tr("Let other computers ask?"),
            self.tr(
                "Whoever is in the network of {address} and has the key uses your models and the"
                " power of this computer. Questions, answers and the key itself cross the network"
                " without encryption: others in it can read them. Do it in a network that you trust,"
                " never in a café."
            ).format(address=self._asked),
            Look.ERROR,
        )

    def _retranslate(self) -> None:
        self._row.say(
            self.tr("Who can ask"),
            self.tr("Programs of this computer, or those of other computers too."),
            self.tr("Back to this computer only"),
        )
        self._keep.setText(self.tr("Stay with this computer"))
        self._open.setText(self.tr("Let other computers ask"))
        self._say_question()
        self._show()
