"""Looks of what stands in the popup. GUI thread."""

from desktop.ui.tokens import Radius, Size, Tokens

__all__ = ["popup_sheet"]


def popup_sheet(t: Tokens) -> str:
    """Return the rules for what goes with a quick question, or could."""
    return f"""
QFrame[panel="chip"] {{
  background: {t.raised}; border: 1px solid {t.raised}; border-radius: {Radius.FIELD}px;
}}
QFrame[panel="chip"]:hover {{ border-color: {t.handle}; }}
QFrame[panel="chip"]:focus {{ border-color: {t.accent}; }}
QPushButton[kind="offer"] {{
  color: {t.muted}; background: transparent; border: 1px dashed {t.handle};
  border-radius: {Radius.FIELD}px; padding: 3px 9px; min-height: 18px;
  font-size: {Size.SMALL}px; text-align: left;
}}
QPushButton[kind="offer"]:hover {{ color: {t.text}; background: {t.hover}; }}
QPushButton[kind="offer"]:focus {{ border: 1px solid {t.accent}; }}
QToolButton[kind="model"] {{
  color: {t.muted}; background: transparent; border: 1px solid transparent;
  border-radius: {Radius.FIELD}px; padding: 3px 6px; font-size: {Size.SMALL}px;
}}
QToolButton[kind="model"]:hover, QToolButton[kind="model"]:pressed {{
  color: {t.text}; background: {t.hover};
}}
QToolButton[kind="model"]:focus {{ border-color: {t.accent}; }}
"""
