"""What `make test-gpu` needs, and how old Vulkan headers are told from new ones."""

from pathlib import Path

import pytest

from installers.dev import (
    engine,
    engine_files,
    engine_forms,
    shipped_engine,
    system_packages,
    vulkan_headers,
)
from installers.dev.console import StepFailed
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
    assert vulkan_headers.version(put_headers(tmp_path / "old", 3, 239)) == (1, 3, 239)
    assert vulkan_headers.version(put_headers(tmp_path / "new", 4, 309)) == (1, 4, 309)
    assert vulkan_headers.version(tmp_path / "none") == ()


@pytest.fixture(autouse=True)
def _no_kit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("VULKAN_SDK", raising=False)


def test_new_headers_of_the_system_are_taken_and_nothing_is_fetched(tmp_path: Path) -> None:
    headers = put_headers(tmp_path / "include", 4, 320)
    assert vulkan_headers.folder(headers, tmp_path / "work") == headers
    assert not (tmp_path / "work").exists()


def test_headers_that_were_fetched_are_taken_again(tmp_path: Path) -> None:
    old = put_headers(tmp_path / "include", 3, 239)
    fetched = put_headers(tmp_path / "work" / "headers" / "usr" / "include", 4, 309)
    assert vulkan_headers.folder(old, tmp_path / "work") == fetched


def test_the_version_is_known_before_anything_is_fetched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = put_headers(tmp_path / "include", 3, 239)
    assert vulkan_headers.chosen(old) == "1.4.309"
    kit = put_headers(tmp_path / "kit" / "include", 4, 330)
    monkeypatch.setenv("VULKAN_SDK", str(kit.parent))
    assert vulkan_headers.chosen(old) == "1.4.330"


def test_a_kit_that_is_new_enough_comes_before_the_system(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    system = put_headers(tmp_path / "include", 4, 320)
    kit = put_headers(tmp_path / "kit" / "include", 4, 330)
    monkeypatch.setenv("VULKAN_SDK", str(kit.parent))
    assert vulkan_headers.folder(system, tmp_path / "work") == kit


def test_a_software_graphics_card_is_asked_for_by_its_own_target_only() -> None:
    assert "mesa-vulkan-drivers" in system_packages.wanted(Purpose.GPU)
    assert "mesa-vulkan-drivers" not in system_packages.wanted(Purpose.TEST)


def test_the_shipped_build_is_kept_apart_from_the_one_for_this_machine() -> None:
    package = engine.pinned()
    ordinary = engine.recipe(package)
    shipped = shipped_engine.recipe(package, engine_forms.form("linux", "x86_64"))
    assert engine.fingerprint(ordinary) != engine.fingerprint(shipped)
    assert "processor" not in shipped
    assert "GGML_BACKEND_DL=ON" in shipped["arguments"]
    assert "GGML_NATIVE=OFF" in shipped["arguments"]


def test_a_shipped_build_is_taken_only_where_all_that_decides_about_it_is_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    package = engine.pinned()
    form = engine_forms.form("linux", "x86_64")

    def kept_as() -> str:
        return engine.fingerprint(shipped_engine.recipe(package, form))

    names = {kept_as()}
    monkeypatch.setitem(shipped_engine.SETTINGS, "GIT_DIR", "elsewhere")
    names.add(kept_as())
    monkeypatch.setattr(engine_files, "LEFT_OUT", "another-library")
    names.add(kept_as())
    monkeypatch.setattr(vulkan_headers, "chosen", lambda _system: "9.9.9")
    names.add(kept_as())

    assert len(names) == 4


def test_no_setting_of_the_shell_decides_about_a_shipped_build(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in engine.COMPILER_SETTINGS:
        monkeypatch.setenv(name, "-DFROM_THE_SHELL")
    environment = shipped_engine.build_environment()
    assert "-DFROM_THE_SHELL" not in environment.values()
    assert shipped_engine.SETTINGS.items() <= environment.items()


@pytest.mark.parametrize(
    ("system", "machine", "flags", "processors"),
    [
        ("linux", "x86_64", {"-DGGML_VULKAN=ON", "-DGGML_CPU_ALL_VARIANTS=ON"}, 13),
        ("linux", "aarch64", {"-DGGML_VULKAN=ON", "-DGGML_CPU_ALL_VARIANTS=ON"}, 8),
        ("win32", "AMD64", {"-DGGML_VULKAN=ON", "-DGGML_CPU_ALL_VARIANTS=ON"}, 13),
        ("win32", "ARM64", {"-DGGML_VULKAN=ON"}, 1),
        ("darwin", "arm64", {"-DGGML_METAL=ON", "-DGGML_BACKEND_DL=OFF"}, 0),
        ("darwin", "x86_64", {"-DGGML_METAL=ON", "-DGGML_AVX2=OFF"}, 0),
    ],
)
def test_every_kind_of_computer_has_its_form(
    system: str, machine: str, flags: set[str], processors: int
) -> None:
    form = engine_forms.form(system, machine)
    assert flags <= set(form.options)
    assert form.fewest_processors == processors
    assert "-DGGML_NATIVE=OFF" in form.options


def test_where_lapis_is_not_shipped_nothing_is_built() -> None:
    with pytest.raises(StepFailed):
        engine_forms.form("linux", "riscv64")


def test_a_build_that_lacks_libraries_is_refused(tmp_path: Path) -> None:
    form = engine_forms.form("linux", "x86_64")
    for name in (*form.core, *form.backends):
        (tmp_path / name).touch()
    for number in range(form.fewest_processors - 1):
        (tmp_path / f"libggml-cpu-{number}.so").touch()
    with pytest.raises(StepFailed, match="12 kinds of processor"):
        engine_files.check(tmp_path, form)
    (tmp_path / "libggml-cpu-one.so").touch()
    engine_files.check(tmp_path, form)
    (tmp_path / "libllama.so").unlink()
    with pytest.raises(StepFailed, match="left out libllama"):
        engine_files.check(tmp_path, form)
