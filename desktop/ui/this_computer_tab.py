"""The tab "This computer": what it has, what computes and how fast, in pictures and words.

Values in, signals out. GUI thread.
"""

from PySide6.QtCore import QEvent, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from desktop.domain.machine import Machine, Unit, UnitKind
from desktop.domain.quantities import sized
from desktop.services.measured_speeds import MeasuredSpeed
from desktop.ui.activity import Activity
from desktop.ui.chips import ChipRow
from desktop.ui.engine_pack_card import EnginePackCard
from desktop.ui.labels import PlainLabel
from desktop.ui.link_button import LinkButton
from desktop.ui.link_popover import LinkPopover
from desktop.ui.machine_chips import power_chips, processor_chips
from desktop.ui.meter import Shade
from desktop.ui.page_scroll import PageScroll
from desktop.ui.speed_chart import SpeedChart
from desktop.ui.tokens import Size, Space
from desktop.ui.translation import say
from desktop.ui.unit_row import UnitRow
from desktop.ui.use_card import Share, UseCard

__all__ = ["ThisComputerTab"]

_SHADES = (Shade.ACCENT, Shade.QUIET, Shade.REST)


class ThisComputerTab(QWidget):
    """Shows one `Machine` after another; rows stay as long as what they show stays."""

    look_requested = Signal()
    """Try the cards once more."""

    def __init__(self) -> None:
        """Start with nothing known."""
        super().__init__()
        self._machine: Machine | None = None
        self._rows: list[UnitRow] = []
        self._speeds: tuple[MeasuredSpeed, ...] | None = None
        self._page = PageScroll(Size.PAGE)
        self._chips = ChipRow()
        self._memory = UseCard("memory", _SHADES)
        self._disk = UseCard("disk", _SHADES)
        self._heading = PlainLabel()
        self._heading.setProperty("strong", True)
        self._again = LinkButton()
        self._busy = Activity()
        self.pack = EnginePackCard()
        self._popover = LinkPopover(self)
        self._list = QVBoxLayout()
        self._list.setSpacing(Space.M)
        line = QHBoxLayout()
        line.setContentsMargins(0, Space.S, 0, 0)
        line.addWidget(self._heading)
        line.addStretch(1)
        line.addWidget(self._busy)
        line.addWidget(self._again)
        self._chart = SpeedChart()
        self._fast = PlainLabel()
        self._fast.setProperty("strong", True)
        self._no_speeds = PlainLabel(tone="muted", wrap=True)
        self._unknown = PlainLabel(tone="muted", size="small", wrap=True)
        column = self._page.column
        column.setSpacing(Space.M)
        column.addWidget(self._chips)
        column.addWidget(self._memory)
        column.addWidget(self._disk)
        column.addLayout(line)
        column.addLayout(self._list)
        column.addWidget(self.pack)
        column.addWidget(self._speed_card())
        column.addWidget(self._unknown)
        column.addStretch(1)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(self._page)
        self._again.clicked.connect(self.look_requested)
        self.pack.link_pressed.connect(
            lambda address, where: self._popover.ask(address, self.mapFromGlobal(where))
        )
        self.set_busy(busy=False)
        self._say()

    def set_machine(self, machine: Machine) -> None:
        """Show `machine`."""
        if machine != self._machine:
            self._machine = machine
            self._show()

    def set_speeds(self, speeds: tuple[MeasuredSpeed, ...]) -> None:
        """Show how fast models answered here, from the top."""
        self._speeds = speeds
        self._chart.show_speeds(speeds)
        self._show_speeds()

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
        self._show_speeds()
        self._chips.setVisible(machine is not None and bool(power_chips(machine)))
        self._unknown.setVisible(machine is not None and bool(machine.unknown))
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
        self._chips.set_chips(power_chips(machine))
        told = (f"{self._fact(each.name)} · {say(each.reason)}" for each in machine.unknown)
        self._unknown.setText("\n".join(dict.fromkeys(told)))
        self._fill(machine.units)
        for row, unit in zip(self._rows, machine.units, strict=True):
            row.show_chips(processor_chips(machine) if unit.kind is UnitKind.PROCESSOR else ())

    def _fact(self, name: str) -> str:
        """Return what `Unknown.name` is called."""
        names = {
            "memory": self.tr("Memory"),
            "disk": self.tr("Disk"),
            "power": self.tr("Power"),
            "devices": self.tr("Graphics cards"),
            "bandwidth": self.tr("Memory speed"),
        }
        return names.get(name, self.tr("Processor"))

    def _show_speeds(self) -> None:
        self._chart.setVisible(bool(self._speeds))
        self._no_speeds.setVisible(not self._speeds)

    def _speed_card(self) -> QFrame:
        card = QFrame()
        card.setProperty("panel", "card")
        column = QVBoxLayout(card)
        column.setContentsMargins(Space.L, Space.L, Space.L, Space.L)
        column.setSpacing(Space.M)
        for part in (self._fast, self._no_speeds, self._chart):
            column.addWidget(part)
        return card

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
        self._fast.setText(self.tr("Measured speeds"))
        self._no_speeds.setText(
            self.tr("None yet. Each model is timed while it answers, and shown here from then on.")
        )
        self.setAccessibleName(self.tr("This computer"))
        self._show()
