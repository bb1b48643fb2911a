"""`lapis engine`, and what hardware and doctor say of a pack."""

import io
import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from desktop.base.paths import paths_under, resources
from desktop.base.translation import Translator
from desktop.domain.engine_pack import PackState, PackView
from desktop.domain.errors import BadReference
from desktop.domain.health import State
from desktop.domain.machine import Machine, MemoryUse
from desktop.domain.settings import Language
from desktop.domain.text import Text
from desktop.services.doctor_packs import examine_packs, pack_finding
from desktop.services.engine_packs import EnginePacks
from desktop.terminal.engine_orders import EngineOrder, GetPack, ImportPack, ListPacks, RemovePack
from desktop.terminal.engine_packs import manage_packs
from desktop.terminal.hardware import hardware_as_json, show_hardware
from desktop.terminal.output import Screen
from tests.harness.engine_packs import Room, archive_of, given_out, listed

ARCHIVED = archive_of()
WORDS = Translator(Language.ENGLISH, resources() / "locale")
BROKEN = Text("It does not work")


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    made = Room(tmp_path)
    yield made
    made.close()


def carried_out(order: EngineOrder, packs: EnginePacks) -> tuple[int, str, str]:
    out, err = io.StringIO(), io.StringIO()
    code = manage_packs(order, packs, WORDS, Screen(out, err), threading.Event())
    return code, out.getvalue(), err.getvalue()


def test_a_pack_is_got_listed_and_removed(room: Room) -> None:
    with given_out(room, ARCHIVED):
        packs = room.open()
        code, out, err = carried_out(GetPack(""), packs)

    assert (code, out) == (0, "CUDA 12 is installed\n")
    assert "37 kB on the disk" in err
    assert "NVIDIA's terms, https://docs.example.org/eula" in err
    assert "installed" in carried_out(ListPacks(as_json=False), packs)[1]
    (told,) = json.loads(carried_out(ListPacks(as_json=True), packs)[1])
    assert (told["id"], told["state"], told["fits"]) == ("cuda-12", "in_use", True)
    assert carried_out(RemovePack(""), packs)[:2] == (0, "CUDA 12 is removed\n")
    assert not room.place.exists()
    with pytest.raises(BadReference, match="CUDA 12 is not installed"):
        carried_out(RemovePack(""), packs)


def test_one_that_is_of_no_use_says_why_and_is_tried_again_by_the_same_command(
    room: Room, tmp_path: Path
) -> None:
    stick = tmp_path / "stick.tar.xz"
    stick.write_bytes(ARCHIVED)
    room.packs, room.reason = [listed(ARCHIVED)], BROKEN
    packs = room.open()

    code, _, err = carried_out(ImportPack(stick), packs)
    assert code == 1
    assert "CUDA 12 is switched off\nIt does not work" in err
    room.reason = None
    assert carried_out(GetPack("cuda-12"), packs)[:2] == (0, "CUDA 12 is installed\n")


def test_where_no_pack_fits_nothing_is_listed_and_nothing_can_be_got(room: Room) -> None:
    room.packs, room.driver = [listed(ARCHIVED)], None
    packs = room.open()

    assert (
        carried_out(ListPacks(as_json=False), packs)[2] == "There is no pack for this computer.\n"
    )
    (told,) = json.loads(carried_out(ListPacks(as_json=True), packs)[1])
    assert told["fits"] is False
    with pytest.raises(BadReference, match="no pack for this computer"):
        carried_out(GetPack(""), packs)


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (PackState.OFFERED, "lapis engine get"),
        (PackState.IN_USE, "An installed pack"),
        (PackState.OFF, "It does not work"),
    ],
)
def test_hardware_tells_of_it(state: PackState, words: str) -> None:
    view = PackView(listed(ARCHIVED), state, reason=BROKEN)
    machine = Machine(MemoryUse(16, 1, 8), None, ())
    out = io.StringIO()
    show_hardware(machine, WORDS, Screen(out, io.StringIO()), view)

    assert words in out.getvalue()
    assert json.loads(hardware_as_json(machine, view))["engine_pack"]["state"] == state.value
    assert json.loads(hardware_as_json(machine))["engine_pack"] is None


def test_the_doctor_warns_of_one_that_is_switched_off_and_of_no_other() -> None:
    view = PackView(listed(ARCHIVED), PackState.OFF, reason=BROKEN)
    finding = pack_finding(view)
    assert (finding.state, str(finding.detail)) == (State.WARNING, "It does not work")
    assert "lapis engine get" in str(finding.advice)

    for state in (PackState.OFFERED, PackState.IN_USE):
        assert pack_finding(replace(view, state=state)).state is State.OK


def test_without_packs_the_doctor_says_nothing(tmp_path: Path) -> None:
    assert list(examine_packs(paths_under(tmp_path))) == []
