"""Keys follow the settings, and what could not be had changes nothing."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import QCoreApplication
from pytestqt.qtbot import QtBot

from desktop.domain.hotkey import USUAL, KeyAction, KeyResult, KeyStatus
from desktop.domain.settings import KeySettings
from desktop.system.hotkey.manual import NoKeys
from desktop.ui.hotkeys import Hotkeys
from tests.ui.keys import KeyPlace, ScriptedKeys, key_place

_ASK, _SHOW = KeyAction.ASK, KeyAction.SHOW
_SPACE, _J = "Ctrl+Alt+Space", "Ctrl+Alt+J"


@pytest.fixture
def place(qtbot: QtBot, tmp_path: Path) -> Iterator[KeyPlace]:
    with key_place(tmp_path) as one:
        yield one


@pytest.fixture
def news(place: KeyPlace) -> list[tuple[KeyAction, KeyStatus]]:
    heard: list[tuple[KeyAction, KeyStatus]] = []
    place.hotkeys.result_changed.connect(lambda a, r: heard.append((a, r.status)))
    return heard


def _turns() -> None:
    """Let Qt do what is due, a few times."""
    for _ in range(5):
        QCoreApplication.processEvents()


def _settle(place: KeyPlace, **keys: str) -> None:
    value = place.preferences.value
    place.preferences.set(replace(value, keys=replace(value.keys, **keys)))


def test_the_quick_question_has_its_usual_key_and_nothing_else_has_one(
    place: KeyPlace, news: list[tuple[KeyAction, KeyStatus]]
) -> None:
    place.start()

    assert place.keys.bound == {_ASK: _SPACE}
    assert place.results[_ASK] == KeyResult(KeyStatus.BOUND)
    assert {place.results[each].status for each in KeyAction if each is not _ASK} == {KeyStatus.OFF}
    assert place.hotkeys.chord(_ASK) == _SPACE
    assert place.hotkeys.chord(_SHOW) == ""
    assert news == [(_ASK, KeyStatus.BOUND)]


def test_a_press_is_told_before_it_returns_to_the_system(place: KeyPlace) -> None:
    place.start()
    heard: list[tuple[object, ...]] = []
    place.hotkeys.activated.connect(lambda *press: heard.append(press))
    place.keys.press(_SPACE)

    assert heard == [(_ASK, "", 1)]


def test_keys_follow_the_settings_and_only_those_that_changed_are_touched(place: KeyPlace) -> None:
    place.start()
    _settle(place, show=_J)
    assert place.keys.bound == {_ASK: _SPACE, _SHOW: _J}
    assert place.keys.asked == [(_ASK, _SPACE), (_SHOW, _J)]

    _settle(place, ask="", show="Meta+J")
    assert place.keys.bound == {_SHOW: "Meta+J"}
    assert place.results[_ASK].status is KeyStatus.OFF


def test_two_actions_can_swap_their_keys(place: KeyPlace) -> None:
    _settle(place, show=_J)
    place.start()
    _settle(place, ask=_J, show=_SPACE)

    assert place.keys.bound == {_ASK: _J, _SHOW: _SPACE}
    assert {place.results[_ASK].status, place.results[_SHOW].status} == {KeyStatus.BOUND}


def test_a_change_that_works_is_kept(
    place: KeyPlace, news: list[tuple[KeyAction, KeyStatus]]
) -> None:
    place.start()
    assert place.hotkeys.change(_SHOW, _J).status is KeyStatus.BOUND

    assert place.preferences.value.keys.show == _J
    assert place.keys.asked == [(_ASK, _SPACE), (_SHOW, _J)], "once"
    assert news == [(_ASK, KeyStatus.BOUND), (_SHOW, KeyStatus.BOUND)]
    assert place.hotkeys.change(_SHOW, "").status is KeyStatus.OFF
    assert place.preferences.value.keys.show == ""
    assert place.keys.bound == {_ASK: _SPACE}


def test_a_change_to_a_taken_key_leaves_everything_as_it_was(
    place: KeyPlace, news: list[tuple[KeyAction, KeyStatus]]
) -> None:
    place.keys.taken.add(_J)
    place.start()
    before = place.preferences.value

    assert place.hotkeys.change(_ASK, _J).status is KeyStatus.TAKEN
    assert place.hotkeys.change(_SHOW, _J).status is KeyStatus.TAKEN
    assert place.preferences.value == before
    assert place.keys.bound == {_ASK: _SPACE}
    assert place.results[_ASK].status is KeyStatus.BOUND
    assert place.results[_SHOW].status is KeyStatus.OFF
    assert news == [(_ASK, KeyStatus.BOUND)]


@pytest.mark.parametrize("chord", ["J", "Shift+J", "Ctrl+Nonsense Key", "Ctrl+J, Ctrl+K"])
def test_what_cannot_be_a_key_is_invalid_and_says_why(place: KeyPlace, chord: str) -> None:
    place.start()
    result = place.hotkeys.change(_ASK, chord)

    assert result.status is KeyStatus.INVALID
    assert str(result.reason)
    assert place.keys.bound == {_ASK: _SPACE}
    _settle(place, show=chord)
    assert place.results[_SHOW].status is KeyStatus.INVALID


def test_a_key_of_lapis_itself_is_taken(place: KeyPlace) -> None:
    place.start()
    result = place.hotkeys.change(_SHOW, _SPACE)

    assert result.status is KeyStatus.TAKEN
    assert "Lapis" in str(result.reason)


def test_the_usual_key_can_be_had_again_by_its_name(place: KeyPlace) -> None:
    place.start()
    place.hotkeys.change(_ASK, _J)
    place.hotkeys.change(_ASK, USUAL)

    assert place.preferences.value.keys.ask == USUAL
    assert place.keys.bound == {_ASK: _SPACE}


def test_a_key_that_was_taken_is_had_when_it_is_asked_for_again(
    place: KeyPlace, news: list[tuple[KeyAction, KeyStatus]]
) -> None:
    place.keys.taken.add(_SPACE)
    place.start()
    place.hotkeys.retry()
    assert place.results[_ASK].status is KeyStatus.TAKEN
    assert news == [(_ASK, KeyStatus.TAKEN)], "no news is not told"

    place.keys.taken.clear()
    place.hotkeys.retry()
    assert place.results[_ASK].status is KeyStatus.BOUND
    place.hotkeys.retry()
    assert place.keys.asked == [(_ASK, _SPACE)] * 3, "what is had is left alone"


def test_after_a_failed_change_a_taken_key_is_still_the_one_that_is_wanted(place: KeyPlace) -> None:
    place.keys.taken |= {_SPACE, _J}
    place.start()
    place.hotkeys.change(_ASK, _J)
    assert place.keys.asked[-1] == (_ASK, _SPACE)

    place.keys.taken.clear()
    place.hotkeys.retry()
    assert place.keys.bound == {_ASK: _SPACE}


def test_paused_there_are_no_keys_and_none_works(
    place: KeyPlace, news: list[tuple[KeyAction, KeyStatus]]
) -> None:
    place.start()
    heard: list[KeyAction] = []
    place.hotkeys.activated.connect(lambda action, _token, _time: heard.append(action))
    place.hotkeys.set_paused(True)
    assert place.keys.bound == {}
    assert place.hotkeys.is_paused
    place.keys._activated(_ASK, "", 0)
    _settle(place, show=_J)
    assert place.keys.bound == {}

    place.hotkeys.set_paused(False)
    assert place.keys.bound == {_ASK: _SPACE, _SHOW: _J}
    assert heard == []
    assert [status for action, status in news if action is _ASK] == [
        *(KeyStatus.BOUND, KeyStatus.OFF, KeyStatus.BOUND)
    ]


def test_a_change_while_paused_is_kept_if_the_key_is_free(place: KeyPlace) -> None:
    place.keys.taken.add("Meta+J")
    place.start()
    place.hotkeys.set_paused(True)
    assert place.hotkeys.change(_SHOW, "Meta+J").status is KeyStatus.TAKEN
    assert place.hotkeys.change(_SHOW, _J).status is KeyStatus.OFF
    assert place.hotkeys.change(_ASK, "").status is KeyStatus.OFF
    assert place.keys.bound == {}

    place.hotkeys.set_paused(False)
    assert place.keys.bound == {_SHOW: _J}


def test_suggestions_are_free_and_none_of_ours(place: KeyPlace) -> None:
    assert place.hotkeys.suggestions(_ASK) == (), "nobody knows before the start"
    place.keys.taken |= {"Shift+Meta+Space"}
    _settle(place, show="Ctrl+Meta+Space")
    place.start()
    found = place.hotkeys.suggestions(_ASK)

    assert len(found) == len(set(found)) == 3
    assert not {_SPACE, "Shift+Meta+Space", "Ctrl+Meta+Space"} & set(found)
    assert len(place.hotkeys.suggestions(_ASK, 5)) == 5


def test_late_news_are_told_once_and_only_of_wanted_keys(
    place: KeyPlace, news: list[tuple[KeyAction, KeyStatus]]
) -> None:
    place.start()
    for _ in range(2):
        place.keys.tell(_ASK, KeyResult(KeyStatus.TAKEN))
        place.keys.tell(_SHOW, KeyResult(KeyStatus.BOUND))

    assert news == [(_ASK, KeyStatus.BOUND), (_ASK, KeyStatus.TAKEN)]
    assert place.results[_SHOW].status is KeyStatus.OFF


@pytest.mark.parametrize("status", [KeyStatus.PENDING, KeyStatus.UNVERIFIED])
def test_what_the_desktop_has_still_to_say_is_kept(place: KeyPlace, status: KeyStatus) -> None:
    place.start()
    place.keys.answers[_SHOW] = KeyResult(status)

    assert place.hotkeys.change(_SHOW, _J).status is status
    assert place.preferences.value.keys.show == _J


def test_where_the_desktop_chooses_nothing_is_suggested(qtbot: QtBot, tmp_path: Path) -> None:
    keys = ScriptedKeys(name="elsewhere", can_choose_keys=False)
    with key_place(tmp_path, keys) as place:
        place.start()

        assert place.hotkeys.suggestions(_ASK) == ()
        assert place.hotkeys.configure()
        assert keys.configured == 1
        assert not place.hotkeys.can_choose_keys
        assert place.hotkeys.mechanism_name == "elsewhere"


def test_without_any_way_the_wanted_key_is_unsupported_and_nothing_is_stored(
    qtbot: QtBot, tmp_path: Path, place: KeyPlace
) -> None:
    hotkeys = Hotkeys(NoKeys(), place.preferences, platform="linux")
    hotkeys.start()

    assert hotkeys.results[_ASK].status is KeyStatus.UNSUPPORTED
    assert hotkeys.change(_ASK, _J).status is KeyStatus.UNSUPPORTED
    assert hotkeys.change(_SHOW, _J).status is KeyStatus.UNSUPPORTED
    assert place.preferences.value.keys == KeySettings()
    assert hotkeys.suggestions(_ASK) == ()
    assert not hotkeys.configure()
    hotkeys.close()


def test_a_library_is_loaded_beside_and_the_keys_come_after(
    qtbot: QtBot, place: KeyPlace, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded: list[str] = []
    monkeypatch.setattr(
        "desktop.ui.hotkeys.loader", lambda name: lambda: loaded.append(f"library of {name}")
    )
    place.start()
    place.hotkeys.start()
    assert place.keys.bound == {}, "not before this turn has ended"
    qtbot.waitUntil(lambda: place.keys.bound == {_ASK: _SPACE})

    assert loaded == ["library of scripted"]


def test_closed_while_the_library_is_loaded_no_key_is_bound(
    qtbot: QtBot, place: KeyPlace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("desktop.ui.hotkeys.loader", lambda _name: lambda: None)
    place.start()
    place.hotkeys.close()
    _turns()

    assert place.keys.closed
    assert place.keys.asked == []


def test_closing_is_done_as_often_as_anybody_likes(place: KeyPlace) -> None:
    place.start()
    place.hotkeys.close()
    place.hotkeys.close()

    assert place.keys.closed
