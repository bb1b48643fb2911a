"""The ways to do a quick action, to be read or changed: each has a key, a name, an instruction.

GUI thread.
"""

from collections.abc import Sequence

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from desktop.domain.quick_action import ActionVariant
from desktop.services.library_checks import LONGEST_NAME, LONGEST_TEXT, MOST_VARIANTS
from desktop.ui.action_key import ActionKey
from desktop.ui.buttons import IconButton, TextButton
from desktop.ui.growing_field import GrowingField
from desktop.ui.icons import icon
from desktop.ui.setting_row import SettingRow
from desktop.ui.tokens import Space

__all__ = ["ActionVariants"]

_LEAST_LINES = 2
_MOST_LINES = 8


class ActionVariants(QWidget):
    """Rows under each other, and a button for one more."""

    edited = Signal()
    """Something was typed; more may follow."""
    finished = Signal()
    """What was typed is finished for now, or a row came or went."""

    def __init__(self, parent: QWidget | None = None) -> None:
        """Start without rows."""
        super().__init__(parent)
        self._rows: list[_Row] = []
        self._read_only = False
        self._head = SettingRow(None, stacked=True)
        self._add = TextButton(kind="quiet")
        self._add.setIcon(icon("plus"))
        self._add.clicked.connect(self._on_add_clicked)
        self._column = QVBoxLayout()
        self._column.setSpacing(Space.M)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(Space.S)
        column.addWidget(self._head)
        column.addLayout(self._column)
        column.addWidget(self._add, 0, Qt.AlignmentFlag.AlignLeft)
        self._retranslate()

    @property
    def variants(self) -> tuple[ActionVariant, ...]:
        """Those that say what is to be done."""
        told = [row for row in self._rows if row.instruction.strip()]
        return tuple(
            ActionVariant(
                f"{number}",
                row.name or self.tr("Variant {number}").format(number=number),
                row.key,
                row.instruction,
            )
            for number, row in enumerate(told, 1)
        )

    def show_variants(self, variants: Sequence[ActionVariant], *, read_only: bool) -> None:
        """Show `variants`, rows that are still to be filled in being gone."""
        while len(self._rows) > len(variants):
            self._drop(self._rows[-1])
        while len(self._rows) < len(variants):
            self._make()
        for row, variant in zip(self._rows, variants, strict=True):
            row.show_variant(variant, read_only=read_only)
        self._read_only = read_only
        self.setVisible(bool(variants) or not read_only)
        self._show_add()

    def changeEvent(self, event: QEvent) -> None:
        """Follow the language."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange:
            self._retranslate()

    def _on_add_clicked(self) -> None:
        row = self._make()
        self._show_add()
        row.begin()

    def _make(self) -> "_Row":
        row = _Row()
        row.edited.connect(self.edited)
        row.finished.connect(self.finished)
        row.removed.connect(lambda: self._on_removed(row))
        self._rows.append(row)
        self._column.addWidget(row)
        # At once, and not with the next layout: it may be about to get the focus.
        row.show()
        return row

    def _on_removed(self, row: "_Row") -> None:
        self._drop(row)
        self._show_add()
        self._add.setFocus(Qt.FocusReason.OtherFocusReason)
        self.finished.emit()

    def _drop(self, row: "_Row") -> None:
        self._rows.remove(row)
        self._column.removeWidget(row)
        row.blockSignals(True)
        row.hide()
        row.deleteLater()

    def _show_add(self) -> None:
        self._add.setVisible(not self._read_only and len(self._rows) < MOST_VARIANTS)

    def _retranslate(self) -> None:
        self._head.say(
            self.tr("Variants"),
            self.tr(
                "With variants you are asked which one you want, and its instruction follows the "
                "one above. Without any the action is done at once."
            ),
        )
        self._add.setText(self.tr("Add a variant"))


class _Row(QWidget):
    """Key, name and a button that removes it; what is to be done below."""

    edited = Signal()
    finished = Signal()
    removed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._key = ActionKey()
        self._name = QLineEdit()
        self._name.setMaxLength(LONGEST_NAME)
        self._remove = IconButton("close")
        self._text = GrowingField(_LEAST_LINES, _MOST_LINES)
        head = QHBoxLayout()
        head.setSpacing(Space.S)
        head.addWidget(self._key)
        head.addWidget(self._name, 1)
        head.addWidget(self._remove)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(Space.XS)
        column.addLayout(head)
        column.addWidget(self._text)
        for field in (self._key, self._name):
            field.textEdited.connect(self.edited)
            field.editingFinished.connect(self.finished)
        self._text.textChanged.connect(self.edited)
        self._text.left.connect(self.finished)
        self._remove.clicked.connect(self.removed)
        self._retranslate()

    @property
    def key(self) -> str:
        return self._key.key

    @property
    def name(self) -> str:
        return " ".join(self._name.text().split())

    @property
    def instruction(self) -> str:
        return self._text.toPlainText()[:LONGEST_TEXT]

    def show_variant(self, variant: ActionVariant, *, read_only: bool) -> None:
        self._key.show_key(variant.key)
        if self._name.text() != variant.name:
            self._name.setText(variant.name)
            self._name.setCursorPosition(0)
        self._text.show_text(variant.instruction)
        for field in (self._key, self._name, self._text):
            field.setReadOnly(read_only)
        self._remove.setVisible(not read_only)

    def begin(self) -> None:
        self._name.setFocus(Qt.FocusReason.OtherFocusReason)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange:
            self._retranslate()

    def _retranslate(self) -> None:
        name, text = self.tr("Name of the variant"), self.tr("What it is to do")
        self._name.setPlaceholderText(name)
        self._name.setAccessibleName(name)
        self._text.setPlaceholderText(text)
        self._text.setAccessibleName(text)
        self._remove.set_label(self.tr("Remove this variant"))
