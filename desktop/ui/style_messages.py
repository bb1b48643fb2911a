"""Looks of what stands in and under messages. GUI thread."""

from desktop.ui.tokens import Radius, Size, Tokens

__all__ = ["messages_sheet"]


def messages_sheet(t: Tokens) -> str:
    """Return the rules for chips in a question."""
    return f"""
QPushButton[kind="chip"] {{
  background: {t.surface}; border: 1px solid {t.line}; border-radius: {Radius.FIELD}px;
  padding: 3px 8px; min-height: 18px; font-size: {Size.SMALL}px; text-align: left;
}}
QPushButton[kind="chip"]:hover {{ background: {t.hover}; border-color: {t.handle}; }}
QPushButton[kind="chip"]:focus {{ border: 2px solid {t.accent}; padding: 2px 7px; }}
"""
