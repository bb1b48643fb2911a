"""Puts the tokens upon the application: Fusion, one palette, one style sheet, one font.

`apply_theme` may be called at any time, and again: the palette carries the change to every widget.
The system's own light or dark is followed while the theme is SYSTEM. GUI thread.
"""

from functools import cache

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QColor, QFont, QFontDatabase, QFontInfo, QPalette
from PySide6.QtWidgets import QApplication, QStyleFactory, QWidget
from shiboken6 import isValid

from desktop.domain.settings import LookSettings, Theme
from desktop.ui.style_sheet import style_sheet
from desktop.ui.tokens import DARK, LIGHT, Tokens, with_accent

__all__ = ["apply_theme", "mono_families"]

_PLAIN_FAMILIES = frozenset({"sans", "sans serif", "sans-serif", "dejavu sans", "helvetica"})
_NICE_FAMILIES = ("Inter", "Noto Sans", "Cantarell", "Ubuntu", "Liberation Sans")
_CHINESE_FAMILIES = (
    "PingFang SC",
    "Microsoft YaHei UI",
    "Noto Sans CJK SC",
    "Noto Sans SC",
    "Source Han Sans SC",
    "WenQuanYi Micro Hei",
)
_CHINESE_MONO = ("Noto Sans Mono CJK SC", "Sarasa Mono SC")
_FOLLOWER = "scheme-follower"
_POLISHED = Qt.WidgetAttribute.WA_WState_Polished


def apply_theme(app: QApplication, theme: Theme, look: LookSettings | None = None) -> None:
    """Show `app` in `theme` and `look` from now on; without one as Lapis looks by itself.

    SYSTEM follows the system, light where it is unknown.
    """
    follower = app.findChild(_SchemeFollower, _FOLLOWER)
    if follower is None:
        app.setStyle(QStyleFactory.create("Fusion"))
        follower = _SchemeFollower(app)
    follower.follow(theme, look or LookSettings())


class _SchemeFollower(QObject):
    """Repaints the application when the system changes between light and dark."""

    def __init__(self, app: QApplication) -> None:
        super().__init__(app)
        self.setObjectName(_FOLLOWER)
        self._app = app
        self._theme = Theme.SYSTEM
        self._look = LookSettings()
        self._system_font = app.font()
        self._shown: tuple[Tokens, str, int] | None = None
        app.styleHints().colorSchemeChanged.connect(self._on_scheme_changed)

    def follow(self, theme: Theme, look: LookSettings) -> None:
        """Take both; window frames follow the theme too where the platform draws them."""
        self._theme, self._look = theme, look
        hints = self._app.styleHints()
        match theme:
            case Theme.LIGHT:
                hints.setColorScheme(Qt.ColorScheme.Light)
            case Theme.DARK:
                hints.setColorScheme(Qt.ColorScheme.Dark)
            case Theme.SYSTEM:
                hints.unsetColorScheme()
        self._show()

    def _on_scheme_changed(self) -> None:
        self._shown = None
        self._show()

    def _show(self) -> None:
        look = self._look
        tokens = with_accent(self._tokens(), look.accent)
        shown = (tokens, look.font_family, look.font_size)
        if shown == self._shown:
            return
        if self._shown is None or self._shown[1:] != shown[1:]:
            self._app.setFont(_body_font(self._system_font, look))
        if self._shown is None or self._shown[0] != tokens:
            self._app.setPalette(_palette(tokens))
        self._shown = shown
        _use_sheet(self._app, style_sheet(tokens, look.font_size))

    def _tokens(self) -> Tokens:
        match self._theme:
            case Theme.LIGHT:
                return LIGHT
            case Theme.DARK:
                return DARK
            case Theme.SYSTEM:
                dark = self._app.styleHints().colorScheme() is Qt.ColorScheme.Dark
                return DARK if dark else LIGHT


def _use_sheet(app: QApplication, sheet: str) -> None:
    """Let every widget take `sheet`, and take it once.

    Given another sheet, Qt goes through all widgets that it knows rules of, and from each of them
    down to its children: one that lies twelve deep is polished thirteen times. So it is made to
    know none, and the widgets are gone through here.
    """
    is_first = not app.styleSheet()
    app.style().unpolish(app)
    app.setStyleSheet(sheet)
    if is_first:
        return
    for window in app.topLevelWidgets():
        # Those with a parent come with that.
        if isValid(window) and window.parentWidget() is None:
            for widget in (window, *window.findChildren(QWidget)):
                if isValid(widget) and widget.testAttribute(_POLISHED):
                    widget.style().polish(widget)
                    app.sendEvent(widget, QEvent(QEvent.Type.StyleChange))


@cache
def mono_families() -> tuple[str, ...]:
    """Return the families of the platform's fixed-width font, the first one first."""
    font = QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont)
    return (QFontInfo(font).family(), *_installed((*_CHINESE_MONO, *_CHINESE_FAMILIES)))


def _body_font(system: QFont, look: LookSettings) -> QFont:
    """Return the font of running text: the chosen family first, else the system's.

    A bare X server has none and falls to fontconfig's last resort; then a well-drawn installed
    family is taken. Names are real ones, as an alias would lose to the families after it. Chinese glyphs come from a Simplified Chinese family by name, as the order of
    the system's fallbacks often yields Japanese shapes.
    """
    families = [QFontInfo(system).family()]
    if system.family().lower() in _PLAIN_FAMILIES:
        families = [*_installed(_NICE_FAMILIES)[:1], *families]
    font = QFont(system)
    font.setFamilies([*_installed((look.font_family,)), *families, *_installed(_CHINESE_FAMILIES)])
    font.setPixelSize(look.font_size)
    return font


def _installed(wanted: tuple[str, ...]) -> list[str]:
    there = set(QFontDatabase.families())
    return [family for family in wanted if family in there]


def _palette(tokens: Tokens) -> QPalette:
    role = QPalette.ColorRole
    palette = QPalette(QColor(tokens.canvas))
    colours = {
        role.Window: tokens.canvas,
        role.Base: tokens.surface,
        role.AlternateBase: tokens.raised,
        role.Button: tokens.surface,
        role.WindowText: tokens.text,
        role.Text: tokens.text,
        role.ButtonText: tokens.text,
        role.BrightText: tokens.bad,
        role.PlaceholderText: tokens.muted,
        role.Highlight: tokens.selection,
        role.HighlightedText: tokens.text,
        role.Accent: tokens.accent,
        role.Link: tokens.accent,
        role.LinkVisited: tokens.accent,
        role.ToolTipBase: tokens.text,
        role.ToolTipText: tokens.canvas,
        role.Light: tokens.surface,
        role.Midlight: tokens.raised,
        role.Mid: tokens.line,
        role.Dark: tokens.line,
        role.Shadow: tokens.line,
    }
    for name, colour in colours.items():
        palette.setColor(name, QColor(colour))
    faint = QColor(tokens.muted)
    faint.setAlphaF(0.55)
    for name in (role.Text, role.ButtonText):
        palette.setColor(QPalette.ColorGroup.Disabled, name, faint)
    # What cannot be changed is read all the same.
    palette.setColor(QPalette.ColorGroup.Disabled, role.WindowText, QColor(tokens.muted))
    # Icons have it: one that leads nowhere now steps back.
    fainter = QColor(tokens.muted)
    fainter.setAlphaF(0.4)
    palette.setColor(QPalette.ColorGroup.Disabled, role.PlaceholderText, fainter)
    return palette
