"""`python -m installers.windows.make`: the setup program from the bundle, by Inno Setup's compiler.

Runs on Windows, where Inno Setup 6.4 or newer is installed. The environment variable
LAPIS_WINDOWS_SIGN is a command that signs the file `$f`; without one nothing is signed, and the
name of the setup program says so.
"""

import argparse
import json
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import desktop
from installers.dev.console import StepFailed, must, say, step
from installers.dev.places import ROOT
from installers.facts import numbers
from installers.windows import artwork
from installers.windows.version_resource import PROGRAMS

SIGN: Final = "LAPIS_WINDOWS_SIGN"
SCRIPT: Final = Path(__file__).with_name("lapis.iss")
_COMPILER: Final = Path("Inno Setup 6", "ISCC.exe")


@dataclass(frozen=True, slots=True)
class Setup:
    """A setup program to be made. The folders are as the compiler calls them."""

    version: str
    arch: str
    source: str
    output: str
    artwork: str
    sign: str = ""

    @property
    def name(self) -> str:
        """What it is called, without .exe."""
        unsigned = "" if self.sign else "-unsigned"
        return f"lapis-assistant-{self.version}-windows-{self.arch}{unsigned}"

    def command(self, compiler: Sequence[str], script: str) -> list[str]:
        """Return the words that make it from `script`."""
        defined = {
            "Version": self.version,
            "Numbers": ".".join(str(number) for number in numbers(self.version)),
            "Source": self.source,
            "Output": self.output,
            "Name": self.name,
            "Artwork": self.artwork,
            "Arch": self.arch,
        }
        words = [f"/D{name}={value}" for name, value in defined.items()]
        if self.sign:
            # The compiler has its own word for a quote.
            words += ["/DSign", f"/Slapis={self.sign.replace(chr(34), '$q')}"]
        return [*compiler, *words, script]


def main(arguments: Sequence[str] | None = None) -> int:
    """Make it; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m installers.windows.make")
    parser.add_argument("--bundle", type=Path, default=ROOT / "build" / "bundle" / "lapis")
    parser.add_argument("--output", type=Path, default=ROOT / "dist")
    parser.add_argument("--arch", choices=("x64", "arm64"), default="x64")
    given = parser.parse_args(arguments)
    try:
        made = make(given.bundle, given.output, given.arch, os.environ.get(SIGN, ""))
    except StepFailed as failure:
        say(f"\nFailed: {failure}")
        return 1
    say(f"{made} ({made.stat().st_size / 1e6:.1f} MB)")
    return 0


def make(bundle: Path, output: Path, arch: str, sign: str) -> Path:
    """Make the setup program of `bundle` in the folder `output`; raises StepFailed."""
    compiler = find_compiler()
    missing = [name for name in PROGRAMS if not (bundle / name).is_file()]
    if missing:
        raise StepFailed(f"{bundle} has no {' and no '.join(missing)}: make the bundle first.")
    output.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        source, pictures = Path(scratch, "lapis"), Path(scratch, "artwork")
        shutil.copytree(bundle, source)
        tell_kind(source / "_internal" / "resources" / "distribution.json")
        pictures.mkdir()
        artwork.write(pictures)
        if sign:
            for name in PROGRAMS:
                sign_file(sign, source / name)
        else:
            say(f"{SIGN} is not set: nothing is signed.")
        setup = Setup(
            desktop.__version__, arch, str(source), str(output.absolute()), str(pictures), sign
        )
        with step("Compressing and packing", "2 to 5 minutes"):
            must(setup.command([compiler], str(SCRIPT)), cwd=ROOT)
    return output / f"{setup.name}.exe"


def find_compiler() -> str:
    """Return the path of Inno Setup's compiler; raises StepFailed."""
    found = shutil.which("ISCC")
    folders = (os.environ.get(name) for name in ("ProgramFiles(x86)", "ProgramFiles"))
    places = (Path(folder) / _COMPILER for folder in folders if folder)
    found = found or next((str(path) for path in places if path.is_file()), None)
    if found is None:
        raise StepFailed("Inno Setup's compiler (ISCC.exe) was not found. Install Inno Setup 6.4.")
    return found


def tell_kind(distribution: Path) -> None:
    """Have the program know that it came in a setup program."""
    told = json.loads(distribution.read_text(encoding="utf-8")) | {"kind": "windows"}
    distribution.write_text(json.dumps(told, indent=2) + "\n", encoding="utf-8")


def sign_file(sign: str, path: Path) -> None:
    """Have `path` signed; raises StepFailed."""
    line = sign.replace("$f", subprocess.list2cmdline([str(path)]))
    # Windows itself takes a command as one line, and each program parts it.
    words = line if sys.platform == "win32" else shlex.split(line)
    if subprocess.run(words, check=False).returncode:
        raise StepFailed(f"{path.name} could not be signed.")


if __name__ == "__main__":
    sys.exit(main())
