"""What is set for one model: shown, changed at once, and taken back."""

from collections.abc import Hashable

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QAbstractButton, QApplication, QLineEdit, QPlainTextEdit, QSlider
from pytestqt.qtbot import QtBot

from desktop.domain.chat import Sampling
from desktop.domain.errors import TemplateError
from desktop.domain.shelf import ModelDefaults
from desktop.domain.text import Text
from desktop.ui.menu_button import MenuButton
from desktop.ui.model_settings_card import GeneralValues, ModelSettingsCard
from desktop.ui.notice_card import NoticeCard
from desktop.ui.setting_row import NumberControl
from tests.ui.shelf import entry

MODEL = entry("gemma").model
GENERAL = GeneralValues(
    system_prompt="Be kind.",
    sampling=Sampling(temperature=0.7, top_k=40),
    n_ctx=8192,
    longest_context=32768,
    layers=40,
    templates=("chatml", "gemma"),
)


@pytest.fixture
def card(qtbot: QtBot) -> ModelSettingsCard:
    one = ModelSettingsCard()
    qtbot.addWidget(one)
    one.resize(640, 900)
    one.show_model(MODEL, ModelDefaults(), GENERAL)
    one.show()
    return one


def _field(card: ModelSettingsCard, name: str) -> QLineEdit:
    (field,) = (one for one in card.findChildren(QLineEdit) if one.accessibleName() == name)
    return field


def _prompt(card: ModelSettingsCard) -> QPlainTextEdit:
    (field,) = (one for one in card.findChildren(QPlainTextEdit) if not one.isReadOnly())
    return field


def _menu(card: ModelSettingsCard, purpose: str) -> MenuButton:
    (menu,) = (
        one
        for one in card.findChildren(MenuButton)
        if one.accessibleName().startswith(f"{purpose}")
    )
    return menu


def _visible(card: ModelSettingsCard, name: str) -> list[QAbstractButton]:
    return [
        button
        for button in card.findChildren(QAbstractButton)
        if button.isVisible() and name in {button.text(), button.accessibleName()}
    ]


def _reset(card: ModelSettingsCard, name: str) -> None:
    (button,) = _visible(card, f"{name}: as in the general settings")
    button.click()


def _type(field: QLineEdit, text: str, qtbot: QtBot) -> None:
    field.selectAll()
    qtbot.keyClicks(field, text)
    qtbot.keyClick(field, Qt.Key.Key_Return)


def test_nothing_is_set_at_first(card: ModelSettingsCard) -> None:
    assert card.defaults == ModelDefaults()
    assert _field(card, "Creativity").text() == "0.7"
    assert _prompt(card).placeholderText() == "Be kind."
    assert not [
        button
        for button in card.findChildren(QAbstractButton)
        if button.isVisible() and "general settings" in button.accessibleName()
    ]


def test_a_number_is_told_at_once_and_can_be_taken_back(
    card: ModelSettingsCard, qtbot: QtBot
) -> None:
    with qtbot.waitSignal(card.defaults_changed) as told:
        _type(_field(card, "Creativity"), "0,25", qtbot)
    sampling = Sampling(temperature=0.25, top_k=40)
    assert told.args == [MODEL, ModelDefaults(sampling=sampling)]

    with qtbot.waitSignal(card.defaults_changed) as told:
        _reset(card, "Creativity")
    assert told.args == [MODEL, ModelDefaults()]
    assert _field(card, "Creativity").text() == "0.7"


@pytest.mark.parametrize("wrong", ["", "hot", "-1", "9", "nan", "inf"])
def test_what_is_no_number_or_out_of_bounds_is_not_taken(
    card: ModelSettingsCard, qtbot: QtBot, wrong: str
) -> None:
    field = _field(card, "Creativity")
    field.selectAll()
    with qtbot.assertNotEmitted(card.defaults_changed):
        qtbot.keyClick(field, Qt.Key.Key_Backspace)
        qtbot.keyClicks(field, wrong)
        assert field.property("wrong") is True
        qtbot.keyClick(field, Qt.Key.Key_Return)

    assert field.text() == "0.7"
    assert field.property("wrong") is False


def test_arrows_and_slider_go_by_steps(qtbot: QtBot) -> None:
    control = NumberControl(0, 2, 0.05, field_most=5)
    qtbot.addWidget(control)
    control.set_value(0.7)
    field, slider = control.findChild(QLineEdit), control.findChild(QSlider)
    assert field is not None
    assert slider is not None
    qtbot.keyClick(field, Qt.Key.Key_Up)
    assert control.value == pytest.approx(0.75)

    slider.setValue(slider.maximum())
    assert control.value == 2
    _type(field, "4.5", qtbot)
    assert control.value == 4.5


def test_the_wheel_is_left_to_the_page(qtbot: QtBot) -> None:
    control = NumberControl(0, 2, 0.05)
    qtbot.addWidget(control)
    slider = control.findChild(QSlider)
    assert slider is not None
    none = Qt.KeyboardModifier.NoModifier
    turn = QWheelEvent(
        QPointF(5, 5),
        QPointF(5, 5),
        QPoint(0, 0),
        QPoint(0, 120),
        Qt.MouseButton.NoButton,
        none,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )

    QApplication.sendEvent(slider, turn)

    assert control.value == 0


def test_rare_numbers_are_unfolded_and_seen_when_they_are_set(card: ModelSettingsCard) -> None:
    assert not _field(card, "Top-k").isVisible()
    (more,) = _visible(card, "Show more")
    more.click()
    assert _field(card, "Top-k").isVisible()
    more.click()

    own = ModelDefaults(sampling=Sampling(temperature=0.7, top_k=7))
    card.show_model(MODEL, own, GENERAL)

    assert _field(card, "Top-k").isVisible()
    assert not _field(card, "Min-p").isVisible()


def test_whole_numbers_stay_whole(card: ModelSettingsCard, qtbot: QtBot) -> None:
    (more,) = _visible(card, "Show more")
    more.click()

    _type(_field(card, "Top-k"), "12", qtbot)

    assert card.defaults.sampling is not None
    assert repr(card.defaults.sampling.top_k) == "12"


def test_the_prompt_is_told_after_a_pause(card: ModelSettingsCard, qtbot: QtBot) -> None:
    told: list[ModelDefaults] = []
    card.defaults_changed.connect(lambda _model, defaults: told.append(defaults))
    qtbot.keyClicks(_prompt(card), "Be brief.")
    assert told == []

    qtbot.waitUntil(lambda: told == [ModelDefaults(system_prompt="Be brief.")])
    _reset(card, "System prompt")
    assert told[-1] == ModelDefaults()
    assert _prompt(card).toPlainText() == ""


def test_what_was_typed_last_is_told_before_the_card_goes(
    card: ModelSettingsCard, qtbot: QtBot
) -> None:
    qtbot.keyClicks(_prompt(card), "Be brief.")

    with qtbot.waitSignal(card.defaults_changed):
        card.flush()

    assert card.defaults.system_prompt == "Be brief."


def test_what_was_typed_last_is_told_when_the_window_goes(
    card: ModelSettingsCard, qtbot: QtBot
) -> None:
    qtbot.keyClicks(_prompt(card), "Be brief.")
    card.window().hide()

    assert card.defaults.system_prompt == "Be brief."


def test_what_was_typed_for_one_model_is_told_for_that_one(
    card: ModelSettingsCard, qtbot: QtBot
) -> None:
    qtbot.keyClicks(_prompt(card), "Be brief.")
    with qtbot.waitSignal(card.defaults_changed) as told:
        card.show_model(entry("llama").model, ModelDefaults(), GENERAL)

    assert told.args == [MODEL, ModelDefaults(system_prompt="Be brief.")]
    assert _prompt(card).toPlainText() == ""
    assert card.defaults == ModelDefaults()


@pytest.mark.parametrize(
    ("purpose", "value", "expected"),
    [
        ("Context", 16384, ModelDefaults(n_ctx=16384)),
        ("Context", 0, ModelDefaults(n_ctx=0)),
        ("Layers on the graphics card", 20, ModelDefaults(n_gpu_layers=20)),
        ("Layers on the graphics card", 0, ModelDefaults(n_gpu_layers=0)),
        ("Chat template", "gemma", ModelDefaults(template="gemma")),
        ("Chat template", "auto", ModelDefaults(template="auto")),
    ],
)
def test_a_choice_is_told_and_can_be_taken_back(
    card: ModelSettingsCard,
    qtbot: QtBot,
    purpose: str,
    value: Hashable,
    expected: ModelDefaults,
) -> None:
    menu = _menu(card, purpose)
    assert value in dict(menu.choices)
    with qtbot.waitSignal(card.defaults_changed) as told:
        menu.chosen.emit(value)
    assert told.args == [MODEL, expected]
    assert menu.value == value

    _reset(card, purpose)
    assert card.defaults == ModelDefaults()


def test_contexts_go_up_to_what_the_model_can(card: ModelSettingsCard) -> None:
    sizes = [value for value, _words in _menu(card, "Context").choices]

    assert sizes == [None, 0, 2048, 4096, 8192, 16384, 32768]
    assert _menu(card, "Context").text() == "As usual: 8K tokens"


def test_all_is_reset_at_once(card: ModelSettingsCard, qtbot: QtBot) -> None:
    own = ModelDefaults("Be brief.", Sampling(temperature=0), 4096, 0, "gemma")
    card.show_model(MODEL, own, GENERAL)
    (everything,) = _visible(card, "Reset all")

    with qtbot.waitSignal(card.defaults_changed) as told:
        everything.click()

    assert told.args == [MODEL, ModelDefaults()]
    assert not everything.isEnabled()


def test_a_preview_is_asked_for_only_while_somebody_looks(
    card: ModelSettingsCard, qtbot: QtBot
) -> None:
    with qtbot.assertNotEmitted(card.preview_requested):
        _menu(card, "Chat template").chosen.emit("gemma")
    (fold,) = _visible(card, "Preview")
    with qtbot.waitSignal(card.preview_requested) as asked:
        fold.click()
    assert asked.args == [ModelDefaults(template="gemma")]
    with qtbot.waitSignal(card.preview_requested) as asked:
        _menu(card, "Chat template").chosen.emit("chatml")
    assert asked.args == [ModelDefaults(template="chatml")]

    card.set_preview("<bos><b>not bold</b>")
    assert card.preview.text() == "<bos><b>not bold</b>"


def test_a_template_that_fails_says_why(card: ModelSettingsCard) -> None:
    (fold,) = _visible(card, "Preview")
    fold.click()
    card.set_preview(TemplateError(Text("The template failed"), Text("Choose another one.")))
    notice = card.preview.findChild(NoticeCard)
    assert notice is not None
    assert notice.isVisible()
    assert notice.accessibleName() == "The template failed"

    card.set_preview("fine")
    assert not notice.isVisible()


def test_every_control_is_named(card: ModelSettingsCard) -> None:
    controls = [*card.findChildren(QLineEdit), *card.findChildren(QSlider), _prompt(card)]

    assert all(control.accessibleName() for control in controls)
