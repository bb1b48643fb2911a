"""The icon of the packages is the one that Qt draws from the same file."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QImage, QPainter
from PySide6.QtSvg import QSvgRenderer

from installers.pictures.drawing import APP_ICON, icon, read
from installers.pictures.files import png


@pytest.mark.parametrize("size", [16, 48, 256])
@pytest.mark.usefixtures("qapp")
def test_both_draw_alike(size: int) -> None:
    theirs = QImage(size, size, QImage.Format.Format_ARGB32)
    theirs.fill(Qt.GlobalColor.transparent)
    painter = QPainter(theirs)
    QSvgRenderer(str(APP_ICON)).render(painter)
    painter.end()
    ours = QImage.fromData(png(icon(read(APP_ICON), size)))

    places = [(x, y) for x in range(size) for y in range(size)]
    far = [
        (x, y)
        for x, y in places
        if abs(ours.pixelColor(x, y).alpha() - theirs.pixelColor(x, y).alpha()) > 16
        or (
            theirs.pixelColor(x, y).alpha() == 255
            and abs(ours.pixelColor(x, y).lightness() - theirs.pixelColor(x, y).lightness()) > 16
        )
    ]
    assert len(far) <= len(places) // 200
