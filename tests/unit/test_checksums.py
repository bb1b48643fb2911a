"""SHA256SUMS: what `sha256sum --check` agrees with."""

import subprocess
from pathlib import Path

from installers.release import checksums


def test_the_written_sums_are_those_of_the_files(tmp_path: Path) -> None:
    (tmp_path / "lapis 1.deb").write_bytes(b"one")
    (tmp_path / "lapis.exe").write_bytes(b"two")

    assert checksums.main([str(tmp_path)]) == 0
    assert checksums.main([str(tmp_path)]) == 0

    lines = (tmp_path / "SHA256SUMS").read_text(encoding="ascii").splitlines()
    assert [line.split("  ", 1)[1] for line in lines] == ["lapis 1.deb", "lapis.exe"]
    checked = subprocess.run(
        ["sha256sum", "--check", "--strict", "SHA256SUMS"],
        cwd=tmp_path,
        check=False,
        capture_output=True,
    )
    assert checked.returncode == 0


def test_an_empty_folder_is_no_release(tmp_path: Path) -> None:
    assert checksums.main([str(tmp_path)]) == 1
    assert not (tmp_path / "SHA256SUMS").exists()
