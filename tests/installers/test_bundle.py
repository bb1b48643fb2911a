"""What lies in the bundle, and what does not. Made by `make bundle`; x86-64 Linux."""

import json
import re
import stat
import sys
from pathlib import Path

import pytest

from installers.bundle.contents import our_modules, read_contents
from installers.dev import bundle_finish, elf
from installers.dev.bundle_size import MOST_BYTES, heaviest, size
from installers.linux.needs import elf_files, needs, numbers
from tests.installers.bundle_room import made_bundle, plain_name

_LISTING = Path(__file__).with_name("bundle_listing.json")
# Python and glibc's own parts; everything else that is asked for is in the listing.
_LOADER = re.compile(r"ld-linux-.*|lib(c|dl|m|pthread|resolv|rt|util)\.so\.\d")
# Other builds of Python have this one inside.
_OF_DEBIANS_PYTHON = {"libexpat.so.1"}


@pytest.fixture(scope="module")
def folder() -> Path:
    """Return the bundle."""
    return made_bundle()


@pytest.fixture(scope="module")
def files(folder: Path) -> list[str]:
    """Return the paths of all files beside the programs, links left out."""
    internal = bundle_finish.inside(folder)
    return sorted(
        path.relative_to(internal).as_posix()
        for path in internal.rglob("*")
        if path.is_file() and not path.is_symlink()
    )


@pytest.fixture(scope="module")
def listing() -> dict[str, list[str]]:
    """Return what has been looked at and found to belong in."""
    known: dict[str, list[str]] = json.loads(_LISTING.read_text(encoding="utf-8"))
    return known


def test_all_modules_of_lapis_are_in(files: list[str]) -> None:
    held = {name.removesuffix(".pyc").removesuffix("/__init__") for name in files}
    missing = [name for name in our_modules() if name.replace(".", "/") not in held]
    assert not missing


def test_no_source_and_nothing_excluded_is_in(files: list[str]) -> None:
    assert not [name for name in files if name.endswith((".py", ".pyi", ".a", ".h"))]
    held = {name.removesuffix(".pyc").removesuffix("/__init__") for name in files}
    excluded = {name.replace(".", "/") for name in read_contents().excluded}
    assert not held & {*excluded, "numpy", "torch", "diskcache", "tests", "installers"}


def test_no_file_is_in_that_a_rule_drops(files: list[str]) -> None:
    contents = read_contents()
    assert not [name for name in files if not contents.keeps(name)]


def test_packages_are_those_that_were_looked_at(
    files: list[str], listing: dict[str, list[str]]
) -> None:
    modules = (name for name in files if name.endswith(".pyc"))
    packages = {name.partition("/")[0] for name in modules if "/" in name}
    # Newer Pythons need fewer of them.
    assert packages - sys.stdlib_module_names <= set(listing["packages"])


def test_files_of_qt_are_those_that_were_looked_at(
    files: list[str], listing: dict[str, list[str]]
) -> None:
    assert (
        sorted(plain_name(name) for name in files if name.startswith("PySide6/")) == listing["qt"]
    )


def test_libraries_from_the_building_system_are_those_that_were_looked_at(
    files: list[str], listing: dict[str, list[str]]
) -> None:
    top = {plain_name(name) for name in files if "/" not in name and ".so" in name}
    python = {name for name in top if name.startswith("libpython")}
    assert sorted(top - python) == listing["libraries"]


def test_libraries_asked_of_the_system_are_those_that_packages_depend_on(
    folder: Path, listing: dict[str, list[str]]
) -> None:
    asked = {name for name in needs(folder).libraries if not _LOADER.fullmatch(name)}
    assert sorted(asked - _OF_DEBIANS_PYTHON) == listing["system"]


def test_the_c_plus_plus_library_is_the_systems(folder: Path) -> None:
    assert not [
        path for path in folder.rglob("*") if path.name.startswith(("libstdc++", "libgcc_s"))
    ]


def test_no_library_is_looked_for_outside_of_the_bundle(folder: Path) -> None:
    assert bundle_finish.leading_out(folder) == []


def test_every_link_leads_to_a_file_inside(folder: Path) -> None:
    links = [path for path in folder.rglob("*") if path.is_symlink()]
    assert links
    assert all(path.resolve().is_relative_to(folder.resolve()) for path in links)
    assert all(path.exists() and not path.readlink().is_absolute() for path in links)


def test_no_newer_c_library_is_needed_than_that_of_debian_12(folder: Path) -> None:
    assert numbers(needs(folder).glibc) <= (2, 36)


def test_qt_and_the_engine_need_no_newer_c_library_than_qts_wheels_promise(folder: Path) -> None:
    internal = bundle_finish.inside(folder)
    # Python's own part is the building system's; a release is built on an older one.
    for part in ("PySide6", "llama_cpp", "shiboken6"):
        assert numbers(needs(internal / part).glibc) <= (2, 34), part


def test_modes_are_the_same_wherever_it_is_built(folder: Path) -> None:
    for path in (folder, *folder.rglob("*")):
        if not path.is_symlink():
            is_program = path.parent == folder and path.name in bundle_finish.PROGRAMS
            wanted = 0o755 if path.is_dir() or is_program else 0o644
            assert stat.S_IMODE(path.stat().st_mode) == wanted, path


def test_no_library_carries_symbols_for_debuggers(folder: Path) -> None:
    for path in elf_files(folder):
        assert b"\0.debug_info\0" not in path.read_bytes(), path


def test_it_fits_its_budget(folder: Path) -> None:
    assert size(folder) <= MOST_BYTES, heaviest(folder)


def test_the_engine_has_every_processor_and_vulkan(files: list[str]) -> None:
    names = [name for name in files if name.startswith("llama_cpp/lib/")]
    assert len([name for name in names if "libggml-cpu-" in name]) >= 13
    assert {"llama_cpp/lib/libggml-vulkan.so", "llama_cpp/lib/libllama.so"} <= set(names)
    assert not [name for name in names if "sapphirerapids" in name or "rpc" in name]


def test_resources_are_those_that_the_program_reads(files: list[str]) -> None:
    held = [name.removeprefix("resources/") for name in files if name.startswith("resources/")]
    assert {"guide/guide.gguf", "icons/lapis.svg", "distribution.json"} <= set(held)
    assert {"licences/licences.json", "licences/sbom.cdx.json"} <= set(held)
    assert "locale/zh_CN/LC_MESSAGES/lapis.mo" in held
    assert not [name for name in held if re.search(r"corpus|\.pot?$|\.schema\.|screenshots", name)]


def test_versions_are_known_without_any_installed_package(files: list[str]) -> None:
    metadata = [name for name in files if name.endswith(".dist-info/METADATA")]
    for name in ("keyring", "llama_cpp_python", "pyside6_essentials"):
        assert [path for path in metadata if path.startswith(f"{name}-")], name


def test_every_library_can_be_read(folder: Path) -> None:
    assert len([path for path in elf_files(folder) if elf.linking(path).needed]) > 50
