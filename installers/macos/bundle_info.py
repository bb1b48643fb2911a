"""What the bundle of macOS says of itself: the values of its Info.plist, and their Chinese words.

PyInstaller's spec takes them. Sources: "Information Property List" and "Defining file and data
types for your app" of Apple.
"""

import plistlib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from desktop.system.login.macos import BUNDLE_ID
from installers.facts import copyright_line, numbers
from installers.pictures.drawing import APP_ICON, icon, read
from installers.pictures.files import APPLE_SIZES, icns

NAME: Final = "Lapis.app"
PROGRAM: Final = "lapis-gui"
ICON: Final = "lapis.icns"
# No system declares a type for these files, and they are not ours: so this one is only imported,
# and gives way to whoever exports one.
FILE_TYPE: Final = "org.ggml.gguf"
_MIME_TYPE: Final = "application/x-gguf"
_NETWORK: Final = "Lapis asks servers for models that you have added, on this network too."
_KIND: Final = "Language model"
_WORDS: Final[Mapping[str, Mapping[str, str]]] = {
    "en": {"NSLocalNetworkUsageDescription": _NETWORK, _KIND: _KIND},
    "zh-Hans": {
        "NSLocalNetworkUsageDescription": "Lapis 会向你添加的模型服务器提问，包括这个网络里的服务器。",
        _KIND: "语言模型",
    },
}
_TAG: Final = re.compile(r"^Tag: \S+-macosx_(\d+)_(\d+)_(\w+)$", re.MULTILINE)


def info_plist(version: str, floor: tuple[int, int]) -> dict[str, Any]:
    """Return what PyInstaller's BUNDLE takes as `info_plist`; `floor` is the oldest macOS."""
    plain = plain_version(version)
    return {
        "CFBundleDevelopmentRegion": "en",
        "CFBundleDisplayName": "Lapis",
        "CFBundleDocumentTypes": [
            {
                "CFBundleTypeName": _KIND,
                "CFBundleTypeRole": "Viewer",
                # Whoever has these files keeps them.
                "LSHandlerRank": "Alternate",
                "LSItemContentTypes": [FILE_TYPE],
            }
        ],
        "CFBundleExecutable": PROGRAM,
        "CFBundleIdentifier": BUNDLE_ID,
        "CFBundleLocalizations": sorted(_WORDS),
        "CFBundleName": "Lapis",
        "CFBundleShortVersionString": plain,
        "CFBundleVersion": plain,
        "LSAppNapIsDisabled": True,
        "LSApplicationCategoryType": "public.app-category.productivity",
        "LSMinimumSystemVersion": f"{floor[0]}.{floor[1]}",
        # In the Dock only while a window is open: desktop/ui/dock_icon.py.
        "LSUIElement": True,
        "NSHighResolutionCapable": True,
        "NSHumanReadableCopyright": copyright_line(),
        "NSLocalNetworkUsageDescription": _NETWORK,
        "NSPrincipalClass": "NSApplication",
        "UTImportedTypeDeclarations": [
            {
                "UTTypeConformsTo": ["public.data"],
                "UTTypeDescription": _KIND,
                "UTTypeIdentifier": FILE_TYPE,
                "UTTypeTagSpecification": {
                    "public.filename-extension": ["gguf"],
                    "public.mime-type": [_MIME_TYPE],
                },
            }
        ],
    }


def plain_version(version: str) -> str:
    """Return `version` as macOS wants it: "0.1.0rc1" is none there."""
    return ".".join(str(number) for number in numbers(version)[:3])


def write_icon(path: Path) -> None:
    """Write the icon of the bundle to `path`."""
    shapes = read(APP_ICON)
    path.write_bytes(icns([icon(shapes, size) for size in APPLE_SIZES]))


def write_words(folder: Path) -> list[tuple[Path, str]]:
    """Write the words in each language below `folder`; return files and their places inside.

    The places are what PyInstaller's `datas` take: the bundle's folder of resources is the root.
    """
    written = []
    for language, words in _WORDS.items():
        place = f"{language}.lproj"
        (folder / place).mkdir(parents=True, exist_ok=True)
        path = folder / place / "InfoPlist.strings"
        path.write_bytes(plistlib.dumps(dict(words)))
        written.append((path, place))
    return written


def oldest_system(packages: Path, arch: str) -> tuple[int, int]:
    """Return the oldest macOS that everything installed in `packages` runs on.

    `arch` is arm64 or x86_64. Raises ValueError if a package with native code has none for it.
    """
    records = sorted(packages.glob("*.dist-info/WHEEL"))
    return max((_floor(record, arch) for record in records), default=(0, 0))


def _floor(record: Path, arch: str) -> tuple[int, int]:
    """Return the oldest macOS of one package; (0, 0) if it runs everywhere."""
    tags = _TAG.findall(record.read_text(encoding="utf-8"))
    if not tags:
        return (0, 0)
    kinds = {arch, "universal2"}
    fitting = [(int(major), int(minor)) for major, minor, kind in tags if kind in kinds]
    if not fitting:
        raise ValueError(f"{record.parent.name} was not made for {arch}.")
    return min(fitting)
