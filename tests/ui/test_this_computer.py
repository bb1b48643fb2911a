"""The tab "This computer": pictures with their figures, and reasons in words."""

from dataclasses import replace

import pytest
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QApplication, QLabel
from pytestqt.qtbot import QtBot

from desktop.domain.advice import Place
from desktop.domain.machine import (
    Cards,
    DiskUse,
    Machine,
    MemoryUse,
    Power,
    Processor,
    Supply,
    Unit,
    UnitKind,
    Unknown,
)
from desktop.domain.settings import Theme
from desktop.domain.text import Text
from desktop.services.measured_speeds import MeasuredSpeed
from desktop.services.model_manager import ModelManager
from desktop.ui.errands import Errands
from desktop.ui.link_button import LinkButton
from desktop.ui.meter import Meter, Part, Shade, shade_colour
from desktop.ui.theme import apply_theme
from desktop.ui.this_computer_controller import ThisComputerController
from desktop.ui.this_computer_tab import ThisComputerTab
from desktop.ui.tokens import LIGHT
from desktop.ui.unit_row import UnitRow
from desktop.ui.use_card import UseCard
from tests.gguf_files import write_llama
from tests.ui.desk import Desk

_GB = 1_000_000_000
CPU = Unit("Some Processor", UnitKind.PROCESSOR, works=True, can=Text("It computes."))
CARD = Unit(
    "Some <b>Card</b>",
    UnitKind.CARD,
    works=True,
    can=Text("It is fast."),
    total=8 * _GB,
    free=6 * _GB,
)
IDLE = Unit(
    "Other Card",
    UnitKind.CARD,
    works=False,
    can=Text("not used: no driver"),
    advice=Text("Install one."),
)
MACHINE = Machine(
    MemoryUse(32 * _GB, 7 * _GB, 15 * _GB),
    DiskUse("/models", 1000 * _GB, 50 * _GB, 200 * _GB),
    (CPU, CARD, IDLE),
)


@pytest.fixture
def tab(qtbot: QtBot) -> ThisComputerTab:
    one = ThisComputerTab()
    qtbot.addWidget(one)
    one.resize(832, 640)
    one.set_machine(MACHINE)
    one.show()
    return one


def _uses(tab: ThisComputerTab) -> dict[str, str]:
    return {
        card.accessibleName(): card.accessibleDescription()
        for card in tab.findChildren(UseCard)
        if card.isVisible()
    }


def test_memory_and_disk_are_told_in_parts(tab: ThisComputerTab) -> None:
    assert _uses(tab) == {
        "Memory, 32.0 GB": "Lapis 7.0 GB, Other programs 10.0 GB, Free 15.0 GB",
        "Disk, 1.0 TB": "Models 50.0 GB, Other files 750.0 GB, Free 200.0 GB",
    }


def test_a_disk_that_cannot_be_told_is_left_out(tab: ThisComputerTab) -> None:
    tab.set_machine(replace(MACHINE, disk=None))

    assert list(_uses(tab)) == ["Memory, 32.0 GB"]


def test_each_unit_says_whether_and_why(tab: ThisComputerTab) -> None:
    rows = tab.findChildren(UnitRow)

    assert [row.accessibleName() for row in rows] == [
        "Some Processor, in use",
        "Some <b>Card</b>, in use",
        "Other Card, not used",
    ]
    assert rows[2].accessibleDescription() == "not used: no driver Install one."
    words = [label.text() for label in rows[1].findChildren(QLabel)]
    assert "6.0 GB of 8.0 GB are free" in words


def test_rows_stay_while_figures_change(tab: ThisComputerTab) -> None:
    before = tab.findChildren(UnitRow)

    tab.set_machine(replace(MACHINE, units=(CPU, replace(CARD, free=1 * _GB))))

    after = [row for row in tab.findChildren(UnitRow) if row.isVisible()]
    assert after == before[:2]
    assert any("1.0 GB of 8.0 GB" in label.text() for label in after[1].findChildren(QLabel))


def test_looking_again_is_offered_unless_it_is_under_way(
    tab: ThisComputerTab, qtbot: QtBot
) -> None:
    again = tab.findChild(LinkButton)
    assert again is not None
    with qtbot.waitSignal(tab.look_requested):
        again.click()

    tab.set_busy(busy=True)
    assert not again.isVisible()
    tab.set_busy(busy=False)
    assert again.isVisible()


def test_a_part_is_as_wide_as_its_share_and_never_too_small_to_see(
    qtbot: QtBot, qapp: QApplication
) -> None:
    apply_theme(qapp, Theme.LIGHT)
    meter = Meter(10)
    qtbot.addWidget(meter)
    meter.resize(400, 10)
    meter.show_parts(
        [Part(50, Shade.ACCENT), Part(0.001, Shade.WARN), Part(50, Shade.REST), Part(0, Shade.SOFT)]
    )

    image = meter.grab().toImage()
    row = [image.pixelColor(x, 5).name() for x in range(400)]
    accent, warn = LIGHT.accent.lower(), LIGHT.warn.lower()

    assert row.count(accent) == pytest.approx(196, abs=4)
    assert row.count(warn) >= 3
    assert row[300] == LIGHT.line.lower()


def test_an_empty_meter_is_a_groove(qtbot: QtBot) -> None:
    meter = Meter()
    qtbot.addWidget(meter)
    meter.resize(100, 10)
    meter.show_parts([])

    assert not meter.grab().isNull()


@pytest.mark.parametrize("shade", list(Shade))
def test_shades_differ_from_the_ground(shade: Shade) -> None:
    assert shade_colour(shade, LIGHT) != QColor(LIGHT.surface)


def _words(tab: ThisComputerTab) -> list[str]:
    QApplication.processEvents()
    return [label.text() for label in tab.findChildren(QLabel) if label.isVisible()]


def test_memory_that_a_card_shares_is_told_as_shared(tab: ThisComputerTab) -> None:
    shared = replace(CARD, is_shared=True)
    tab.set_machine(replace(MACHINE, units=(CPU, shared)))

    assert "6.0 GB of 8.0 GB are free, shared with the computer" in _words(tab)


def test_what_is_not_used_has_no_bar(tab: ThisComputerTab) -> None:
    row = tab.findChildren(UnitRow)[2]
    row.show_unit(replace(IDLE, total=4 * _GB))

    assert not row._meter.isVisible()


def test_the_processor_tells_cores_instructions_and_its_memory(tab: ThisComputerTab) -> None:
    processor = Processor("Some Processor", ("avx", "avx2", "fma"), 6, 8, 20)
    tab.set_machine(replace(MACHINE, processor=processor, bandwidth=52.4e9))
    first, second, *_ = tab.findChildren(UnitRow)

    assert first._chips.accessibleName() == (
        "6 fast cores and 8 efficient ones, AVX2, FMA, 52 GB/s from memory"
    )
    assert not second._chips.isVisible()


@pytest.mark.parametrize(
    ("power", "words"),
    [
        (Power(Supply.BATTERY, 81), "On battery, 81 %"),
        (Power(Supply.MAINS, 40), "On mains, battery 40 %"),
    ],
)
def test_the_battery_is_told_where_there_is_one(
    tab: ThisComputerTab, power: Power, words: str
) -> None:
    tab.set_machine(replace(MACHINE, power=power))

    assert tab._chips.accessibleName() == words
    tab.set_machine(replace(MACHINE, power=Power(Supply.MAINS)))
    assert not tab._chips.isVisible()


def test_what_nobody_could_tell_is_said_with_the_reason(tab: ThisComputerTab) -> None:
    unknown = (Unknown("bandwidth", Text("Not now.")), Unknown("processor.name", Text("No.")))
    tab.set_machine(replace(MACHINE, unknown=unknown))

    assert "Memory speed · Not now.\nProcessor · No." in _words(tab)


def test_without_an_answer_the_chart_is_words(tab: ThisComputerTab) -> None:
    tab.set_speeds(())

    assert any(words.startswith("None yet.") for words in _words(tab))
    assert not tab._chart.isVisible()


def test_speeds_are_bars_as_long_as_they_are_fast(tab: ThisComputerTab, qapp: QApplication) -> None:
    apply_theme(qapp, Theme.LIGHT)
    tab.set_speeds(
        (
            MeasuredSpeed("Quick <b>model</b>", 40.0, Place.CARD),
            MeasuredSpeed("Slow model", 4.0, Place.PROCESSOR),
        )
    )
    QApplication.processEvents()
    chart = tab._chart
    assert chart.isVisible()
    assert chart.accessibleDescription() == (
        "Quick <b>model</b>: 40 tokens/s · graphics card. Slow model: 4.0 tokens/s · processor"
    )
    image = chart.grab().toImage()
    lines = [
        sum(image.pixelColor(x, y).name().upper() == LIGHT.accent for x in range(image.width()))
        for y in range(image.height())
    ]
    assert max(lines) == pytest.approx(image.width(), abs=12)
    quiet = shade_colour(Shade.QUIET, LIGHT).name()
    slow = max(
        sum(image.pixelColor(x, y).name() == quiet for x in range(image.width()))
        for y in range(image.height())
    )
    assert slow == pytest.approx(image.width() / 10, abs=14)
    assert not any(words.startswith("None yet.") for words in _words(tab))


def test_models_are_counted_also_where_a_look_takes_the_place_of_the_first(
    qtbot: QtBot, desk: Desk, tab: ThisComputerTab, monkeypatch: pytest.MonkeyPatch
) -> None:
    manager = ModelManager(
        desk.paths, lambda: desk.preferences.value, desk.preferences.change, environment={}
    )
    monkeypatch.setattr(manager.devices, "find", Cards)
    monkeypatch.setattr(manager.devices, "find_bandwidth", lambda: None)
    size = write_llama(manager.shelf.folder / "tiny.gguf").stat().st_size
    seen: list[Machine] = []
    monkeypatch.setattr(tab, "set_machine", seen.append)
    errands = Errands(tab)
    controller = ThisComputerController(tab, manager, errands, lambda: 0)

    controller._look()
    controller._on_cards(Cards())

    qtbot.waitUntil(lambda: bool(seen))
    errands.close()
    manager.close()
    assert seen[-1].disk is not None
    assert seen[-1].disk.models == size
