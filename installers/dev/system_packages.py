"""What must come from the operating system: Qt's libraries, a compiler, the tools of the tests.

On Debian and its family missing packages are found with dpkg-query and, as root, installed;
elsewhere a person is told what is needed.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from enum import Enum
from importlib.util import find_spec

from installers.dev.console import say, step
from installers.dev.places import ROOT

_QT = (
    "libdbus-1-3",
    "libegl1",
    "libfontconfig1",
    "libgl1",
    "libglib2.0-0",
    "libgssapi-krb5-2",
    "libwayland-client0",
    "libwayland-cursor0",
    "libwayland-egl1",
    "libx11-xcb1",
    "libxcb-cursor0",
    "libxcb-icccm4",
    "libxcb-image0",
    "libxcb-keysyms1",
    "libxcb-randr0",
    "libxcb-render-util0",
    "libxcb-shape0",
    "libxcb-shm0",
    "libxcb-sync1",
    "libxcb-xfixes0",
    "libxcb-xkb1",
    "libxkbcommon-x11-0",
    "libxkbcommon0",
)
_TESTS = (
    "dbus",
    "dbus-x11",
    "fonts-dejavu-core",
    "fonts-noto-cjk",
    "gnome-keyring",
    "hunspell-en-us",
    "imagemagick",
    "libenchant-2-2",
    "libglib2.0-bin",
    "numlockx",
    "openbox",
    "strace",
    "trayer",
    "x11-utils",
    "x11-xkb-utils",
    "x11-xserver-utils",
    "xclip",
    "xdotool",
    "xsel",
    "xterm",
    "xvfb",
)
_GPU = (
    "glslc",
    "libvulkan-dev",
    "libvulkan1",
    "mesa-vulkan-drivers",
    "spirv-headers",
)
_PORTAL = (
    *_TESTS,
    "kwin-wayland",
    "qtwayland5",
    "xdg-desktop-portal",
    "xdg-desktop-portal-kde",
)
# What pictures for README are taken with: a letter that most desktops have a like of.
_PICTURES = (
    *_TESTS,
    "fonts-inter",
)
# What turns Lapis into packages: the shipped engine with Vulkan, the frozen program, its archives.
_PACKAGE = (
    *_GPU,
    "binutils",
    "rpm",
    "xz-utils",
)
_INSTALLERS = (
    *_TESTS,
    *_PACKAGE,
    "appstream",
    "debootstrap",
    "desktop-file-utils",
    "file",
    "lintian",
    "mandoc",
    "qemu-user",
    "rpmlint",
    "shared-mime-info",
    "shellcheck",
    "squashfs-tools",
)
_APT = ("apt-get", "-o", "DPkg::Lock::Timeout=900")
_INSTALL = ("install", "-y", "--no-install-recommends")


class Purpose(Enum):
    """What the packages are for; tests include running."""

    RUN = "to run Lapis"
    TEST = "to run and test Lapis"
    GPU = "to run Lapis and test it on a graphics card made of software"
    PORTAL = "to run Lapis and test it on a nested Wayland desktop"
    PICTURES = "to run Lapis and take pictures of it"
    PACKAGE = "to make packages of Lapis"
    INSTALLERS = "to make packages of Lapis and test them in empty systems"


def ensure(purpose: Purpose) -> None:
    """Install what is missing as root on Debian's family; otherwise say what is, and go on."""
    if sys.platform != "linux":
        _say_compiler_if_missing()
        return
    if shutil.which("dpkg-query") is None or shutil.which("apt-get") is None:
        if _compiler_is_missing():
            say(
                "This system has no apt-get. Lapis needs a C and a C++ compiler (gcc, g++) and "
                "Qt's xcb libraries (xcb-cursor, xcb-icccm, xcb-keysyms, xkbcommon-x11, EGL); "
                "please install them with this system's package manager."
            )
        return
    missing = missing_packages(wanted(purpose), installed_packages())
    if not missing:
        return
    if os.geteuid() == 0:
        with step(f"Installing {len(missing)} system packages {purpose.value}", "1 to 3 minutes"):
            _install(missing)
        return
    names = " ".join(choose(missing, _available(missing)))
    say(f"Some system packages are missing. Install them {purpose.value}:")
    say(f"  sudo apt-get update && sudo apt-get install -y --no-install-recommends {names}")


def wanted(purpose: Purpose) -> tuple[str, ...]:
    """Return the packages of `purpose` by their names on Debian 12."""
    tools: tuple[str, ...] = ("gcc", "g++") if _compiler_is_missing() else ()
    if purpose is Purpose.INSTALLERS and shutil.which("npm") is None:
        # Many have it from elsewhere, and Debian's would take that away.
        tools += ("npm",)
    if find_spec("ensurepip") is None:
        tools += (f"python{sys.version_info.major}.{sys.version_info.minor}-venv",)
    extra = {
        Purpose.RUN: (),
        Purpose.TEST: _TESTS,
        Purpose.GPU: _GPU,
        Purpose.PORTAL: _PORTAL,
        Purpose.PICTURES: _PICTURES,
        Purpose.PACKAGE: _PACKAGE + _libpython(),
        Purpose.INSTALLERS: _INSTALLERS + _libpython(),
    }
    return (*tools, *_QT, *extra[purpose])


def _libpython() -> tuple[str, ...]:
    """Return the package of this interpreter's library, where the interpreter is the system's.

    A frozen program carries that library; other builds of Python bring their own.
    """
    if not sys.base_prefix.startswith("/usr") or sys.base_prefix.startswith("/usr/local"):
        return ()
    return (f"libpython{sys.version_info.major}.{sys.version_info.minor}",)


def installed_packages() -> frozenset[str]:
    """Return the names of all installed packages, without their architectures."""
    listing = subprocess.run(
        ["dpkg-query", "-W", "-f", "${db:Status-Status} ${Package}\n"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    lines = (line.partition(" ") for line in listing.splitlines())
    return frozenset(name for state, _, name in lines if state == "installed")


def missing_packages(names: Sequence[str], installed: frozenset[str]) -> list[str]:
    """Return those of `names` that are not there under their own name or the `t64` one.

    Ubuntu 24.04 and Debian 13 renamed libraries when their time values grew to 64 bits.
    """
    return [name for name in names if not {name, f"{name}t64"} & installed]


def choose(names: Sequence[str], available: frozenset[str]) -> list[str]:
    """Return `names`, each as `t64` where only that one can be installed."""
    return [
        f"{name}t64" if name not in available and f"{name}t64" in available else name
        for name in names
    ]


def _available(names: Sequence[str]) -> frozenset[str]:
    """Return those of `names`, and of their `t64` forms, that apt could install."""
    policy = subprocess.run(
        ["apt-cache", "policy", *names, *(f"{name}t64" for name in names)],
        capture_output=True,
        text=True,
        check=False,
        env=_plain_words(),
    ).stdout
    found = set()
    package = ""
    for line in policy.splitlines():
        if not line.startswith(" "):
            package = line.rstrip(":")
        elif line.strip().startswith("Candidate:") and "(none)" not in line:
            found.add(package)
    return frozenset(found)


def _install(names: Sequence[str]) -> None:
    """Install as well as can be: what fails later says so itself."""
    environment = _plain_words() | {"DEBIAN_FRONTEND": "noninteractive"}
    subprocess.run([*_APT, "-qq", "update"], cwd=ROOT, env=environment, check=False)
    chosen = choose(names, _available(names))
    command = [*_APT, "-qq", *_INSTALL, *chosen]
    if subprocess.run(
        command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, check=False
    ).returncode:
        say("  Not all of them could be installed. By hand:")
        say(f"  apt-get install -y --no-install-recommends {' '.join(chosen)}")


def _plain_words() -> dict[str, str]:
    return {**os.environ} | {"LC_ALL": "C.UTF-8"}


def _compiler_is_missing() -> bool:
    return not (
        (shutil.which("cc") or os.environ.get("CC"))
        and (shutil.which("c++") or os.environ.get("CXX"))
    )


def _say_compiler_if_missing() -> None:
    if sys.platform == "darwin" and _compiler_is_missing():
        say("A compiler is missing. Install Apple's: xcode-select --install")
    if sys.platform == "win32" and shutil.which("cl") is None:
        say(
            "If the build of llama.cpp finds no compiler, install Visual Studio's Build Tools "
            "with the C++ workload."
        )
