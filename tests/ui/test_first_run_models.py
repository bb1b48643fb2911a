"""The first steps at work: a real window, a real manager and queue, and a hub on real sockets."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from desktop.domain.advice import Pick, Picks
from desktop.domain.download import DownloadPhase
from desktop.domain.engine import EngineState, Phase
from desktop.domain.machine import Cards
from desktop.domain.model import Device, DeviceKind
from desktop.services.model_manager import ModelManager
from desktop.ui.banner import Topic
from desktop.ui.discover_feed import Stage
from desktop.ui.first_run import FirstRun
from desktop.ui.first_run_controller import FirstRunController
from desktop.ui.first_run_model import FirstRunModel, Role
from desktop.ui.get_button import Wish
from desktop.ui.models_desk import ModelsDesk
from desktop.ui.models_page import ModelsPage
from desktop.ui.this_computer_tab import ThisComputerTab
from tests.gguf_files import write_llama
from tests.harness.hub.repositories import HubFile, HubRepository, gguf_file
from tests.harness.hub.server import HubServer
from tests.ui.desk import Desk
from tests.ui.model_samples import GB, advice, listed

_WAIT = 20_000
_CPU = Device("CPU", "Some Processor", "CPU", DeviceKind.CPU, 8 * GB, 16 * GB)
_QWEN = listed("qwen3.5-4b")
_SIZE = 2_000_000


@dataclass
class Place:
    """A window with the first steps, and everything behind them."""

    desk: Desk
    models: ModelsDesk
    manager: ModelManager
    steps: FirstRunController
    hub: HubServer
    environment: dict[str, str]

    @property
    def view(self) -> FirstRun:
        """The page, which is on show."""
        assert self.steps._view is not None
        return self.steps._view

    @property
    def model(self) -> FirstRunModel:
        """The second step, once it is filled."""
        step = self.view._steps.get(1)
        assert isinstance(step, FirstRunModel)
        return step

    def phases(self) -> list[DownloadPhase]:
        return [each.phase for each in self.manager.downloads.downloads]


def _pick() -> Pick:
    known = advice(_QWEN)
    best = next(each for each in known.quantisations if each.quantisation == "Q4_K_M")
    return Pick(_QWEN, best, known.context, known.reason)


@pytest.fixture
def file() -> HubFile:
    return gguf_file("Qwen3.5-4B-Q4_K_M.gguf", _SIZE)


@pytest.fixture
def hub(file: HubFile) -> Iterator[HubServer]:
    with HubServer([HubRepository(_QWEN.repositories[0], (file,))]) as hub:
        yield hub


@pytest.fixture
def open_place(
    desk: Desk, hub: HubServer, qapp: QApplication, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[], Place]]:
    places: list[Place] = []
    # Which models suit is a matter of its own, and depends on the computer that runs this.
    monkeypatch.setattr(
        "desktop.ui.first_run_facts.three_for", lambda *_about: Picks(balanced=_pick())
    )

    def make() -> Place:
        preferences = desk.preferences
        environment = {"HF_ENDPOINT": hub.endpoint, "MODELSCOPE_ENDPOINT": hub.modelscope}
        manager = ModelManager(
            desk.paths,
            lambda: preferences.value,
            preferences.change,
            environment=environment,
            queue=desk.paths.downloads,
        )
        for name, found in (("cards", Cards((_CPU,))), ("bandwidth", 40e9)):
            for asked in (name, f"find_{name}"):
                if hasattr(manager.devices, asked):
                    monkeypatch.setattr(manager.devices, asked, lambda found=found: found)
        models = ModelsDesk(
            qapp,
            desk.window,
            lambda: manager,
            preferences,
            desk.own,
            desk.paths,
            lambda: None,
        )
        steps = FirstRunController(desk.window, preferences)
        steps.attach(models, desk.models, lambda: None)
        places.append(Place(desk, models, manager, steps, hub, environment))
        return places[-1]

    yield make
    for place in places:
        place.models.close()


@pytest.fixture
def place(open_place: Callable[[], Place], qtbot: QtBot) -> Place:
    """Return the first steps at their second page, the offer known."""
    one = open_place()
    one.steps.open()
    qtbot.waitUntil(lambda: 1 in one.view._steps, timeout=_WAIT)
    qtbot.waitUntil(lambda: bool(one.model._offers), timeout=_WAIT)
    one.view.go_on()
    return one


def test_the_first_page_stands_alone_and_tells_of_the_computer(
    open_place: Callable[[], Place], qtbot: QtBot
) -> None:
    place = open_place()
    place.steps.open()
    window = place.desk.window
    assert not window.is_talk_shown
    assert not window.sidebar.isVisible()
    assert window.is_sidebar_shown, "it is only covered, and comes back"
    assert window.windowTitle() == "This computer – Lapis"

    qtbot.waitUntil(lambda: "models up to about" in place.view._steps[0].lead, timeout=_WAIT)


def test_get_starts_the_queue_and_the_steps_go_on(place: Place, qtbot: QtBot) -> None:
    place.hub.faults.bytes_per_second = 500_000
    place.model._card.button.click()

    qtbot.waitUntil(lambda: place.view.step == 2, timeout=_WAIT)
    assert place.phases() != []
    qtbot.waitUntil(lambda: "MB/s" in place.view._foot.text() or "kB/s" in place.view._foot.text())
    assert place.view._foot.text().startswith("Qwen3.5-4B-Q4_K_M: ")
    place.view.go_back()
    assert place.model._card.button.state.stage is Stage.RUNNING
    place.hub.faults.bytes_per_second = 0
    qtbot.waitUntil(lambda: place.phases() == [DownloadPhase.DONE], timeout=_WAIT)


def test_what_was_fetched_is_used_while_the_guide_answered_meanwhile(
    place: Place, qtbot: QtBot, file: HubFile, tmp_path: Path
) -> None:
    place.model._card.button.click()
    qtbot.waitUntil(lambda: place.phases() == [DownloadPhase.DONE], timeout=_WAIT)

    qtbot.waitUntil(lambda: len(place.desk.engine.chosen) == 2, timeout=_WAIT)
    assert place.desk.engine.chosen[0].is_guide
    assert place.desk.engine.chosen[1].path.name == Path(file.path).name


def test_who_chose_another_model_meanwhile_keeps_it(
    place: Place, qtbot: QtBot, tmp_path: Path
) -> None:
    place.hub.faults.bytes_per_second = 500_000
    place.model._card.button.click()
    qtbot.waitUntil(lambda: place.view.step == 2, timeout=_WAIT)
    own = write_llama(tmp_path / "own.gguf", answer="Hello.")
    place.desk.models.choose_named(str(own))
    qtbot.waitUntil(lambda: len(place.desk.engine.chosen) == 2, timeout=_WAIT)
    place.hub.faults.bytes_per_second = 0
    with qtbot.waitSignal(place.models.parts[1].finished, timeout=_WAIT):  # type: ignore[index]
        pass

    assert [model.path.name for model in place.desk.engine.chosen] == ["guide.gguf", "own.gguf"]


def test_without_a_way_to_the_source_it_is_said_and_a_file_is_offered(
    place: Place, qtbot: QtBot
) -> None:
    place.environment["HF_ENDPOINT"] = "http://127.0.0.1:1"
    place.model._card.button.click()

    qtbot.waitUntil(lambda: bool(place.model.note.words), timeout=_WAIT)
    assert place.view.step == 1
    assert place.phases() == []
    assert place.view.focusWidget() is place.model._file


def test_what_fails_once_the_steps_are_left_is_said_behind_them(place: Place, qtbot: QtBot) -> None:
    place.environment["HF_ENDPOINT"] = "http://127.0.0.1:1"
    place.model._card.button.click()
    place.view._skip.click()

    banner = place.desk.window.banner
    qtbot.waitUntil(lambda: banner.topic is Topic.MODEL_CHOICE, timeout=_WAIT)


def test_two_that_are_wanted_at_once_are_both_fetched(place: Place, qtbot: QtBot) -> None:
    models: Any = place.steps._models
    added: list[str] = []
    models._add = lambda order: added.append(order.title)
    place.model._card.button.click()
    models._on_wished(replace(place.model._offers[0], role=Role.BEST), Wish.GET, "")

    qtbot.waitUntil(lambda: len(added) == 2, timeout=_WAIT)


def test_the_cards_failing_stops_nothing(
    open_place: Callable[[], Place], qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> Cards:
        raise OSError

    place = open_place()
    monkeypatch.setattr(place.manager.devices, "cards", lambda: None)
    monkeypatch.setattr(place.manager.devices, "find", fail)
    place.steps.open()

    qtbot.waitUntil(lambda: 1 in place.view._steps, timeout=_WAIT)
    qtbot.waitUntil(lambda: bool(place.model._offers), timeout=_WAIT)


def test_nobody_looks_at_the_computer_while_nobody_sees_it(place: Place, qtbot: QtBot) -> None:
    models: Any = place.steps._models
    timer = models._facts._again
    assert not timer.isActive(), "another step is on show"
    place.view.go_back()
    qtbot.waitUntil(timer.isActive)
    place.desk.window.hide()
    qtbot.waitUntil(lambda: not timer.isActive())
    place.desk.window.show()

    qtbot.waitUntil(timer.isActive)


def test_this_computer_is_looked_at_whenever_it_comes_on_show(place: Place, qtbot: QtBot) -> None:
    window = place.desk.window
    place.models.show()
    page = window.findChild(ModelsPage)
    assert page is not None
    page.show_tab(2)
    tab = page.findChild(ThisComputerTab)
    assert tab is not None
    qtbot.waitUntil(lambda: tab._machine is not None, timeout=_WAIT)
    again = next(each for each in tab.findChildren(QTimer) if each.interval() == 2000)
    assert again.isActive()
    window.hide()
    assert not again.isActive()
    window.show()
    assert again.isActive()
    window.show_talk()
    assert not again.isActive()
    place.models.show()

    assert again.isActive()


def test_nothing_is_asked_before_get_is_pressed(place: Place, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: bool(place.model._offers))

    assert list(place.hub.log) == []


def test_a_file_is_chosen_and_the_steps_go_on(place: Place, qtbot: QtBot, tmp_path: Path) -> None:
    own = write_llama(tmp_path / "own.gguf", answer="Hello.")
    place.desk.models.choose_named(str(own))

    qtbot.waitUntil(lambda: place.view.step == 2, timeout=_WAIT)
    assert "own" in place.view._foot.text()


def test_a_file_that_cannot_be_used_is_refused_in_the_step(
    place: Place, qtbot: QtBot, tmp_path: Path
) -> None:
    place.desk.models.choose_named(str(tmp_path / "gone.gguf"))

    qtbot.waitUntil(lambda: bool(place.model.note.words), timeout=_WAIT)
    assert place.view.step == 1
    assert place.desk.window.banner.topic is None


@pytest.mark.parametrize("way", ["skip", "escape", "new chat"])
def test_every_way_out_is_remembered(place: Place, qtbot: QtBot, way: str) -> None:
    assert not place.desk.preferences.value.welcomed
    view = place.view
    match way:
        case "skip":
            view._skip.click()
        case "escape":
            qtbot.keyClick(view, Qt.Key.Key_Escape)
        case _:
            place.desk.window.shortcuts.new_chat.emit()

    assert place.desk.preferences.value.welcomed
    assert place.desk.window.is_talk_shown
    assert place.desk.window.sidebar.isVisible()
    assert not place.steps.is_open


def test_they_can_be_seen_again(place: Place, qtbot: QtBot) -> None:
    place.view._skip.click()
    place.steps.open()
    qtbot.waitUntil(lambda: 1 in place.view._steps, timeout=_WAIT)

    qtbot.waitUntil(lambda: bool(place.model._offers), timeout=_WAIT)
    assert place.view.step == 0


def test_the_place_of_the_window_is_kept_without_the_steps(place: Place) -> None:
    width = place.desk.window.kept(None).sidebar_width
    place.view._skip.click()

    assert place.desk.window.kept(None).sidebar_width == width > 0


def test_all_models_leave_the_steps(place: Place, qtbot: QtBot) -> None:
    place.steps.models_wanted.connect(place.models.show)
    place.model._all.click()

    qtbot.waitUntil(lambda: not place.steps.is_open, timeout=_WAIT)
    assert not place.desk.window.is_talk_shown
    assert place.desk.window.sidebar.isVisible()


def test_a_model_that_fails_later_changes_no_step(place: Place, qtbot: QtBot) -> None:
    state = place.desk.models.state
    failed = replace(state, phase=Phase.FAILED, loaded=None)
    place.desk.models.state_changed.emit(failed)
    place.desk.models.state_changed.emit(EngineState())

    assert place.view.step == 1
