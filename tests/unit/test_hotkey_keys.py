"""Each system gets its own numbers and names for a chord; X11's keyboard is read as it is."""

from collections.abc import Sequence

import pytest

from desktop.domain.hotkey import KeyAction, parse_chord
from desktop.system.hotkey.factory import way
from desktop.system.hotkey.keys import (
    mac_code,
    mac_modifiers,
    portal_trigger,
    us_keycode,
    windows_code,
    windows_modifiers,
    x_keysym,
)
from desktop.system.hotkey.suggestions import candidates
from desktop.system.hotkey.x11_keyboard import Keyboard, Place, keyboard

_SHIFT, _LOCK, _CONTROL, _MOD1, _MOD2, _MOD4 = 1, 2, 4, 8, 16, 64


@pytest.mark.parametrize(
    ("chord", "trigger"),
    [
        ("Ctrl+Alt+Space", "CTRL+ALT+space"),
        ("Shift+Meta+A", "SHIFT+LOGO+a"),
        ("Ctrl+F5", "CTRL+F5"),
        ("Ctrl+.", "CTRL+period"),
        ("Ctrl++", "CTRL+plus"),
        ("Alt+PgUp", "ALT+Page_Up"),
        ("Pause", "Pause"),
    ],
)
def test_a_portal_is_told_a_chord_in_its_own_words(chord: str, trigger: str) -> None:
    assert portal_trigger(parse_chord(chord)) == trigger


def test_windows_is_told_virtual_keys_and_its_bits() -> None:
    assert windows_code("Space") == 0x20
    assert windows_code("Q") == ord("Q")
    assert windows_code("7") == ord("7")
    assert (windows_code("F1"), windows_code("F24"), windows_code("F25")) == (0x70, 0x87, None)
    assert windows_code(".") is None, "which key that is, the layout says"
    held = windows_modifiers(parse_chord("Ctrl+Alt+Shift+Meta+Space"))
    assert held == 1 | 2 | 4 | 8
    assert windows_modifiers(parse_chord("Ctrl+Space")) == 2


def test_macos_is_told_places_and_qt_s_names_the_other_way_round() -> None:
    codes = {"Space": 49, "A": 0, "B": 11, "M": 46, "Return": 36, "`": 50, "9": 25, "Up": 126}
    assert {key: mac_code(key) for key in codes} == codes
    assert (mac_code("F1"), mac_code("F12"), mac_code("F13"), mac_code("F21")) == (
        *(122, 111, 105),
        None,
    )
    assert mac_code("!") is None
    assert mac_modifiers(parse_chord("Ctrl+Space")) == 1 << 8, "Command"
    assert mac_modifiers(parse_chord("Meta+Space")) == 1 << 12, "Control"
    assert mac_modifiers(parse_chord("Alt+Shift+Space")) == 1 << 11 | 1 << 9


def test_x11_knows_letters_in_lower_case_and_f_keys_in_a_row() -> None:
    assert x_keysym("Q") == ord("q")
    assert x_keysym("Space") == 0x20
    assert x_keysym("F12") == 0xFFC9
    assert x_keysym("Henkan") is None
    assert [us_keycode(key) for key in ("Q", "A", "M", "1", "0")] == [24, 38, 58, 10, 19]
    assert us_keycode("Space") is None
    assert us_keycode(".") is None


def _keyboard(rows: Sequence[Sequence[int]], modifiers: Sequence[Sequence[int]] = ()) -> Keyboard:
    """Return a keyboard whose first key has the keycode 8."""
    width = max(map(len, rows))
    flat = [keysym for row in rows for keysym in (*row, *[0] * (width - len(row)))]
    each = max((len(one) for one in modifiers), default=1)
    codes = [*modifiers, *[[]] * (8 - len(modifiers))]
    return keyboard(
        8, width, flat, [code for one in codes for code in (*one, *[0] * (each - len(one)))], each
    )


_Q, _CYRILLIC, _EXCLAM, _ONE, _BRACE = ord("q"), 0x6CA, ord("!"), ord("1"), ord("{")
_ALT, _SUPER, _NUM, _SCROLL = 0xFFE9, 0xFFEB, 0xFF7F, 0xFF14


def test_of_two_layouts_the_first_decides_where_a_letter_is() -> None:
    russian_first = _keyboard([[_CYRILLIC, 0, _Q, ord("Q")], [ord("z"), ord("Z"), _Q, ord("Q")]])
    american_first = _keyboard([[ord("z"), 0, _Q], [_Q, ord("Q"), _CYRILLIC]])

    assert russian_first.place(parse_chord("Ctrl+Q")) == Place(8, _CONTROL)
    assert american_first.place(parse_chord("Ctrl+Q")) == Place(9, _CONTROL)


def test_a_letter_that_no_layout_has_is_where_an_american_keyboard_has_it() -> None:
    greek = _keyboard([[_CYRILLIC]])

    assert greek.place(parse_chord("Ctrl+Q")) == Place(24, _CONTROL)
    assert greek.place(parse_chord("Ctrl+7")) == Place(16, _CONTROL)
    assert greek.place(parse_chord("Ctrl+F35")) is None
    assert greek.place(parse_chord("Ctrl+.")) is None


def test_a_mark_that_needs_shift_is_pressed_with_it_and_a_digit_that_does_is_not() -> None:
    american = _keyboard([[_ONE, _EXCLAM]])
    french = _keyboard([[ord("&"), _ONE]])

    assert american.place(parse_chord("Ctrl+!")) == Place(8, _CONTROL | _SHIFT)
    assert american.place(parse_chord("Ctrl+Shift+!")) == Place(8, _CONTROL | _SHIFT)
    assert french.place(parse_chord("Ctrl+1")) == Place(8, _CONTROL)


def test_what_is_typed_with_altgr_is_no_key_of_a_chord() -> None:
    german = _keyboard([[ord("7"), ord("/"), ord("7"), ord("/"), _BRACE]])

    assert german.place(parse_chord("Ctrl+{")) is None


def test_modifiers_are_where_this_keyboard_has_them_and_not_where_they_mostly_are() -> None:
    keys = [[_NUM], [_ALT], [_SUPER], [_SCROLL], [ord(" ")]]
    usual = _keyboard(keys, [[], [], [], [9], [8], [], [10]])
    swapped = _keyboard(keys, [[], [], [], [8], [9, 10], [11]])
    bare = _keyboard(keys)

    assert (usual.alt, usual.meta, usual.locks) == (_MOD1, _MOD4, (_LOCK, _MOD2))
    assert (swapped.alt, swapped.meta) == (_MOD2, _MOD2)
    assert swapped.locks == (_LOCK, _MOD1, 32)
    assert (bare.alt, bare.meta, bare.locks) == (_MOD1, _MOD4, (_LOCK,))
    assert usual.place(parse_chord("Ctrl+Alt+Meta+Space")) == Place(12, _CONTROL | _MOD1 | _MOD4)


def test_a_chord_is_grabbed_with_every_set_of_locks_and_counted_without() -> None:
    keys = _keyboard([[_NUM], [_SCROLL]], [[], [], [], [], [8], [9]])

    states = list(keys.states(_CONTROL))
    assert len(states) == len(set(states)) == 8
    assert {state & keys.counted for state in states} == {_CONTROL}
    assert keys.counted & (_LOCK | 16 | 32) == 0


@pytest.mark.parametrize(
    ("environment", "platform", "qt_platform", "expected"),
    [
        ({}, "win32", "windows", "windows"),
        ({}, "darwin", "cocoa", "macos"),
        ({"DISPLAY": ":0"}, "linux", "xcb", "x11"),
        ({"DISPLAY": ":0", "XDG_SESSION_TYPE": "x11"}, "linux", "xcb", "x11"),
        ({"DISPLAY": ":0", "XDG_SESSION_TYPE": "wayland"}, "linux", "xcb", "portal"),
        ({"DISPLAY": ":0", "WAYLAND_DISPLAY": "wayland-0"}, "linux", "xcb", "portal"),
        ({}, "linux", "wayland-egl", "portal"),
        ({"DISPLAY": ":0", "SNAP": "/snap/lapis"}, "linux", "xcb", "portal"),
        ({}, "linux", "xcb", "manual"),
        ({"DISPLAY": ":0"}, "linux", "offscreen", "manual"),
    ],
)
def test_the_way_to_have_keys_follows_the_system(
    environment: dict[str, str], platform: str, qt_platform: str, expected: str
) -> None:
    assert way(environment, platform, qt_platform) == expected


@pytest.mark.parametrize("platform", ["linux", "win32", "darwin"])
@pytest.mark.parametrize("action", list(KeyAction))
def test_what_is_suggested_can_be_a_key_and_every_suggestion_is_another(
    action: KeyAction, platform: str
) -> None:
    chords = [parse_chord(text) for text in candidates(action, platform)]

    assert len(set(chords)) == len(chords) >= 8
    assert [str(chord) for chord in chords] == list(candidates(action, platform))
    if platform == "win32":
        altgr = [c for c in chords if c.ctrl and c.alt and not c.shift and len(c.key) == 1]
        assert altgr == []
        assert not any(chord.meta for chord in chords)
    if platform == "darwin":
        places = [mac_code(chord.key) for chord in chords]
        assert None not in places
