"""The chosen model beside the list: what is known of it, and what can be done. GUI thread."""

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import (
    QFrame,
    QGridLayout,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from desktop.domain.quantities import parameters, sized, tokens
from desktop.domain.shelf import ShelfEntry
from desktop.ui.buttons import TextButton
from desktop.ui.chips import Chip, ChipRow
from desktop.ui.icons import icon
from desktop.ui.installed_memory import InstalledMemory
from desktop.ui.labels import ElidedLabel, PlainLabel, breakable
from desktop.ui.shelf_actions import ShelfAction, action_icon, action_words, actions_for
from desktop.ui.shelf_words import ago, context_words, origin_words, shown_title
from desktop.ui.tokens import Space
from desktop.ui.translation import say

__all__ = ["InstalledDetail"]

_EDGE = 12


class InstalledDetail(QFrame):
    """Shows one model; scrolls where the window is low. `memory` is shown by its owner."""

    wanted = Signal(object)
    """(ShelfAction)"""

    def __init__(self, parent: QWidget | None = None) -> None:
        """Start empty."""
        super().__init__(parent)
        self.setProperty("panel", "card")
        self._entry: ShelfEntry | None = None
        self._loaded = False
        self._title = PlainLabel(size="title", wrap=True)
        self._title.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self._chips = ChipRow()
        self._problem = PlainLabel(tone="warn", wrap=True)
        self._use = TextButton(kind="primary")
        self.memory = InstalledMemory()
        self._facts = _Facts()
        self._buttons = {
            action: _ActionButton(action) for action in ShelfAction if action is not ShelfAction.USE
        }
        self._lay_out()
        self._use.clicked.connect(lambda: self.wanted.emit(ShelfAction.USE))
        for button in self._buttons.values():
            button.chosen.connect(self.wanted)

    def show_entry(self, entry: ShelfEntry, *, loaded: bool) -> None:
        """Show `entry`; `loaded` says that it is in memory."""
        self._entry = entry
        self._loaded = loaded
        self._say()

    def changeEvent(self, event: QEvent) -> None:
        """Follow the language."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange:
            self._say()

    def _lay_out(self) -> None:
        inside = QWidget()
        words = QVBoxLayout()
        words.setContentsMargins(_EDGE, 0, _EDGE, 0)
        words.setSpacing(Space.M)
        for part in (self._title, self._chips, self._problem, self._use, self.memory):
            words.addWidget(part)
        below = QVBoxLayout()
        below.setContentsMargins(_EDGE, Space.M, _EDGE, 0)
        below.addWidget(self._facts)
        column = QVBoxLayout(inside)
        # The icons of the buttons stand below the words, their grounds reach further out.
        column.setContentsMargins(Space.L - _EDGE, Space.L, Space.L - _EDGE, Space.M)
        column.setSpacing(0)
        column.addLayout(words)
        column.addSpacing(Space.S)
        for button in self._buttons.values():
            column.addWidget(button)
        column.addLayout(below)
        column.addStretch(1)
        scroll = QScrollArea()
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setWidgetResizable(True)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        scroll.setWidget(inside)
        inside.setAutoFillBackground(False)
        scroll.viewport().setAutoFillBackground(False)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(1, 1, 1, 1)
        whole.addWidget(scroll)

    def _say(self) -> None:
        entry = self._entry
        if entry is None:
            return
        title = shown_title(entry)
        self._title.setText(breakable(title))
        self._title.setAccessibleName(title)
        self._chips.set_chips(self._chips_of(entry))
        self._problem.setText(say(entry.problem) if entry.problem is not None else "")
        self._problem.setVisible(entry.problem is not None)
        self._facts.show_facts(self._facts_of(entry))
        possible = actions_for(entry)
        self._use.setVisible(ShelfAction.USE in possible)
        self._use.setText(
            self.tr("Chat with it") if self._loaded else action_words(ShelfAction.USE, entry)
        )
        for action, button in self._buttons.items():
            button.setVisible(action in possible)
            button.setText(action_words(action, entry))
        self.setAccessibleName(title)

    def _chips_of(self, entry: ShelfEntry) -> list[Chip]:
        facts = entry.facts
        out: list[Chip] = []
        if facts is not None:
            if facts.quantisation:
                hint = self.tr("How exactly its numbers are kept")
                out.append(Chip(" ".join(facts.quantisation.split()), hint=hint))
            if facts.parameters:
                out.append(Chip(parameters(facts.parameters), hint=self.tr("Size of the model")))
            if not facts.can_chat:
                out.append(Chip(self.tr("For searching, not for chats"), "search"))
        if entry.projector is not None:
            out.append(Chip(self.tr("Sees pictures"), "eye"))
        if self._loaded:
            out.append(Chip(self.tr("In memory now"), "chip"))
        return out

    def _facts_of(self, entry: ShelfEntry) -> list[tuple[str, str]]:
        record, facts = entry.record, entry.facts
        memory = self.tr("not known yet")
        if record.measured_memory:
            memory = sized(record.measured_memory)
            if record.measured_context:
                memory = self.tr("{size} with {count} tokens").format(
                    size=memory, count=tokens(record.measured_context)
                )
        used = ago(record.used_at) if record.used_at > 0 else self.tr("never")
        checked = ago(record.verified_at) if record.verified_at > 0 else self.tr("not yet")
        lines = [
            (self.tr("Size on disk"), sized(entry.model.size)),
            (self.tr("Memory"), memory),
            (self.tr("Context"), context_words(entry)),
            (self.tr("Family"), facts.family if facts is not None else ""),
            (self.tr("Last used"), used),
            (self.tr("Verified"), checked),
            (self.tr("Same file as"), entry.twin),
            (self.tr("From"), record.repository or origin_words(entry.origin)),
            (self.tr("File"), "" if entry.model.is_guide else entry.model.path.name),
            (self.tr("Folder"), "" if entry.model.is_guide else str(entry.model.path.parent)),
        ]
        return [(name, value) for name, value in lines if value]


class _Facts(QWidget):
    """Names and values in two columns; values are cut in the middle, where paths bear it."""

    def __init__(self) -> None:
        super().__init__()
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(Space.M)
        self._grid.setVerticalSpacing(Space.XS + 1)
        self._grid.setColumnStretch(1, 1)
        self._lines: list[tuple[PlainLabel, ElidedLabel]] = []

    def show_facts(self, facts: list[tuple[str, str]]) -> None:
        while len(self._lines) < len(facts):
            name = PlainLabel(tone="muted", size="small")
            value = ElidedLabel(size="small", mode=Qt.TextElideMode.ElideMiddle)
            row = len(self._lines)
            self._grid.addWidget(name, row, 0)
            self._grid.addWidget(value, row, 1)
            self._lines.append((name, value))
        for number, (name, value) in enumerate(self._lines):
            shown = number < len(facts)
            name.setVisible(shown)
            value.setVisible(shown)
            if shown:
                name.setText(facts[number][0])
                value.setText(facts[number][1])


class _ActionButton(QPushButton):
    """A line with an icon, as in a menu."""

    chosen = Signal(object)

    def __init__(self, action: ShelfAction) -> None:
        super().__init__()
        self.setProperty("kind", "row")
        self.setAutoDefault(False)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setIcon(icon(action_icon(action), QPalette.ColorRole.PlaceholderText))
        self.clicked.connect(lambda: self.chosen.emit(action))
