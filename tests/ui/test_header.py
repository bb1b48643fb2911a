"""The header at every width, what it says of the model, and the first picture of the window."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtGui import QCursor
from PySide6.QtWidgets import QApplication, QToolButton, QWidget
from pytestqt.qtbot import QtBot

from desktop.base.paths import paths_under
from desktop.domain.engine import EngineMemory, EngineState, Phase
from desktop.domain.errors import EngineDied
from desktop.domain.model import InstalledModel
from desktop.domain.settings import ConnectionSettings, Theme, WindowSettings
from desktop.domain.text import Text
from desktop.ui.expected_model import expected_model
from desktop.ui.header import Header
from desktop.ui.instance_server import take_lock
from desktop.ui.labels import ElidedLabel
from desktop.ui.options import Options
from desktop.ui.program import Program
from desktop.ui.theme import apply_theme
from desktop.ui.window import MainWindow
from desktop.ui.window_place import first_place
from tests.ui.desk import DONE, Desk, become, ready, say

_LONG = "Qwen3-Coder-480B-A35B-Instruct-Distilled-Unsloth-Dynamic-Q4_K_M"
_MODEL = InstalledModel(_LONG, _LONG, Path("/m.gguf"), 5_400_000_000)
_FAILED = EngineState(Phase.FAILED, _MODEL, error=EngineDied(Text("No"), Text("Try again.")))


@pytest.fixture
def header(qtbot: QtBot) -> Iterator[Header]:
    host = QWidget()
    qtbot.addWidget(host)
    host.resize(1200, 200)
    one = Header(host)
    one.set_title("What a heat pump does in a cold winter night")
    one.set_engine(_FAILED)
    host.show()
    yield one
    host.hide()


def _model(header: Header) -> QToolButton:
    return next(
        each for each in header.findChildren(QToolButton) if "Model" in each.accessibleName()
    )


def _label(header: Header, whole: str) -> ElidedLabel:
    return next(each for each in header.findChildren(ElidedLabel) if each.whole_text() == whole)


def test_what_the_engine_holds_is_not_said_of_a_model_of_a_server(header: Header) -> None:
    name = "ollama:gemma2:9b"
    header.set_memory(EngineMemory(2_400_000_000))
    assert "in memory" in _model(header).accessibleDescription()

    header.show_model(InstalledModel(name, "gemma2:9b", Path(name), 0, server="ollama"))
    assert "in memory" not in _model(header).accessibleDescription()

    # It can still be freed.
    header.model_menu.set_models([], None)
    assert any("2.4" in each.text() for each in header.model_menu.actions())


def test_a_menu_that_is_filled_while_it_is_open_hangs_from_the_same_corner(
    header: Header, qtbot: QtBot
) -> None:
    menu = header.model_menu
    models = [_MODEL, InstalledModel("tiny", "tiny", Path("/tiny.gguf"), 1_000_000)]
    menu.set_models(models, None)
    menu.popup(QPoint(300, 100))
    qtbot.waitUntil(menu.isVisible)
    right, wide = menu.geometry().right(), menu.sizeHint().width()

    menu.set_models(models[1:], None)

    assert menu.sizeHint().width() < wide
    qtbot.waitUntil(lambda: abs(menu.geometry().right() - right) <= 1)
    menu.close()


def test_of_another_model_than_the_one_named_nothing_is_said(header: Header) -> None:
    other = InstalledModel("tiny", "tiny", Path("/tiny.gguf"), 1_000_000)
    header.resize(1200, header.sizeHint().height())
    header.show_model(other)
    assert _model(header).accessibleName() == "Model: tiny"
    assert not any(each.whole_text() == "Not loaded" for each in header.findChildren(ElidedLabel))
    header.set_engine(EngineState(Phase.LOADING, other))
    assert _label(header, "Starting the engine").isVisible()
    header.show_model(None)
    header.set_engine(_FAILED)
    assert _label(header, "Not loaded").isVisible()


def test_longer_words_about_the_model_are_never_over_its_name(header: Header) -> None:
    header.resize(1200, header.sizeHint().height())
    header.set_engine(EngineState(Phase.READY, _MODEL))
    header.set_answering(answering=True)
    QApplication.processEvents()
    header.set_engine(EngineState(Phase.LOADING, _MODEL))
    # Before the layout has its turn.
    status = _label(header, "Starting the engine")
    assert status.geometry().right() < _model(header).geometry().left()


@pytest.mark.parametrize("width", [1000, 700, 480, 420])
def test_the_models_name_gives_way_first_the_title_keeps_its_place(
    header: Header, width: int
) -> None:
    for each in (1200, width):
        header.resize(each, header.sizeHint().height())
        QApplication.processEvents()
    assert header.width() == width
    model, state = _model(header), _label(header, "Not loaded")

    assert model.width() <= 0.4 * width + 1
    assert model.text().startswith("Qwen")
    assert model.text().endswith("_M")
    assert "…" in model.text()
    assert _LONG in model.toolTip()
    assert state.isHidden() or state.text() == "Not loaded", "a whole word or none"
    assert model.accessibleDescription() == "Not loaded"
    assert _label(header, "What a heat pump does in a cold winter night").width() >= 90
    assert model.geometry().right() < header.width() - 30, "and the menu is still there"


def test_the_state_is_hidden_only_where_there_is_no_room(header: Header) -> None:
    state = _label(header, "Not loaded")
    seen = []
    for width in (420, 1000):
        header.resize(width, header.sizeHint().height())
        header.show_sidebar_button(visible=True)
        seen.append(state.isVisible())

    assert seen == [False, True]


def test_a_short_name_is_not_cut(header: Header) -> None:
    header.set_engine(EngineState(Phase.LOADING, InstalledModel("a", "A & B", Path("/a"), 1)))
    header.resize(800, header.sizeHint().height())

    assert _model(header).text() == "A && B"


def test_ready_is_not_worth_a_word_and_an_answer_is(desk: Desk, qtbot: QtBot) -> None:
    header = desk.window.header
    status = header._status
    assert status.isHidden()
    assert _model(header).accessibleDescription() == "Ready"

    desk.ask("One?")
    assert status.whole_text() == "Answering…"
    assert status.property("tone") == "muted"
    assert status.isVisible()
    chat = desk.controller.chat
    desk.controller.new_chat()
    assert status.isHidden(), "it is another chat that is answered"
    desk.controller.open_chat(chat)
    assert status.isVisible()
    with qtbot.waitSignal(desk.chats.answer_finished):
        desk.engine.tell(1, *say("Yes."), DONE)
    qtbot.waitUntil(status.isHidden)


def test_a_button_forgets_the_pointer_when_its_menu_closes(desk: Desk, qtbot: QtBot) -> None:
    header = desk.window.header
    QCursor.setPos(desk.window.mapToGlobal(QPoint(5, desk.window.height() - 5)))
    for button in (header._more, _model(header)):
        button.setAttribute(Qt.WidgetAttribute.WA_UnderMouse, True)
    header.main_menu.aboutToHide.emit()
    header.model_menu.aboutToHide.emit()

    qtbot.waitUntil(lambda: not header._more.underMouse() and not _model(header).underMouse())


@pytest.mark.parametrize(
    ("model", "title", "heading", "asks"),
    [
        ("", "Built-in guide", "Welcome to Lapis", "Ask about Lapis…"),
        ("/models/tiny-2b-it-Q4_K_M.gguf", "Tiny 2B · Q4_K_M", "Tiny 2B · Q4_K_M", "Ask anything…"),
        ("Qwen2.5-7B", "Qwen2.5 7B", "Qwen2.5 7B", "Ask anything…"),
    ],
)
def test_the_first_picture_is_right(
    qtbot: QtBot, model: str, title: str, heading: str, asks: str
) -> None:
    window = MainWindow()
    qtbot.addWidget(window)
    # Wide enough for the name, also where letters are wide.
    window.resize(1200, 720)
    window.expect_model(expected_model(model, ConnectionSettings()))
    window.show()

    assert _model(window.header).text() == title
    assert heading in [each.whole_text() for each in window.findChildren(ElidedLabel)]
    assert window.composer.field.placeholderText() == asks
    assert window.header._guide.isVisible() is (model == "")


def test_the_program_names_its_model_before_there_is_an_engine(
    qapp: QApplication, tmp_path: Path
) -> None:
    paths = paths_under(tmp_path)
    paths.create()
    lock = take_lock(paths, "show")
    assert lock is not None
    program = Program(qapp, Options(model="Tiny-2B"), paths, lock)
    shown = _model(program._window.header).text()
    program._shutdown.run()
    program._window.deleteLater()

    assert shown == "Tiny 2B"


def test_the_guide_welcomes(desk: Desk, qtbot: QtBot) -> None:
    empty = desk.window.transcript.empty_state
    assert empty._heading.whole_text() == "Welcome to Lapis"
    assert empty._about.text() == "A private assistant that runs on this computer"
    assert [card.accessibleName() for card in empty._cards] == [
        "Where do I get a model?",
        "Which model suits my computer?",
        "What does Lapis send over the network?",
    ]

    become(desk, qtbot, ready(_MODEL))
    assert empty._heading.whole_text() == "Qwen3 Coder 480B A35B Distilled Unsloth Dynamic · Q4_K_M"


@pytest.mark.parametrize("screen", [(0, 0, 960, 540), (48, 27, 912, 513), (0, 0, 2560, 1400)])
def test_the_first_place_is_on_the_screen_with_its_frame(
    screen: tuple[int, int, int, int],
) -> None:
    place = first_place(QRect(*screen))

    assert QRect(*screen).contains(place.adjusted(-8, -40, 8, 8))
    assert place.width() <= 1080
    assert place.height() <= 720


def test_a_first_window_takes_that_place(qtbot: QtBot) -> None:
    window = MainWindow()
    qtbot.addWidget(window)
    window.restore(WindowSettings())

    assert window.geometry() == first_place(QApplication.primaryScreen().availableGeometry())


@pytest.mark.parametrize("name", ["双子座 2B", "ふたご座", "쌍둥이자리"])
def test_a_model_of_any_script_leaves_the_talk_where_it_is(
    header: Header, qapp: QApplication, name: str
) -> None:
    apply_theme(qapp, Theme.LIGHT)
    header.set_engine(EngineState(Phase.READY, InstalledModel("g", "g", Path("/g.gguf"), 1)))
    height = _model(header).sizeHint().height()
    header.set_engine(EngineState(Phase.READY, InstalledModel(name, name, Path("/n.gguf"), 1)))

    assert _model(header).sizeHint().height() == height
