"""The disk image for macOS: which tools are called, with what, and in which order.

Programs of the same names stand in for those of macOS and do as those do, as far as they are asked.
"""

import json
import os
import plistlib
import stat
import sys
from pathlib import Path

import pytest

import desktop
from installers.dev.console import StepFailed
from installers.macos.bundle_info import info_plist
from installers.macos.make import Keys, keys, make

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="programs there end with .exe")

_STAND_IN = """#!{python}
import json, os, shutil, sys
from pathlib import Path
here = Path(__file__).parent
name, words = Path(sys.argv[0]).name, sys.argv[1:]
with (here / "calls.jsonl").open("a") as log:
    print(json.dumps([name, *words]), file=log)
answers = json.loads((here / "answers.json").read_text())
match [name, *words]:
    case ["ditto", source, target]:
        shutil.copytree(source, target, symlinks=True)
    case ["hdiutil", "create", *_, folder, "-fs", "HFS+", "-format", "ULFO", "-ov", image]:
        if answers["busy"] > 0:
            answers["busy"] -= 1
            (here / "answers.json").write_text(json.dumps(answers))
            sys.exit("hdiutil: create failed - Resource busy")
        Path(image).write_text("\\n".join(sorted(os.listdir(folder))))
    case ["codesign", "--verify", *_] if not answers["is_intact"]:
        sys.exit("a sealed resource is missing or invalid")
    case ["xcrun", "notarytool", "submit", *_]:
        print(json.dumps({{"id": "7", "status": answers["status"]}}))
    case ["xcrun", "notarytool", "log", number, *_]:
        print("the log of", number)
"""
_NOTARY = ("/keys/a.p8", "KEY", "ISSUER")


class Tools:
    """The programs that stand in, in a folder of their own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in ("codesign", "ditto", "hdiutil", "spctl", "xcrun"):
            path = folder / name
            path.write_text(_STAND_IN.format(python=sys.executable), encoding="utf-8")
            path.chmod(path.stat().st_mode | stat.S_IXUSR)
        self.answer()

    def answer(self, busy: int = 0, status: str = "Accepted", *, is_intact: bool = True) -> None:
        said = {"busy": busy, "status": status, "is_intact": is_intact}
        (self.folder / "answers.json").write_text(json.dumps(said), encoding="utf-8")

    def calls(self) -> list[list[str]]:
        path = self.folder / "calls.jsonl"
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        return [json.loads(line) for line in lines]

    def names(self) -> list[str]:
        """Return the calls as their first two words."""
        return [" ".join(words[:2]) for words in self.calls() if words[0] != "ditto"]


@pytest.fixture
def tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Tools:
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    return Tools(folder)


@pytest.fixture
def app(tmp_path: Path) -> Path:
    return _app(tmp_path / "Lapis.app", "macos", desktop.__version__)


def _app(path: Path, kind: str, version: str) -> Path:
    resources = path / "Contents" / "Resources" / "resources"
    resources.mkdir(parents=True)
    said = json.dumps({"kind": kind})
    (resources / "distribution.json").write_text(said, encoding="utf-8")
    (path / "Contents" / "Info.plist").write_bytes(plistlib.dumps(info_plist(version, (14, 0))))
    return path


def test_without_keys_the_image_is_made_and_called_unsigned(
    tools: Tools, app: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    image = make(app, tmp_path / "dist", "arm64", Keys())

    assert image.name == f"lapis-assistant-{desktop.__version__}-macos-arm64-unsigned.dmg"
    assert image.read_text(encoding="utf-8").split("\n") == ["Applications", "Lapis.app"]
    assert tools.names() == ["codesign --verify", "hdiutil create", "hdiutil verify"]
    assert "CODESIGN_IDENTITY is not set" in capsys.readouterr().out


def test_with_a_signature_alone_the_notary_is_not_asked(
    tools: Tools, app: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    image = make(app, tmp_path / "dist", "x86_64", Keys("Developer ID"))

    assert image.name.endswith("-macos-x86_64-not-notarised.dmg")
    assert tools.calls()[-1] == ["codesign", "--sign", "Developer ID", "--timestamp", str(image)]
    assert "LAPIS_NOTARY_KEY is not set" in capsys.readouterr().out


def test_with_all_keys_it_is_signed_notarised_stapled_and_assessed_in_this_order(
    tools: Tools, app: Path, tmp_path: Path
) -> None:
    image = make(app, tmp_path / "dist", "arm64", Keys("Developer ID", _NOTARY))

    assert image.name == f"lapis-assistant-{desktop.__version__}-macos-arm64.dmg"
    assert tools.names() == [
        *("codesign --verify", "hdiutil create", "hdiutil verify", "codesign --sign"),
        *("xcrun notarytool", "xcrun stapler", "spctl --assess"),
    ]
    submitted = next(words for words in tools.calls() if words[1] == "notarytool")
    assert submitted[3:10] == [
        str(image),
        *("--key", "/keys/a.p8", "--key-id", "KEY", "--issuer", "ISSUER"),
    ]


def test_a_busy_disk_is_tried_again_and_given_up_after_five_tries(
    tools: Tools, app: Path, tmp_path: Path
) -> None:
    tools.answer(busy=4)
    assert make(app, tmp_path / "dist", "arm64", Keys(), pause=0).exists()
    assert tools.names().count("hdiutil create") == 5

    tools.answer(busy=5)
    with pytest.raises(StepFailed, match="disk image"):
        make(app, tmp_path / "dist", "arm64", Keys(), pause=0)


def test_what_apple_refuses_fails_with_its_reasons(tools: Tools, app: Path, tmp_path: Path) -> None:
    tools.answer(status="Invalid")

    with pytest.raises(StepFailed, match=r"(?s)Invalid.*the log of 7"):
        make(app, tmp_path / "dist", "arm64", Keys("Developer ID", _NOTARY))
    assert "xcrun stapler" not in tools.names()


def test_an_app_that_was_changed_after_it_was_signed_is_not_packed(
    tools: Tools, app: Path, tmp_path: Path
) -> None:
    tools.answer(is_intact=False)

    with pytest.raises(StepFailed, match="codesign"):
        make(app, tmp_path / "dist", "arm64", Keys())
    assert "hdiutil create" not in tools.names()


@pytest.mark.parametrize(("kind", "version"), [("source", desktop.__version__), ("macos", "9.9")])
def test_an_app_of_another_kind_or_version_is_not_packed(
    tools: Tools, tmp_path: Path, kind: str, version: str
) -> None:
    with pytest.raises(StepFailed):
        make(_app(tmp_path / "Other.app", kind, version), tmp_path / "dist", "arm64", Keys())
    assert tools.calls() == []


def test_half_of_the_keys_is_a_mistake() -> None:
    named = dict(zip(("FILE", "ID", "ISSUER"), _NOTARY, strict=True))
    notary = {
        "LAPIS_NOTARY_KEY": named["FILE"],
        "LAPIS_NOTARY_KEY_ID": named["ID"],
        "LAPIS_NOTARY_ISSUER": named["ISSUER"],
    }

    assert keys({}) == Keys()
    assert keys(notary | {"CODESIGN_IDENTITY": "me"}) == Keys("me", _NOTARY)
    for missing in notary:
        with pytest.raises(StepFailed, match="all of them"):
            keys({"CODESIGN_IDENTITY": "me"} | notary | {missing: ""})
    with pytest.raises(StepFailed, match="all of them"):
        keys(notary)
