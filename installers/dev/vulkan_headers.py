"""Vulkan headers that are new enough to compile llama.cpp's Vulkan backend with.

Those of a Vulkan kit that `VULKAN_SDK` names are taken, or the system's own; where both are too
old, Debian's newer package is fetched through apt and unpacked, without being installed.
"""

import os
import re
import subprocess
from pathlib import Path

from installers.dev.console import StepFailed, must

SYSTEM = Path("/usr/include")
# llama.cpp does not compile with older ones. Debian 13 has these; headers alone are taken from its
# package, so it serves every processor and every release.
_NEEDED = (1, 4, 309)
_PACKAGE = "pool/main/v/vulkan-loader/libvulkan-dev_1.4.309.0-1_amd64.deb"
_PACKAGE_SHA256 = "8d329d465e16168afff58b1bd0dd6db46aac2cc3f56054a481b25a04e90b345a"
_APT_HELPER = Path("/usr/lib/apt/apt-helper")


def folder(system: Path, work: Path) -> Path:
    """Return a folder with headers that are new enough: the kit's, `system`, or one below `work`.

    Raises StepFailed.
    """
    if installed := _new_enough(system):
        return installed
    unpacked = work / "headers"
    fetched = unpacked / "usr" / "include"
    if version(fetched) >= _NEEDED:
        return fetched
    package = work / "headers.deb"
    for site in _debian_sites():
        command: list[str | Path] = [_APT_HELPER, "download-file", f"{site}{_PACKAGE}"]
        done = subprocess.run(
            [*command, package, f"SHA256:{_PACKAGE_SHA256}"], capture_output=True, check=False
        )
        if done.returncode == 0:
            must(["dpkg-deb", "-x", package, unpacked], cwd=work)
            return fetched
    wanted = _written(_NEEDED)
    raise StepFailed(
        f"The Vulkan headers of this system are too old: {wanted} or newer is needed, and apt knows "
        "no Debian archive to take them from. Install a newer libvulkan-dev, or a Vulkan kit that "
        "the variable VULKAN_SDK names."
    )


def chosen(system: Path) -> str:
    """Return the version of what `folder` returns, as `1.4.309`; nothing is fetched."""
    installed = _new_enough(system)
    return _written(version(installed) if installed else _NEEDED)


def version(place: Path) -> tuple[int, ...]:
    """Return the version of the Vulkan headers in `place`; empty where there are none."""
    try:
        text = (place / "vulkan" / "vulkan_core.h").read_text(encoding="utf-8")
    except OSError:
        return ()
    patch = re.search(r"#define VK_HEADER_VERSION (\d+)", text)
    whole = re.search(r"VK_HEADER_VERSION_COMPLETE VK_MAKE_API_VERSION\(0, (\d+), (\d+)", text)
    return (int(whole[1]), int(whole[2]), int(patch[1])) if whole and patch else ()


def _new_enough(system: Path) -> Path | None:
    kit = os.environ.get("VULKAN_SDK")
    # The kit's folder is `Include` on Windows, where letter case does not matter.
    places = ((Path(kit) / "include",) if kit else ()) + (system,)
    return next((place for place in places if version(place) >= _NEEDED), None)


def _written(numbers: tuple[int, ...]) -> str:
    return ".".join(str(number) for number in numbers)


def _debian_sites() -> list[str]:
    """Return the addresses of the package archives that apt is set up with."""
    try:
        listing = subprocess.run(
            ["apt-get", "indextargets", "--format", "$(REPO_URI)"],
            capture_output=True,
            text=True,
            check=False,
        ).stdout
    except OSError:
        return []
    return list(dict.fromkeys(line for line in listing.split() if line.endswith("/")))
