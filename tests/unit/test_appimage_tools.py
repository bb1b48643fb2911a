"""What makes an AppImage is taken from one address, and only with the sum that is known."""

import hashlib
import re
import shutil
from pathlib import Path

import pytest

from installers.dev.console import StepFailed
from installers.linux.appimage import fetch, pinned

_CONTENT = b"a tool"


def _pin(place: Path, content: bytes) -> dict[str, str]:
    return {"address": place.as_uri(), "sha256": hashlib.sha256(content).hexdigest()}


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_only_the_file_that_is_pinned_is_taken(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.write_bytes(_CONTENT)

    taken = fetch(_pin(source, _CONTENT), tmp_path / "taken")
    with pytest.raises(StepFailed, match="not what was pinned"):
        fetch(_pin(source, b"another"), tmp_path / "refused")

    assert taken.read_bytes() == _CONTENT
    assert not (tmp_path / "refused").exists()


def test_pins_are_whole_sums_of_releases_that_do_not_move() -> None:
    pins = pinned("x86_64")

    assert set(pins) == {"appimagetool", "runtime"}
    for pin in pins.values():
        assert re.fullmatch(r"https://github\.com/AppImage/[\w./-]+", pin["address"])
        assert "continuous" not in pin["address"]
        assert re.fullmatch(r"[0-9a-f]{64}", pin["sha256"])
    with pytest.raises(StepFailed, match="riscv64"):
        pinned("riscv64")
