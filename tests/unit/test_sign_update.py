"""The tool that signs: keys, a serial that grows, and nothing given out that Lapis would refuse."""

import hashlib
import json
import os
import stat
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from desktop.domain.updates import News
from desktop.hub.update_news import read_news
from desktop.hub.update_signature import key_id
from installers.release import sign_update
from installers.release.sign_update import main, new_secret, next_serial, public_of

PAGE = "https://lapis.example/download"
SECRET = new_secret()
PACKAGES = (
    "lapis_1.2.0_amd64.deb",
    "lapis-1.2.0.rpm",
    "Lapis-1.2.0.AppImage",
    "lapis-1.2.0.tar.xz",
)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LAPIS_UPDATE_KEYS", public_of(SECRET))
    monkeypatch.setenv("LAPIS_UPDATE_SIGNING_KEY", SECRET)
    (tmp_path / "dist").mkdir()
    for name in (*PACKAGES, "SHA256SUMS", "sbom.cdx.json"):
        (tmp_path / "dist" / name).write_bytes(name.encode())
    (tmp_path / "en.txt").write_text("Faster.\n", encoding="utf-8")
    (tmp_path / "zh.txt").write_text("更快。\n", encoding="utf-8")
    return tmp_path


def sign(folder: Path, *words: str, version: str = "1.2.0", page: str = PAGE) -> int:
    notes = ("--note", f"en={folder / 'en.txt'}", "--note", f"zh_CN={folder / 'zh.txt'}")
    out = ("--out", str(folder / "latest.json"))
    dist = ("--files", str(folder / "dist"))
    return main(["sign", *dist, "--version", version, "--page", page, *notes, *out, *words])


def read(folder: Path) -> News:
    content = (folder / "latest.json").read_bytes()
    return read_news(content, [public_of(SECRET)], "lapis.example")


def test_a_release_is_told_with_its_packages_and_notes(folder: Path) -> None:
    assert sign(folder, "--first") == 0
    news = read(folder)

    assert (news.version, news.serial, news.page) == ("1.2.0", 1, PAGE)
    assert (news.note("en"), news.note("zh_CN")) == ("Faster.", "更快。")
    assert [file.kind for file in news.files] == ["appimage", "rpm", "tar", "deb"]
    first = news.files[0]
    assert first.sha256 == hashlib.sha256(first.name.encode()).hexdigest()
    assert (news.expires - news.issued).days == sign_update.USUAL_DAYS
    assert news.issued == datetime.now(UTC).date()


def test_the_serial_grows_by_one_and_never_stays(folder: Path) -> None:
    previous = ("--previous", str(folder / "latest.json"))
    assert sign(folder, "--first", "--serial", "7") == 0
    assert sign(folder, *previous) == 0
    assert read(folder).serial == 8

    assert sign(folder, *previous, "--serial", "8") == 1
    assert sign(folder, *previous, "--serial", "3") == 1
    assert read(folder).serial == 8
    with pytest.raises(sign_update.Refused):
        next_serial(None, 0)


def test_an_older_version_is_not_told(folder: Path) -> None:
    previous = ("--previous", str(folder / "latest.json"))
    assert sign(folder, "--first", version="1.3.0") == 0

    assert sign(folder, *previous, version="1.2.9") == 1
    assert sign(folder, *previous, version="1.3.0") == 0


def test_a_previous_file_that_somebody_else_signed_is_refused(folder: Path) -> None:
    other = sign_update.envelope(b"{}", new_secret())
    (folder / "previous.json").write_bytes(other)

    assert sign(folder, "--previous", str(folder / "previous.json")) == 1
    assert not (folder / "latest.json").exists()


def test_a_key_that_no_lapis_knows_signs_nothing(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LAPIS_UPDATE_SIGNING_KEY", new_secret())
    assert sign(folder, "--first") == 1
    monkeypatch.setenv("LAPIS_UPDATE_SIGNING_KEY", "")
    assert sign(folder, "--first") == 1
    monkeypatch.setenv("LAPIS_UPDATE_SIGNING_KEY", "c2hvcnQ=")
    assert sign(folder, "--first") == 1

    assert "no Lapis would know it" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("version", "page"),
    [
        ("1.2.0rc1", PAGE),
        ("newest", PAGE),
        ("1.2.0", "http://lapis.example/download"),
        ("1.2.0", "https://lapis.example:8443/"),
    ],
)
def test_what_lapis_would_refuse_is_not_written(folder: Path, version: str, page: str) -> None:
    assert sign(folder, "--first", version=version, page=page) == 1
    assert not (folder / "latest.json").exists()


def test_it_holds_for_a_time_and_for_packages(folder: Path) -> None:
    assert sign(folder, "--first", "--days", "0") == 1
    assert sign(folder, "--first", "--days", "4000") == 1
    for name in PACKAGES:
        (folder / "dist" / name).unlink()
    assert sign(folder, "--first") == 1


def test_a_key_pair_is_made_once_and_for_its_owner_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "lapis.key"
    assert main(["new-key", str(file)]) == 0
    secret, said = file.read_text(encoding="ascii"), capsys.readouterr().out

    if os.name != "nt":
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert public_of(secret) in said
    assert key_id(public_of(secret)) in said
    assert secret.strip() not in said
    assert main(["new-key", str(file)]) == 1
    assert file.read_text(encoding="ascii") == secret


def test_a_file_is_checked_as_lapis_does(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert sign(folder, "--first") == 0
    assert main(["check", str(folder / "latest.json"), "--page", PAGE]) == 0
    assert "version 1.2.0, serial 1" in capsys.readouterr().out
    said = json.loads((folder / "latest.json").read_bytes())
    said["signature"] = "A" * 86 + "=="
    (folder / "latest.json").write_text(json.dumps(said), encoding="utf-8")

    assert main(["check", str(folder / "latest.json"), "--page", PAGE]) == 1
    assert "forged" in capsys.readouterr().err


def test_the_day_is_the_one_that_is_given(folder: Path) -> None:
    content = sign_update.sign(
        sign_update.Release("1.2.0", PAGE, days=10), 4, SECRET, date(2026, 12, 30)
    )
    news = sign_update.check(content, [public_of(SECRET)], PAGE)

    assert (news.issued, news.expires) == (date(2026, 12, 30), date(2027, 1, 9))
