"""Files of the engine that are gone, cut off or no libraries any more."""

from pathlib import Path

import pytest

from desktop.backends.engine_files import damaged_files
from desktop.backends.libraries import library_files

_WINDOWS = ("ggml-base.dll", "ggml-cpu-haswell.dll", "ggml.dll", "llama.dll")
_MAC = ("libggml-base.dylib", "libggml-cpu.dylib", "libggml.dylib", "libllama.dylib")


def _files(folder: Path, names: tuple[str, ...], head: bytes) -> list[Path]:
    for name in names:
        (folder / name).write_bytes(head.ljust(4096, b"\0"))
    return sorted(folder.iterdir())


def test_those_of_this_installation_are_whole() -> None:
    assert damaged_files() == ()


@pytest.mark.parametrize(("names", "head"), [(_WINDOWS, b"MZ\x90"), (_MAC, b"\xcf\xfa\xed\xfe")])
def test_names_are_those_of_each_system(
    names: tuple[str, ...], head: bytes, tmp_path: Path
) -> None:
    assert damaged_files(_files(tmp_path, names, head)) == ()


def test_what_is_missing_is_named(tmp_path: Path) -> None:
    files = _files(tmp_path, _WINDOWS, b"MZ\x90")

    assert damaged_files(files[2:]) == ("ggml-base", "ggml-cpu")
    assert damaged_files([]) == ("ggml-base", "ggml-cpu", "ggml", "llama")


@pytest.mark.parametrize("share", [0.0, 0.001, 0.5, 0.999])
def test_what_was_cut_off_is_named(share: float, tmp_path: Path) -> None:
    copies = []
    for path in library_files():
        copy = tmp_path / path.name
        copy.write_bytes(path.read_bytes())
        copies.append(copy)
    hurt = next(path for path in copies if path.name.startswith(("libllama.", "llama.")))
    content = hurt.read_bytes()
    hurt.write_bytes(content[: int(len(content) * share)])

    assert damaged_files(copies) == (hurt.name,)


def test_what_is_no_library_at_all_is_named(tmp_path: Path) -> None:
    files = _files(tmp_path, _WINDOWS, b"MZ\x90")
    (tmp_path / "ggml.dll").write_bytes(b"<html>Blocked</html>".ljust(4096))

    assert damaged_files(files) == ("ggml.dll",)


def test_other_files_beside_them_are_let_be(tmp_path: Path) -> None:
    files = _files(tmp_path, _WINDOWS, b"MZ\x90")
    note = tmp_path / "README.txt"
    note.write_text("nothing", encoding="utf-8")

    assert damaged_files([*files, note]) == ()
