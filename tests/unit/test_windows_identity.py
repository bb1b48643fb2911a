"""What Windows knows a running Lapis by: called as Microsoft's pages say, the same as the installer's.

Windows itself has not run any of this.
"""

from pathlib import Path

import pytest

from desktop.system.windows_identity import MUTEX, USER_MODEL, hold_mutex, take_user_model
from tests.harness.foreign_functions import ForeignLibrary

_SETUP = Path(__file__).resolve().parents[2] / "installers" / "windows" / "lapis.iss"
# More than fits into half of an address.
_FAR = 0x7FF6_0000_0010


@pytest.mark.parametrize(("handle", "held"), [(_FAR, True), (None, False)])
def test_the_mutex_is_made_with_its_name_and_owned_by_nobody(
    handle: int | None, *, held: bool
) -> None:
    asked = []

    def create(security: int | None, owned: int, name: str) -> int | None:
        asked.append((security, owned, name))
        return handle

    assert hold_mutex(ForeignLibrary(CreateMutexW=create)) is held
    assert asked == [(None, 0, "Lapis-4F6A3C52")]


@pytest.mark.parametrize(("result", "agreed"), [(0, True), (-2147024809, False)])
def test_the_name_for_the_taskbar_is_taken(result: int, *, agreed: bool) -> None:
    asked = []

    def take(name: str) -> int:
        asked.append(name)
        return result

    shell = ForeignLibrary(SetCurrentProcessExplicitAppUserModelID=take)

    assert take_user_model(shell) is agreed
    assert asked == ["LapisAssistant.Lapis"]


def test_the_installer_has_the_same_names() -> None:
    script = _SETUP.read_text(encoding="utf-8-sig")

    assert MUTEX in script
    assert USER_MODEL in script
