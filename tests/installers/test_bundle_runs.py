"""The frozen program does its work wherever it lies and whatever surrounds it; x86-64 Linux."""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from desktop import __version__
from installers.dev.bundle_finish import tree_hash
from tests.installers.bundle_room import failures, made_bundle, run

_QUESTION = "What is a context window?"
_OFFSCREEN = {"QT_QPA_PLATFORM": "offscreen"}


@pytest.fixture(scope="module")
def program() -> Path:
    """Return the console program of the bundle."""
    return made_bundle() / "lapis"


@pytest.fixture(scope="module")
def moved(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Return the program of a copy of the bundle, in a folder as people name them."""
    place = tmp_path_factory.mktemp("moved") / "Jörg 王’s programs" / "lapis"
    shutil.copytree(made_bundle(), place, symlinks=True)
    yield place / "lapis"
    shutil.rmtree(place)


def test_it_says_its_version_and_helps(program: Path, tmp_path: Path) -> None:
    assert run(program, "--version", home=tmp_path).stdout.strip() == f"Lapis {__version__}"
    helped = run(program, "--help", home=tmp_path)
    assert (helped.returncode, helped.stderr) == (0, "")
    assert "lapis ask" in helped.stdout


def test_all_of_it_works(program: Path, tmp_path: Path) -> None:
    assert failures(run(program, "--selftest", home=tmp_path, variables=_OFFSCREEN)) == []


def test_the_engine_works(program: Path, tmp_path: Path) -> None:
    assert failures(run(program, "--selftest-engine", home=tmp_path)) == []


def test_it_answers_from_the_guide_on_a_computer_without_a_home(
    program: Path, tmp_path: Path
) -> None:
    answered = run(program, "ask", _QUESTION, home=tmp_path)
    assert answered.returncode == 0, answered.stderr
    assert "token" in answered.stdout


def test_it_works_in_a_path_with_spaces_and_other_letters(moved: Path, tmp_path: Path) -> None:
    assert failures(run(moved, "--selftest", home=tmp_path, variables=_OFFSCREEN)) == []
    assert failures(run(moved, "--selftest-engine", home=tmp_path)) == []


def test_it_writes_nothing_into_its_own_folder(moved: Path, tmp_path: Path) -> None:
    before = tree_hash(moved.parent)
    run(moved, "--selftest", home=tmp_path, variables=_OFFSCREEN)
    assert run(moved, "ask", _QUESTION, home=tmp_path).returncode == 0
    assert tree_hash(moved.parent) == before


def test_nothing_is_taken_from_the_folder_it_is_started_in(program: Path, tmp_path: Path) -> None:
    hostile = _hostile_folder(tmp_path / "hostile")
    answered = run(program, "ask", _QUESTION, home=tmp_path, cwd=hostile)
    assert answered.returncode == 0, answered.stderr
    checked = run(program, "--selftest", home=tmp_path, cwd=hostile, variables=_OFFSCREEN)
    assert failures(checked) == []
    assert not (hostile / "taken").exists()


def test_variables_of_python_and_of_the_engine_change_nothing(
    program: Path, tmp_path: Path
) -> None:
    hostile = _hostile_folder(tmp_path / "hostile")
    variables = {
        "GGML_BACKEND_PATH": str(hostile / "libggml-cpu-evil.so"),
        "LLAMA_CPP_LIB_PATH": str(hostile),
        "PYTHONHOME": str(hostile),
        "PYTHONPATH": str(hostile),
        "PYTHONSTARTUP": str(hostile / "json.py"),
        "QT_PLUGIN_PATH": str(hostile),
        "QT_QPA_PLATFORM_PLUGIN_PATH": str(hostile),
    }
    checked = run(program, "--selftest", home=tmp_path, variables={**variables, **_OFFSCREEN})
    assert failures(checked) == []
    assert failures(run(program, "--selftest-engine", home=tmp_path, variables=variables)) == []
    assert not (hostile / "taken").exists()


def test_a_library_path_that_the_person_has_set_does_no_harm(program: Path, tmp_path: Path) -> None:
    variables = {"LD_LIBRARY_PATH": str(_hostile_folder(tmp_path / "hostile"))}
    checked = run(program, "--selftest", home=tmp_path, variables={**variables, **_OFFSCREEN})
    assert failures(checked) == []
    assert failures(run(program, "--selftest-engine", home=tmp_path, variables=variables)) == []


def test_a_planted_engine_library_is_never_loaded(program: Path, tmp_path: Path) -> None:
    hostile = _hostile_folder(tmp_path / "hostile")
    mark = hostile / "taken"
    source = tmp_path / "evil.c"
    source.write_text(
        "#include <stdio.h>\n__attribute__((constructor)) static void mark(void)"
        f'{{ FILE *f = fopen("{mark}", "w"); if (f) fclose(f); }}\n',
        encoding="utf-8",
    )
    for name in ("libggml-cpu-evil.so", "libggml-cuda.so", "libggml-vulkan.so"):
        subprocess.run(["cc", "-shared", "-fPIC", "-o", hostile / name, source], check=True)
    answered = run(program, "ask", _QUESTION, home=tmp_path, cwd=hostile)
    assert answered.returncode == 0, answered.stderr
    assert not mark.exists()


def _hostile_folder(folder: Path) -> Path:
    """Make a folder with what a program could mistake for its own; what runs leaves `taken`."""
    folder.mkdir()
    mark = f"open({str(folder / 'taken')!r}, 'w').close()\n"
    for name in ("json.py", "sitecustomize.py", "usercustomize.py", "desktop/__init__.py"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(mark, encoding="utf-8")
    for name in ("libQt6Core.so.6", "libggml.so", "libllama.so", "libssl.so.3", "libicuuc.so.73"):
        (folder / name).write_bytes(b"not a library")
    (folder / "qt.conf").write_text("[Paths]\nPlugins=/nowhere\n", encoding="utf-8")
    return folder
