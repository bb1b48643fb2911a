"""The language that the computer speaks, as each system tells it."""

import ctypes
from typing import Any

import pytest

from desktop.base.system_language import mac_name, named_in, system_language, windows_name
from desktop.domain.settings import Language
from tests.harness.foreign_functions import ForeignLibrary

_CHOSEN, _FIRST = 0x7FF6_0000_0010, 0x7FF6_0000_0020


@pytest.mark.parametrize(
    ("variables", "language"),
    [
        ({"LANG": "zh_CN.UTF-8"}, Language.CHINESE),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": "de_DE"}, Language.ENGLISH),
        ({"LANG": "C", "LC_MESSAGES": "zh_TW"}, Language.CHINESE),
        ({"LANG": ""}, Language.ENGLISH),
    ],
)
def test_the_variables_of_linux_say_it_the_strongest_first(
    variables: dict[str, str], language: Language, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)

    assert system_language() is language
    assert named_in({}) == ""


@pytest.mark.parametrize(
    ("number", "name"), [(0x0804, "zh_CN"), (0x0404, "zh_TW"), (0x0407, "de_DE"), (0xFFFF, "")]
)
def test_windows_says_it_by_a_number(number: int, name: str) -> None:
    assert windows_name(ForeignLibrary(GetUserDefaultUILanguage=lambda: number)) == name


class _Core:
    """CoreFoundation with the languages that a person has chosen."""

    def __init__(self, *languages: str) -> None:
        self.released: list[int] = []
        self._languages = languages

    def library(self) -> ForeignLibrary:
        return ForeignLibrary(
            CFLocaleCopyPreferredLanguages=lambda: _CHOSEN,
            CFArrayGetCount=lambda _array: len(self._languages),
            CFArrayGetValueAtIndex=lambda _array, at: _FIRST + at,
            CFStringGetCString=self._text,
            CFRelease=self.released.append,
        )

    def _text(self, text: int, buffer: Any, size: int, encoding: int) -> int:
        words = self._languages[text - _FIRST].encode()
        assert encoding == 0x08000100
        if len(words) >= size:
            return 0
        ctypes.memmove(buffer, words + b"\0", len(words) + 1)
        return 1


@pytest.mark.parametrize(
    ("languages", "name"),
    [
        (("zh-Hans-CN", "en-CN"), "zh-Hans-CN"),
        (("en-GB", "zh-Hant"), "en-GB"),
        ((), ""),
        (("x" * 99,), ""),
    ],
)
def test_macos_says_it_by_the_first_that_was_chosen_and_lets_go(
    languages: tuple[str, ...], name: str
) -> None:
    core = _Core(*languages)

    assert mac_name(core.library()) == name
    assert core.released == [_CHOSEN]
