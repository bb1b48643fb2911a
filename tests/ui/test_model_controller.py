"""Choosing a model, and what the window shows of it."""

import threading
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPointF, Qt, QTimer, QUrl
from PySide6.QtGui import QDropEvent
from PySide6.QtWidgets import QApplication, QMenu, QProgressBar
from pytestqt.qtbot import QtBot

from desktop.domain.chat_settings import ChatSettings
from desktop.domain.engine import EngineState, Phase
from desktop.domain.errors import ModelFileError, OutOfMemory, TooLarge
from desktop.domain.model import InstalledModel
from desktop.domain.settings import LibrarySettings, Settings
from desktop.domain.text import Text
from desktop.services.planning import check_model
from desktop.ui.banner import Remedy, Topic
from desktop.ui.header import _ModelButton
from desktop.ui.labels import ElidedLabel
from tests.ui.desk import Desk, become, open_desk, ready

_TOO_LARGE = OutOfMemory(Text("Too large"), Text("Choose a smaller model."))


def _put(desk: Desk, name: str) -> Path:
    path = desk.paths.models / f"{name}.gguf"
    path.write_bytes(b"GGUF" + b"\0" * 4_000_000)
    return path


def _elsewhere(folder: Path, name: str, content: bytes = b"GGUF") -> Path:
    path = folder / f"{name}.gguf"
    path.write_bytes(content)
    return path


def _choose(desk: Desk, qtbot: QtBot, file: Path) -> None:
    assert desk.models.choose_named(str(file))
    qtbot.waitUntil(lambda: desk.engine.chosen[-1].path == file)


def _lines(menu: QMenu) -> list[str]:
    return [action.text() for action in menu.actions() if not action.isSeparator()]


def _words(desk: Desk) -> list[str]:
    labels = desk.window.header.findChildren(ElidedLabel)
    return [label.whole_text() for label in labels if label.isVisible()]


def test_the_menu_lists_the_guide_as_what_it_is_and_each_model_with_its_size(
    desk: Desk,
) -> None:
    _put(desk, "Tiny & <b>small")
    menu = desk.window.header.model_menu
    menu.aboutToShow.emit()

    assert _lines(menu)[0].startswith("Built-in guide\t")
    assert _lines(menu)[1:] == [
        "Tiny && <b>small\t4 MB",
        "All models, and more to get…",
        "Free memory now",
        "Open a GGUF file…",
        "Open models folder",
    ]
    assert menu.actions()[0].isChecked()


def test_a_chosen_model_is_loaded_and_found_again_at_the_next_start(
    qtbot: QtBot, tmp_path: Path
) -> None:
    with open_desk(tmp_path / "data") as desk:
        _put(desk, "Tiny")
        menu = desk.window.header.model_menu
        menu.aboutToShow.emit()
        menu.actions()[1].trigger()
        qtbot.waitUntil(lambda: [each.name for each in desk.engine.chosen] == ["guide", "Tiny"])
    with open_desk(tmp_path / "data") as desk:
        assert [model.name for model in desk.engine.chosen] == ["Tiny"]


def test_models_of_a_folder_of_ones_own_are_kept_by_name(
    desk: Desk, qtbot: QtBot, tmp_path: Path
) -> None:
    folder = tmp_path / "模型"
    folder.mkdir()
    file = _elsewhere(folder, "Tiny")
    library = LibrarySettings(folder=str(folder))
    desk.preferences.set(replace(desk.preferences.value, library=library))
    assert desk.models.choose_named("Tiny")
    qtbot.waitUntil(lambda: desk.engine.chosen[-1].path == file)
    become(desk, qtbot, ready(desk.engine.chosen[-1]))

    assert desk.preferences.value.model == "Tiny"
    assert desk.preferences.value.opened_models == ()


def test_a_model_named_at_the_start_is_loaded_instead_of_the_last_one(desk: Desk) -> None:
    _put(desk, "Tiny")
    desk.engine.chosen.clear()
    desk.models.attach(desk.engine, "tiny")

    assert [model.name for model in desk.engine.chosen] == ["Tiny"]


def test_a_wrong_name_at_the_start_is_said_and_the_last_model_loaded(desk: Desk) -> None:
    desk.engine.chosen.clear()
    desk.models.attach(desk.engine, "no-such-model")

    assert desk.window.banner.topic is Topic.MODEL_CHOICE
    assert [model.name for model in desk.engine.chosen] == ["guide"]


def test_a_file_from_elsewhere_is_remembered_by_its_path(
    desk: Desk, qtbot: QtBot, tmp_path: Path
) -> None:
    file = _elsewhere(tmp_path, "elsewhere")
    _choose(desk, qtbot, file)

    assert desk.preferences.value.model == str(file)


def test_a_file_from_elsewhere_stays_in_the_menu_once_it_was_loaded(
    qtbot: QtBot, tmp_path: Path
) -> None:
    good, other = _elsewhere(tmp_path, "good"), _elsewhere(tmp_path, "other")
    with open_desk(tmp_path / "data") as desk:
        _choose(desk, qtbot, other)
        become(desk, qtbot, EngineState(Phase.FAILED, desk.engine.chosen[-1], error=_TOO_LARGE))
        for file in (good, tmp_path / "data" / "guide.gguf"):
            _choose(desk, qtbot, file)
            become(desk, qtbot, ready(desk.engine.chosen[-1]))
    with open_desk(tmp_path / "data") as desk:
        menu = desk.window.header.model_menu
        menu.aboutToShow.emit()
        assert [line.split("\t")[0] for line in _lines(menu)[:2]] == ["Built-in guide", "good"]
        assert len(_lines(menu)) == 6
        assert desk.preferences.value.opened_models == (str(good),)


def test_of_many_files_from_elsewhere_the_newest_are_kept(
    desk: Desk, qtbot: QtBot, tmp_path: Path
) -> None:
    files = [_elsewhere(tmp_path, f"model-{number}") for number in range(14)]
    for file in (*files, files[5]):
        _choose(desk, qtbot, file)
        become(desk, qtbot, ready(desk.engine.chosen[-1]))

    kept = [str(file) for file in (files[5], *reversed(files)) if file.exists()]
    assert list(desk.preferences.value.opened_models) == list(dict.fromkeys(kept))[:12]


def test_a_dropped_file_is_opened(desk: Desk, qtbot: QtBot, tmp_path: Path) -> None:
    file = _elsewhere(tmp_path, "dropped")
    desk.window.composer.model_dropped.emit(file)

    qtbot.waitUntil(lambda: desk.engine.chosen[-1].path == file)


def test_a_file_dropped_beside_the_composer_is_opened_too(
    desk: Desk, qtbot: QtBot, tmp_path: Path
) -> None:
    file = tmp_path / "dropped.gguf"
    file.write_bytes(b"GGUF")
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(file))])
    drop = QDropEvent(
        QPointF(5, 5),
        Qt.DropAction.CopyAction,
        data,
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )
    desk.window.dropEvent(drop)

    qtbot.waitUntil(lambda: desk.engine.chosen[-1].path == file)


def test_a_path_without_a_file_is_said_and_the_loaded_model_stays(desk: Desk) -> None:
    desk.models.choose_named("/nowhere/absent.gguf")

    assert desk.window.banner.topic is Topic.MODEL_CHOICE
    assert [model.name for model in desk.engine.chosen] == ["guide"]
    assert desk.preferences.value.model == ""


def test_a_model_that_vanished_since_the_last_run_is_said_and_the_guide_steps_in(
    qtbot: QtBot, tmp_path: Path
) -> None:
    with open_desk(tmp_path / "data") as desk:
        path = _put(desk, "Tiny")
        _choose(desk, qtbot, path)
        path.unlink()
    with open_desk(tmp_path / "data") as desk:
        desk.window.show()
        assert [model.name for model in desk.engine.chosen] == ["guide"]
        qtbot.waitUntil(lambda: desk.models.state.loaded is not None)
        assert desk.window.banner.topic is Topic.MODEL_CHOICE, "loading the guide does not hide it"
        assert "Tiny cannot be used" in desk.window.banner.accessibleName()
        assert desk.preferences.value.model == "Tiny", "it may come back"


@pytest.mark.parametrize("content", [b"no model at all, only words", b"GGUF" + b"\0" * 100])
def test_an_unsuitable_file_is_refused_and_the_present_model_stays(
    qtbot: QtBot, tmp_path: Path, content: bytes
) -> None:
    file = _elsewhere(tmp_path, "broken", content)
    with open_desk(tmp_path / "data", partial(check_model, settings=Settings())) as desk:
        qtbot.waitUntil(lambda: desk.models.state.loaded is not None)
        desk.models.choose_named(str(file))
        qtbot.waitUntil(lambda: desk.window.banner.topic is Topic.MODEL_CHOICE)

        assert desk.window.banner.accessibleDescription()
        assert [model.name for model in desk.engine.chosen] == ["guide"]
        assert desk.models.state.phase is Phase.READY
        assert (desk.preferences.value.model, desk.preferences.value.opened_models) == ("", ())
        menu = desk.window.header.model_menu
        menu.aboutToShow.emit()
        assert menu.actions()[0].isChecked()


def test_a_model_that_is_too_large_is_loaded_for_whoever_wants_it_anyway(
    qtbot: QtBot, tmp_path: Path
) -> None:
    file = _elsewhere(tmp_path, "huge")

    def check(model: InstalledModel) -> None:
        if not model.is_guide:
            raise TooLarge(Text("huge needs 40 GB of memory"), Text("Choose a smaller one."))

    with open_desk(tmp_path / "data", check) as desk:
        desk.window.show()
        qtbot.waitUntil(lambda: desk.models.state.loaded is not None)
        desk.models.choose_named(str(file))
        qtbot.waitUntil(lambda: desk.window.banner.topic is Topic.MODEL_CHOICE)
        assert desk.window.banner.accessibleName() == "huge needs 40 GB of memory"
        assert [model.name for model in desk.engine.chosen] == ["guide"]

        desk.window.banner.remedy_chosen.emit(Remedy.LOAD_ANYWAY)
        qtbot.waitUntil(lambda: bool(desk.engine.anyway))
        assert [model.path for model in desk.engine.anyway] == [file]
        assert desk.window.banner.topic is None
        assert desk.preferences.value.model == str(file)


def test_a_model_that_became_too_large_since_the_last_run_is_offered_all_the_same(
    desk: Desk, qtbot: QtBot
) -> None:
    _choose(desk, qtbot, _put(desk, "Tiny"))
    error = TooLarge(Text("Tiny needs 40 GB of memory"), Text("Choose a smaller one."))
    model = desk.engine.chosen[-1]
    desk.engine.become(EngineState(Phase.FAILED, model, error=error))
    qtbot.waitUntil(lambda: desk.window.banner.topic is Topic.MODEL_LOADING)
    desk.window.banner.remedy_chosen.emit(Remedy.LOAD_ANYWAY)

    qtbot.waitUntil(lambda: desk.engine.anyway == [model])


def test_of_two_choices_in_a_row_the_last_one_counts(qtbot: QtBot, tmp_path: Path) -> None:
    first, second = _elsewhere(tmp_path, "first"), _elsewhere(tmp_path, "second")
    free = threading.Event()

    def check(_model: InstalledModel) -> None:
        assert free.wait(5)

    with open_desk(tmp_path / "data", check) as desk:
        desk.models.choose_named(str(first))
        desk.models.choose_named(str(second))
        free.set()
        qtbot.waitUntil(lambda: desk.engine.chosen[-1].path == second)
        assert [model.name for model in desk.engine.chosen] == ["guide", "second"]


def test_a_damaged_model_of_the_last_run_gives_way_to_the_guide(
    qtbot: QtBot, tmp_path: Path
) -> None:
    with open_desk(tmp_path / "data") as desk:
        _choose(desk, qtbot, _put(desk, "Tiny"))
    with open_desk(tmp_path / "data") as desk:
        qtbot.waitUntil(lambda: desk.models.state.loaded is not None)
        desk.models.attach(desk.engine)
        damaged = ModelFileError(Text("This file is damaged"), Text("Download it again."))
        desk.engine.become(EngineState(Phase.FAILED, desk.engine.chosen[-1], error=damaged))
        qtbot.waitUntil(lambda: desk.engine.chosen[-1].is_guide)

        assert desk.window.banner.topic is Topic.MODEL_CHOICE
        name = desk.window.banner.accessibleName()
        assert name == "Tiny cannot be used, so the built-in guide answers"
        assert desk.window.banner.accessibleDescription() == "Download it again."
        assert desk.preferences.value.model == "Tiny", "it may be mended"


def test_a_chosen_model_that_fails_later_does_not_give_way(desk: Desk, qtbot: QtBot) -> None:
    _choose(desk, qtbot, _put(desk, "Tiny"))
    damaged = ModelFileError(Text("This file is damaged"), Text("Download it again."))
    become(desk, qtbot, EngineState(Phase.FAILED, desk.engine.chosen[-1], error=damaged))

    assert desk.window.banner.topic is Topic.MODEL_LOADING
    assert [model.name for model in desk.engine.chosen] == ["guide", "Tiny"]


def test_loading_shows_how_far_it_is(desk: Desk, qtbot: QtBot, tmp_path: Path) -> None:
    model = InstalledModel("big", "Big", tmp_path / "big.gguf", 5_400_000_000)
    become(desk, qtbot, EngineState(Phase.LOADING, model, 0.575))
    bar = desk.window.header.findChild(QProgressBar)
    assert isinstance(bar, QProgressBar)

    assert "Reading 3.1 of 5.4 GB" in _words(desk)
    assert bar.isVisible()
    assert bar.value() == pytest.approx(575, abs=1)

    become(desk, qtbot, ready(model))
    assert "Reading" not in " ".join(_words(desk))
    assert not bar.isVisible()


def test_a_failed_load_says_why_and_can_be_tried_again(
    desk: Desk, qtbot: QtBot, tmp_path: Path
) -> None:
    model = InstalledModel("big", "Big", tmp_path / "big.gguf", 5_400_000_000)
    become(desk, qtbot, EngineState(Phase.FAILED, model, error=_TOO_LARGE))
    assert desk.window.banner.topic is Topic.MODEL_LOADING
    assert "Not loaded" in _words(desk)

    desk.window.banner.remedy_chosen.emit(Remedy.RETRY)
    assert desk.engine.chosen[-1] == model
    assert desk.window.banner.topic is None


def test_the_guide_is_labelled_and_other_models_are_not(
    desk: Desk, qtbot: QtBot, tmp_path: Path
) -> None:
    field = desk.window.composer.field
    guide_line = desk.window.header._guide
    assert guide_line.isVisible()
    assert field.placeholderText() == "Ask about Lapis…"

    become(desk, qtbot, ready(InstalledModel("big", "Big", tmp_path / "b.gguf", 1)))
    assert not guide_line.isVisible()
    assert field.placeholderText() == "Ask anything…"


@pytest.mark.qt_log_ignore("grabbing the keyboard", extend=True)
def test_the_link_beside_the_guide_opens_the_menu_of_models(desk: Desk, qtbot: QtBot) -> None:
    seen: list[bool] = []
    menu = desk.window.header.model_menu

    def close() -> None:
        seen.append(QApplication.activePopupWidget() is menu)
        menu.close()

    menu.aboutToShow.connect(lambda: QTimer.singleShot(50, menu, close))
    desk.window.header._guide.model_wanted.emit()

    assert seen == [True]


def test_what_was_changed_on_ones_behalf_is_told_once(desk: Desk, qtbot: QtBot) -> None:
    state = replace(desk.models.state, notice=Text("Loaded without extra buffers"))
    become(desk, qtbot, state)
    assert desk.window.banner.topic is Topic.MODEL_PLAN
    desk.window.banner.close_message()
    become(desk, qtbot, replace(state, progress=1.0))

    assert desk.window.banner.topic is None


def test_a_model_that_one_chat_wants_is_named_in_that_chat_alone_and_changes_no_choice(
    desk: Desk, qtbot: QtBot
) -> None:
    path = _put(desk, "Tiny")
    kept = desk.preferences.value
    desk.chats.ask(None, "Hello?", settings=ChatSettings(model="Tiny"))
    wanted = desk.engine.wanted[-1]
    assert wanted is not None
    assert wanted.model.path == path
    loaded = ready(wanted.model)
    with qtbot.waitSignal(desk.models.state_changed, check_params_cb=lambda state: state == loaded):
        desk.engine.become(loaded)

    (button,) = desk.window.header.findChildren(_ModelButton)
    assert button.accessibleName() == "Model: Built-in guide"
    desk.models.show_own(wanted.model)
    assert button.accessibleName() == "Model: Tiny"
    desk.models.show_own(None)
    assert button.accessibleName() == "Model: Built-in guide"
    assert desk.models.general is not None
    assert desk.models.general.is_guide
    assert desk.preferences.value == kept
    assert desk.chats.model_for(ChatSettings()) == desk.models.general


def test_one_chats_model_that_fails_can_be_tried_again_without_being_chosen_for_all(
    desk: Desk, qtbot: QtBot
) -> None:
    path = _put(desk, "Tiny")
    desk.chats.ask(None, "Hello?", settings=ChatSettings(model="Tiny", n_ctx=8192))
    wanted = desk.engine.wanted[-1]
    assert wanted is not None
    assert wanted.n_ctx == 8192
    too_large = TooLarge(Text("Too large"), Text("Choose a smaller model."))
    failed = EngineState(Phase.FAILED, wanted.model, error=too_large, n_ctx=8192)
    with qtbot.waitSignal(desk.models.state_changed, check_params_cb=lambda state: state == failed):
        desk.engine.become(failed)
    desk.window.banner.remedy_chosen.emit(Remedy.LOAD_ANYWAY)
    assert desk.engine.anyway[-1].path == path
    assert desk.preferences.value.model == ""
    # What the engine became meanwhile may reach the window first.
    with qtbot.waitSignal(desk.models.state_changed, check_params_cb=lambda state: state == failed):
        desk.engine.become(failed)
    desk.window.banner.remedy_chosen.emit(Remedy.RETRY)

    assert (desk.engine.chosen[-1].path, desk.engine.state.n_ctx) == (path, 8192)
    assert desk.models.general is not None
    assert desk.models.general.is_guide
