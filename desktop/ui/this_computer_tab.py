"""The tab "This computer": memory, disk, and what computes here, as pictures and in words.

Values in, signals out. GUI thread.
"""

from PySide6.QtCore import QEvent, Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from desktop.domain.machine import Machine, Unit
from desktop.domain.quantities import sized
from desktop.ui.activity import Activity
from desktop.ui.labels import PlainLabel
from desktop.ui.link_button import LinkButton
from desktop.ui.meter import Shade
from desktop.ui.page_scroll import PageScroll
from desktop.ui.tokens import Size, Space
from desktop.ui.unit_row import UnitRow
from desktop.ui.use_card import Share, UseCard

__all__ = ["ThisComputerTab"]

_SHADES = (Shade.ACCENT, Shade.QUIET, Shade.REST)


class ThisComputerTab(QWidget):
    """Shows one `Machine` after another; rows stay as long as what they show stays."""

    look_requested = Signal()
    """Try the cards once more."""

    def __init__(self, parent: QWidget | None = None) -> None:
        """Start with nothing known."""
        super().__init__(parent)
        self._machine: Machine | None = None
        self._rows: list[UnitRow] = []
        self._page = PageScroll(Size.COLUMN)
        self._memory = UseCard("memory", _SHADES)
        self._disk = UseCard("disk", _SHADES)
        self._heading = PlainLabel()
        self._heading.setProperty("strong", True)
        self._again = LinkButton()
        self._busy = Activity()
        self._list = QVBoxLayout()
        self._list.setSpacing(Space.M)
        line = QHBoxLayout()
        line.setContentsMargins(0, Space.S, 0, 0)
        line.addWidget(self._heading)
        line.addStretch(1)
        line.addWidget(self._busy)
        line.addWidget(self._again)
        column = self._page.column
        column.setSpacing(Space.M)
        column.addWidget(self._memory)
        column.addWidget(self._disk)
        column.addLayout(line)
        column.addLayout(self._list)
        column.addStretch(1)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(self._page)
        self._again.clicked.connect(self.look_requested)
        self.set_busy(busy=False)
        self._say()

    def set_machine(self, machine: Machine) -> None:
        """Show `machine`."""
        if machine != self._machine:
            self._machine = machine
            self._show()

    def set_busy(self, *, busy: bool) -> None:
        """Say that the cards are being tried; that may take some seconds."""
        self._busy.setVisible(busy)
        self._again.setVisible(not busy)

    def changeEvent(self, event: QEvent) -> None:
        """Follow the language."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange:
            self._say()

    def _show(self) -> None:
        machine = self._machine
        self._memory.setVisible(machine is not None)
        self._disk.setVisible(machine is not None and machine.disk is not None)
        if machine is None:
            return
        memory, disk = machine.memory, machine.disk
        free = self.tr("Free")
        self._memory.show_use(
            self.tr("Memory"),
            "",
            sized(memory.total),
            (
                Share("Lapis", memory.lapis, Shade.ACCENT),
                Share(self.tr("Other programs"), memory.others, Shade.QUIET),
                Share(free, memory.free, Shade.REST),
            ),
        )
        if disk is not None:
            self._disk.show_use(
                self.tr("Disk"),
                disk.folder,
                sized(disk.total),
                (
                    Share(self.tr("Models"), disk.models, Shade.ACCENT),
                    Share(self.tr("Other files"), disk.others, Shade.QUIET),
                    Share(free, disk.free, Shade.REST),
                ),
            )
        self._fill(machine.units)

    def _fill(self, units: tuple[Unit, ...]) -> None:
        while len(self._rows) > len(units):
            row = self._rows.pop()
            row.hide()
            self._list.removeWidget(row)
            row.deleteLater()
        for row, unit in zip(self._rows, units, strict=False):
            row.show_unit(unit)
        for unit in units[len(self._rows) :]:
            row = UnitRow(unit)
            self._rows.append(row)
            self._list.addWidget(row)

    def _say(self) -> None:
        self._heading.setText(self.tr("Processor and graphics cards"))
        self._again.setText(self.tr("Look again"))
        self._busy.say(self.tr("Trying the cards…"))
        self.setAccessibleName(self.tr("This computer"))
        self._show()
