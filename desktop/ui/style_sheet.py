"""The one style sheet, built from tokens.

Looks are chosen by dynamic properties, so that a widget's code names its part and never a colour:
`tone` (muted, accent, good, warn, bad) and `type` (small, title, large) on labels; `kind`
(primary, quiet, danger, link) on buttons; `panel` (card, bubble, code, bad, sidebar, table) on
frames. GUI thread.
"""

import re

from desktop.ui.style_forms import forms_sheet
from desktop.ui.style_messages import messages_sheet
from desktop.ui.style_popup import popup_sheet
from desktop.ui.style_tables import tables_sheet
from desktop.ui.style_tabs import tabs_sheet
from desktop.ui.tokens import Radius, Size, Tokens, scaled

__all__ = ["style_sheet"]


_FONT_SIZE = re.compile(r"font-size: (\d+)px")


def style_sheet(t: Tokens, body: int = Size.BODY) -> str:
    """Return the style sheet of the whole application in one theme.

    Running text has `body` pixels; all other sizes follow it.
    """
    parts = (
        _labels,
        _buttons,
        _panels,
        _fields,
        _lists,
        _bars,
        forms_sheet,
        tabs_sheet,
        tables_sheet,
        messages_sheet,
        popup_sheet,
    )
    whole = "\n".join(part(t) for part in parts)
    return _FONT_SIZE.sub(lambda size: f"font-size: {scaled(int(size[1]), body)}px", whole)


def _labels(t: Tokens) -> str:
    tones = "\n".join(
        f'QLabel[tone="{name}"] {{ color: {colour}; }}'
        for name, colour in (
            ("muted", t.muted),
            ("accent", t.accent),
            ("good", t.good),
            ("warn", t.warn),
            ("bad", t.bad),
        )
    )
    return f"""
QLabel {{ background: transparent; }}
{tones}
QLabel[type="small"] {{ font-size: {Size.SMALL}px; }}
QLabel[type="title"] {{ font-size: {Size.TITLE}px; font-weight: 600; }}
QLabel[type="large"] {{ font-size: {Size.LARGE}px; font-weight: 600; }}
QLabel[strong="true"] {{ font-weight: 600; }}
QToolTip {{
  color: {t.canvas}; background: {t.text}; border: none; padding: 5px 8px;
  font-size: {Size.SMALL}px;
}}
"""


def _buttons(t: Tokens) -> str:
    return f"""
QToolButton {{
  color: {t.text}; background: transparent; border: 2px solid transparent;
  border-radius: {Radius.FIELD + 2}px; padding: 2px;
}}
QToolButton:hover {{ background: {t.hover}; }}
QToolButton:pressed, QToolButton:checked {{ background: {t.pressed}; }}
QToolButton:focus {{ border-color: {t.accent}; }}
QToolButton::menu-indicator {{ image: none; width: 0; }}
QToolButton[kind="fold"] {{
  color: {t.muted}; background: transparent; padding: 2px 4px 2px 0;
}}
QToolButton[kind="fold"]:hover {{ color: {t.text}; background: transparent; }}
QToolButton[kind="round"] {{
  background: {t.surface}; border: 1px solid {t.line}; border-radius: 18px;
}}
QToolButton[kind="round"]:hover {{ background: {t.hover}; }}
QToolButton[kind="round"]:focus {{ border: 2px solid {t.accent}; }}
QToolButton[kind="primary"] {{ background: {t.accent}; color: {t.on_accent}; }}
QToolButton[kind="primary"]:hover {{ background: {t.accent_hover}; }}
QToolButton[kind="primary"]:focus {{ border-color: {t.text}; }}
QToolButton[kind="primary"]:disabled {{ background: {t.pressed}; }}
QPushButton {{
  color: {t.text}; background: {t.surface}; border: 1px solid {t.line};
  border-radius: {Radius.FIELD + 2}px; padding: 6px 13px; min-height: 18px; outline: none;
}}
QPushButton:hover {{ background: {t.hover}; }}
QPushButton:pressed {{ background: {t.pressed}; }}
QPushButton:focus {{ border: 2px solid {t.accent}; padding: 5px 12px; }}
QPushButton:disabled {{ color: {t.muted}; }}
QPushButton[kind="primary"] {{
  color: {t.on_accent}; background: {t.accent}; border-color: {t.accent}; font-weight: 600;
}}
QPushButton[kind="primary"]:hover {{ background: {t.accent_hover}; }}
QPushButton[kind="primary"]:focus {{ border-color: {t.text}; }}
QPushButton[kind="primary"]:disabled {{
  color: {t.muted}; background: {t.pressed}; border-color: {t.pressed};
}}
QPushButton[kind="quiet"] {{ background: transparent; border-color: transparent; }}
QPushButton[kind="quiet"]:hover {{ background: {t.hover}; }}
QPushButton[kind="quiet"]:checked {{ background: {t.pressed}; }}
QPushButton[kind="quiet"]:focus {{ border-color: {t.accent}; }}
QPushButton[type="small"] {{ font-size: {Size.SMALL}px; }}
QPushButton[kind="danger"] {{ color: {t.bad}; }}
QPushButton[kind="card"] {{
  background: {t.surface}; border: 1px solid {t.line}; border-radius: {Radius.CARD}px;
  padding: 0; min-height: 0; text-align: left;
}}
QPushButton[kind="card"]:hover {{ background: {t.hover}; border-color: {t.handle}; }}
QPushButton[kind="card"]:pressed {{ background: {t.pressed}; }}
QPushButton[kind="card"]:focus {{ border: 2px solid {t.accent}; padding: 0; }}
"""


def _panels(t: Tokens) -> str:
    return f"""
QFrame[panel="card"], QFrame[panel="composer"] {{
  background: {t.surface}; border: 1px solid {t.line}; border-radius: {Radius.CARD}px;
}}
QFrame[panel="composer"] {{ border-radius: {Radius.POPUP}px; }}
QFrame[panel="composer"][active="true"] {{ border-color: {t.accent}; }}
QFrame[panel="bubble"] {{
  background: {t.raised}; border: none; border-radius: {Radius.POPUP}px;
}}
QFrame[panel="code"] {{
  background: {t.code}; border: 1px solid {t.line}; border-radius: {Radius.CARD}px;
}}
QFrame[panel="bad"] {{
  background: {t.bad_tint}; border: 1px solid {t.line}; border-radius: {Radius.CARD}px;
}}
QFrame[panel="sidebar"] {{ background: {t.sidebar}; border: none; }}
QFrame[panel="line"] {{ background: {t.line}; border: none; }}
QFrame[panel="popover"] {{
  background: {t.surface}; border: 1px solid {t.line}; border-radius: {Radius.CARD}px;
}}
QSplitter::handle {{ background: {t.line}; }}
"""


def _fields(t: Tokens) -> str:
    return f"""
QLineEdit {{
  color: {t.text}; background: {t.surface}; border: 1px solid {t.line};
  border-radius: {Radius.FIELD}px; padding: 5px 8px;
  selection-background-color: {t.selection}; selection-color: {t.text};
  placeholder-text-color: {t.muted};
}}
QLineEdit:focus {{ border: 2px solid {t.accent}; padding: 4px 7px; }}
QPlainTextEdit {{
  color: {t.text}; background: transparent; border: none;
  selection-background-color: {t.selection}; selection-color: {t.text};
  placeholder-text-color: {t.muted};
}}
"""


def _lists(t: Tokens) -> str:
    return f"""
QScrollArea, QListView {{ background: transparent; border: none; }}
QAbstractItemView {{ outline: none; color: {t.text}; }}
QMenu {{
  color: {t.text}; background: {t.surface}; border: 1px solid {t.line};
  border-radius: {Radius.CARD}px; padding: 5px;
}}
QMenu::item {{ padding: 6px 26px 6px 10px; border-radius: {Radius.FIELD}px; }}
QMenu::item:selected {{ background: {t.raised}; }}
QMenu::item:disabled {{ color: {t.muted}; }}
QMenu::icon {{ padding-left: 8px; }}
QMenu::separator {{ height: 1px; background: {t.line}; margin: 5px 8px; }}
"""


def _bars(t: Tokens) -> str:
    return f"""
QScrollBar:vertical {{ background: transparent; width: 10px; margin: 0; }}
QScrollBar:horizontal {{ background: transparent; height: 10px; margin: 0; }}
QScrollBar::handle {{ background: {t.handle}; border-radius: 3px; margin: 2px; }}
QScrollBar::handle:vertical {{ min-height: 32px; }}
QScrollBar::handle:horizontal {{ min-width: 32px; }}
QScrollBar::handle:hover {{ background: {t.muted}; }}
QScrollBar::add-line, QScrollBar::sub-line {{ width: 0; height: 0; }}
QScrollBar::add-page, QScrollBar::sub-page {{ background: transparent; }}
QProgressBar {{ background: {t.line}; border: none; border-radius: 1px; max-height: 2px; }}
QProgressBar::chunk {{ background: {t.accent}; border-radius: 1px; }}
"""
