"""The llama.cpp that is shipped: what is in it, that nothing else is loaded, and old processors.

Needs the build (`make test-gpu` and the packages use the same one), a C compiler, and for other
processors than this one qemu's user emulation.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from installers.dev import bundle, elf, engine_files, engine_forms
from installers.linux.needs import needs, numbers
from tests.installers.shipped_room import (
    MARK,
    Seeing,
    emulated,
    emulated_bundle,
    evil_library,
    seeing,
    without_processors,
)

# What the bindings do by themselves, and so what any other program would with these libraries.
PLAIN = "import llama_cpp; llama_cpp.llama_backend_init()"
OURS = "from desktop.inference.bindings import load_bindings; load_bindings()"
NAMES = ("libggml-cpu-evil.so", "libggml-cuda-evil.so")
Plant = Callable[[str], dict[str, str]]

# Libraries of the system that the packages name as what they need; the last one may be missing.
FROM_THE_SYSTEM = {
    *("libc.so.6", "libm.so.6", "libgcc_s.so.1", "libstdc++.so.6", "ld-linux-x86-64.so.2"),
    "libvulkan.so.1",
}

OLDER = pytest.mark.parametrize(
    ("processor", "library"),
    [
        ("Nehalem", "libggml-cpu-sse42.so"),
        ("SandyBridge", "libggml-cpu-sandybridge.so"),
        ("Haswell", "libggml-cpu-haswell.so"),
    ],
)

pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="session")
def build() -> Path:
    """Return what `shipped_engine.ensure` gave those who start these tests."""
    return Path(os.environ["LAPIS_TEST_ENGINE"])


@pytest.fixture(scope="session")
def python(build: Path, tmp_path_factory: pytest.TempPathFactory) -> Seeing:
    return seeing(tmp_path_factory.mktemp("shipped") / "venv", build)


@pytest.fixture
def mark(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the file that a planted library writes when it is loaded."""
    path = tmp_path / "mark"
    monkeypatch.setenv(MARK, str(path))
    return path


@pytest.fixture
def here(tmp_path: Path) -> Path:
    """Return a folder to start programs in."""
    path = tmp_path / "downloads"
    path.mkdir()
    return path


@pytest.fixture
def plant(tmp_path: Path, here: Path, python: Seeing) -> Iterator[Plant]:
    """Return a function that puts bad libraries somewhere and returns variables that say so."""
    evil = evil_library(tmp_path)
    planted: list[Path] = []

    def put(place: str) -> dict[str, str]:
        folder = {"working directory": here, "beside the program": python.folder}.get(
            place, tmp_path
        )
        planted.extend(Path(shutil.copy(evil, folder / name)) for name in NAMES)
        return {"GGML_BACKEND_PATH": str(folder / NAMES[1])} if place == "variable" else {}

    yield put
    for file in planted:
        file.unlink(missing_ok=True)


def test_every_sort_of_processor_and_a_graphics_card_have_their_library(build: Path) -> None:
    names = {file.name for file in (build / "llama_cpp" / "lib").iterdir()}
    engine_files.check(build / "llama_cpp" / "lib", engine_forms.form_here())
    assert "libggml-vulkan.so" in names
    assert not {name for name in names if "sapphirerapids" in name or "rpc" in name}


def test_libraries_need_what_lies_beside_them_or_is_in_every_system(build: Path) -> None:
    folder = build / "llama_cpp" / "lib"
    found = needs(folder)
    print(f"glibc {found.glibc}, GLIBCXX {found.newest('libstdc++.so.6', 'GLIBCXX')}")
    assert {*found.libraries} <= FROM_THE_SYSTEM
    assert numbers(found.glibc) <= (2, 34)
    for library in folder.iterdir():
        assert {*elf.linking(library).search} <= {"$ORIGIN"}, library.name


def test_libraries_tell_nothing_of_the_machine_that_built_them(build: Path) -> None:
    for library in (build / "llama_cpp" / "lib").iterdir():
        content = library.read_bytes()
        assert str(build.parent).encode() not in content, library.name
        sections = subprocess.run(
            ["readelf", "--sections", "--wide", library], capture_output=True, text=True, check=True
        ).stdout
        assert not re.search(r"\.(debug_|symtab)", sections), library.name


@pytest.mark.parametrize("place", ["working directory", "beside the program", "variable"])
def test_a_planted_library_is_never_loaded(
    python: Seeing, plant: Plant, here: Path, mark: Path, place: str
) -> None:
    variables = plant(place)
    done = python.run(OURS, cwd=here, variables=variables)
    assert done.returncode == 0, done.stderr
    assert not mark.exists()
    # These libraries are what they are meant to be: the usual way runs them.
    python.run(PLAIN, cwd=here, variables=variables)
    assert mark.exists()


def test_the_engine_answers_and_loads_nothing_of_what_was_planted(
    python: Seeing, plant: Plant, here: Path, mark: Path, tmp_path: Path
) -> None:
    plant("working directory")
    plant("beside the program")
    answer = python.ask(tmp_path / "work", cwd=here, variables=plant("variable"))
    assert answer.text
    assert not mark.exists()


def test_without_a_library_for_this_processor_nothing_is_searched_for(
    build: Path, plant: Plant, here: Path, mark: Path, tmp_path: Path
) -> None:
    damaged = seeing(tmp_path / "venv", without_processors(build, tmp_path / "damaged"))
    variables = plant("working directory") | plant("variable")
    done = damaged.run(OURS, cwd=here, variables=variables)
    assert "BindingsMissing: no backend for this processor" in done.stderr
    assert not mark.exists()


def test_calls_outside_of_the_c_interface_are_there(python: Seeing, tmp_path: Path) -> None:
    code = (
        "from desktop.inference.bindings import load_bindings, load_extension\n"
        "load_bindings(); assert load_extension() is not None"
    )
    done = python.run(code, cwd=tmp_path)
    assert done.returncode == 0, done.stderr


def test_the_first_answer_comes_on_this_processor(python: Seeing, tmp_path: Path) -> None:
    answer = python.ask(tmp_path)
    print(f"{answer.library}: {answer.text!r}")
    assert re.fullmatch(r"libggml-cpu-\w+\.so", answer.library)
    assert answer.text


@OLDER
def test_an_older_processor_gets_the_library_that_it_can_run(
    python: Seeing, tmp_path: Path, processor: str, library: str
) -> None:
    child = emulated(tmp_path, processor, python.environment.python)
    answer = python.ask(tmp_path / "work", cwd=tmp_path, tokens=3, child=child)
    assert (answer.library, bool(answer.text)) == (library, True)


@OLDER
def test_the_frozen_program_answers_on_an_older_processor(
    tmp_path: Path, processor: str, library: str
) -> None:
    program = emulated_bundle(bundle.FOLDER, tmp_path / "lapis", processor)
    done = subprocess.run(
        [program, "--selftest-engine"], capture_output=True, text=True, check=False, cwd=tmp_path
    )
    print(done.stdout)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"CPU {library} " in done.stdout
    assert "ok guide: " in done.stdout


def test_a_library_planted_where_the_frozen_program_is_started_is_never_loaded(
    plant: Plant, here: Path, mark: Path
) -> None:
    plant("working directory")
    done = subprocess.run(
        [bundle.FOLDER / "lapis", "--selftest-engine"],
        capture_output=True,
        text=True,
        check=False,
        cwd=here,
        env={**os.environ, **plant("variable")},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert not mark.exists()
