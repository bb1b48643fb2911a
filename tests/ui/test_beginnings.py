"""What quick actions begin with is read while nobody waits for an answer, once for each load."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import pytest
from pytestqt.qtbot import QtBot

from desktop.domain.chat import ChatRequest, Role
from desktop.domain.engine import EngineState
from desktop.ui import beginnings
from desktop.ui.beginnings import Beginnings
from tests.ui.desk import DONE, Desk, ready


@dataclass
class Place:
    """A desk, and what is to be read on it."""

    desk: Desk
    reader: Beginnings
    texts: list[str]

    def asked(self) -> list[str]:
        return [_said(one) for one in self.desk.engine.requests]

    def done(self) -> None:
        """Let the engine end what it was asked last."""
        self.desk.engine.tell(len(self.desk.engine.requests), DONE)


def _said(request: ChatRequest) -> str:
    return "|".join(message.content for message in request.messages)


@pytest.fixture
def place(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    monkeypatch.setattr(beginnings, "_QUIET_MS", 5)
    texts: list[str] = []
    reader = Beginnings(
        lambda: texts, desk.chats, desk.preferences, desk.own, desk.bridge, desk.window
    )
    one = Place(desk, reader, texts)
    texts.extend(["Explain:", "Translate:"])
    desk.models.state_changed.connect(reader.set_engine)
    reader.attach(desk.engine)
    yield one
    reader.close()


def test_each_is_asked_for_one_token_after_the_other(place: Place, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: place.asked() == ["Explain:"])
    request = place.desk.engine.requests[0]
    assert request.messages[-1].role is Role.USER
    assert request.sampling.max_tokens == 1
    assert request.keep_state

    place.done()
    qtbot.waitUntil(lambda: place.asked() == ["Explain:", "Translate:"])
    place.done()
    with qtbot.waitSignal(place.desk.bridge.event_arrived):
        pass
    assert not place.reader._quiet.isActive()


def test_a_question_goes_first_and_what_it_broke_off_is_read_after_it(
    place: Place, qtbot: QtBot
) -> None:
    qtbot.waitUntil(lambda: len(place.asked()) == 1)
    place.desk.ask("What is a lapis?")
    assert place.desk.engine.cancelled == [1]
    qtbot.waitUntil(lambda: len(place.asked()) == 2)
    assert "What is a lapis?" in place.asked()[1]

    place.desk.engine.tell(2, DONE)
    qtbot.waitUntil(lambda: place.asked()[2:] == ["Explain:"])


def test_another_load_begins_anew(place: Place, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: len(place.asked()) == 1)
    place.done()
    qtbot.waitUntil(lambda: len(place.asked()) == 2)
    place.done()
    model = place.desk.engine.state.model
    assert model is not None
    place.desk.engine.become(EngineState(model=model))
    place.desk.engine.become(ready(model))

    qtbot.waitUntil(lambda: place.asked()[2:] == ["Explain:"])


def test_the_system_prompt_stands_before_them(place: Place, qtbot: QtBot) -> None:
    place.desk.preferences.change(lambda now: replace(now, system_prompt="Be brief."))
    qtbot.waitUntil(lambda: place.asked() == ["Be brief.|Explain:"])
