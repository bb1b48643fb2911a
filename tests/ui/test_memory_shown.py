"""What is said of the memory that a model takes: badges, bars, the card with its slider."""

from collections.abc import Iterator

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from desktop.domain.advice import Computer, Place
from desktop.domain.footprint import HOST, Certainty, DeviceBytes, Footprint, Point
from desktop.domain.model import Device, DeviceKind, Fit, FitLevel, KvType
from desktop.domain.settings import EngineSettings, Theme
from desktop.domain.speed import Speed
from desktop.domain.text import Text
from desktop.services.advice_places import verdict
from desktop.services.sized_points import plain_plan, plan_as_placed
from desktop.ui.fit_words import badge_of
from desktop.ui.installed_delegate import fit_line
from desktop.ui.licences import licence_title
from desktop.ui.memory_bar import bar_parts, device_bars, small_parts, whole_bar
from desktop.ui.memory_card import MemoryCard
from desktop.ui.memory_views import Fitting, memory_view, stops
from desktop.ui.meter import Meter
from desktop.ui.theme import apply_theme
from desktop.ui.tokens import LIGHT
from tests.ui.model_samples import GB, bury

_CARD = Device("CUDA0", "Big Card", "CUDA", DeviceKind.GPU, 9 * GB, 10 * GB)
_SHARED = Device("Vulkan0", "In the processor", "Vulkan", DeviceKind.INTEGRATED_GPU, 8 * GB, 8 * GB)
_PLAIN = Computer(16 * GB, 10 * GB)


def _footprint(
    context: int = 8192,
    weights: int = 4 * GB,
    certainty: Certainty = Certainty.MEASURED,
    kv_type: KvType = KvType.F16,
    projector: int = 0,
) -> Footprint:
    host = DeviceBytes(HOST, weights, context * 100_000, GB // 4, GB // 100)
    return Footprint(
        Point(context, kv_type), (host,), certainty, 33, projector=projector, process=GB // 10
    )


@pytest.fixture
def card(qtbot: QtBot, qapp: QApplication) -> Iterator[MemoryCard]:
    apply_theme(qapp, Theme.LIGHT)
    one = MemoryCard()
    qtbot.addWidget(one)
    one.resize(600, 300)
    one.show()
    qtbot.waitExposed(one)
    yield one
    bury(one)


def _show(
    card: MemoryCard,
    footprint: Footprint,
    computer: Computer = _PLAIN,
    *,
    trained: int = 32_768,
    is_measuring: bool = False,
    obstacle: Text | None = None,
) -> None:
    view = memory_view(
        "Q4_K_M",
        verdict(footprint, computer),
        None,
        computer,
        trained,
        is_measuring=is_measuring,
        obstacle=obstacle,
    )
    card.show_view(view)


# Badges


@pytest.mark.parametrize(
    ("level", "place", "words"),
    [
        (FitLevel.FITS, Place.CARD, "Runs fully on the graphics card"),
        (FitLevel.FITS, Place.BOTH, "Runs partly on the graphics card"),
        (FitLevel.FITS, Place.PROCESSOR, "Runs on the processor"),
        (FitLevel.TIGHT, Place.PROCESSOR, "Fits once 2.0 GB more is free"),
        (FitLevel.TOO_LARGE, Place.PROCESSOR, "Too big by 3.0 GB"),
    ],
)
def test_a_badge_tells_where_a_model_runs_and_explains_with_figures(
    qapp: QApplication, level: FitLevel, place: Place, words: str
) -> None:
    badge = badge_of(Fit(level, 8 * GB, 6 * GB, 10 * GB), place, None, 3 * GB)

    assert badge.told == words
    assert "8.0 GB" in badge.hint
    assert badge.words
    assert badge.icon


def test_no_two_verdicts_look_alike_to_who_sees_no_colours(qapp: QApplication) -> None:
    fits = [
        badge_of(Fit(level, 8 * GB, 6 * GB, 10 * GB), place, None, GB)
        for level, place in (
            (FitLevel.FITS, Place.CARD),
            (FitLevel.FITS, Place.BOTH),
            (FitLevel.TIGHT, Place.PROCESSOR),
            (FitLevel.TOO_LARGE, Place.PROCESSOR),
        )
    ]
    assert len({badge.icon for badge in fits}) == 4
    assert len({badge.words for badge in fits}) == 4


def test_the_speed_is_told_with_its_range_and_whether_it_was_measured(qapp: QApplication) -> None:
    fit = Fit(FitLevel.FITS, 8 * GB, 9 * GB, 10 * GB)
    guess = badge_of(fit, Place.PROCESSOR, Speed(14.2, 10.1, 18.0))
    timed = badge_of(fit, Place.PROCESSOR, Speed(6.25, 6, 6.5, is_measured=True))

    assert guess.told == "Runs on the processor, about 14 tokens/s"
    assert "10 to 18 tokens/s" in guess.hint
    assert guess.tone == "good"
    assert timed.told == "Runs on the processor, 6.2 tokens/s"
    assert "Measured here" in timed.hint
    assert timed.tone == "warn", "slower than one reads"


# Bars


def test_without_cards_there_is_one_bar_of_the_computers_memory() -> None:
    (bar,) = device_bars(_footprint(), 10 * GB)

    assert (bar.name, bar.weights, bar.room) == ("", 4 * GB, 10 * GB)
    assert bar.taken == _footprint().total
    assert bar.free == 10 * GB - bar.taken


def test_a_card_has_a_bar_of_its_own_with_what_others_leave_of_it() -> None:
    placed = verdict(_footprint(), Computer(16 * GB, 10 * GB, (_CARD,)))
    card, home = device_bars(placed.footprint, 10 * GB, (_CARD,))

    assert placed.place is Place.CARD
    assert (card.name, home.name) == ("Big Card", "")
    assert card.room < _CARD.free
    assert card.taken + home.taken == placed.footprint.total
    whole = whole_bar((card, home))
    assert whole.weights == placed.footprint.weights
    assert whole.room == card.room + home.room


def test_what_shares_the_computers_memory_lies_in_its_bar() -> None:
    placed = verdict(_footprint(), Computer(16 * GB, 10 * GB, (_SHARED,)))
    assert placed.footprint.gpu_layers

    (bar,) = device_bars(placed.footprint, 10 * GB, (_SHARED,))
    assert bar.taken == placed.footprint.total


def test_a_small_bar_shows_fewer_parts_of_the_same_length() -> None:
    (bar,) = device_bars(_footprint(), 10 * GB)

    assert len(small_parts(bar)) == len(bar_parts(bar)) - 1
    assert sum(part.amount for part in small_parts(bar)) == sum(p.amount for p in bar_parts(bar))


def test_what_there_is_no_room_for_is_hatched_behind_a_mark(
    qtbot: QtBot, qapp: QApplication
) -> None:
    apply_theme(qapp, Theme.LIGHT)
    meter = Meter(14)
    qtbot.addWidget(meter)
    meter.resize(300, 14)
    (bar,) = device_bars(_footprint(), 3 * GB)
    meter.show_parts(bar_parts(bar), bar.room)
    meter.show()
    picture = meter.grab().toImage()
    end = round(300 * bar.room / bar.taken)

    def reds(left: int, right: int) -> int:
        bad = QColor(LIGHT.bad)
        return sum(
            picture.pixelColor(x, y) == bad for x in range(left, right) for y in range(1, 13)
        )

    assert reds(0, end - 3) == 0
    assert reds(end - 3, end) > 0
    assert reds(end, 299) > 20
    meter.show_parts(bar_parts(bar), 100 * GB)
    picture = meter.grab().toImage()
    assert reds(0, 300) == 0


# The card


def test_the_slider_tells_each_step_at_once_and_stays_where_it_is_held(
    card: MemoryCard, qtbot: QtBot
) -> None:
    _show(card, _footprint())
    slider = card._slider
    assert card.view is not None
    assert card.view.stops[slider.value()] == 8192
    with qtbot.waitSignal(card.context_chosen, timeout=0) as asked:
        slider.setValue(0)
    assert asked.args == [2048]

    slider.setSliderDown(True)
    _show(card, _footprint(4096))
    assert slider.value() == 0
    slider.setSliderDown(False)
    _show(card, _footprint(4096))
    assert card.view.stops[slider.value()] == 4096


def test_a_press_takes_the_slider_there_and_it_can_be_dragged_on(
    card: MemoryCard, qtbot: QtBot
) -> None:
    _show(card, _footprint())
    slider = card._slider
    middle = slider.height() // 2
    end = QPoint(slider.width() - 2, middle)
    qtbot.mousePress(slider, Qt.MouseButton.LeftButton, pos=end)
    assert slider.value() == slider.maximum()
    assert slider.isSliderDown()

    qtbot.mouseMove(slider, QPoint(2, middle))
    assert slider.value() == 0
    qtbot.mouseRelease(slider, Qt.MouseButton.LeftButton, pos=QPoint(2, middle))
    assert not slider.isSliderDown()


def test_a_list_leaves_out_what_it_has_no_room_for(qapp: QApplication) -> None:
    def line(speed: Speed, room: int, available: int = 16 * GB) -> str:
        computer = Computer(16 * GB, available)
        placed = verdict(_footprint(), computer)
        return fit_line(Fitting(placed, speed, whole_bar(())), room, qapp.font())

    quick, slow = Speed(14, 10, 18), Speed(2.3, 2, 3)
    assert line(quick, 1000) == line(quick, 400) == "On the processor · ≈ 14 tokens/s"
    assert line(quick, 60) == "On the processor"
    assert line(slow, 60) == "≈ 2.3 tokens/s"
    assert line(slow, 60, GB).endswith("short now"), "that it does not fit is more important"


def test_the_slider_ends_at_what_the_model_was_trained_for(card: MemoryCard) -> None:
    _show(card, _footprint(), trained=10_000)
    assert card.view is not None
    assert card.view.stops[-1] == 10_000
    assert card._beyond.isHidden()

    _show(card, _footprint(65_536, GB), trained=10_000)
    assert card.view.stops[-1] == 65_536, "it was set elsewhere"
    assert "trained for 10,000 tokens" in card._beyond.text()
    assert card._beyond.isVisible()


@pytest.mark.parametrize(
    ("certainty", "words"),
    [
        (Certainty.GUESSED, "guessed"),
        (Certainty.RECKONED, "estimated"),
        (Certainty.MEASURED, "exact"),
        (Certainty.SEEN, "as measured here"),
    ],
)
def test_how_sure_the_figures_are_is_said_quietly(
    card: MemoryCard, certainty: Certainty, words: str
) -> None:
    _show(card, _footprint(certainty=certainty))
    assert card._certainty.text() == words

    _show(card, _footprint(certainty=certainty), is_measuring=True)
    assert card._certainty.text() == f"{words}, measuring…"


@pytest.mark.parametrize(
    ("weights", "told", "figures"),
    [
        # All of the three are rounded: 22.44 and 20.36 are 2.1 apart, and would read so.
        (21_270_800_000, "Fits once 2.0 GB more is free", "Needs 22.4 GB, and 20.4 GB are free"),
        (
            27_000_000_000,
            "Too big by 5.6 GB",
            "Needs 28.2 GB; with all other programs closed there are 22.6 GB",
        ),
    ],
)
def test_what_is_needed_what_there_is_and_what_lacks_add_up(
    card: MemoryCard, weights: int, told: str, figures: str
) -> None:
    computer = Computer(24_060_000_000, 20_360_000_000)
    _show(card, _footprint(weights=weights), computer)
    assert card._badge.text() == told
    assert card._figures.text() == figures


def test_why_nothing_exact_is_known_is_said(card: MemoryCard) -> None:
    _show(card, _footprint())
    assert card._obstacle.isHidden()

    _show(card, _footprint(), obstacle=Text("hub.example cannot be reached"))
    assert card._obstacle.text() == "Not measured: hub.example cannot be reached"


def test_a_smaller_cache_is_offered_where_that_matters(card: MemoryCard, qtbot: QtBot) -> None:
    _show(card, _footprint(2048, 10_000))
    assert card._half.isVisible()
    with qtbot.waitSignal(card.kv_type_chosen, timeout=0) as asked:
        card._half.click()
    assert asked.args == [KvType.Q8_0]

    _show(card, _footprint(kv_type=KvType.Q4_0))
    assert card._half.isChecked()
    assert "q4_0" in card._half.text()
    with qtbot.waitSignal(card.kv_type_chosen, timeout=0) as asked:
        card._half.click()
    assert asked.args == [KvType.F16]
    tiny = Footprint(Point(2048), (DeviceBytes(HOST, GB, 1000),), Certainty.MEASURED)
    _show(card, tiny)
    assert card._half.isHidden()


def test_a_screen_reader_hears_every_share(card: MemoryCard) -> None:
    _show(card, _footprint(projector=GB))

    told = card.accessibleDescription()
    for words in ("Weights 4.0 GB", "KV cache 819 MB", "Working memory", "Output and pictures"):
        assert words in told
    _show(card, _footprint())
    assert "Output 10 MB" in card.accessibleDescription()


def test_each_device_has_its_bar_with_words(card: MemoryCard) -> None:
    _show(card, _footprint(), Computer(16 * GB, 10 * GB, (_CARD,)))
    shown = [line for line in card._bars if line.isVisible()]
    assert [line._name.whole_text() for line in shown] == ["Big Card", "Memory of the computer"]
    assert all(" of " in line._amount.text() for line in shown)

    _show(card, _footprint())
    (line,) = (line for line in card._bars if line.isVisible())
    assert line._name.isHidden()


def test_what_is_measured_is_what_would_be_loaded() -> None:
    plan = plain_plan(EngineSettings())
    placed = verdict(_footprint(), Computer(16 * GB, 10 * GB, (_CARD,)))

    asked = plan_as_placed(plan, placed.footprint)
    assert (asked.n_gpu_layers, asked.devices) == (33, ("CUDA0",))
    asked = plan_as_placed(plan, verdict(_footprint(), _PLAIN).footprint)
    assert (asked.n_gpu_layers, asked.devices) == (0, ())


def test_stops_hold_what_was_set_elsewhere() -> None:
    assert stops(8192, 5000) == (2048, 3072, 4096, 5000, 6144, 8192)


@pytest.mark.parametrize(
    ("licence", "title"),
    [("other", "Terms of its own"), ("", "Licence unknown"), ("unknown", "Licence unknown")],
)
def test_a_licence_without_a_name_is_called_what_it_is(
    qapp: QApplication, licence: str, title: str
) -> None:
    assert licence_title(licence) == title
