"""Keys by the desktop portal over a real bus: bound, pressed, changed, given back."""

import shutil
from dataclasses import replace

import pytest

from desktop.domain.hotkey import KeyResult, KeyStatus, parse_chord
from desktop.system.hotkey import portal_session
from desktop.system.hotkey.portal import Portal
from desktop.system.hotkey.portal_facts import PortalFacts, portal_facts
from desktop.system.hotkey.portal_presses import Presses
from desktop.system.hotkey.portal_words import hyprland_line
from tests.harness.portal import LATER, UNKNOWN_METHOD, FakePortal
from tests.unit.portal_room import (
    APP_ID,
    ASK,
    STOP,
    Keyboard,
    bus,
    desk,
    facts,
    keyboard,
)

__all__ = ["bus", "desk", "facts", "keyboard"]

pytestmark = pytest.mark.skipif(shutil.which("dbus-daemon") is None, reason="no dbus-daemon here")


def test_a_key_is_bound_as_the_desktop_says_and_its_press_comes_with_the_token(
    desk: FakePortal, keyboard: Keyboard
) -> None:
    desk.manners.listed = {"ask": "Ctrl+Alt+Leertaste"}
    keyboard.begin()

    assert keyboard.bind().status is KeyStatus.PENDING
    assert keyboard.expect(KeyStatus.BOUND).keys == "Ctrl+Alt+Leertaste"

    desk.press("ask", "token-1", 4711)
    keyboard.wait(lambda: keyboard.presses)
    assert keyboard.presses == [(ASK, "token-1", 4711)]


def test_the_portal_is_told_who_we_are_before_anything_else(
    desk: FakePortal, keyboard: Keyboard
) -> None:
    keyboard.begin()
    keyboard.bind()
    keyboard.expect(KeyStatus.BOUND)

    assert [name for name, _ in desk.calls] == ["Register", "Get", "CreateSession", "BindShortcuts"]
    assert desk.calls[0][1] == (APP_ID, {})
    (_, shortcuts, parent, _), *_ = desk.asked("BindShortcuts")
    assert shortcuts == [
        (
            "ask",
            {
                "description": ("s", "Ask a quick question"),
                "preferred_trigger": ("s", "CTRL+ALT+space"),
            },
        )
    ]
    assert parent == ""


def test_in_a_sandbox_the_sandbox_has_told_it_already(facts: PortalFacts, desk: FakePortal) -> None:
    keyboard = Keyboard(Portal(replace(facts, is_sandboxed=True)))
    keyboard.begin()
    keyboard.bind()
    keyboard.expect(KeyStatus.BOUND)
    keyboard.portal.close()

    assert desk.asked("Register") == []


def test_without_a_key_the_portal_is_left_alone(desk: FakePortal, keyboard: Keyboard) -> None:
    keyboard.begin()
    # The bus has answered: what was to be sent has been sent.
    bus = keyboard.portal._door.bus
    assert bus is not None
    keyboard.wait(lambda: bus.unique_name)

    assert desk.calls == []


def test_keys_bound_together_share_one_session(desk: FakePortal, keyboard: Keyboard) -> None:
    keyboard.begin()
    keyboard.bind(ASK)
    keyboard.bind(STOP, parse_chord("Ctrl+Alt+S"))
    keyboard.expect(KeyStatus.BOUND, ASK)
    keyboard.expect(KeyStatus.BOUND, STOP)

    assert len(desk.sessions) == 1
    assert [name for name, _ in desk.asked("BindShortcuts")[0][1]] == ["ask", "stop"]


def test_a_key_more_closes_the_session_and_asks_for_all_again(
    desk: FakePortal, keyboard: Keyboard
) -> None:
    keyboard.begin()
    keyboard.bind(ASK)
    keyboard.expect(KeyStatus.BOUND, ASK)
    keyboard.bind(STOP, parse_chord("Ctrl+Alt+S"))
    keyboard.expect(KeyStatus.BOUND, STOP)

    assert len(desk.asked("Close")) == 1
    assert len(set(desk.sessions)) == 2
    assert [name for name, _ in desk.asked("BindShortcuts")[1][1]] == ["ask", "stop"]


def test_a_key_given_back_is_heard_no_more_and_the_others_still_are(
    desk: FakePortal, keyboard: Keyboard
) -> None:
    keyboard.begin()
    keyboard.bind(ASK)
    keyboard.bind(STOP, parse_chord("Ctrl+Alt+S"))
    keyboard.expect(KeyStatus.BOUND, STOP)
    keyboard.portal.unbind(ASK)
    keyboard.wait(lambda: len(desk.asked("BindShortcuts")) == 2)

    keyboard.wait(lambda: keyboard.portal._results[STOP].status is KeyStatus.BOUND)
    desk.press("ask")
    desk.press("stop")
    keyboard.wait(lambda: keyboard.presses)
    assert keyboard.presses == [(STOP, "", 0)]


def test_the_last_key_given_back_closes_the_session(desk: FakePortal, keyboard: Keyboard) -> None:
    keyboard.begin()
    keyboard.bind()
    keyboard.expect(KeyStatus.BOUND)
    keyboard.portal.unbind(ASK)

    keyboard.wait(lambda: desk.asked("Close"))
    assert len(desk.sessions) == 1


def test_the_same_key_asked_for_again_is_left_as_it_is(
    desk: FakePortal, keyboard: Keyboard
) -> None:
    keyboard.begin()
    keyboard.bind()
    keyboard.expect(KeyStatus.BOUND)

    assert keyboard.bind().status is KeyStatus.BOUND
    assert desk.asked("Close") == []


def test_while_a_person_decides_nothing_is_pressed_and_nothing_runs_out(
    desk: FakePortal, keyboard: Keyboard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(portal_session, "SECONDS", 1.0)
    desk.manners.bind = LATER
    keyboard.begin()
    keyboard.bind()
    keyboard.wait(lambda: desk.asked("BindShortcuts"))
    later: list[bool] = []
    keyboard.portal._timers.start(1.2, lambda: later.append(True))
    keyboard.wait(lambda: later)

    desk.press("ask")
    desk.decide(0)
    keyboard.expect(KeyStatus.BOUND)
    assert [result.status for _, result in keyboard.news] == [KeyStatus.BOUND]
    assert keyboard.presses == []


def test_a_question_still_open_is_withdrawn_when_the_keys_change(
    desk: FakePortal, keyboard: Keyboard
) -> None:
    desk.manners.bind = LATER
    keyboard.begin()
    keyboard.bind()
    keyboard.wait(lambda: desk.asked("BindShortcuts"))
    desk.manners.bind = 0
    keyboard.bind(ASK, parse_chord("Ctrl+Alt+K"))

    assert keyboard.expect(KeyStatus.BOUND).keys == "CTRL+ALT+k"
    # The question and the session, each of them.
    assert len(desk.asked("Close")) == 2


def test_a_success_without_a_list_is_asked_about_once_more(
    desk: FakePortal, keyboard: Keyboard
) -> None:
    desk.manners.tells_list = False
    keyboard.begin()
    keyboard.bind()

    assert keyboard.expect(KeyStatus.BOUND).keys == "CTRL+ALT+space"
    assert len(desk.asked("ListShortcuts")) == 1


def test_a_key_that_no_list_has_is_proved_by_pressing_it(
    desk: FakePortal, keyboard: Keyboard
) -> None:
    desk.manners.listed = {}
    keyboard.begin()
    keyboard.bind()

    assert "Press yours" in str(keyboard.expect(KeyStatus.UNVERIFIED).reason)
    desk.press("ask")
    keyboard.expect(KeyStatus.BOUND)
    assert keyboard.presses == [(ASK, "", 0)]


def test_in_hyprland_the_line_for_its_configuration_is_told(
    facts: PortalFacts, desk: FakePortal
) -> None:
    desk.manners.listed = {"ask": ""}
    keyboard = Keyboard(Portal(replace(facts, is_hyprland=True)))
    keyboard.begin()
    keyboard.bind()

    reason = str(keyboard.expect(KeyStatus.UNVERIFIED).reason)
    assert reason.endswith(f"bind = CTRL ALT, space, global, {APP_ID}:ask")
    keyboard.portal.close()


@pytest.mark.parametrize(
    ("chord", "written"),
    [
        ("Ctrl+Alt+PgUp", "CTRL ALT, Page_Up"),
        ("Meta+,", "SUPER, comma"),
        ("Ctrl+Shift+Ins", "CTRL SHIFT, Insert"),
        ("F9", ", F9"),
    ],
)
def test_in_hyprland_keys_have_the_names_that_it_knows(chord: str, written: str) -> None:
    line = hyprland_line(APP_ID, "ask", parse_chord(chord))

    assert line == f"bind = {written}, global, {APP_ID}:ask"


def test_keys_changed_in_the_settings_of_the_desktop_are_shown(
    desk: FakePortal, keyboard: Keyboard
) -> None:
    keyboard.begin()
    keyboard.bind()
    keyboard.expect(KeyStatus.BOUND)
    desk.change({"ask": "Meta+Space"})

    keyboard.wait(lambda: keyboard.news[-1] == (ASK, KeyResult(KeyStatus.BOUND, "Meta+Space")))


@pytest.mark.parametrize("version", [1, 2])
def test_the_page_of_the_desktop_opens_where_it_has_one(
    desk: FakePortal, keyboard: Keyboard, version: int
) -> None:
    desk.manners.version = version
    keyboard.begin()
    keyboard.bind()
    keyboard.expect(KeyStatus.BOUND)

    assert keyboard.portal.configure("token-2") is (version == 2)
    if version == 2:
        keyboard.wait(lambda: desk.asked("ConfigureShortcuts"))
        options = {"activation_token": ("s", "token-2")}
        assert desk.asked("ConfigureShortcuts") == [(desk.session, "", options)]


def test_a_portal_that_chooses_the_path_of_its_answers_is_heard(
    desk: FakePortal, keyboard: Keyboard
) -> None:
    desk.manners.path_of_its_own = True
    keyboard.begin()
    keyboard.bind()

    keyboard.expect(KeyStatus.BOUND)


def test_an_answer_that_comes_before_the_reply_is_heard(
    desk: FakePortal, keyboard: Keyboard
) -> None:
    desk.manners.is_quick = True
    keyboard.begin()
    keyboard.bind()

    keyboard.expect(KeyStatus.BOUND)


def _plasma_5(bus: str) -> PortalFacts:
    environment = {"DBUS_SESSION_BUS_ADDRESS": bus, "XDG_CURRENT_DESKTOP": "KDE"}
    return portal_facts({**environment, "KDE_SESSION_VERSION": "5"}, APP_ID)


def test_plasma_5_is_asked_as_its_draft_wants_it(bus: str, desk: FakePortal) -> None:
    desk.manners.is_draft = True
    desk.manners.register = (UNKNOWN_METHOD, "No such interface")
    keyboard = Keyboard(Portal(_plasma_5(bus)))
    keyboard.begin()
    keyboard.bind()

    assert keyboard.expect(KeyStatus.BOUND).keys == "CTRL+ALT+space"
    # Binding would open the system's settings: only who asks for those gets them.
    assert desk.asked("BindShortcuts") == []
    assert keyboard.portal.configure()
    keyboard.wait(lambda: desk.asked("BindShortcuts"))
    keyboard.portal.close()


def test_plasma_knows_our_keys_again_by_a_token_that_lasts(bus: str, desk: FakePortal) -> None:
    desk.manners.is_draft = True
    desk.manners.register = (UNKNOWN_METHOD, "No such interface")
    for _ in range(2):
        keyboard = Keyboard(Portal(_plasma_5(bus)))
        keyboard.begin()
        keyboard.bind()
        keyboard.expect(KeyStatus.BOUND)
        keyboard.portal.close()

    tokens = {options["session_handle_token"] for (options,) in desk.asked("CreateSession")}
    assert len(tokens) == 1


def test_elsewhere_each_session_has_a_token_of_its_own(
    desk: FakePortal, keyboard: Keyboard
) -> None:
    keyboard.begin()
    keyboard.bind()
    keyboard.expect(KeyStatus.BOUND)
    keyboard.bind(ASK, parse_chord("Ctrl+Alt+K"))
    keyboard.wait(lambda: len(desk.sessions) == 2)

    assert len(set(desk.sessions)) == 2


class _Clock:
    """Time as a test says it."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_key_that_is_held_counts_once() -> None:
    clock = _Clock()
    presses = Presses(clock)
    counted = [presses.is_new("ask")]
    for pause in (0.6, 0.03, 0.03):
        clock.now += pause
        counted.append(presses.is_new("ask"))
    presses.released("ask")
    clock.now += 0.1
    counted.append(presses.is_new("ask"))

    assert counted == [True, False, False, False, True]


def test_a_repeat_told_as_a_release_and_a_press_counts_for_none() -> None:
    clock = _Clock()
    presses = Presses(clock)
    counted = [presses.is_new("ask")]
    for _ in range(3):
        clock.now += 0.04
        presses.released("ask")
        clock.now += 0.001
        counted.append(presses.is_new("ask"))

    assert counted == [True, False, False, False]


def test_a_release_that_nobody_told_of_costs_no_later_press() -> None:
    clock = _Clock()
    presses = Presses(clock)
    assert presses.is_new("ask")

    clock.now += 2
    assert presses.is_new("ask")


def test_one_key_is_not_another() -> None:
    presses = Presses(_Clock())

    assert [presses.is_new("ask"), presses.is_new("stop")] == [True, True]


def test_a_key_that_the_desktop_repeats_is_announced_once(
    desk: FakePortal, keyboard: Keyboard
) -> None:
    keyboard.begin()
    keyboard.bind()
    keyboard.bind(STOP, parse_chord("Ctrl+Alt+S"))
    keyboard.expect(KeyStatus.BOUND, STOP)
    for token in ("1", "repeated", "repeated"):
        desk.press("ask", token)
    desk.press("ask", member="Deactivated")
    desk.press("stop")

    keyboard.wait(lambda: len(keyboard.presses) == 2)
    assert keyboard.presses == [(ASK, "1", 0), (STOP, "", 0)]
