"""A server to be entered or changed: its protocol, name, address and key. GUI thread."""

from dataclasses import replace

from PySide6.QtCore import QEvent, Signal
from PySide6.QtGui import QKeyEvent, Qt
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from desktop.domain.connection import LONGEST_CONNECTION_NAME, Connection, ServedModel, ServerKind
from desktop.domain.errors import LapisError
from desktop.hub.network import shown_address
from desktop.services.server_names import leaves_to
from desktop.services.server_trial import WrongPath
from desktop.ui.buttons import TextButton
from desktop.ui.escape import claims_escape
from desktop.ui.form_panel import FormPanel
from desktop.ui.labels import ElidedLabel, as_words
from desktop.ui.leaves_badge import LeavesBadge
from desktop.ui.link_button import LinkButton
from desktop.ui.menu_button import MenuButton
from desktop.ui.row_note import RowNote
from desktop.ui.server_key import ServerKey
from desktop.ui.server_presets import CLOUD, NEAR, OTHER, ServerPreset, blank_of
from desktop.ui.server_words import kind_words, model_count, preset_title, served_title
from desktop.ui.setting_row import SettingRow
from desktop.ui.tokens import Space
from desktop.ui.translation import listed

__all__ = ["ServerEditor"]

_LONGEST_ADDRESS = 2000
_SHOWN_MODELS = 3
_KEEP_MINUTES = (None, 0, 5, 30, 60, 240, -1)


class ServerEditor(QWidget):
    """One form at a time; its owner tests, saves and closes it."""

    test_requested = Signal(object, object)
    """(Connection, key or None for the kept one): answer with `show_works` or `show_problem`."""
    save_requested = Signal(object, str, str)
    """(Connection, name it had or empty, key or empty): close it, or answer with `show_problem`."""
    forget_requested = Signal(object)
    """(Connection): answer with `key.show_kept`."""
    edited = Signal()
    """It is about another server now: what a test finds out of the one before is no longer asked."""
    cancelled = Signal()
    told = Signal()
    """There are words below the fields that were not there before."""
    preset_chosen = Signal(object)
    """(ServerPreset): it is to be entered instead: answer with `begin`."""

    def __init__(self) -> None:
        """Start with nothing to edit."""
        super().__init__()
        self._before: Connection | None = None
        self._now = OTHER
        self._found: tuple[ServedModel, ...] | None = None
        self._preset = MenuButton()
        self._preset_row = SettingRow(self._preset, resets=False)
        self._kind = MenuButton()
        self._kind_row = SettingRow(self._kind, resets=False)
        self._name, self._address = QLineEdit(), QLineEdit()
        self._name.setMaxLength(LONGEST_CONNECTION_NAME)
        self._address.setMaxLength(_LONGEST_ADDRESS)
        self._name_row = _Field(self._name)
        self._badge = LeavesBadge()
        self._address_row = _Field(self._address, self._badge)
        self.key = ServerKey()
        self._keep = MenuButton()
        self._keep_row = SettingRow(self._keep, resets=False)
        self._note = RowNote()
        self._better = LinkButton()
        self._better_address = ""
        self._models = ElidedLabel(tone="muted", size="small")
        self._test, self._cancel = TextButton(), TextButton()
        self._save = TextButton(kind="primary")
        self._pressed: TextButton | None = None
        self._is_busy = False
        self._panel = self._lay_out()
        self._connect()
        self._say()

    def begin(self, preset: ServerPreset, name: str) -> None:
        """Enter a new server of a kind that many have, to be called `name`."""
        self._before = None
        self._now = preset
        self._show(Connection(preset.kind, name, preset.address))
        self.key.expect(needed=preset.needs_key, example=preset.key)
        self.key.show_kept(kept=False)
        self._say()
        begin, end = blank_of(preset.address)
        field = self._address if end or not preset.title else self._name
        if preset.needs_key and not end:
            self.key.setFocus(Qt.FocusReason.OtherFocusReason)
        else:
            field.setFocus(Qt.FocusReason.OtherFocusReason)
        if end:
            self._address.setSelection(begin, end - begin)

    def edit(self, connection: Connection) -> None:
        """Change `connection`; whether it has a key is told by `key.show_kept`."""
        self._before = connection
        self._show(connection)
        self.key.expect(needed=False, example="")
        self.key.show_kept(kept=None)
        self._say()
        self._address.setFocus(Qt.FocusReason.OtherFocusReason)

    @property
    def before(self) -> Connection | None:
        """The server that is being changed, None for a new one."""
        return self._before

    def connection(self) -> Connection:
        """Return what is entered."""
        kind = self._kind.value
        kind = kind if isinstance(kind, ServerKind) else ServerKind.OPENAI
        keep = self._keep.value if kind is ServerKind.OLLAMA else None
        before = self._before or Connection(kind, "", "")
        return replace(
            before,
            kind=kind,
            name=self._name.text().strip(),
            address=self._address.text().strip(),
            keep_minutes=keep if isinstance(keep, int) else None,
        )

    def show_works(self, models: tuple[ServedModel, ...]) -> None:
        """Say that the server answers, and with which models."""
        self._set_busy(busy=False)
        self._found = models
        self._say_works()
        self.told.emit()

    def show_problem(self, error: LapisError) -> None:
        """Say why the server does not answer, or why it cannot be kept so."""
        self._set_busy(busy=False)
        self._forget_outcome()
        self._note.show_error(error)
        if isinstance(error, WrongPath):
            self._better_address = error.address
            self._say_better()
        self.told.emit()

    def show_saving(self) -> None:
        """Say that it is being kept."""
        self._set_busy(busy=True)

    def event(self, event: QEvent) -> bool:
        """Take Esc before the page does."""
        return claims_escape(event) or super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Esc leaves the form."""
        if event.key() == Qt.Key.Key_Escape:
            self.cancelled.emit()
        else:
            super().keyPressEvent(event)

    def changeEvent(self, event: QEvent) -> None:
        """Follow the language."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange:
            self._say()

    def _lay_out(self) -> FormPanel:
        outcome = QVBoxLayout()
        outcome.setSpacing(2)
        outcome.addWidget(self._note)
        outcome.addWidget(self._better)
        outcome.addWidget(self._models)
        buttons = QHBoxLayout()
        buttons.setSpacing(Space.S)
        buttons.addWidget(self._test)
        buttons.addStretch(1)
        buttons.addWidget(self._cancel)
        buttons.addWidget(self._save)
        foot = QVBoxLayout()
        foot.setSpacing(Space.M)
        foot.addLayout(outcome)
        foot.addLayout(buttons)
        rows = (
            self._preset_row,
            self._address_row,
            self.key,
            self._name_row,
            self._kind_row,
            self._keep_row,
        )
        panel = FormPanel(rows, foot)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(panel)
        return panel

    def _connect(self) -> None:
        for field in (self._name, self._address):
            field.textEdited.connect(lambda _text: self._on_edited())
            field.returnPressed.connect(self._on_save_clicked)
        self.key.edited.connect(self._on_edited)
        self.key.finished.connect(self._on_save_clicked)
        self.key.forgotten.connect(self._on_forget_wanted)
        self._preset.chosen.connect(self.preset_chosen)
        self._kind.chosen.connect(self._on_kind_chosen)
        self._keep.chosen.connect(self._show_keep)
        self._better.clicked.connect(self._on_better_clicked)
        self._test.clicked.connect(self._on_test_clicked)
        self._save.clicked.connect(self._on_save_clicked)
        self._cancel.clicked.connect(self.cancelled)

    def _show(self, connection: Connection) -> None:
        self._name.setText(connection.name)
        self._address.setText(connection.address)
        self._address.setCursorPosition(0)
        self.key.clear()
        self._set_busy(busy=False)
        self._show_kind(connection.kind)
        self._show_keep(connection.keep_minutes)
        self._on_edited()

    def _show_kind(self, kind: ServerKind) -> None:
        choices = [(each, kind_words(each)) for each in ServerKind]
        self._kind.set_choices(self.tr("Protocol"), choices, kind)
        self._keep_row.setVisible(kind is ServerKind.OLLAMA)

    def _show_keep(self, minutes: object) -> None:
        words = {
            None: self.tr("As it is set there"),
            0: self.tr("Not at all"),
            -1: self.tr("For ever"),
        }
        choices = [
            (each, words.get(each) or self.tr("{count} minutes").format(count=each))
            for each in _KEEP_MINUTES
        ]
        value = minutes if isinstance(minutes, int) else None
        if value not in dict(choices):
            choices.append((value, self.tr("{count} minutes").format(count=value)))
        self._keep.set_choices(self.tr("Keep models loaded"), choices, value)

    def _on_kind_chosen(self, kind: ServerKind) -> None:
        self._show_kind(kind)
        self._on_edited()

    def _on_edited(self) -> None:
        self._forget_outcome()
        self._badge.show_host(leaves_to(self._address.text().strip()))
        self._is_busy = False
        self._show_buttons()
        self.edited.emit()

    def _show_buttons(self) -> None:
        """Offer what can be done: only what is kept needs a name."""
        address = self._address.text().strip()
        can_ask = bool(address) and not blank_of(address)[1] and not self._is_busy
        self._test.setEnabled(can_ask)
        self._save.setEnabled(can_ask and bool(self._name.text().strip()))

    def _on_test_clicked(self) -> None:
        self._forget_outcome()
        self._set_busy(busy=True)
        self._note.show_busy(self.tr("Asking the server…"))
        self.told.emit()
        # A new one has no key but the one that is typed.
        key = self.key.typed or (None if self._before is not None else "")
        self.test_requested.emit(self.connection(), key)

    def _on_better_clicked(self) -> None:
        self._address.setText(self._better_address)
        self._address.setFocus()
        self._on_edited()
        self._on_test_clicked()

    def _on_save_clicked(self) -> None:
        if self._save.isEnabled():
            before = self._before.name if self._before is not None else ""
            self.save_requested.emit(self.connection(), before, self.key.typed)

    def _on_forget_wanted(self) -> None:
        if self._before is not None:
            self.forget_requested.emit(self._before)

    def _set_busy(self, *, busy: bool) -> None:
        pressed = next((one for one in (self._test, self._save) if one.hasFocus()), None)
        if busy and pressed is not None:
            # A disabled button hands the keyboard on, to Cancel or out of the form.
            self._name.setFocus(Qt.FocusReason.OtherFocusReason)
            self._pressed = pressed
        self._is_busy = busy
        self._show_buttons()
        if not busy and self._pressed is not None:
            if self._name.hasFocus():
                self._pressed.setFocus(Qt.FocusReason.OtherFocusReason)
            self._pressed = None

    def _forget_outcome(self) -> None:
        self._found = None
        self._better_address = ""
        self._better.hide()
        self._note.clear()
        self._models.hide()

    def _say_better(self) -> None:
        address = shown_address(self._better_address)
        self._better.setText(as_words(self.tr("Use {address}").format(address=address)))
        self._better.setVisible(bool(address))

    def _say_works(self) -> None:
        if self._found is None:
            return
        words = self.tr("It works: {models}.").format(models=model_count(len(self._found)))
        self._note.show_words(words, "good")
        names = [served_title(model) for model in self._found[:_SHOWN_MODELS]]
        more = ["…"] if len(self._found) > _SHOWN_MODELS else []
        self._models.setText(listed([*names, *more]))
        self._models.setVisible(bool(names))

    def _say(self) -> None:
        new, changed = self.tr("A new server"), self.tr("Change “{name}”")
        before = self._before
        self._panel.set_heading(new if before is None else changed.format(name=before.name))
        self._preset_row.say(
            self.tr("Which server"), self.tr("Of many the address is known, or at least its form.")
        )
        presets = [(each, preset_title(each)) for each in (*NEAR, *CLOUD, OTHER)]
        self._preset.set_choices(self.tr("Which server"), presets, self._now)
        self._preset_row.setVisible(before is None)
        self._address_row.say(
            self.tr("Address"),
            self.tr("As its maker gives it, mostly with /v1 at the end; of an Ollama without."),
        )
        self._name_row.say(
            self.tr("Name"), self.tr("A short one of yours: letters, digits, and - _ . between.")
        )
        self._kind_row.say(
            self.tr("Protocol"),
            self.tr("How it is spoken to. All but Ollama's own are OpenAI-compatible."),
        )
        self._keep_row.say(
            self.tr("Keep models loaded"), self.tr("How long a model stays there after an answer.")
        )
        now = self.connection()
        self._show_kind(now.kind)
        self._show_keep(now.keep_minutes)
        self._test.setText(self.tr("Test"))
        self._cancel.setText(self.tr("Cancel"))
        self._save.setText(self.tr("Add") if before is None else self.tr("Save"))
        self._say_works()
        self._say_better()


class _Field(QWidget):
    """A name, a hint, and a field below them, perhaps with something beside the name."""

    def __init__(self, field: QLineEdit, beside: QWidget | None = None) -> None:
        super().__init__()
        self._row = SettingRow(beside, resets=False)
        self._field = field
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(Space.S)
        column.addWidget(self._row)
        column.addWidget(field)

    def say(self, name: str, hint: str) -> None:
        self._row.say(name, hint)
        self._field.setAccessibleName(name)
        self._field.setAccessibleDescription(hint)
