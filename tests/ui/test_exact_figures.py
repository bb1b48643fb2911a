"""Exact figures in the Models page: llama.cpp itself is asked, once, and the slider follows."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from desktop.domain.engine import EngineState
from desktop.domain.footprint import Certainty, Footprint, Load, Point
from desktop.domain.model import KvType
from desktop.domain.quantities import sized
from desktop.domain.shelf import ModelDefaults, ShelfEntry
from desktop.services.measuring import measure
from desktop.services.sized_points import plain_plan, plan_key
from desktop.ui.exact_sizes import ExactSizes
from desktop.ui.fit_words import badge_of
from desktop.ui.installed_list import ShelfRole
from desktop.ui.installed_memory import InstalledMemory
from desktop.ui.memory_card import MemoryCard
from desktop.ui.memory_views import Fitting
from tests import gguf_files
from tests.harness.hub.faults import web_page
from tests.harness.hub.repositories import HubRepository, gguf_file
from tests.harness.hub.server import HubServer
from tests.ui.desk import Desk, ready
from tests.ui.models_place import WAIT, Place, open_place

_REPOSITORY = "bartowski/gemma-2-2b-it-GGUF"
_SIZE = 2_000_000


@pytest.fixture
def hub() -> Iterator[HubServer]:
    names = ("gemma-2-2b-it-Q4_K_M.gguf", "gemma-2-2b-it-Q8_0.gguf")
    files = tuple(gguf_file(name, _SIZE, seed) for seed, name in enumerate(names))
    with HubServer([HubRepository(_REPOSITORY, files)]) as hub:
        yield hub


@pytest.fixture
def place(desk: Desk, hub: HubServer, qapp: QApplication, qtbot: QtBot) -> Iterator[Place]:
    with open_place(desk, hub, qapp) as one:
        one.open(qtbot)
        yield one


class Measurings:
    """Counts how often llama.cpp is asked, and asks it."""

    def __init__(self, place: Place) -> None:
        self.points: list[tuple[Point, ...]] = []
        place.manager.sizes._measure = self

    def __call__(self, *args: object, **more: object) -> tuple[Footprint, ...]:
        self.points.append(tuple(args[3]))  # type: ignore[arg-type]
        return measure(*args, **more)  # type: ignore[arg-type]


def _open(place: Place, qtbot: QtBot, name: str = "gemma-2-2b-it") -> MemoryCard:
    """Open the page of a model of the catalogue; return its memory card once its source answered."""
    place.page.discover.model_opened.emit(name)
    page = place.page.model_page
    qtbot.waitUntil(lambda: len(page.table.rows) == 2, timeout=WAIT)
    return page.memory


def _certainty(card: MemoryCard) -> Certainty | None:
    return card.view.placed.footprint.certainty if card.view is not None else None


def _wait_exact(card: MemoryCard, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: _certainty(card) is Certainty.MEASURED, timeout=WAIT)


# A model's page


def test_one_measurement_answers_for_every_stop_of_the_slider(place: Place, qtbot: QtBot) -> None:
    asked = Measurings(place)
    card = _open(place, qtbot)
    assert _certainty(card) is not Certainty.MEASURED, "shown at once by formula"
    _wait_exact(card, qtbot)
    assert card.view is not None
    contexts = [point.context for point in asked.points[0]]
    assert set(card.view.stops) <= set(contexts)

    totals = []
    for step in range(card._slider.maximum() + 1):
        card._slider.setValue(step)
        # No event loop in between: the very step shows it.
        assert _certainty(card) is Certainty.MEASURED
        assert card.view.context == card.view.stops[step]
        totals.append(card.view.placed.footprint.total)
    assert totals == sorted(totals)
    assert len(asked.points) == 1


def test_the_row_and_the_card_say_the_same(place: Place, qtbot: QtBot) -> None:
    card = _open(place, qtbot)
    _wait_exact(card, qtbot)
    chosen = place.page.model_page.table.selected
    assert chosen is not None
    assert card.view is not None

    assert chosen.fit == card.view.placed.fit
    assert chosen.footprint == card.view.placed.footprint


def test_rows_follow_the_slider(place: Place, qtbot: QtBot) -> None:
    card = _open(place, qtbot)
    _wait_exact(card, qtbot)
    table = place.page.model_page.table
    before = [row.advice.fit.needed for row in table.rows]
    card._slider.setValue(0)

    qtbot.waitUntil(
        lambda: all(
            row.advice.fit.needed < needed for row, needed in zip(table.rows, before, strict=True)
        ),
        timeout=WAIT,
    )


def test_headers_are_fetched_for_pages_alone(place: Place, qtbot: QtBot) -> None:
    def fetched() -> list[str]:
        return [request.path for request in place.hub.log if request.side == "cdn"]

    assert fetched() == []
    card = _open(place, qtbot)
    _wait_exact(card, qtbot)
    assert {path.rpartition("/")[2] for path in fetched()}
    assert all(request.range for request in place.hub.log if request.side == "cdn")


def test_without_a_network_the_formula_stays_and_says_so(place: Place, qtbot: QtBot) -> None:
    place.hub.faults.cdn_answers(web_page(), -1)
    card = _open(place, qtbot)
    qtbot.waitUntil(card._obstacle.isVisible, timeout=WAIT)

    assert "Not measured: " in card._obstacle.text()
    assert _certainty(card) in {Certainty.GUESSED, Certainty.RECKONED}
    assert place.page.model_page._unusable.isHidden()
    card._slider.setValue(0)
    assert card.view is not None
    assert card.view.context == 2048


def test_what_the_engine_does_not_know_is_said_before_any_download(
    place: Place, qtbot: QtBot
) -> None:
    name = "acme/Future-GGUF"
    known = gguf_file("future-Q8_0.gguf", _SIZE)
    head = known.head.replace(b"llama", b"lapma")
    place.hub.replace(HubRepository(name, (replace(known, head=head, sha256=""),)))
    place.page.discover.line._field.setText(f"hf.co/{name}")
    page = place.page.model_page
    qtbot.waitUntil(page._unusable.isVisible, timeout=WAIT)

    assert "lapma" in page._unusable._title.text()
    assert page._unusable._hint.text()
    assert page.memory.isHidden(), "what cannot be loaded runs nowhere"
    assert not page._head._get._primary
    with qtbot.waitSignal(page.wished, timeout=WAIT):
        page.table.rows[0]._get.click()
    qtbot.waitUntil(lambda: bool(place.phases()), timeout=WAIT)


def test_a_page_that_was_left_asks_for_nothing(place: Place, qtbot: QtBot) -> None:
    asked = Measurings(place)
    _open(place, qtbot)
    awaited = place.page.findChildren(ExactSizes)
    assert any(each.is_measuring for each in awaited)
    place.page.close_page()
    known = place.models._known
    assert known is not None
    with qtbot.waitSignal(known.changed, timeout=WAIT):
        known.read()

    assert not any(each.is_measuring for each in awaited)
    assert asked.points == []


def test_a_smaller_cache_holds_for_all_models_and_is_shown(place: Place, qtbot: QtBot) -> None:
    card = _open(place, qtbot)
    _wait_exact(card, qtbot)
    place.page.model_page.kv_type_chosen.emit(KvType.Q8_0)

    assert place.desk.preferences.value.engine.kv_type is KvType.Q8_0
    qtbot.waitUntil(
        lambda: card.view is not None and card.view.kv_type is KvType.Q8_0, timeout=WAIT
    )


def test_a_page_that_is_shown_again_has_its_name_in_the_title_bar(
    place: Place, qtbot: QtBot
) -> None:
    _open(place, qtbot)
    window = place.desk.window
    assert "Gemma-2-2B-it" in window.windowTitle()
    place.page.closed.emit()
    place.models.show()

    assert "Gemma-2-2B-it" in window.windowTitle()
    place.page.close_page()
    assert "Models" in window.windowTitle()


# What is reckoned with


def test_lists_are_reckoned_again_when_the_computer_or_the_settings_change(
    place: Place, qtbot: QtBot
) -> None:
    known = place.models._known
    assert known is not None
    settings = place.desk.preferences.value
    listed = next(model for model in known.models if model.id == "qwen3.5-9b")

    def context() -> int:
        advice = known.advice(listed)
        return advice.context if advice is not None else 0

    engine = replace(settings.engine, n_ctx=16_384)
    place.desk.preferences.set(replace(settings, engine=engine))
    qtbot.waitUntil(lambda: context() == 16_384, timeout=WAIT)

    model = place.entries()[0].model if place.entries() else place.desk.engine.chosen[-1]
    with qtbot.waitSignal(known.changed, timeout=WAIT):
        place.models.set_engine(ready(model))
    with qtbot.waitSignal(known.changed, timeout=WAIT):
        place.models.set_engine(EngineState())


def test_whoever_comes_back_sees_the_computer_as_it_is_then(place: Place, qtbot: QtBot) -> None:
    known = place.models._known
    assert known is not None
    qtbot.waitUntil(lambda: not known._is_asking and not known._is_reckoning, timeout=WAIT)
    place.page.closed.emit()
    with qtbot.waitSignal(known.changed, timeout=WAIT):
        place.models.show()


def test_memory_is_timed_again_until_it_could_be(
    place: Place, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    known, devices = place.models._known, place.manager.devices
    assert known is not None
    qtbot.waitUntil(lambda: not known._is_asking, timeout=WAIT)
    timed: list[float | None] = [None]
    asked: list[float | None] = []
    monkeypatch.setattr(devices, "bandwidth", lambda: timed[-1])
    monkeypatch.setattr(devices, "find_bandwidth", lambda: asked.append(timed[-1]))
    known.read()
    qtbot.waitUntil(lambda: not known._is_asking, timeout=WAIT)
    assert asked == [None], "the first time the computer was busy"

    with qtbot.waitSignal(known.changed, timeout=WAIT):
        known.set_context(2048)
    timed.append(1e10)
    with qtbot.waitSignal(known.changed, timeout=WAIT):
        known.read()
    assert asked == [None], "a slider does not time memory, nor does a visit once it is known"


def test_cards_and_list_follow_the_length_that_is_chosen_for_them(
    place: Place, qtbot: QtBot
) -> None:
    def needed() -> list[int]:
        return [card.advice.fit.needed for card in place.cards("") if card.advice is not None]

    browse = place.page.discover.browse
    assert browse.context.isVisible()
    before = needed()
    browse.context._slider.setValue(browse.context._slider.maximum())
    qtbot.waitUntil(lambda: sum(needed()) > sum(before), timeout=WAIT)

    card = _open(place, qtbot)
    assert card.view is not None
    assert card.view.context == 8192, "longer than that it was not trained for"


# What is installed


@pytest.fixture
def installed(place: Place, qtbot: QtBot) -> ShelfEntry:
    """Return a model that is here, marked in the list."""
    gguf_files.write_llama(place.manager.shelf.folder / "small.gguf", context_length=8192)
    place.desk.window.resize(1080, 720)
    place.page.show_tab(1)
    assert place.models._installed is not None
    place.models._installed.refresh()
    qtbot.waitUntil(
        lambda: any(e.model.name == "small" and e.facts for e in place.entries()), timeout=WAIT
    )
    entry = next(e for e in place.entries() if e.model.name == "small")
    place.installed.choose(entry.model.path)
    return entry


def _memory(place: Place, qtbot: QtBot) -> InstalledMemory:
    """Return what is shown of the marked model, once it is exact."""
    memory = place.installed.detail.memory
    qtbot.waitUntil(memory.isVisible, timeout=WAIT)
    _wait_exact(memory.card, qtbot)
    return memory


def test_every_row_has_a_badge_and_a_bar(place: Place, installed: ShelfEntry, qtbot: QtBot) -> None:
    model = place.installed.list.model()

    def fits() -> dict[Path, Fitting]:
        rows = (model.index(row, 0) for row in range(model.rowCount()))
        return {
            row.data(ShelfRole.ENTRY).model.path: row.data(ShelfRole.FIT)
            for row in rows
            if row.data(ShelfRole.FIT) is not None
        }

    qtbot.waitUntil(lambda: installed.model.path in fits(), timeout=WAIT)
    fit = fits()[installed.model.path]
    badge = badge_of(fit.placed.fit, fit.placed.place, fit.speed)
    assert fit.bar.weights > 0
    spoken = [
        str(model.index(row, 0).data(Qt.ItemDataRole.AccessibleTextRole))
        for row in range(model.rowCount())
    ]
    assert any(badge.told in words and words.startswith("small") for words in spoken)
    assert not place.installed.list.grab().isNull()


def test_the_context_of_an_installed_model_is_looked_at_and_then_set(
    place: Place, installed: ShelfEntry, qtbot: QtBot
) -> None:
    memory = _memory(place, qtbot)
    own, model = place.desk.own, installed.model
    place.desk.own.attach(place.manager.shelf._notes)
    assert memory.card.view is not None
    assert memory.card.view.context == 8192
    assert memory._note.text() == "The usual length."
    assert memory._set.isHidden()

    memory.card._slider.setValue(0)
    assert memory.card.view.context == 2048
    assert own.of(model) == ModelDefaults(), "only looked at"
    assert memory._note.text() == "Used with 8,192 tokens so far."
    with qtbot.waitSignal(own.changed, timeout=WAIT):
        memory._set.click()
    assert own.of(model) == ModelDefaults(n_ctx=2048)
    qtbot.waitUntil(lambda: memory._note.text() == "Set for this model.", timeout=WAIT)
    assert memory.card.view.context == 2048

    with qtbot.waitSignal(own.changed, timeout=WAIT):
        memory._usual.click()
    assert own.of(model) == ModelDefaults()
    qtbot.waitUntil(lambda: memory._note.text() == "The usual length.", timeout=WAIT)


def test_what_was_foretold_and_what_it_took_are_shown_side_by_side(
    place: Place, installed: ShelfEntry, qtbot: QtBot
) -> None:
    memory = _memory(place, qtbot)
    assert memory._seen.isHidden()
    sizes, model = place.manager.sizes, installed.model
    plan = replace(plain_plan(place.desk.preferences.value.engine, model.path), n_gpu_layers=0)
    point = Point(8192)
    (measured,) = sizes.known(model, plan, (point,))
    assert measured is not None
    by_formula = sizes.predicted(model, replace(plan, slots=1), point)
    assert by_formula.total > 2 * measured.total, "it leaves room for the program and more"
    taken = measured.total + 20_000_000
    load = Load("", plan_key(plan), "", 1.0, by_formula, host=taken, decode_tps=14.26)
    sizes.note_load(model, load)
    place.desk.own.tell_changed(model)

    qtbot.waitUntil(memory._seen.isVisible, timeout=WAIT)
    assert memory._seen.text() == (
        f"Last loaded with 8,192 tokens: predicted {sized(measured.total)}, took {sized(taken)}. "
        "It answered with 14 tokens/s."
    )

    sizes.note_load(model, replace(load, plan="another", changed_at=2.0))
    place.desk.own.tell_changed(model)
    qtbot.waitUntil(lambda: "predicted" not in memory._seen.text(), timeout=WAIT)
    assert memory._seen.text().startswith(f"Last loaded with 8,192 tokens: took {sized(taken)}.")


def test_settings_of_a_model_are_told_to_everybody(
    place: Place, installed: ShelfEntry, qtbot: QtBot
) -> None:
    place.desk.own.attach(place.manager.shelf._notes)
    cards = place.models.parts
    assert cards is not None
    place.installed.settings_requested.emit(installed)
    sheet = place.installed.sheet
    qtbot.waitUntil(lambda: sheet.card is not None, timeout=WAIT)
    assert sheet.card is not None
    with qtbot.waitSignal(place.desk.own.changed, timeout=WAIT) as told:
        sheet.card.defaults_changed.emit(installed.model, ModelDefaults(n_ctx=4096))  # type: ignore[attr-defined]
    assert told.args == [installed.model]
    assert place.desk.own.of(installed.model).n_ctx == 4096
