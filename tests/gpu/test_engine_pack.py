"""An engine pack with a real module in it, in an engine that came without: Vulkan's, on Mesa's card."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from desktop.backends.libraries import library_files
from installers.dev import gpu
from installers.dev.places import ROOT, Environment
from tests.harness.engine_packs import archive_of, compiled

MODULE = "libggml-vulkan.so"
SHIPPED = library_files()[0].parents[2]
pytestmark = pytest.mark.timeout(600)

# Brings the pack in the file that it is told of; prints what the engine finds before and after.
SCRIPT = """
import json, sys, threading
from dataclasses import asdict
from pathlib import Path
sys.path.insert(0, {root!r})
from desktop.backends.trial import find_devices
from desktop.domain.settings import LibrarySettings
from desktop.services.engine_packs import EnginePacks
from tests.harness.engine_packs import listed

home, archive = Path(sys.argv[1]), Path(sys.argv[2])
files = {{name: (home / "files" / name).read_bytes() for name in json.loads(sys.argv[3])}}
work = home / "engine"
work.mkdir()
pack = listed(archive.read_bytes(), files)
packs = EnginePacks(home / "packs", work, LibrarySettings, {{}}, listed=lambda: (pack,))
seen = lambda: [(one.name, one.library) for one in find_devices(work)]
before = seen()
packs.bring(archive, lambda _count: None, threading.Event())
view = packs.view()
after = seen()
packs.remove(pack)
print(json.dumps([before, view.state.value, str(view.reason), after, seen()]))
packs.close()
"""


@pytest.fixture(scope="module")
def without(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """Return an environment whose llama.cpp is the shipped one, but for Vulkan."""
    folder = tmp_path_factory.mktemp("without")
    build = folder / "build"
    shutil.copytree(
        SHIPPED, build, ignore=shutil.ignore_patterns(MODULE, "__pycache__"), symlinks=True
    )
    place = Environment(folder / "venv")
    gpu.make_environment(place, build)
    return place


def brought(place: Environment, home: Path, files: dict[str, bytes]) -> Any:
    """Return what the script says of a pack of `files`."""
    (home / "files").mkdir()
    for name, content in files.items():
        (home / "files" / name).write_bytes(content)
    archive, script = home / "stick.tar.xz", home / "script.py"
    archive.write_bytes(archive_of(files))
    script.write_text(SCRIPT.format(root=str(ROOT)))
    done = subprocess.run(
        [place.python, script, home, archive, json.dumps(list(files))],
        capture_output=True,
        encoding="utf-8",
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout)


def test_a_module_of_a_pack_brings_its_card_and_goes_with_it(
    without: Environment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GGML_VK_VISIBLE_DEVICES", "0")
    module = (SHIPPED / "llama_cpp" / "lib" / MODULE).read_bytes()
    before, state, reason, after, gone = brought(without, tmp_path, {MODULE: module})

    assert [name for name, _ in before] == ["CPU"]
    assert (state, reason) == ("in_use", "None")
    assert [name for name, _ in after] == ["Vulkan0", "CPU"]
    assert after[0][1] == MODULE
    assert gone == before


def test_a_pack_whose_driver_is_not_there_is_switched_off_and_costs_nothing(
    without: Environment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GGML_VK_VISIBLE_DEVICES", raising=False)
    library = compiled(tmp_path, "int runtime;")
    module = (SHIPPED / "llama_cpp" / "lib" / MODULE).read_bytes()
    before, state, reason, after, _ = brought(
        without, tmp_path, {"libruntime.so.12": library, MODULE: module}
    )

    assert (state, reason) == ("off", "The engine finds no card that this pack could compute on")
    assert after == before
