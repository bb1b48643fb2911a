"""Above the installed models: a field to filter them, their order, and a way to more. GUI thread."""

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QWidget

from desktop.ui.buttons import TextButton
from desktop.ui.icons import icon
from desktop.ui.installed_list import Sort
from desktop.ui.labels import set_tooltip
from desktop.ui.menu_button import MenuButton
from desktop.ui.search_field import SearchField
from desktop.ui.tokens import Space

__all__ = ["InstalledToolbar"]

_LONGEST = 200
_NARROW = 560


class InstalledToolbar(QWidget):
    """Words and order are told at each change."""

    filter_changed = Signal(str)
    sort_chosen = Signal(object)
    """(Sort)"""
    import_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        """Start unfiltered, by name."""
        super().__init__(parent)
        self._sort = Sort.NAME
        self.field = SearchField(_LONGEST)
        self._order = MenuButton("sort")
        self._import = TextButton()
        self._import.setIcon(icon("plus"))
        # All as high as the highest, whatever the script and the size of the letters.
        policy = QSizePolicy.Policy
        self.field.setSizePolicy(policy.Expanding, policy.Preferred)
        self._order.setSizePolicy(policy.Maximum, policy.Preferred)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(Space.S)
        row.addWidget(self.field, 1)
        row.addWidget(self._order)
        row.addWidget(self._import)
        self.field.textChanged.connect(self.filter_changed)
        self._order.chosen.connect(self._on_order_chosen)
        self._import.clicked.connect(self.import_wanted)
        self._retranslate()

    def take_focus(self) -> None:
        """Let typing begin in the field."""
        self.field.setFocus(Qt.FocusReason.OtherFocusReason)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._show_import()

    def changeEvent(self, event: QEvent) -> None:
        """Follow the language."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange:
            self._retranslate()

    def _on_order_chosen(self, sort: Sort) -> None:
        self._sort = sort
        self._retranslate()
        self.sort_chosen.emit(sort)

    def _show_import(self) -> None:
        words = self.tr("Import a file…")
        self._import.setText(words if self.width() >= _NARROW else "")
        self._import.setAccessibleName(words)
        set_tooltip(self._import, words if self.width() < _NARROW else "")

    def _retranslate(self) -> None:
        self.field.setPlaceholderText(self.tr("Filter your models"))
        self.field.setAccessibleName(self.tr("Filter your models"))
        names = (
            (Sort.NAME, self.tr("Name")),
            (Sort.SIZE, self.tr("Size")),
            (Sort.USED, self.tr("Last used")),
        )
        self._order.set_choices(self.tr("Order"), names, self._sort)
        self._show_import()
