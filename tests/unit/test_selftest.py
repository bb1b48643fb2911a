"""The lists of what a packed Lapis is checked for, and how it tells what it found."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from desktop import selftest
from desktop.cli import main
from desktop.frozen import CHILDREN
from desktop.selftest_imports import libraries, own_modules

_PACKAGE = Path(__file__).resolve().parents[2] / "desktop"
# What is no library of ours: the engine loads it in a process of its own, after what it needs; the
# bench compares with it where it is installed; no run of the program reads stubs.
_ELSEWHERE = {"llama_cpp", "_typeshed"}
_OTHER_SYSTEMS = {"enchant", "jeepney", "xcffib"}


def _foreign() -> Iterator[tuple[str, str]]:
    """Yield each library module that is imported, with the names that are taken from it."""
    known = {"desktop", *_ELSEWHERE, *sys.stdlib_module_names}
    for path in _PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            match node:
                case ast.Import(names=names):
                    found = [alias.name for alias in names]
                case ast.ImportFrom(module=str(module), level=0):
                    found = [module]
                case _:
                    continue
            for name in found:
                if name.partition(".")[0] not in known:
                    yield name, str(path)


def test_every_library_that_lapis_imports_is_tried() -> None:
    tried = set(libraries()) | {
        ".".join(name.split(".")[:count]) for name in libraries() for count in (1, 2, 3)
    }
    loaded_with_them = {"httpcore", "markdown_it", "mdit_py_plugins", "pygments", "starlette"}
    missing = {
        name
        for name, _path in _foreign()
        if name not in tried
        and name.partition(".")[0] not in _OTHER_SYSTEMS
        and not (name.partition(".")[0] in loaded_with_them and name.partition(".")[0] in tried)
    }

    assert missing == set()


def test_all_modules_of_lapis_are_found_from_source_and_frozen(tmp_path: Path) -> None:
    here = own_modules()
    assert {target.partition(":")[0] for target in CHILDREN} < set(here)
    assert not [name for name in here if "__" in name]

    for path in _PACKAGE.rglob("*.py"):
        compiled = tmp_path / path.relative_to(_PACKAGE.parent).with_suffix(".pyc")
        compiled.parent.mkdir(parents=True, exist_ok=True)
        compiled.touch()
    assert own_modules(tmp_path / "desktop") == here


def test_a_check_that_fails_is_named_with_its_reason_and_the_others_go_on(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(_folder: Path) -> str:
        msg = "no file\nof this name"
        raise FileNotFoundError(msg)

    checks = {
        "first": lambda _folder: "",
        "second": broken,
        "third": lambda folder: folder.name[:5],
    }
    monkeypatch.setattr(selftest, "ENGINE", checks)

    assert main(["--selftest-engine"]) == 1
    assert capsys.readouterr().out.splitlines() == [
        "ok first",
        "failed second: FileNotFoundError no file of this name",
        "ok third: lapis",
    ]


def test_all_checks_that_pass_are_a_success(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(selftest, "libraries", lambda: ("json",))
    monkeypatch.setattr(selftest, "_PROGRAM", {"nothing": lambda _folder: ""})

    assert main(["--selftest"]) == 0


def test_the_engine_is_tried_by_a_real_question(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--selftest-engine"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.partition(":")[0] for line in lines] == [
        "ok engine libraries",
        "ok engine process",
        "ok guide",
    ]
    assert "libggml-cpu" in lines[1] or sys.platform != "linux"
