"""The part of the style sheet for tables (`panel` table): rows without a grid. GUI thread."""

from desktop.ui.tokens import Radius, Size, Space, Tokens

__all__ = ["tables_sheet"]

# Qt leaves so much room for a frame around the words of a cell.
_FOCUS = 3


def tables_sheet(t: Tokens) -> str:
    """Return the rules for tables in one theme: quiet headings, a hairline under them."""
    return f"""
QTableView[panel="table"] {{
  color: {t.text}; background: transparent; border: 1px solid {t.line};
  border-radius: {Radius.FIELD}px; font-size: {Size.SMALL}px;
  selection-background-color: {t.raised}; selection-color: {t.text};
}}
QTableView[panel="table"]:focus {{ border-color: {t.accent}; }}
QTableView[panel="table"]::item {{ padding: 0 {Space.S}px; border: none; }}
QTableView[panel="table"] QHeaderView {{ background: transparent; border: none; }}
QTableView[panel="table"] QHeaderView::section {{
  color: {t.muted}; background: transparent; border: none; border-bottom: 1px solid {t.line};
  padding: {Space.XS}px {Space.S + _FOCUS}px; font-size: {Size.SMALL}px;
}}
"""
