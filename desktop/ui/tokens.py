"""Every colour, length and type size of the window, and nothing else.

Widgets never keep a theme: `tokens_of(palette)` reads it back from the palette they inherit, so a
change of theme reaches each of them through Qt's own `PaletteChange`. GUI thread.
"""

from dataclasses import dataclass, replace
from functools import cache

from PySide6.QtGui import QColor, QFont, QPalette

from desktop.domain.settings import Accent


@dataclass(frozen=True, slots=True)
class Syntax:
    """Colours of highlighted code; what is not named here stays in the colour of text."""

    keyword: str
    string: str
    number: str
    comment: str
    name: str
    type: str


@dataclass(frozen=True, slots=True)
class Tokens:
    """Colours of one theme as `#rrggbb`; `on_accent` is text and icons upon `accent`.

    `hover` and `pressed` lie between `canvas` and `line`; `tint` is the accent, barely there;
    `selection` lies behind selected text, `hit` behind words that were searched for, `hit_now`
    behind those of them that the search is at.
    """

    name: str
    canvas: str
    surface: str
    raised: str
    line: str
    text: str
    muted: str
    accent: str
    accent_hover: str
    on_accent: str
    tint: str
    good: str
    warn: str
    bad: str
    bad_tint: str
    code: str
    hover: str
    pressed: str
    sidebar: str
    selection: str
    hit: str
    hit_now: str
    handle: str
    syntax: Syntax


LIGHT = Tokens(
    name="light",
    canvas="#FBFBFA",
    surface="#FFFFFF",
    raised="#F1F2F4",
    line="#E3E4E8",
    text="#1B1D22",
    muted="#5F6570",
    accent="#2456C8",
    accent_hover="#1C47A8",
    on_accent="#FFFFFF",
    tint="#EDF2FD",
    good="#1E7F4F",
    warn="#8A5A00",
    bad="#B3261E",
    bad_tint="#FCF1F0",
    code="#F5F6F8",
    hover="#F1F2F4",
    pressed="#E7E8EC",
    sidebar="#F5F5F4",
    selection="#C9DAFB",
    hit="#FFF0B8",
    hit_now="#FFCF4A",
    handle="#CBCDD4",
    syntax=Syntax(
        keyword="#8A3A9B",
        string="#1E7F4F",
        number="#8A5A00",
        comment="#6B717D",
        name="#2456C8",
        type="#0B7285",
    ),
)

DARK = Tokens(
    name="dark",
    canvas="#17181B",
    surface="#1F2125",
    raised="#282B31",
    line="#33363D",
    text="#ECEDEF",
    muted="#A3A9B5",
    accent="#7FA6FF",
    accent_hover="#9CBAFF",
    on_accent="#10131A",
    tint="#20283A",
    good="#63C795",
    warn="#E3B341",
    bad="#FF8A80",
    bad_tint="#2B1F20",
    code="#1A1C20",
    hover="#24272C",
    pressed="#2E3138",
    sidebar="#131416",
    selection="#2F4677",
    hit="#4A3F16",
    hit_now="#755B00",
    handle="#4A4E57",
    syntax=Syntax(
        keyword="#C9A5F7",
        string="#8FD3A6",
        number="#E5BD77",
        comment="#8A919E",
        name="#8DB4FF",
        type="#74CBD6",
    ),
)


@dataclass(frozen=True, slots=True)
class _Blues:
    """What takes the place of the blue in one theme."""

    accent: str
    hover: str
    tint: str
    selection: str


# Light, then dark. Words in each upon canvas and tint, and upon each as a ground, have a contrast
# of more than 4.5 to 1.
_ACCENTS = {
    Accent.TEAL: (
        _Blues("#0B6E7C", "#095B67", "#EBF3F5", "#C2DBDE"),
        _Blues("#5CC8D6", "#85D6E0", "#1E2A2E", "#2C4D53"),
    ),
    Accent.GREEN: (
        _Blues("#1E7443", "#196038", "#EDF4F0", "#C7DCD0"),
        _Blues("#6CCB93", "#91D8AE", "#202A27", "#304E3F"),
    ),
    Accent.VIOLET: (
        _Blues("#6D3FC0", "#5A349F", "#F3F0FA", "#DACFEF"),
        _Blues("#B79CFF", "#C9B5FF", "#272532", "#47405F"),
    ),
    Accent.ROSE: (
        _Blues("#B3305F", "#95284F", "#F9EEF2", "#ECCBD7"),
        _Blues("#FF94B4", "#FFAFC7", "#2E242A", "#5D3D49"),
    ),
    Accent.AMBER: (
        _Blues("#8A5300", "#734500", "#F6F1EB", "#E2D4BF"),
        _Blues("#EDB458", "#F2C782", "#2C2821", "#57472D"),
    ),
    Accent.GRAPHITE: (
        _Blues("#454B57", "#393E48", "#F0F1F2", "#D0D2D5"),
        _Blues("#B9C0CC", "#CAD0D9", "#27292D", "#484A50"),
    ),
}


@cache
def with_accent(tokens: Tokens, accent: Accent) -> Tokens:
    """Return `tokens` (LIGHT or DARK) with another colour in place of the blue."""
    found = _ACCENTS.get(accent)
    if found is None:
        return tokens
    blues = found[0] if tokens is LIGHT else found[1]
    return replace(
        tokens,
        accent=blues.accent,
        accent_hover=blues.hover,
        tint=blues.tint,
        selection=blues.selection,
    )


def tokens_of(palette: QPalette) -> Tokens:
    """Return the tokens of the theme that `palette` belongs to.

    The colour of links tells: it is the one role that a style sheet's rules leave alone, and each
    theme has another one for each accent.
    """
    link = palette.color(QPalette.ColorRole.Link)
    return _by_accent().get(link.rgb(), LIGHT)


@cache
def _by_accent() -> dict[int, Tokens]:
    return {
        QColor(tokens.accent).rgb(): tokens
        for theme in (LIGHT, DARK)
        for tokens in (with_accent(theme, accent) for accent in Accent)
    }


class Anywhere:
    """Colours that are seen on light and on dark, for a ground that nobody tells."""

    ACCENT = "#4080F0"
    BAD = "#E5484D"


class Space:
    """Distances in device-independent pixels."""

    XS = 4
    S = 8
    M = 12
    L = 16
    XL = 24
    XXL = 32


class Radius:
    """Corners in device-independent pixels: chips and fields, cards and bubbles, popup."""

    FIELD = 6
    CARD = 10
    POPUP = 14


class Size:
    """Type sizes and fixed measures in device-independent pixels."""

    SMALL = 12
    BODY = 14
    TITLE = 16
    ASK = 18
    LARGE = 22
    ICON = 20
    BUTTON = 32
    COLUMN = 760
    """Text that is read: the transcript."""
    PAGE = 860
    """Cards and tables of the pages around it."""


LINE_HEIGHT = 1.55
COMPACT_LINE_HEIGHT = 1.4


def resized(font: QFont, size: int) -> QFont:
    """Return `font` in `size` (one of `Size`), as large as people have set text to be.

    `font` is the one of running text, whose size says how large that is.
    """
    out = QFont(font)
    out.setPixelSize(scaled(size, font.pixelSize()))
    return out


def scaled(size: int, body: int) -> int:
    """Return `size` where running text has `body` pixels instead of `Size.BODY`."""
    return round(size * body / Size.BODY) if body > 0 else size
