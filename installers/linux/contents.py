"""What a package is made of, gathered once: the bundle and everything that is written beside it."""

import gzip
import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from desktop import __version__
from installers.dev.places import ROOT
from installers.linux import man_pages, texts
from installers.linux.needs import Needs, needs
from installers.linux.texts import Release
from installers.pictures.drawing import APP_ICON, icon, read
from installers.pictures.files import png

DATA = ROOT / "installers" / "linux" / "data"
DESKTOP_ID = "io.github.lapis_assistant.Lapis"
PROGRAMS = ("lapis", "lapis-gui")
# What desktops and installers ask for that take no SVG, in pixels.
_ICON_SIZES = (16, 22, 24, 32, 48, 64, 128, 256, 512)
_DISTRIBUTION = Path("_internal", "resources", "distribution.json")


@dataclass(frozen=True, slots=True)
class Contents:
    """The bundle, what it needs, and the texts and pictures of all packages.

    `shared` maps paths below a `share` folder to their bytes. `built` is the moment that all files
    get, in seconds since 1970.
    """

    bundle: Path
    needs: Needs
    shared: Mapping[str, bytes]
    releases: tuple[Release, ...]
    built: int
    version: str = __version__

    def debian_changelog(self) -> str:
        """Return the changes as Debian writes them."""
        return texts.debian_changelog(self.releases, self.version, self.built)

    def rpm_changelog(self) -> str:
        """Return the changes as RPM writes them."""
        return texts.rpm_changelog(self.releases, self.version, self.built)


def gather(bundle: Path, built: int) -> Contents:
    """Return the contents for packages of `bundle`, dated `built`.

    Raises StepFailed.
    """
    told = tuple(texts.releases((ROOT / "CHANGELOG.md").read_text(encoding="utf-8")))
    shared = {
        f"applications/{DESKTOP_ID}.desktop": (DATA / f"{DESKTOP_ID}.desktop").read_bytes(),
        f"mime/packages/{DESKTOP_ID}.xml": (DATA / f"{DESKTOP_ID}.xml").read_bytes(),
        f"metainfo/{DESKTOP_ID}.metainfo.xml": texts.metainfo(
            (DATA / f"{DESKTOP_ID}.metainfo.xml").read_text(encoding="utf-8"),
            told,
            __version__,
            built,
        ).encode(),
        f"icons/hicolor/scalable/apps/{DESKTOP_ID}.svg": APP_ICON.read_bytes(),
    }
    drawing = read(APP_ICON)
    for size in _ICON_SIZES:
        picture = png(icon(drawing, size))
        shared[f"icons/hicolor/{size}x{size}/apps/{DESKTOP_ID}.png"] = picture
    for language in man_pages.LANGUAGES:
        pages = man_pages.man_pages(bundle / "lapis", language, __version__, built)
        for name, page in pages.items():
            shared[str(Path("man", language.folder, "man1", f"{name}.gz"))] = packed(page)
    return Contents(bundle, needs(bundle), shared, told, built)


def lay_out(contents: Contents, program: Path, share: Path, kind: str) -> None:
    """Copy the bundle to the folder `program` and what is shared to `share`.

    The program is told which `kind` of package it came in.
    """
    shutil.copytree(contents.bundle, program, symlinks=True)
    distribution = program / _DISTRIBUTION
    told = json.loads(distribution.read_text(encoding="utf-8"))
    distribution.write_text(json.dumps(told | {"kind": kind}, indent=2) + "\n", encoding="utf-8")
    for path, content in contents.shared.items():
        target = share / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)


def link_programs(root: Path) -> None:
    """Put the programs of `root`/usr/lib/lapis on everybody's path."""
    (root / "usr" / "bin").mkdir(parents=True)
    for name in PROGRAMS:
        (root / "usr" / "bin" / name).symlink_to(Path("..", "lib", "lapis", name))


def settle(folder: Path, built: int, executable: frozenset[Path]) -> None:
    """Give all files below `folder` the same time and plain modes; only `executable` are run."""
    for path in [*folder.rglob("*"), folder]:
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or path in executable else 0o644)
        os.utime(path, (built, built), follow_symlinks=False)


def packed(text: str) -> bytes:
    """Return `text` as gzip packs it, without a name and a time."""
    return gzip.compress(text.encode(), mtime=0)


def weight(folder: Path) -> int:
    """Return the bytes of all files below `folder`."""
    return sum(path.lstat().st_size for path in folder.rglob("*") if not path.is_dir())
