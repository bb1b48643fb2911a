"""Plain text broken into a few lines, the last one cut with "…", for those that paint. Any thread.

Lines break where the script allows it: between words, or between any two Chinese characters.
"""

from PySide6.QtCore import Qt
from PySide6.QtGui import QFont, QFontMetrics, QTextLayout, QTextOption

__all__ = ["text_lines"]


def text_lines(text: str, font: QFont, width: int, most: int) -> list[str]:
    """Return `text` as at most `most` lines, each at most `width` pixels wide in `font`."""
    plain = " ".join(text.split())
    if not plain:
        return []
    option = QTextOption()
    option.setWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
    layout = QTextLayout(plain, font)
    layout.setTextOption(option)
    lines: list[str] = []
    layout.beginLayout()
    while len(lines) < most and (line := layout.createLine()).isValid():
        line.setLineWidth(width)
        start = line.textStart()
        # Qt counts UTF-16 units.
        units = plain.encode("utf-16-le")
        if len(lines) == most - 1:
            rest = units[2 * start :].decode("utf-16-le", "ignore")
            metrics = QFontMetrics(font)
            lines.append(metrics.elidedText(rest, Qt.TextElideMode.ElideRight, width))
        else:
            piece = units[2 * start : 2 * (start + line.textLength())]
            lines.append(piece.decode("utf-16-le", "ignore").rstrip())
    layout.endLayout()
    return lines
