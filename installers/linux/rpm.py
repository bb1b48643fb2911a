"""The .rpm: the same tree as the .deb's, packed with zstd.

No scriptlets: menus, types and icons are renewed by the file triggers of the distributions.
"""

import platform
import shutil
from pathlib import Path

from installers.dev.console import must_quietly
from installers.dev.places import ROOT, clean_environment
from installers.linux import requirements
from installers.linux.contents import DATA, PROGRAMS, Contents, lay_out, link_programs, settle

NAME = "lapis-assistant"


def make(contents: Contents, work: Path, target: Path) -> Path:
    """Write the package into the folder `target`, by way of a new folder `work`; return its path.

    Raises StepFailed.
    """
    top = work / "rpm"
    shutil.rmtree(top, ignore_errors=True)
    root = top / "tree"
    program = root / "usr" / "lib" / "lapis"
    share = root / "usr" / "share"
    lay_out(contents, program, share, "rpm")
    link_programs(root)
    for folder, source in (("licenses", "LICENSE"), ("doc", "CHANGELOG.md")):
        (share / folder / NAME).mkdir(parents=True)
        shutil.copyfile(ROOT / source, share / folder / NAME / source)
    settle(root, contents.built, frozenset(program / name for name in PROGRAMS))
    wanted = "".join(f"Requires: {each}\n" for each in requirements.rpm(contents.needs))
    (top / "requires").write_text(wanted, encoding="utf-8")
    (top / "changelog").write_text(contents.rpm_changelog(), encoding="utf-8")
    values = {
        "_topdir": str(top / "build"),
        "_rpmdir": str(top / "out"),
        "_rpmfilename": "%{NAME}-%{VERSION}-%{RELEASE}.%{ARCH}.rpm",
        "_binary_payload": "w12.zstdio",
        "lapis_version": contents.version,
        "lapis_tree": str(root),
        "lapis_requires": str(top / "requires"),
        "lapis_changelog": str(top / "changelog"),
    }
    defined = [word for name, value in values.items() for word in ("--define", f"{name} {value}")]
    must_quietly(
        ["rpmbuild", "-bb", *defined, DATA / "lapis-assistant.spec"],
        cwd=top,
        log=top / "rpmbuild.log",
        env=clean_environment(SOURCE_DATE_EPOCH=str(contents.built), LC_ALL="C.UTF-8"),
    )
    name = f"{NAME}-{contents.version}-1.{platform.machine()}.rpm"
    return Path(shutil.move(top / "out" / name, target / name))
