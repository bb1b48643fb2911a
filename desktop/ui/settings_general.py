"""Starting at login, the icon in the tray and new versions, on the settings page. GUI thread."""

from collections.abc import Mapping
from dataclasses import replace

from PySide6.QtCore import QSize, Signal
from PySide6.QtGui import QPainter, QPaintEvent, QShowEvent
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QWidget

from desktop.base.translation import spoken
from desktop.domain.errors import LapisError
from desktop.domain.settings import Language, Settings
from desktop.domain.text import Text
from desktop.services.hotkey import desktop_of
from desktop.services.start_at_login import LoginState
from desktop.system.panel import Tone
from desktop.ui.form_panel import FormPanel
from desktop.ui.labels import PlainLabel
from desktop.ui.setting_row import SettingRow
from desktop.ui.settings_entry import switch
from desktop.ui.settings_section import SettingsSection
from desktop.ui.switch import Switch
from desktop.ui.tokens import DARK, Space, tokens_of
from desktop.ui.translation import say
from desktop.ui.tray_icon import Sign, TrayPicture, tray_icon
from desktop.ui.tray_words import how_to_get_a_tray
from desktop.ui.update_desk import UpdateView
from desktop.ui.update_line import UpdateLine

__all__ = ["GeneralSection"]

_SIGN = 22
_WHOLE = 100
_PICTURES = (
    TrayPicture(),
    TrayPicture(45),
    TrayPicture(_WHOLE),
    TrayPicture(_WHOLE, sign=Sign.ANSWERING),
    TrayPicture(_WHOLE, download=60),
    TrayPicture(_WHOLE, sign=Sign.PAUSED),
    TrayPicture(sign=Sign.FAILED),
)
_COLUMNS = 2


class GeneralSection(SettingsSection):
    """What is so comes from the system each time it is looked at; only new versions are a setting."""

    looked_at = Signal()
    """It is about to be seen: answer with `show_login` and `show_tray`."""
    login_wanted = Signal(bool)

    def __init__(self, environment: Mapping[str, str], platform: str) -> None:
        """Start without knowing anything."""
        self._how = how_to_get_a_tray(desktop_of(environment, platform))
        self._state = LoginState.OFF
        self._advice: Text | None = None
        self._has_tray = True
        self._switch = Switch()
        self._row = SettingRow(self._switch)
        self._problem = PlainLabel(tone="bad", size="small", wrap=True)
        self._problem.hide()
        self._login = FormPanel([self._row, self._problem])
        self._tray = SettingRow(None)
        self._legend = _Legend()
        self._icon = FormPanel([self._tray, self._legend])
        self._update_view: UpdateView | None = None
        self._chosen = Language.SYSTEM
        self.updates = UpdateLine()
        """What is known of new versions."""
        self._check = switch(
            lambda now: now.updates.check,
            lambda now, value: replace(now, updates=replace(now.updates, check=value)),
        )
        super().__init__((self._check,))
        under = self.panels[0].layout()
        if under is not None:
            under.addWidget(self.updates)
        self.column.insertWidget(0, self._login)
        self.column.insertWidget(1, self._icon)
        # Nobody knows yet whether this Lapis can ask.
        self._offer_updates()
        self._switch.clicked.connect(self._on_clicked)
        self._show()

    def show_login(self, state: LoginState, advice: Text | None) -> None:
        """Show what is so, and what else has to be done for it."""
        if state is not self._state:
            # Whatever stood in the way does no more.
            self._problem.hide()
        self._state, self._advice = state, advice
        self._show()

    def show_problem(self, error: LapisError) -> None:
        """Say why it could not be changed."""
        self._problem.setText(f"{say(error.title)}\n{say(error.hint)}")
        self._problem.show()

    def show_tray(self, *, is_there: bool) -> None:
        """Say whether there is a place for the icon."""
        self._has_tray = is_there
        self._show()

    def show_settings(self, settings: Settings) -> None:
        super().show_settings(settings)
        self._chosen = settings.language
        self._offer_updates()

    def show_updates(self, view: UpdateView) -> None:
        """Show what is known of new versions, or why nobody can be asked."""
        self._update_view = view
        self._offer_updates()
        self.updates.show_view(view, spoken(self._chosen).value)
        self._say_updates()

    def search(self, wanted: str) -> bool:
        """Show only what has the words `wanted`."""
        words = wanted.casefold().split()
        found = super().search(wanted)
        for panel, said in ((self._login, self._row), (self._icon, self._tray)):
            text = f"{self.title} {said.name} {said.hint}".casefold()
            shown = all(word in text for word in words)
            panel.setVisible(shown)
            found = found or shown
        return found

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._problem.hide()
        self.updates.forget_problem()
        self.looked_at.emit()

    def say(self) -> None:
        self.title = self.tr("General")
        self._legend.say()
        self._say_updates()
        self._show()

    def _offer_updates(self) -> None:
        """Show no switch, and no way back, where nobody can be asked, or nobody knows yet."""
        offered = self._update_view is not None and self._update_view.hindrance is None
        for control in self._check.row.findChildren(Switch):
            control.setVisible(offered)
        if not offered:
            self._check.row.set_overridden(overridden=False)

    def _say_updates(self) -> None:
        view = self._update_view
        if view is None:
            self._check.say(self.tr("New versions"), "")
        elif view.hindrance is not None:
            self._check.say(self.tr("New versions"), say(view.hindrance), self.tr("updates"))
        else:
            hint = self.tr(
                "Once a week one small file is fetched from {host}, without a word about you. "
                "Nothing is installed."
            ).format(host=view.host)
            self._check.say(self.tr("Tell me about new versions"), hint, self.tr("updates"))

    def _on_clicked(self, checked: bool) -> None:
        self._problem.hide()
        # It moves when the system has done it.
        self._switch.setChecked(self._state is LoginState.ON)
        self.login_wanted.emit(checked)

    def _show(self) -> None:
        self._switch.setChecked(self._state is LoginState.ON)
        self._switch.setEnabled(self._state is not LoginState.UNSUPPORTED)
        usual = self.tr("Lapis waits in the tray, without a window, ready for its key.")
        hint = usual if self._advice is None else say(self._advice)
        self._row.say(self.tr("Start at login"), hint)
        if self._has_tray:
            words = self.tr(
                "Its picture tells what Lapis is doing. A click asks, its menu has more."
            )
        else:
            none = self.tr("This desktop shows no icons of programs, so Lapis keeps its window.")
            words = f"{none} {say(self._how)}"
        self._tray.say(self.tr("Icon in the tray"), words)
        self._legend.setVisible(self._has_tray)


class _Legend(QWidget):
    """The pictures of the icon, each with what it means."""

    def __init__(self) -> None:
        super().__init__()
        self._words = [PlainLabel(tone="muted", size="small", wrap=True) for _ in _PICTURES]
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(Space.L)
        grid.setVerticalSpacing(Space.S)
        for number, (shown, words) in enumerate(zip(_PICTURES, self._words, strict=True)):
            cell = QHBoxLayout()
            cell.setSpacing(Space.S)
            cell.addWidget(_Picture(shown))
            cell.addWidget(words, 1)
            grid.addLayout(cell, number // _COLUMNS, number % _COLUMNS)
        for column in range(_COLUMNS):
            grid.setColumnStretch(column, 1)

    def say(self) -> None:
        """Use today's language."""
        meanings = (
            self.tr("No model in memory"),
            self.tr("A model is being loaded"),
            self.tr("A model is in memory"),
            self.tr("An answer is being written"),
            self.tr("Something is being downloaded"),
            self.tr("The keys are paused"),
            self.tr("A model could not be loaded"),
        )
        for label, meaning in zip(self._words, meanings, strict=True):
            label.setText(meaning)


class _Picture(QWidget):
    """One of them, as it looks on a panel in the window's colours."""

    def __init__(self, shown: TrayPicture) -> None:
        super().__init__()
        self._shown = shown
        self.setFixedSize(QSize(_SIGN, _SIGN))

    def paintEvent(self, _event: QPaintEvent) -> None:
        tone = Tone.DARK if tokens_of(self.palette()).name == DARK.name else Tone.LIGHT
        tray_icon(self._shown, tone).paint(QPainter(self), self.rect())
