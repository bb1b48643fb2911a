"""The part of the style sheet for tabs (`kind` page). GUI thread."""

from desktop.ui.tokens import Radius, Space, Tokens

__all__ = ["tabs_sheet"]


def tabs_sheet(t: Tokens) -> str:
    """Return the rules for tabs in one theme: words, and a line under the one that is open."""
    return f"""
QTabBar[kind="page"] {{ background: transparent; }}
QTabBar[kind="page"]::tab {{
  color: {t.muted}; background: transparent; border: none;
  border-bottom: 2px solid transparent;
  padding: {Space.S}px {Space.XS}px {Space.S}px {Space.XS}px; margin-right: {Space.L}px;
  font-weight: 500;
}}
QTabBar[kind="page"]::tab:hover {{ color: {t.text}; }}
QTabBar[kind="page"]::tab:selected {{ color: {t.text}; border-bottom-color: {t.accent}; }}
QTabBar[kind="page"]::tab:selected:focus {{
  color: {t.accent}; background: {t.tint};
  border-top-left-radius: {Radius.FIELD}px; border-top-right-radius: {Radius.FIELD}px;
}}
"""
