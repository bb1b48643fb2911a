"""The tables that say what goes into the bundle, and the reading of Linux libraries."""

import ctypes
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from installers.bundle.contents import ROOT, our_modules, read_contents
from installers.dev import bundle_finish, elf

_SYSTEMS = ("linux", "win32", "darwin")


@pytest.mark.parametrize("system", _SYSTEMS)
def test_what_lapis_imports_is_never_excluded(system: str) -> None:
    excluded = read_contents(system).excluded
    assert not {name.partition(".")[0] for name in excluded} & {"desktop", "PySide6", "ssl"}
    assert len(set(excluded)) == len(excluded)


@pytest.mark.parametrize(
    ("path", "is_kept"),
    [
        ("PySide6/Qt/plugins/platforms/libqxcb.so", True),
        ("PySide6/Qt/plugins/platforms/libqlinuxfb.so", False),
        ("PySide6/Qt/plugins/platformthemes/libqxdgdesktopportal.so", True),
        ("PySide6/Qt/plugins/platformthemes/libqgtk3.so", False),
        ("PySide6/Qt/lib/libQt6Gui.so.6", True),
        ("PySide6/Qt/lib/libQt6OpenGL.so.6", False),
        ("PySide6/Qt/translations/qtbase_zh_CN.qm", True),
        ("PySide6/Qt/translations/qtbase_de.qm", False),
        ("libQt6EglFsKmsSupport.so.6", False),
        ("libstdc++.so.6", False),
        ("libgcc_s.so.1", False),
        ("libxcb-cursor.so.0", True),
        ("libX11.so.6", False),
        ("llama_cpp/lib/libggml-vulkan.so", True),
        ("libllama.so.0", False),
        ("keyring-25.7.0.dist-info/entry_points.txt", True),
        ("keyring-25.7.0.dist-info/RECORD", False),
    ],
)
def test_a_library_is_kept_or_dropped_on_linux(path: str, is_kept: bool) -> None:
    assert read_contents("linux").keeps(path) == is_kept


def test_windows_brings_its_own_libraries_and_not_its_software_opengl() -> None:
    contents = read_contents("win32")
    assert contents.keeps("PySide6\\plugins\\platforms\\qwindows.dll")
    assert contents.keeps("VCRUNTIME140.dll")
    assert not contents.keeps("PySide6\\opengl32sw.dll")
    assert not contents.keeps("PySide6\\plugins\\platforms\\qdirect2d.dll")
    assert not contents.keeps("PySide6\\plugins\\tls\\qschannelbackend.dll")


def test_every_module_of_lapis_is_named_once() -> None:
    names = our_modules()
    assert len(set(names)) == len(names)
    assert {"desktop", "desktop.__main__", "desktop.app", "desktop.inference.host"} <= set(names)


def test_resources_come_without_what_makes_them() -> None:
    names = {name for _, name in read_contents().resource_files(ROOT / "resources")}
    assert {"guide/guide.gguf", "icons/lapis.svg", "catalogue.json"} <= names
    assert not [name for name in names if name.endswith((".py", ".pyc", ".po", ".pot"))]
    assert not [name for name in names if "corpus" in name or ".schema." in name]


def test_a_resource_made_for_the_build_replaces_that_of_the_checkout(tmp_path: Path) -> None:
    (tmp_path / "catalogue.json").write_text("{}", encoding="utf-8")
    files = {
        name: path for path, name in read_contents().resource_files(ROOT / "resources", tmp_path)
    }
    assert files["catalogue.json"] == tmp_path / "catalogue.json"
    assert files["prompts.json"] == ROOT / "resources" / "prompts.json"


def test_data_that_is_taken_from_packages_exists_in_them() -> None:
    for package, name in read_contents().data:
        spec = find_spec(package)
        assert spec is not None
        assert spec.submodule_search_locations is not None
        assert (Path(spec.submodule_search_locations[0]) / name).is_file(), name


@pytest.mark.skipif(sys.platform != "linux", reason="reads libraries of Linux")
def test_a_library_loses_its_search_path_and_still_loads(tmp_path: Path) -> None:
    library = _library(tmp_path / "libone.so", "/nowhere/of/the/build/lib")
    before = elf.linking(library)
    assert (before.name, before.search) == ("libone.so", ("/nowhere/of/the/build/lib",))
    elf.forget_search(library)
    assert elf.linking(library) == elf.Linking(before.needed, (), "libone.so")
    assert b"/nowhere/of/the/build" not in library.read_bytes()
    assert ctypes.CDLL(os.fspath(library)).answer() == 42


@pytest.mark.skipif(sys.platform != "linux", reason="reads libraries of Linux")
def test_a_search_path_out_of_the_bundle_is_found(tmp_path: Path) -> None:
    bundle = tmp_path / "lapis"
    deep = bundle / "_internal" / "deep"
    deep.mkdir(parents=True)
    _library(deep / "libinside.so", "$ORIGIN/../..")
    _library(deep / "libbeside.so", "$ORIGIN/../../..")
    _library(deep / "libelsewhere.so", "/usr/local/lib")
    assert bundle_finish.leading_out(bundle) == [
        "_internal/deep/libbeside.so: $ORIGIN/../../..",
        "_internal/deep/libelsewhere.so: /usr/local/lib",
    ]


def test_a_tree_has_the_same_hash_until_anything_in_it_changes(tmp_path: Path) -> None:
    (tmp_path / "one").write_text("1", encoding="utf-8")
    (tmp_path / "link").symlink_to("one")
    before = bundle_finish.tree_hash(tmp_path)
    assert bundle_finish.tree_hash(tmp_path) == before
    (tmp_path / "one").chmod(0o700)
    moded = bundle_finish.tree_hash(tmp_path)
    (tmp_path / "link").unlink()
    (tmp_path / "link").symlink_to("two")
    assert len({before, moded, bundle_finish.tree_hash(tmp_path)}) == 3


def _library(path: Path, search: str) -> Path:
    """Compile a small library that looks for others in `search`."""
    source = path.with_suffix(".c")
    source.write_text("int answer(void) { return 42; }", encoding="utf-8")
    names = (f"-Wl,-soname,{path.name}", f"-Wl,-rpath,{search}")
    subprocess.run(["cc", "-shared", "-fPIC", *names, "-o", path, source], check=True)
    return path
