"""Characters that the font of formulas has not, Chinese above all, as text in the drawing.

The window draws them in its own font; how wide they are is taken as their em. Runs in the
typesetting process alone.
"""

import unicodedata
import xml.etree.ElementTree as ET
from typing import Any, Final

__all__ = ["with_foreign_glyphs"]

_WIDE: Final = 1.0
_NARROW: Final = 0.6
_ABOVE: Final = 0.86
_BELOW: Final = -0.12


def with_foreign_glyphs(font: Any) -> None:
    """Let `font` (of ziamath) answer for every character."""
    from ziafont.fonttypes import BBox
    from ziafont.glyph import SimpleGlyph

    units = font.info.layout.unitsperem
    own = font.glyph

    class Foreign(SimpleGlyph):
        """A character drawn by whoever draws the SVG."""

        def __init__(self, text: str) -> None:
            wide = unicodedata.east_asian_width(text) in {"W", "F"}
            self._text = text
            self._width = round((_WIDE if wide else _NARROW) * units)
            super().__init__(0, [], BBox(0, self._width, _BELOW * units, _ABOVE * units), font)

        def advance(self, nextchr: Any = None) -> int:  # noqa: ARG002 - as ziamath calls it
            return int(self._width)

        def svgpath(self, x0: float = 0, y0: float = 0, scale_factor: float = 1) -> ET.Element:
            size = self.funits_to_points(units, scale_factor)
            place = {"x": f"{x0:.2f}", "y": f"{y0:.2f}", "font-size": f"{size:.2f}"}
            text = ET.Element("text", place)
            text.text = self._text
            return text

    def glyph(char: str) -> Any:
        known = font.glyphindex(char) or not char.isprintable() or char.isspace()
        return own(char) if known else Foreign(char)

    font.glyph = glyph
