"""`python -m installers.macos.make`: a disk image from the app, signed and notarised with keys.

Runs on macOS, after PyInstaller has made the app and signed what is in it, from the inside out.
The environment says with what: CODESIGN_IDENTITY is whose signature it is (PyInstaller took the
same), and LAPIS_NOTARY_KEY, LAPIS_NOTARY_KEY_ID and LAPIS_NOTARY_ISSUER are the file, the name and
the issuer of a key for Apple's notary service. Each step whose key is not given is left out, with a
line that says so, and the name of the image tells it.
"""

import argparse
import json
import os
import plistlib
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import desktop
from installers.dev.console import StepFailed, must, say, step
from installers.dev.places import ROOT
from installers.macos.bundle_info import NAME, plain_version

_KIND: Final = Path("Contents", "Resources", "resources", "distribution.json")
# The system's own services look into what has just been written, and it is busy for them.
_TRIES: Final = 5
_PAUSE_SECONDS: Final = 5.0
_NOTARY: Final = ("LAPIS_NOTARY_KEY", "LAPIS_NOTARY_KEY_ID", "LAPIS_NOTARY_ISSUER")


@dataclass(frozen=True, slots=True)
class Keys:
    """What it is signed and notarised with, empty for nothing."""

    identity: str = ""
    notary: tuple[str, ...] = ()
    """File, name and issuer of the key."""

    @property
    def mark(self) -> str:
        """What the name of the image ends with."""
        if not self.identity:
            return "-unsigned"
        return "" if self.notary else "-not-notarised"


def keys(environment: Mapping[str, str]) -> Keys:
    """Return the keys that `environment` names; raises StepFailed if it names half of them."""
    notary = tuple(environment.get(name, "") for name in _NOTARY)
    identity = environment.get("CODESIGN_IDENTITY", "")
    if not any(notary):
        return Keys(identity)
    if not all(notary) or not identity:
        raise StepFailed(f"CODESIGN_IDENTITY, {', '.join(_NOTARY)}: all of them, or no notary.")
    return Keys(identity, notary)


def main(arguments: Sequence[str] | None = None) -> int:
    """Make it; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m installers.macos.make")
    parser.add_argument("--app", type=Path, default=ROOT / "build" / "bundle" / NAME)
    parser.add_argument("--output", type=Path, default=ROOT / "dist")
    parser.add_argument("--arch", choices=("arm64", "x86_64"), required=True)
    given = parser.parse_args(arguments)
    try:
        image = make(given.app, given.output, given.arch, keys(os.environ))
    except StepFailed as failure:
        say(f"\nFailed: {failure}")
        return 1
    say(f"{image} ({image.stat().st_size / 1e6:.1f} MB)")
    return 0


def make(app: Path, output: Path, arch: str, keys: Keys, pause: float = _PAUSE_SECONDS) -> Path:
    """Make the disk image of `app` in `output`; raises StepFailed.

    `pause` is how long is waited, in seconds, before the image is tried once more.
    """
    _check(app)
    name = f"lapis-assistant-{desktop.__version__}-macos-{arch}{keys.mark}.dmg"
    image = output.absolute() / name
    output.mkdir(parents=True, exist_ok=True)
    image.unlink(missing_ok=True)
    with step("Checking the app's signature"):
        _do("codesign", "--verify", "--deep", "--strict", "--verbose=2", app)
    with tempfile.TemporaryDirectory() as scratch:
        # What people see when they open it: the app, and where to drag it.
        _do("ditto", app, Path(scratch, NAME))
        Path(scratch, "Applications").symlink_to("/Applications")
        with step("Making the disk image", "about a minute"):
            _make_image(Path(scratch), image, pause)
    _do("hdiutil", "verify", image)
    if not keys.identity:
        say("CODESIGN_IDENTITY is not set: the image is not signed.")
        return image
    _do("codesign", "--sign", keys.identity, "--timestamp", image)
    if not keys.notary:
        say(f"{_NOTARY[0]} is not set: Apple's notary service is not asked.")
        return image
    with step("Asking Apple's notary service", "minutes, seldom more than an hour"):
        _notarise(image, keys.notary)
    _do("xcrun", "stapler", "staple", image)
    # What Gatekeeper would say of it, once it has been fetched from somewhere.
    primary = "context:primary-signature"
    _do("spctl", "--assess", "--verbose=2", "--type", "open", "--context", primary, image)
    return image


def _check(app: Path) -> None:
    """Raise StepFailed unless `app` is this version of Lapis and knows what it is packed as."""
    try:
        said = plistlib.loads((app / "Contents" / "Info.plist").read_bytes())
        told = json.loads((app / _KIND).read_bytes())
    except (OSError, ValueError) as error:
        raise StepFailed(f"{app} is no bundle of Lapis: {error}") from error
    version = said.get("CFBundleShortVersionString")
    if version != plain_version(desktop.__version__):
        raise StepFailed(f"{app} is Lapis {version}, not {desktop.__version__}.")
    if told.get("kind") != "macos":
        # Nothing in it can be changed now without breaking its signature.
        raise StepFailed(f"{app} does not know that it is for macOS: make the bundle on macOS.")


def _make_image(folder: Path, image: Path, pause: float) -> None:
    words = ("hdiutil", "create", "-volname", "Lapis", "-srcfolder", folder, "-fs", "HFS+")
    for tries_left in reversed(range(_TRIES)):
        done = _run(*words, "-format", "ULFO", "-ov", image)
        if done.returncode == 0:
            return
        say(f"  {done.stderr.strip()}")
        if tries_left:
            time.sleep(pause)
    raise StepFailed("hdiutil could not make the disk image.")


def _notarise(image: Path, notary: tuple[str, ...]) -> None:
    """Have `image` notarised; raises StepFailed, with what the service found, if it is not."""
    file, name, issuer = notary
    known = ("--key", file, "--key-id", name, "--issuer", issuer)
    asked = ("xcrun", "notarytool", "submit", image, *known, "--wait", "--output-format", "json")
    done = _run(*asked)
    try:
        answer = json.loads(done.stdout)
    except ValueError:
        raise StepFailed(f"notarytool: {done.stderr.strip() or done.stdout.strip()}") from None
    # A refusal is no failure of the tool: it ends with 0.
    if done.returncode or answer.get("status") != "Accepted":
        log = _run("xcrun", "notarytool", "log", str(answer.get("id", "")), *known).stdout
        raise StepFailed(f"Apple's notary service said: {answer.get('status')}\n{log}")


def _do(*words: str | Path) -> None:
    must(words, cwd=ROOT)


def _run(*words: str | Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(words, capture_output=True, encoding="utf-8", check=False)


if __name__ == "__main__":
    sys.exit(main())
