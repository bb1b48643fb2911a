"""The icon and the pictures of the setup program, from the program's own icon. Any thread.

Windows takes the one that fits the screen's scale: sizes as "WizardImageFile" and
"WizardSmallImageFile" of Inno Setup's help list them, for 100 to 250 per cent.
"""

from pathlib import Path
from typing import Final

from installers.pictures.drawing import APP_ICON, Picture, draw, icon, read
from installers.pictures.files import WINDOWS_SIZES, bmp, ico

ICON: Final = "lapis.ico"
_WIZARD: Final = (
    *((164, 314), (192, 386), (246, 459), (273, 556)),
    *((328, 604), (355, 700), (410, 797)),
)
_CORNER: Final = ((55, 55), (64, 68), (83, 80), (92, 97), (110, 106), (119, 123), (138, 140))
_PALE: Final = (0xE9, 0xF0, 0xFE, 255)
_WHITE: Final = (255, 255, 255, 255)


def write_icon(path: Path) -> None:
    """Write the icon of the programs to `path`."""
    drawing = read(APP_ICON)
    path.write_bytes(ico([icon(drawing, size) for size in WINDOWS_SIZES]))


def write(folder: Path) -> None:
    """Write the icon and the pictures of the wizard into `folder`."""
    write_icon(folder / ICON)
    for width, height in _WIZARD:
        name = f"wizard-{width}.bmp"
        (folder / name).write_bytes(bmp(_placed(width, height, 0.62, 0.38, _PALE)))
    for width, height in _CORNER:
        (folder / f"corner-{width}.bmp").write_bytes(bmp(_placed(width, height, 0.86, 0.5, _WHITE)))


def _placed(
    width: int, height: int, share: float, middle: float, ground: tuple[int, int, int, int]
) -> Picture:
    """Return the icon with a `share` of the width, its middle at a share of the height."""
    side = min(width, height) * share
    square = ((width - side) / 2, height * middle - side / 2, side)
    return draw(read(APP_ICON), width, height, square, ground)
