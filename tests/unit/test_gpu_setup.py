"""What `make test-gpu` needs, and how old Vulkan headers are told from new ones."""

from pathlib import Path

from installers.dev import engine, gpu, system_packages
from installers.dev.system_packages import Purpose

_CORE = """
// Version of this file
#define VK_HEADER_VERSION {patch}
#define VK_HEADER_VERSION_COMPLETE VK_MAKE_API_VERSION(0, 1, {minor}, VK_HEADER_VERSION)
"""


def put_headers(folder: Path, minor: int, patch: int) -> Path:
    file = folder / "vulkan" / "vulkan_core.h"
    file.parent.mkdir(parents=True)
    file.write_text(_CORE.format(minor=minor, patch=patch), encoding="utf-8")
    return folder


def test_the_version_of_headers_is_read_from_them(tmp_path: Path) -> None:
    assert gpu.header_version(put_headers(tmp_path / "old", 3, 239)) == (1, 3, 239)
    assert gpu.header_version(put_headers(tmp_path / "new", 4, 309)) == (1, 4, 309)
    assert gpu.header_version(tmp_path / "none") == ()


def test_new_headers_of_the_system_are_taken_and_nothing_is_fetched(tmp_path: Path) -> None:
    headers = put_headers(tmp_path / "include", 4, 320)
    assert gpu.header_folder(headers, tmp_path / "work") == headers
    assert not (tmp_path / "work").exists()


def test_headers_that_were_fetched_are_taken_again(tmp_path: Path) -> None:
    old = put_headers(tmp_path / "include", 3, 239)
    fetched = put_headers(tmp_path / "work" / "headers" / "usr" / "include", 4, 309)
    assert gpu.header_folder(old, tmp_path / "work") == fetched


def test_a_software_graphics_card_is_asked_for_by_its_own_target_only() -> None:
    assert "mesa-vulkan-drivers" in system_packages.wanted(Purpose.GPU)
    assert "mesa-vulkan-drivers" not in system_packages.wanted(Purpose.TEST)


def test_the_build_for_graphics_cards_is_kept_apart_from_the_ordinary_one() -> None:
    package = engine.pinned()
    ordinary, other = engine.recipe(package), gpu.recipe(package)
    assert engine.fingerprint(ordinary) != engine.fingerprint(other)
    assert "processor" not in other
    assert "GGML_BACKEND_DL=ON" in other["arguments"]
