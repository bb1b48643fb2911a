"""Every colour, length and type size of the window, and nothing else.

Widgets never keep a theme: `tokens_of(palette)` reads it back from the palette they inherit, so a
change of theme reaches each of them through Qt's own `PaletteChange`. GUI thread.
"""

from dataclasses import dataclass

from PySide6.QtGui import QColor, QPalette


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
    `selection` lies behind selected text.
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


def tokens_of(palette: QPalette) -> Tokens:
    """Return the tokens of the theme that `palette` belongs to.

    The colour of links tells: it is the one role that a style sheet's rules leave alone.
    """
    link = palette.color(QPalette.ColorRole.Link)
    return DARK if link == QColor(DARK.accent) else LIGHT


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
    LARGE = 22
    ICON = 20
    BUTTON = 32
    COLUMN = 760


LINE_HEIGHT = 1.55
