"""The program's icon as pictures in fixed sizes, for desktops and installers that take no SVG.

`render` starts the main environment's Python on this module: the locked Qt draws there, so the
pictures are the same bytes wherever they are made.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

from installers.dev.console import must
from installers.dev.places import MAIN, ROOT, clean_environment

ICON = ROOT / "resources" / "icons" / "lapis.svg"
SIZES = (16, 22, 24, 32, 48, 64, 128, 256, 512)


def render(folder: Path, sizes: Sequence[int] = SIZES, svg: Path = ICON) -> None:
    """Write `SIZE.png` for each of `sizes`, in pixels, into `folder`; raises StepFailed."""
    folder.mkdir(parents=True, exist_ok=True)
    must(
        [MAIN.python, "-m", "installers.linux.icons", svg, folder, *(str(size) for size in sizes)],
        cwd=ROOT,
        env=clean_environment(QT_QPA_PLATFORM="offscreen"),
    )


def _draw(svg: Path, folder: Path, sizes: Sequence[int]) -> None:
    from PySide6.QtCore import Qt
    from PySide6.QtGui import QImage, QPainter
    from PySide6.QtSvg import QSvgRenderer

    renderer = QSvgRenderer(str(svg))
    for size in sizes:
        image = QImage(size, size, QImage.Format.Format_ARGB32)
        image.fill(Qt.GlobalColor.transparent)
        painter = QPainter(image)
        renderer.render(painter)
        painter.end()
        if not image.save(str(folder / f"{size}.png")):
            sys.exit(f"{folder / f'{size}.png'} cannot be written")


if __name__ == "__main__":
    _draw(Path(sys.argv[1]), Path(sys.argv[2]), [int(word) for word in sys.argv[3:]])
