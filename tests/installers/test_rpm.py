"""The .rpm, as far as it can be seen without a system of its kind: contents, needs, unpacking."""

import json
import subprocess
from pathlib import Path

import pytest

from tests.installers.empty_system import System

pytestmark = pytest.mark.timeout(600)


def asked(*words: str | Path) -> list[str]:
    done = subprocess.run(["rpm", *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_it_holds_the_same_as_the_deb(rpm: Path, deb: Path) -> None:
    listing = subprocess.run(
        ["dpkg-deb", "--fsys-tarfile", deb], stdout=subprocess.PIPE, check=True
    ).stdout
    names = subprocess.run(["tar", "-t"], input=listing, stdout=subprocess.PIPE, check=True).stdout
    deb_files = {line[1:].rstrip("/") for line in names.decode().splitlines()}
    own = ("/usr/share/doc", "/usr/share/lintian", "/usr/share/licenses")
    wanted = {path for path in deb_files if path.startswith("/usr/lib/lapis/")}
    wanted |= {path for path in deb_files if path.startswith("/usr/bin/")}
    found = set(asked("-qpl", rpm))
    assert wanted <= found
    assert not {path for path in found - deb_files if not path.startswith(own)}


def test_it_needs_libraries_by_their_names_and_nothing_of_its_own(rpm: Path) -> None:
    needed = asked("-qp", "--requires", rpm)
    assert any(word.startswith("libc.so.6(GLIBC_2.3") for word in needed)
    assert "libEGL.so.1()(64bit)" in needed
    assert not [word for word in needed if "Qt6" in word or "python" in word.lower()]


def test_it_runs_no_scripts(rpm: Path) -> None:
    assert asked("-qp", "--scripts", rpm) == []
    assert asked("-qp", "--triggers", rpm) == []


def test_it_is_packed_for_every_rpm_of_today(rpm: Path) -> None:
    form = "%{PAYLOADCOMPRESSOR} %{VENDOR} %{BUILDHOST} %{LICENSE}"
    assert asked("-qp", "--queryformat", form, rpm) == ["zstd (none) lapis MIT"]


def test_it_unpacks_to_a_program_that_answers(rpm: Path, deb: Path, system: System) -> None:
    """The libraries come with the .deb of an empty system; the program is that of the .rpm."""
    system.install(deb, "--no-install-recommends")
    system.apt("remove", "lapis-assistant")
    assert not (system.root / "usr/lib/lapis").exists()
    asked("--root", system.root, "--nodeps", "--noscripts", "--nosignature", "-i", rpm)
    assert system.run("lapis", "ask", "How do I change the hotkey?").stdout.strip()
    kind = system.root / "usr/lib/lapis/_internal/resources/distribution.json"
    assert json.loads(kind.read_text("utf-8"))["kind"] == "rpm"
    asked("--root", system.root, "--nodeps", "--noscripts", "-e", "lapis-assistant")
    assert not (system.root / "usr/lib/lapis").exists()
    assert not (system.root / "usr/bin/lapis").exists()
