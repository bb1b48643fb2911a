"""The .deb: the bundle in /usr/lib/lapis, its programs on the path, everything else in /usr/share.

No script runs at installing or removing: caches of icons, types and menus are renewed by the
triggers of the packages that own them.
"""

import hashlib
import json
import platform
import shutil
from pathlib import Path

from installers.dev.console import must
from installers.dev.places import ROOT, clean_environment
from installers.linux import requirements, texts
from installers.linux.contents import (
    DATA,
    PROGRAMS,
    Contents,
    lay_out,
    link_programs,
    packed,
    settle,
    weight,
)

NAME = "lapis-assistant"
_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}
_RECOMMENDS = (
    "fonts-noto-cjk",
    "gnome-keyring | kwalletmanager | keepassxc",
    "libenchant-2-2",
    "libvulkan1",
    "xdg-desktop-portal",
    "xdg-utils",
)
_DESCRIPTION = """\
private assistant that answers on this computer
 Lapis lives in the tray and answers from a model that runs in llama.cpp on
 this computer, or, if wanted, on a server. There is no account and no
 telemetry: the network is used only for what is asked of it.
 .
 One key brings up a quick question over whatever is being done. The same
 engine answers in the terminal and, over the protocols of OpenAI and Ollama,
 other programs of this computer. A small model that explains Lapis itself is
 part of this package."""


def make(contents: Contents, work: Path, target: Path) -> Path:
    """Write the package into the folder `target`, by way of a new folder `work`; return its path.

    Raises StepFailed.
    """
    root = work / "deb"
    shutil.rmtree(root, ignore_errors=True)
    program = root / "usr" / "lib" / "lapis"
    share = root / "usr" / "share"
    lay_out(contents, program, share, "deb")
    link_programs(root)
    papers = share / "doc" / NAME
    papers.mkdir(parents=True)
    (papers / "copyright").write_text(_copyright(contents.bundle), encoding="utf-8")
    (papers / "changelog.Debian.gz").write_bytes(packed(contents.debian_changelog()))
    changes = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    (papers / "changelog.gz").write_bytes(packed(changes))
    overrides = share / "lintian" / "overrides"
    overrides.mkdir(parents=True)
    (overrides / NAME).write_bytes((DATA / "lintian-overrides").read_bytes())
    size = weight(root)
    control = root / "DEBIAN"
    control.mkdir()
    (control / "control").write_text(_control(contents, size), encoding="utf-8")
    (control / "md5sums").write_text(_sums(root), encoding="utf-8")
    settle(root, contents.built, frozenset(program / name for name in PROGRAMS))
    package = target / f"{NAME}_{contents.version}-1_{_architecture()}.deb"
    must(
        ["dpkg-deb", "--root-owner-group", "-Zxz", "-z6", "--build", root, package],
        cwd=work,
        # More than one thread would pack in blocks, whose size follows from their number.
        env=clean_environment(SOURCE_DATE_EPOCH=str(contents.built), DPKG_DEB_THREADS_MAX="1"),
    )
    return package


def _control(contents: Contents, size: int) -> str:
    return "\n".join(
        (
            f"Package: {NAME}",
            f"Version: {contents.version}-1",
            f"Architecture: {_architecture()}",
            f"Maintainer: {texts.MAINTAINER}",
            f"Installed-Size: {-(-size // 1024)}",
            f"Depends: {', '.join(requirements.debian(contents.needs))}",
            f"Recommends: {', '.join(_RECOMMENDS)}",
            "Section: utils",
            "Priority: optional",
            "Homepage: https://github.com/lapis-assistant/lapis",
            f"Description: {_DESCRIPTION}",
            "",
        )
    )


def _copyright(bundle: Path) -> str:
    """Return Debian's file of licences: ours in full, those of what is bundled by their names."""
    index = bundle / "_internal" / "resources" / "licences" / "licences.json"
    listed = json.loads(index.read_text(encoding="utf-8"))
    parts = "\n".join(
        f"  {part['name']} {part['version']}".rstrip() + f": {part['licence']}" for part in listed
    )
    return (DATA / "copyright").read_text(encoding="utf-8").replace("@PARTS@", parts)


def _sums(root: Path) -> str:
    files = sorted(
        path
        for path in root.rglob("*")
        if path.is_file() and not path.is_symlink() and root / "DEBIAN" not in path.parents
    )
    return "".join(f"{_md5(path)}  {path.relative_to(root)}\n" for path in files)


def _md5(path: Path) -> str:
    """Return the sum that dpkg compares files with; it finds accidents, not attacks."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "md5").hexdigest()


def _architecture() -> str:
    return _ARCHITECTURES[platform.machine()]
