"""The first steps as they are seen: three pages, by keyboard too, in every language and theme."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QGuiApplication, QKeySequence, QShortcut
from PySide6.QtWidgets import QApplication, QLabel, QWidget
from pytestqt.qtbot import QtBot

from desktop.domain.advice import Pick
from desktop.domain.errors import NetworkError
from desktop.domain.hotkey import KeyAction, KeyResult, KeyStatus
from desktop.domain.machine import DiskUse, Machine, MemoryUse, Power, Supply
from desktop.domain.model import Device, DeviceKind
from desktop.domain.settings import Theme
from desktop.domain.shelf import Origin
from desktop.domain.text import Text
from desktop.services.hotkey import Desktop
from desktop.ui.command_line import CommandLine
from desktop.ui.discover_feed import GetState, Stage
from desktop.ui.first_run import FirstRun
from desktop.ui.first_run_computer import FirstRunComputer
from desktop.ui.first_run_key import FirstRunKey
from desktop.ui.first_run_model import FirstRunModel, ModelOffer, Role
from desktop.ui.get_button import GetButton, Wish
from desktop.ui.illustration import Illustration
from desktop.ui.key_recorder import KeyRecorder
from desktop.ui.key_view import TrialState
from desktop.ui.licence_card import LicenceCard
from desktop.ui.model_sheet import listed_sheet
from desktop.ui.shelf_menu import ShelfMenu
from desktop.ui.theme import apply_theme
from desktop.ui.tokens import DARK, LIGHT
from desktop.ui.use_card import UseCard
from tests.ui.keys import COMMAND, KeyPlace, ScriptedKeys, key_place
from tests.ui.marking import Marking, unmarked
from tests.ui.model_samples import advice, bury, entry, listed
from tests.ui.transcripts import double_click

_GB = 10**9
_GIB = 2**30
_CARD = Device("CUDA0", "RTX 4060", "CUDA", DeviceKind.GPU, 7 * _GB, 8 * _GB)
_MACHINE = Machine(
    MemoryUse(16 * _GIB, 1 * _GB, 9 * _GB),
    DiskUse("/models", 500 * _GB, 0, 200 * _GB),
    (),
    power=Power(Supply.BATTERY, 81),
    devices=(),
)


def _offer(
    role: Role, name: str, state: GetState | None = None, accepted: frozenset[str] = frozenset()
) -> ModelOffer:
    model = listed(name)
    known = advice(model)
    assert known.recommended is not None
    pick = Pick(model, known.recommended, known.context, known.reason)
    return ModelOffer(role, pick, listed_sheet(model, "en", accepted), state or GetState())


def _offers(state: GetState | None = None) -> tuple[ModelOffer, ...]:
    return (
        _offer(Role.BALANCED, "qwen3.5-4b", state),
        _offer(Role.BEST, "qwen3.5-9b"),
        _offer(Role.FASTEST, "gemma-2-2b-it"),
    )


class Steps:
    """The page with its three steps, in a window."""

    def __init__(self, keys: KeyPlace) -> None:
        self.keys = keys
        self.window = QWidget()
        self.window.resize(1080, 720)
        self.view = FirstRun(self.window)
        self.view.resize(self.window.size())
        self.computer = FirstRunComputer()
        self.model = FirstRunModel()
        self.key = FirstRunKey()
        self.key.attach(keys.desk)
        for number, step in enumerate((self.computer, self.model, self.key)):
            self.view.fill(number, step)
        self.window.show()
        self.window.activateWindow()
        self.view.take_focus()

    def uses(self) -> list[UseCard]:
        """Return the cards with bars that can be seen."""
        QApplication.processEvents()
        return [card for card in self.view.findChildren(UseCard) if card.isVisible()]

    def words(self) -> list[str]:
        """Return all words that can be seen."""
        QApplication.processEvents()
        labels = self.view.findChildren(QLabel)
        return [label.text() for label in labels if label.isVisible() and label.text()]

    def press(self, qtbot: QtBot, key: Qt.Key, modifier: Qt.KeyboardModifier | None = None) -> None:
        """Press a key where the keyboard is."""
        qtbot.keyClick(self.view.focusWidget(), key, modifier or Qt.KeyboardModifier.NoModifier)


@pytest.fixture
def steps(qtbot: QtBot, qapp: QApplication, tmp_path: Path) -> Iterator[Steps]:
    apply_theme(qapp, Theme.LIGHT)
    with key_place(tmp_path) as keys:
        one = Steps(keys)
        qtbot.waitExposed(one.window)
        yield one
        bury(one.window)


def test_enter_goes_on_and_the_last_one_is_the_end(steps: Steps, qtbot: QtBot) -> None:
    shown: list[int] = []
    steps.view.step_shown.connect(shown.append)
    steps.press(qtbot, Qt.Key.Key_Return)
    steps.press(qtbot, Qt.Key.Key_Return)
    with qtbot.waitSignal(steps.view.finished):
        steps.press(qtbot, Qt.Key.Key_Return)

    assert shown == [1, 2]
    assert steps.view.accessibleName() == "Step 3 of 3: Your key"


@pytest.mark.parametrize("step", [0, 1, 2])
def test_escape_skips_at_every_step_and_nothing_else_hears_it(
    steps: Steps, qtbot: QtBot, step: int
) -> None:
    heard: list[bool] = []
    other = QShortcut(QKeySequence(Qt.Key.Key_Escape), steps.window)
    other.activated.connect(lambda: heard.append(True))
    steps.view.show_step(step)
    with qtbot.waitSignal(steps.view.skipped):
        steps.press(qtbot, Qt.Key.Key_Escape)

    assert not heard


def test_skip_can_be_seen_at_every_step(steps: Steps, qtbot: QtBot) -> None:
    for step in range(3):
        steps.view.show_step(step)
        assert steps.view._skip.isVisible()
        assert steps.view._skip.accessibleName() == "Skip the first steps (Esc)"
    with qtbot.waitSignal(steps.view.skipped):
        steps.view._skip.click()


def test_one_can_go_back(steps: Steps, qtbot: QtBot) -> None:
    assert not steps.view._back.isVisible()
    steps.view.show_step(2)
    steps.view._back.click()
    assert steps.view.step == 1
    steps.press(qtbot, Qt.Key.Key_Left, Qt.KeyboardModifier.AltModifier)
    assert steps.view.step == 0
    steps.press(qtbot, Qt.Key.Key_Right, Qt.KeyboardModifier.AltModifier)
    assert steps.view.step == 1


def test_the_dots_stand_in_the_middle_whatever_the_words_are(steps: Steps) -> None:
    steps.view._next.setText("One word and many more")
    steps.view.show_step(1)
    steps.view._next.setText("One word and many more")
    QApplication.processEvents()

    middle = steps.view._dots.mapTo(steps.view, steps.view._dots.rect().center()).x()
    assert abs(middle - steps.view.width() // 2) <= 1


def test_long_news_of_a_download_make_the_window_no_wider(steps: Steps) -> None:
    before = steps.view.minimumSizeHint().width()
    steps.view.say_below(
        "Some-Model-With-A-Very-Long-Name-Q4_K_M: 12.3 of 18.6 GB, 9 min left. " * 3
    )

    assert steps.view._foot.isVisible()
    assert steps.view.minimumSizeHint().width() == before <= 420


def test_the_tab_key_comes_to_everything(steps: Steps, qtbot: QtBot) -> None:
    steps.model.set_offers(_offers())
    steps.view.show_step(1)
    seen: set[QWidget] = set()
    for _ in range(40):
        steps.press(qtbot, Qt.Key.Key_Tab)
        focus = steps.view.focusWidget()
        assert focus is not None
        seen.add(focus)

    assert {steps.view._next, steps.view._back, steps.view._skip, steps.model._file} <= seen
    assert steps.view.findChild(GetButton) in seen


def test_the_computer_is_a_sentence_and_bars(steps: Steps) -> None:
    steps.computer.set_machine(replace(_MACHINE, devices=(_CARD,)))

    assert any(words.startswith("A 16 GB laptop with a graphics card") for words in steps.words())
    told = {card.accessibleName(): card.accessibleDescription() for card in steps.uses()}
    assert told == {
        "Memory": "Lapis 1.0 GB, Other programs 7.2 GB, Free 9.0 GB",
        "Graphics card, 8.0 GB": "In use 1.0 GB, Free 7.0 GB",
    }


def test_bars_stay_while_figures_change(steps: Steps) -> None:
    steps.computer.set_machine(replace(_MACHINE, devices=(_CARD,)))
    before = steps.uses()
    steps.computer.set_machine(replace(_MACHINE, devices=(replace(_CARD, free=1 * _GB),)))

    after = steps.uses()
    assert after == before
    assert after[1].accessibleDescription() == "In use 7.0 GB, Free 1.0 GB"


def test_the_balanced_model_is_chosen_and_told_with_its_memory(steps: Steps) -> None:
    steps.model.set_offers(_offers())
    steps.view.show_step(1)
    best = _offers()[0].pick.advice

    words = steps.words()
    assert f"Qwen3.5-4B {best.quantisation}" in words
    assert {"Balanced", "Best answers", "Fastest"} <= set(words)
    assert {"Weights", "KV cache", "Working memory", "Still free"} <= set(words)
    assert not any("min" in each.split() or "left" in each for each in words), "no time yet"
    assert steps.view.focusWidget() is steps.model._card.button


def test_another_one_is_shown_when_it_is_chosen(steps: Steps, qtbot: QtBot) -> None:
    steps.model.set_offers(_offers())
    steps.view.show_step(1)
    steps.model._rows.rows()[1].click()
    with qtbot.waitSignal(steps.model.wished) as wished:
        steps.model._card.button.click()

    assert wished.args is not None
    offer, wish, _key = wished.args
    assert offer.role is Role.BEST
    assert wish is Wish.GET


def test_the_choice_stays_while_a_download_moves(steps: Steps) -> None:
    steps.model.set_offers(_offers())
    steps.model._rows.rows()[2].click()
    rows = steps.model._rows.rows()
    running = replace(_offers()[2], state=GetState(Stage.RUNNING, 0.25, "key"))
    steps.model.set_offers((*_offers()[:2], running))

    assert steps.model._rows.rows() == rows
    assert steps.model._rows.current == 2
    assert steps.model._card.button.state.share == 0.25


def test_terms_are_accepted_before_anything_is_fetched(steps: Steps, qtbot: QtBot) -> None:
    steps.model.set_offers(_offers())
    steps.view.show_step(1)
    steps.model._rows.rows()[2].click()
    licence = steps.view.findChild(LicenceCard)
    assert licence is not None
    assert licence.isVisible()
    with qtbot.assertNotEmitted(steps.model.wished):
        steps.model._card.button.click()

    with qtbot.waitSignal(steps.model.licence_accepted) as accepted:
        licence._box.click()
    assert accepted.args == ["gemma"]
    with qtbot.waitSignal(steps.model.wished):
        steps.model._card.button.click()


def test_a_double_click_goes_one_step_on(steps: Steps, qtbot: QtBot) -> None:
    double_click(qtbot, steps.view._next)
    assert steps.view.step == 1


def test_what_went_wrong_is_said_and_a_file_is_the_next_step(steps: Steps) -> None:
    steps.model.set_offers(_offers())
    steps.view.show_step(1)
    steps.model.show_error(NetworkError(Text("There is no network"), Text("Connect, and retry.")))

    assert "There is no network. Connect, and retry." in steps.words()
    assert steps.view.focusWidget() is steps.model._file


def test_what_cannot_be_reckoned_is_not_reckoned_for_ever(steps: Steps) -> None:
    steps.view.show_step(1)
    steps.model.show_error(NetworkError(Text("Nothing is known"), Text("Take a file.")))

    assert not any(words.startswith("Reckoning") for words in steps.words())
    assert "Nothing is known. Take a file." in steps.words()


def test_one_button_stands_out_on_each_step(steps: Steps) -> None:
    onward = steps.view._next
    assert onward.property("kind") == "primary"
    steps.model.set_offers(_offers())
    steps.view.show_step(1)
    assert onward.property("kind") == "normal", "Get is what this step is for"

    steps.model.set_offers(_offers(GetState(Stage.RUNNING, 0.4, "key")))
    assert onward.property("kind") == "primary", "it is on its way"
    steps.view.show_step(2)
    assert onward.property("kind") == "primary"


def test_without_a_network_a_file_is_offered_before_anything_fails(steps: Steps) -> None:
    steps.model.set_offers(_offers())
    steps.view.show_step(1)
    steps.model.set_connected(connected=False)
    steps.view.take_focus()
    assert steps.view.focusWidget() is steps.model._file
    assert any(words.startswith("This computer is not connected") for words in steps.words())
    steps.model.set_connected(connected=True)

    assert not any(words.startswith("This computer is not connected") for words in steps.words())


def test_without_anything_that_fits_it_is_said_and_a_file_is_offered(
    steps: Steps, qtbot: QtBot
) -> None:
    steps.view.show_step(1)
    assert any(words.startswith("Reckoning") for words in steps.words())
    steps.model.set_offers(())

    assert any(words.startswith("None of the models") for words in steps.words())
    with qtbot.waitSignal(steps.model.file_wanted):
        steps.model._file.click()
    with qtbot.waitSignal(steps.model.all_wanted):
        steps.model._all.click()


def test_models_of_other_programs_are_counted(steps: Steps, qtbot: QtBot) -> None:
    menu = steps.model.shelf
    steps.view.show_step(1)
    menu.set_entries((replace(entry("guide"), origin=Origin.GUIDE),))
    assert not menu.isVisible()

    ollama = [replace(entry(f"m{number}"), origin=Origin.OLLAMA) for number in range(3)]
    menu.set_entries(ollama)
    assert menu.isVisible()
    assert menu.text() == "Use Ollama: 3 models are here"
    menu.set_entries([*ollama, replace(entry("x"), origin=Origin.JAN)])
    assert menu.text() == "Use one that is here: Ollama 3, Jan 1"

    menu._menu.aboutToShow.emit()
    lines = [action for action in menu._menu.actions() if not action.isSeparator()]
    with qtbot.waitSignal(menu.chosen) as chosen:
        lines[-1].trigger()
    assert chosen.args == [entry("x").model]


def test_embedding_and_damaged_models_are_not_offered(qtbot: QtBot) -> None:
    menu = ShelfMenu()
    qtbot.addWidget(menu)
    broken = replace(entry("b"), origin=Origin.OLLAMA, problem=Text("It is damaged."))
    menu.set_entries([broken])

    assert menu.isHidden()


def test_the_key_is_there_already_and_works_once_it_was_pressed(steps: Steps) -> None:
    steps.view.show_step(2)
    assert "This is what the key will show:" in steps.words()
    steps.keys.start()
    assert any(words.startswith("Press the key once") for words in steps.words())
    steps.keys.keys.press("Ctrl+Alt+Space")

    assert "It works: the key calls the quick question." in steps.words()


def test_the_key_counts_only_where_it_is_asked_for(steps: Steps) -> None:
    steps.keys.start()
    steps.keys.keys.press("Ctrl+Alt+Space")
    assert not steps.key.is_pressed

    steps.view.show_step(2)
    steps.keys.keys.press("Ctrl+Alt+Space")
    assert steps.key.is_pressed


def test_another_key_is_not_said_to_work_before_it_was_pressed(steps: Steps) -> None:
    steps.keys.start()
    steps.view.show_step(2)
    steps.keys.keys.press("Ctrl+Alt+Space")
    steps.keys.desk.change(KeyAction.ASK, "Ctrl+Alt+K")
    assert any(words.startswith("Press the key once") for words in steps.words())

    steps.keys.keys.press("Ctrl+Alt+K")
    assert "It works: the key calls the quick question." in steps.words()


def test_a_command_from_a_terminal_proves_no_key(steps: Steps) -> None:
    steps.keys.start()
    steps.view.show_step(2)
    steps.keys.desk.tell_called()

    assert not steps.key.is_pressed


def test_nobody_waits_for_the_key_once_its_step_was_left(steps: Steps) -> None:
    steps.keys.start()
    steps.view.show_step(2)
    steps.keys.desk.begin_trial(KeyAction.ASK)
    steps.view.show_step(1)

    assert steps.keys.desk.view(KeyAction.ASK).trial.state is TrialState.NONE


def test_another_key_can_be_chosen_at_once(steps: Steps, qtbot: QtBot) -> None:
    steps.keys.start()
    steps.view.show_step(2)
    recorder = steps.key.findChild(KeyRecorder)
    assert recorder is not None
    recorder.setFocus()
    steps.press(qtbot, Qt.Key.Key_Return)
    assert recorder.is_recording
    with qtbot.assertNotEmitted(steps.view.skipped):
        steps.press(qtbot, Qt.Key.Key_Escape)
    recorder.record()
    ctrl_alt = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier
    steps.press(qtbot, Qt.Key.Key_K, ctrl_alt)

    assert steps.keys.preferences.value.keys.ask == "Ctrl+Alt+K"
    assert steps.view.step == 2


def test_where_no_program_has_keys_the_command_is_copied_exactly(
    qtbot: QtBot, tmp_path: Path
) -> None:
    manual = ScriptedKeys(name="manual", can_choose_keys=False)
    manual.answers = dict.fromkeys(KeyAction, KeyResult(KeyStatus.UNSUPPORTED))
    with key_place(tmp_path, manual, Desktop.LXQT) as keys:
        step = FirstRunKey()
        qtbot.addWidget(step)
        step.attach(keys.start().desk)
        step.show()
        (line,) = [each for each in step.findChildren(CommandLine) if each.isVisible()]
        line.copied.click()

        assert QGuiApplication.clipboard().text() == COMMAND


def test_the_picture_gives_way_in_a_small_window(steps: Steps, qtbot: QtBot) -> None:
    steps.computer.set_machine(_MACHINE)
    picture = steps.view._pages[0]._picture
    qtbot.waitUntil(picture.isVisible)
    steps.window.resize(420, 360)
    steps.view.resize(420, 360)

    qtbot.waitUntil(lambda: not picture.isVisible())
    steps.view.resize(1080, 720)
    qtbot.waitUntil(picture.isVisible)


@pytest.mark.parametrize("theme", [Theme.LIGHT, Theme.DARK])
def test_pictures_take_the_colours_of_the_theme(
    steps: Steps, qtbot: QtBot, qapp: QApplication, theme: Theme
) -> None:
    apply_theme(qapp, theme)
    tokens = LIGHT if theme is Theme.LIGHT else DARK
    for picture in steps.view.findChildren(Illustration):
        image = picture.grab().toImage()
        colours = {
            image.pixelColor(x, y).name().upper()
            for x in range(image.width())
            for y in range(0, image.height(), 2)
        }
        assert {tokens.accent, tokens.surface} <= colours
    apply_theme(qapp, Theme.LIGHT)


def test_every_word_follows_the_language(steps: Steps, qapp: QApplication) -> None:
    steps.computer.set_machine(replace(_MACHINE, devices=(_CARD,)))
    steps.model.set_offers(_offers())
    marking = Marking()
    for step in range(3):
        steps.view.show_step(step)
        qapp.installTranslator(marking)
        qapp.sendPostedEvents()
        left = {words for words in unmarked(steps.view) if not _is_foreign(words)}
        qapp.removeTranslator(marking)
        assert left == set()


def _is_foreign(words: str) -> bool:
    """Return whether these are names, figures or the catalogue's own words."""
    told = [COMMAND, "Ctrl+Alt+Space", "Lapis", "RTX 4060", "Esc"]
    told += [offer.sheet.name for offer in _offers()] + [offer.sheet.words for offer in _offers()]
    return any(each in words for each in told) or words[:1].isdigit()


class Count(QObject):
    """Counts how often a widget is painted."""

    def __init__(self) -> None:
        super().__init__()
        self.paints = 0

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:
        self.paints += event.type() == QEvent.Type.Paint
        return False


def test_the_same_look_again_paints_nothing(steps: Steps, qtbot: QtBot) -> None:
    steps.computer.set_machine(_MACHINE)
    (card,) = steps.uses()
    labels = [each for each in steps.view.findChildren(QLabel) if each.isVisible() and each.text()]
    other = next(label for label in labels if not card.isAncestorOf(label))
    count, beside = Count(), Count()
    card.installEventFilter(count)
    other.installEventFilter(beside)

    def paint_what_waits() -> None:
        before = beside.paints
        other.update()
        qtbot.waitUntil(lambda: beside.paints > before)

    first = -1
    while first != count.paints:
        first = count.paints
        paint_what_waits()
    steps.computer.set_machine(replace(_MACHINE))
    paint_what_waits()

    assert count.paints == first
