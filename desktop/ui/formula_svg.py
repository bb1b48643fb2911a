"""The SVG of a formula made ready for Qt, which would follow what an SVG names. GUI thread."""

import re
from typing import Final

from PySide6.QtCore import QByteArray
from PySide6.QtGui import QColor
from PySide6.QtSvg import QSvgRenderer

__all__ = ["renderer_of"]

_TAGS: Final = re.compile(r"<\s*/?\s*([^\s/>]*)")
_KNOWN: Final = frozenset({"svg", "g", "path", "rect", "line", "circle", "text"})
_NAMES: Final = re.compile(r"""href\s*=|url\s*\(|style\s*=""", re.IGNORECASE)
_PLAIN: Final = re.compile(r"[^\w .+-]")


def renderer_of(svg: str, colour: QColor, families: list[str]) -> QSvgRenderer:
    """Return what draws `svg` in `colour` instead of black; nothing if it is more than lines.

    What is text in it, such as Chinese, is written in `families`.
    """
    if not set(_TAGS.findall(svg)) <= _KNOWN or _NAMES.search(svg):
        return QSvgRenderer()
    name = colour.name()
    for attribute in ("fill", "stroke"):
        svg = svg.replace(f'{attribute}="black"', f'{attribute}="{name}"')
    if "<text" in svg:
        names = ", ".join(f"'{_PLAIN.sub('', family)}'" for family in families)
        svg = svg.replace("<text ", f'<text font-family="{names}" ')
    return QSvgRenderer(QByteArray(svg.encode()))
