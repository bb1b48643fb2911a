"""What the bundle of macOS says of itself: read back as macOS would read it."""

import plistlib
import re
import struct
import zlib
from pathlib import Path

import pytest

import desktop
from desktop.services.start_at_login import start_command
from desktop.system.login.macos import BUNDLE_ID, MacLogin
from installers.dev.places import ROOT
from installers.macos import bundle_info
from installers.macos.bundle_info import (
    FILE_TYPE,
    info_plist,
    oldest_system,
    write_icon,
    write_words,
)

_INFO = info_plist(desktop.__version__, (14, 0))


def _package(folder: Path, name: str, *tags: str) -> None:
    (folder / f"{name}.dist-info").mkdir()
    lines = ["Wheel-Version: 1.0", *(f"Tag: {tag}" for tag in tags), ""]
    (folder / f"{name}.dist-info" / "WHEEL").write_text("\n".join(lines), encoding="utf-8")


def test_the_values_are_a_property_list() -> None:
    assert plistlib.loads(plistlib.dumps(_INFO)) == _INFO


def test_lapis_is_an_agent_with_a_name_that_macos_takes() -> None:
    assert _INFO["LSUIElement"] is True
    assert re.fullmatch(r"[A-Za-z0-9.-]+", _INFO["CFBundleIdentifier"])
    assert _INFO["CFBundleExecutable"] == "lapis-gui"
    assert _INFO["LSMinimumSystemVersion"] == "14.0"


def test_the_entry_among_the_login_items_names_the_bundle(tmp_path: Path) -> None:
    MacLogin(tmp_path, "label", lambda _path: None).turn_on(["/Applications/Lapis.app"])

    (agent,) = (tmp_path / "Library" / "LaunchAgents").iterdir()
    written = plistlib.loads(agent.read_bytes())
    assert written["AssociatedBundleIdentifiers"] == [_INFO["CFBundleIdentifier"]] == [BUNDLE_ID]


@pytest.mark.parametrize(
    ("version", "plain"), [("0.1.0", "0.1.0"), ("1.2.0rc1", "1.2.0"), ("2.0", "2.0.0")]
)
def test_versions_are_three_numbers(version: str, plain: str) -> None:
    said = info_plist(version, (14, 0))

    assert said["CFBundleShortVersionString"] == said["CFBundleVersion"] == plain


def test_model_files_can_be_opened_and_stay_with_whoever_has_them() -> None:
    (kind,) = _INFO["CFBundleDocumentTypes"]
    (declared,) = _INFO["UTImportedTypeDeclarations"]

    assert kind["LSHandlerRank"] == "Alternate"
    assert kind["LSItemContentTypes"] == [declared["UTTypeIdentifier"]] == [FILE_TYPE]
    assert declared["UTTypeTagSpecification"]["public.filename-extension"] == ["gguf"]
    mime_types = ROOT / "installers" / "linux" / "data" / "io.github.lapis_assistant.Lapis.xml"
    (mime_type,) = declared["UTTypeTagSpecification"]["public.mime-type"]
    assert f'"{mime_type}"' in mime_types.read_text(encoding="utf-8")


def test_each_language_has_all_words_that_people_see(tmp_path: Path) -> None:
    written = write_words(tmp_path)

    places = {place: plistlib.loads(path.read_bytes()) for path, place in written}
    assert set(places) == {f"{name}.lproj" for name in _INFO["CFBundleLocalizations"]}
    english, chinese = places["en.lproj"], places["zh-Hans.lproj"]
    assert english.keys() == chinese.keys()
    assert english["NSLocalNetworkUsageDescription"] == _INFO["NSLocalNetworkUsageDescription"]
    assert _INFO["CFBundleDocumentTypes"][0]["CFBundleTypeName"] in chinese
    assert all(re.search("[一-鿿]", words) for words in chinese.values())


def test_the_entitlements_are_the_one_that_callbacks_need() -> None:
    path = Path(bundle_info.__file__).with_name("entitlements.plist")

    assert plistlib.loads(path.read_bytes()) == {
        "com.apple.security.cs.allow-unsigned-executable-memory": True
    }


def test_the_oldest_system_is_that_of_the_most_demanding_package(tmp_path: Path) -> None:
    _package(tmp_path, "plain", "py3-none-any")
    _package(tmp_path, "qt", "cp310-abi3-macosx_13_0_universal2")
    _package(tmp_path, "numbers", "cp311-cp311-macosx_14_0_arm64")
    _package(tmp_path, "old", "cp311-cp311-macosx_16_0_arm64", "cp311-cp311-macosx_12_0_universal2")
    _package(tmp_path, "both", "cp311-cp311-macosx_15_0_x86_64", "cp311-cp311-macosx_11_0_arm64")

    assert oldest_system(tmp_path, "arm64") == (14, 0)


def test_a_package_for_other_processors_only_is_refused(tmp_path: Path) -> None:
    _package(tmp_path, "engine", "cp311-cp311-macosx_14_0_arm64")

    with pytest.raises(ValueError, match="engine"):
        oldest_system(tmp_path, "x86_64")


def test_the_icon_has_all_sizes_as_whole_pictures(tmp_path: Path) -> None:
    path = tmp_path / "lapis.icns"

    write_icon(path)

    content = path.read_bytes()
    assert struct.unpack(">4sI", content[:8]) == (b"icns", len(content))
    sizes, place = {}, 8
    while place < len(content):
        kind, length = struct.unpack(">4sI", content[place : place + 8])
        entry = content[place + 8 : place + length]
        assert entry[:8] == b"\x89PNG\r\n\x1a\n"
        sizes[kind] = struct.unpack(">II", entry[16:24])
        rows = zlib.decompress(entry[41 : entry.index(b"IEND") - 8])
        assert len(rows) == sizes[kind][1] * (sizes[kind][0] * 4 + 1)
        place += length
    assert sizes[b"icp4"] == (16, 16)
    assert sizes[b"ic10"] == (1024, 1024)
    assert len(sizes) == 10


@pytest.mark.parametrize("started", ["lapis", "lapis-gui"])
def test_what_starts_at_login_is_the_window_inside_of_the_bundle(
    tmp_path: Path, started: str
) -> None:
    programs = tmp_path / "Lapis.app" / "Contents" / "MacOS"
    programs.mkdir(parents=True)
    for name in ("lapis", "lapis-gui"):
        (programs / name).touch()

    command = start_command({}, "darwin", None, str(programs / started))

    assert command == (str(programs / str(_INFO["CFBundleExecutable"])), "--background")
