"""A long answer that nobody saw coming to its end is told, with no more than the chat's title."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from desktop.domain.chat import Event, Finished, StopReason, TextDelta
from desktop.domain.settings import ChatsSettings
from desktop.ui.done_notice import DoneNotice, notice_text
from tests.ui.desk import DIED, DONE, USAGE
from tests.ui.talk import Talk, open_talk


@dataclass
class Room:
    """Chats, and what was told of them."""

    talk: Talk
    told: list[tuple[int, str, bool]]
    now: float = 100.0
    in_front: bool = False

    def answer(self, seconds: float, *end: Event, temporary: bool = False) -> int:
        """Ask, and let the answer take so long."""
        chat = self.talk.chats.ask(None, "A <b>bold</b>\u202e question?", temporary=temporary)
        self.now += seconds
        self.talk.say(1, TextDelta("Yes."), *(end or (DONE,)))
        return chat


@pytest.fixture
def room(tmp_path: Path, qtbot: QtBot) -> Iterator[Room]:
    with open_talk(tmp_path, qtbot) as talk:
        room = Room(talk, [])
        notice = DoneNotice(
            talk.chats,
            talk.preferences,
            talk.chats,
            clock=lambda: room.now,
            is_in_front=lambda: room.in_front,
        )
        notice.answer_finished_unseen.connect(lambda *told: room.told.append(told))
        yield room


def test_a_long_answer_is_told_with_its_title_as_plain_text(room: Room) -> None:
    chat = room.answer(8.0)
    (told,) = room.told
    assert told == (chat, notice_text("A <b>bold</b> question?"), True)


def test_a_short_answer_is_not_told(room: Room) -> None:
    room.answer(7.9)
    assert room.told == []


def test_who_has_lapis_in_front_is_not_told(room: Room) -> None:
    room.in_front = True
    room.answer(60.0)
    assert room.told == []


def test_who_stopped_it_is_not_told(room: Room) -> None:
    room.answer(60.0, Finished(StopReason.STOPPED, USAGE))
    assert room.told == []


def test_an_answer_that_failed_is_told(room: Room) -> None:
    room.answer(60.0, DIED)
    assert [whole for _chat, _title, whole in room.told] == [False]


def test_of_a_temporary_chat_not_even_the_title_is_told(room: Room) -> None:
    chat = room.answer(60.0, temporary=True)
    assert room.told == [(chat, "", True)]


def test_it_can_be_switched_off(room: Room) -> None:
    preferences = room.talk.preferences
    preferences.set(replace(preferences.value, chats=ChatsSettings(notify=False)))
    room.answer(60.0)
    assert room.told == []


def test_a_title_is_one_short_line() -> None:
    assert notice_text("one\n two\x1b[31m\u200b three") == "one two[31m three"
    assert len(notice_text("x" * 500)) == 80


@pytest.mark.parametrize(
    ("system", "shown"),
    [("linux", "R&amp;D &lt;b&gt;"), ("win32", "R&D <b>"), ("darwin", "R&D <b>")],
)
def test_where_a_desktop_would_take_it_for_markup_it_is_escaped(
    system: str, shown: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.platform", system)
    assert notice_text("R&D <b>") == shown
