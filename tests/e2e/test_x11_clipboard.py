"""What was copied in other X programs, looked at without waiting for them."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from desktop.system.front.base import Copied
from desktop.system.front.x11_clipboard import copied
from tests.e2e.other_programs import OtherPrograms
from tests.harness.leftovers import Marker
from tests.harness.screen import Screen
from tests.harness.selection_owner import Offer
from tests.harness.waiting import wait_for

# Programs are waited for a moment only: on a busy machine one that answers seems to hang.
pytestmark = pytest.mark.alone


@pytest.fixture
def programs(screen: Screen, tmp_path: Path, marker: Marker) -> Iterator[OtherPrograms]:
    others = OtherPrograms(screen, tmp_path, marker.environment)
    yield others
    others.end()


def _look(screen: Screen) -> Copied:
    return copied(screen.environment["DISPLAY"])


def _offer(held: Mapping[str, bytes]) -> Offer:
    texts = {target: data.decode("latin-1") for target, data in held.items()}
    return Offer("CLIPBOARD", texts)


def test_copied_text_is_known(screen: Screen, programs: OtherPrograms) -> None:
    programs.holder("kopiert 已复制", "clipboard")

    assert _look(screen) == Copied("kopiert 已复制")


def test_nothing_copied_is_nothing(screen: Screen, programs: OtherPrograms) -> None:
    programs.end()

    assert wait_for(lambda: _look(screen) == Copied(), 5)


def test_of_a_picture_it_is_known_that_there_is_one(
    screen: Screen, programs: OtherPrograms
) -> None:
    owner = programs.owner(_offer({"image/png": b"\x89PNG", "image/bmp": b"BM"}))

    assert _look(screen) == Copied(has_picture=True)
    assert programs.said(owner) == ["ready", "TARGETS"], "nobody drew it for us"


def test_a_secret_is_not_even_asked_for(screen: Screen, programs: OtherPrograms) -> None:
    held = {"UTF8_STRING": b"hunter2", "x-kde-passwordManagerHint": b"secret"}
    owner = programs.owner(_offer(held))

    assert _look(screen) == Copied()
    assert programs.said(owner) == ["ready", "TARGETS"]


def test_a_program_that_hangs_has_copied_nothing(screen: Screen, programs: OtherPrograms) -> None:
    holder = programs.holder("words", "clipboard")
    with programs.hung(holder):
        assert _look(screen) == Copied()


def test_without_a_server_there_is_nothing() -> None:
    assert copied(":4711") == Copied()
