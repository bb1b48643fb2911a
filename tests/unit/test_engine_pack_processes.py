"""Real engine processes with a pack: what they load, and what becomes of one that they die of."""

from pathlib import Path

import pytest

from desktop.backends import pack_folder
from desktop.backends.trial import TrialFailed, find_devices
from desktop.base.child_program import EXIT_REPLACED
from desktop.domain.engine_pack import EnginePack
from desktop.domain.text import Text
from desktop.services.engine_pack_trial import NO_CARD, try_pack
from tests.harness.engine_packs import compiled, listed
from tests.unit.engine_stubs import instead

DIES = """
#include <stdlib.h>
__attribute__((constructor)) static void die(void) { abort(); }
"""
IS_NO_MODULE = "int nothing;"
TELLS = """
#include <stdio.h>
__attribute__((constructor)) static void tell(void) { fclose(fopen("%s", "w")); }
"""


def put(folder: Path, files: dict[str, bytes]) -> EnginePack:
    """Make a pack of `files` in `folder`."""
    pack = listed(b"", files)
    folder.mkdir(mode=0o700)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    pack_folder.write_record(folder, pack)
    return pack


@pytest.fixture
def work(tmp_path: Path) -> Path:
    made = tmp_path / "engine"
    made.mkdir()
    return made


def test_an_engine_that_dies_of_a_pack_goes_without_it_from_then_on(
    work: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "pack"
    put(folder, {"libggml-cuda.so": compiled(tmp_path, DIES)})
    pack_folder.use(work, folder)

    with pytest.raises(TrialFailed):
        find_devices(work)

    assert pack_folder.why_off(folder) == pack_folder.CRASHED
    assert find_devices(work)


def test_a_process_of_another_version_is_no_fault_of_the_pack(
    work: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "pack"
    put(folder, {"libggml-cuda.so": b"a library"})
    pack_folder.use(work, folder)
    instead(monkeypatch, f"raise SystemExit({EXIT_REPLACED})")

    with pytest.raises(TrialFailed, match="was updated while it was running"):
        find_devices(work)

    assert pack_folder.why_off(folder) is None


def test_a_reason_that_lists_names_is_kept_as_a_list(tmp_path: Path) -> None:
    folder = tmp_path / "pack"
    put(folder, {"libggml-cuda.so": b"a library"})
    reason = Text("It has: {names}", {"names": ("CUDA0", "CUDA1")})
    pack_folder.switch_off(folder, reason)

    assert pack_folder.why_off(folder) == reason


def test_what_is_no_module_costs_nothing_and_fails_the_trial(work: Path, tmp_path: Path) -> None:
    folder = tmp_path / "pack"
    put(folder, {"libggml-cuda.so": compiled(tmp_path, IS_NO_MODULE)})
    pack_folder.use(work, folder)

    assert find_devices(work)
    assert pack_folder.why_off(folder) is None
    assert try_pack(folder, work) == NO_CARD
    assert {path.name for path in work.iterdir()} == {"pack"}


def test_libraries_are_loaded_only_from_a_pack_that_was_handed_over(
    work: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, mark = tmp_path / "pack", tmp_path / "loaded"
    put(folder, {"libggml-cuda.so": compiled(tmp_path, TELLS % mark)})
    monkeypatch.setenv(pack_folder.FOLDER_VARIABLE, str(folder))
    monkeypatch.setenv(pack_folder.FILES_VARIABLE, "libggml-cuda.so")
    find_devices(work)
    assert not mark.exists()

    pack_folder.use(work, folder)
    find_devices(work)
    assert mark.exists()
    mark.unlink()

    pack_folder.switch_off(folder, NO_CARD)
    find_devices(work)
    assert not mark.exists()
