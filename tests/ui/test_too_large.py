"""A model that this computer has no memory for: what its refused answer offers, and what follows."""

from dataclasses import replace
from pathlib import Path

from PySide6.QtWidgets import QPushButton
from pytestqt.qtbot import QtBot

from desktop.domain.chat import Failed
from desktop.domain.chat_settings import ChatSettings
from desktop.domain.engine import EngineState, Phase
from desktop.domain.errors import TooLarge
from desktop.domain.history import MessageState
from desktop.domain.model import InstalledModel
from desktop.domain.text import Text
from desktop.services.context import Draft
from desktop.services.notes import note_of
from desktop.ui.answer_view import AnswerView
from desktop.ui.error_card import ErrorCard
from desktop.ui.popup import Popup
from desktop.ui.popup_controller import PopupController
from desktop.ui.popup_controller_model import PopupModels
from desktop.ui.too_large_choices import ANYWAY
from tests import gguf_files
from tests.ui.context_desk import context_desk
from tests.ui.desk import Desk, become
from tests.ui.messages import answer
from tests.ui.transcripts import button, click

_HUGE = InstalledModel("huge", "Huge 70B", Path("/m/huge.gguf"), 40_000_000_000)
_REFUSED = TooLarge(Text("Huge 70B needs 44 GB of memory"), Text("Choose a smaller model."))
_TOO_LONG = TooLarge(
    Text("Tiny needs 44 GB of memory"), Text("With a context of 8,192 tokens it fits."), 8192
)


def _offered(card: ErrorCard) -> list[str]:
    buttons = card.findChildren(QPushButton)
    return sorted(one.text() for one in buttons if one.isVisibleTo(card))


def _card(qtbot: QtBot, error: TooLarge) -> tuple[AnswerView, ErrorCard]:
    view = AnswerView(answer(2, "", MessageState.FAILED, note=note_of(error), usage=None))
    qtbot.addWidget(view)
    view.resize(600, 300)
    view.set_newest(True)
    view.show()
    (card,) = view.findChildren(ErrorCard)
    return view, card


def test_a_refused_answer_offers_what_helps(qtbot: QtBot) -> None:
    view, card = _card(qtbot, _TOO_LONG)
    assert _offered(card) == ["Choose a model", "Load it anyway", "Shorter context · 8K"]
    for words, way in (("Load it anyway", ANYWAY), ("Shorter context · 8K", 8192)):
        with qtbot.waitSignal(view.overflow_chosen) as chosen:
            click(qtbot, button(card, words))
        assert chosen.args == [2, way]
    with qtbot.waitSignal(view.model_wanted):
        click(qtbot, button(card, "Choose a model"))

    view.set_newest(False)
    assert _offered(card) == []


def test_where_no_context_helps_none_is_offered(qtbot: QtBot) -> None:
    _, card = _card(qtbot, _REFUSED)
    assert _offered(card) == ["Choose a model", "Load it anyway"]


def test_with_another_model_chosen_it_is_only_tried_again(qtbot: QtBot) -> None:
    view, card = _card(qtbot, _TOO_LONG)
    view.set_chosen("another")
    assert _offered(card) == ["Try again"]


def test_loaded_anyway_the_question_is_answered_after_all(desk: Desk, qtbot: QtBot) -> None:
    desk.controller.wishes.load_anyway_wanted.connect(desk.models.load_anyway)
    become(desk, qtbot, EngineState(Phase.FAILED, _HUGE, error=_REFUSED))
    desk.ask("Why?")
    with qtbot.waitSignal(desk.chats.answer_finished):
        desk.engine.tell(1, Failed(_REFUSED))
    (card,) = desk.window.transcript.findChildren(ErrorCard)
    click(qtbot, button(card, "Load it anyway"))

    assert desk.engine.anyway == [_HUGE]
    assert len(desk.engine.requests) == 2
    assert desk.window.banner.topic is None


def test_another_refused_choice_before_is_not_what_is_loaded(desk: Desk, qtbot: QtBot) -> None:
    become(desk, qtbot, EngineState(Phase.FAILED, _HUGE, error=_REFUSED))
    desk.models._on_refused(_REFUSED, replace(_HUGE, path=Path("/m/other.gguf")))
    desk.models.load_anyway()

    assert desk.engine.anyway == [_HUGE]


def test_the_popup_loads_it_too(desk: Desk, qtbot: QtBot) -> None:
    popup = Popup(translucent=True)
    qtbot.addWidget(popup)
    popups = PopupController(popup, desk.chats)
    PopupModels(popup, popups, desk.models, desk.preferences)
    become(desk, qtbot, EngineState(Phase.FAILED, _HUGE, error=_REFUSED))
    popup.bring_to_front()
    popup.submitted.emit(Draft("Why?"))
    with qtbot.waitSignal(desk.chats.answer_finished):
        desk.engine.tell(1, Failed(_REFUSED))
    (card,) = popup.transcript.findChildren(ErrorCard)
    click(qtbot, button(card, "Load it anyway"))

    assert desk.engine.anyway == [_HUGE]
    assert len(desk.engine.requests) == 2
    popup.hide()


def test_a_shorter_context_holds_for_the_chat_and_brings_the_answer(
    qtbot: QtBot, tmp_path: Path
) -> None:
    model = gguf_files.write_llama(tmp_path / "m.gguf", answer="It is made of stone.", stops=True)
    with context_desk(qtbot, tmp_path, model) as desk:
        chat = desk.store.create(settings=ChatSettings(n_ctx=1024)).id
        _, first = desk.ask(chat, "What is the moon?")
        count = len(desk.finished)
        desk.overflow.use_context(chat, first.id, 512)

        assert desk.store.settings(chat).n_ctx == 512
        assert desk.answer(count).content
