"""The part of the style sheet for forms: sliders, switches, cards to choose from, thick bars.

Properties beside those of `style_sheet`: `thick` on progress bars, with `tone` (accent, muted,
warn, bad) for what has become of the work. GUI thread.
"""

from desktop.ui.tokens import Radius, Size, Tokens

__all__ = ["forms_sheet"]

_BAR = 4
_HANDLE = 14


def forms_sheet(t: Tokens) -> str:
    """Return the rules for forms in one theme."""
    return "\n".join((_bars(t), _sliders(t), _choices(t), _fields(t)))


def _bars(t: Tokens) -> str:
    tones = "\n".join(
        f'QProgressBar[thick="true"][tone="{name}"]::chunk {{ background: {colour}; }}'
        for name, colour in (
            ("accent", t.accent),
            ("muted", t.handle),
            ("good", t.good),
            ("warn", t.warn),
            ("bad", t.bad),
        )
    )
    return f"""
QProgressBar[thick="true"] {{ max-height: {_BAR}px; min-height: {_BAR}px; border-radius: 2px; }}
QProgressBar[thick="true"]::chunk {{ border-radius: 2px; }}
{tones}
"""


def _sliders(t: Tokens) -> str:
    margin = (_HANDLE - _BAR) // 2
    return f"""
QSlider {{ min-height: {_HANDLE + 4}px; }}
QSlider::groove:horizontal {{ background: {t.line}; height: {_BAR}px; border-radius: 2px; }}
QSlider::sub-page:horizontal {{ background: {t.accent}; height: {_BAR}px; border-radius: 2px; }}
QSlider::handle:horizontal {{
  background: {t.surface}; border: 2px solid {t.accent}; border-radius: {_HANDLE // 2}px;
  width: {_HANDLE - 4}px; height: {_HANDLE - 4}px; margin: -{margin}px 0;
}}
QSlider::handle:horizontal:hover {{ background: {t.tint}; }}
QSlider::handle:horizontal:focus {{ background: {t.accent}; }}
QSlider::sub-page:horizontal:disabled {{ background: {t.handle}; }}
QSlider::handle:horizontal:disabled {{ border-color: {t.handle}; }}
"""


def _choices(t: Tokens) -> str:
    return f"""
QPushButton[kind="choice"] {{
  background: {t.surface}; border: 1px solid {t.line}; border-radius: {Radius.CARD}px;
  padding: 0; min-height: 38px; text-align: left;
}}
QPushButton[kind="choice"]:hover {{ background: {t.hover}; }}
QPushButton[kind="choice"]:checked {{ background: {t.tint}; border-color: {t.accent}; }}
QPushButton[kind="choice"]:focus {{ border: 2px solid {t.accent}; padding: 0; }}
QPushButton[kind="choice"]:disabled {{ background: transparent; }}
QPushButton[kind="menu"] {{
  background: {t.surface}; border: 1px solid {t.line}; border-radius: {Radius.FIELD}px;
  padding: 5px 8px 5px 10px; text-align: left;
}}
QPushButton[kind="menu"]:hover {{ background: {t.hover}; }}
QPushButton[kind="menu"]:focus {{ border: 2px solid {t.accent}; padding: 4px 7px 4px 9px; }}
QPushButton[kind="menu"]::menu-indicator {{ image: none; width: 0; }}
QPushButton[kind="row"] {{
  background: transparent; border: 1px solid transparent; border-radius: {Radius.FIELD}px;
  padding: 6px 8px; text-align: left;
}}
QPushButton[kind="row"]:hover {{ background: {t.hover}; }}
QPushButton[kind="row"]:pressed {{ background: {t.pressed}; }}
QPushButton[kind="row"]:focus {{ border: 2px solid {t.accent}; padding: 5px 7px; }}
QPushButton[kind="row"]:disabled {{ color: {t.muted}; }}
QPushButton[kind="action"], QPushButton[kind="action"]:focus {{
  background: transparent; border: none; padding: 0; min-height: 0;
}}
QPushButton[kind="link"], QPushButton[kind="link"]:hover, QPushButton[kind="link"]:pressed,
QPushButton[kind="link"]:focus {{
  color: {t.accent}; background: transparent; border: none; padding: 2px 0; min-height: 0;
  font-weight: 500;
}}
QPushButton[kind="link"]:hover, QPushButton[kind="link"]:focus {{ text-decoration: underline; }}
QPushButton[kind="link"]:pressed {{ color: {t.accent_hover}; }}
QPushButton[kind="link"]:disabled {{ color: {t.muted}; font-weight: 400; text-decoration: none; }}
"""


def _fields(t: Tokens) -> str:
    return f"""
QPlainTextEdit[panel="field"] {{
  background: {t.surface}; border: 1px solid {t.line}; border-radius: {Radius.FIELD}px;
  padding: 4px 6px;
}}
QPlainTextEdit[panel="field"]:focus {{ border: 2px solid {t.accent}; padding: 3px 5px; }}
QPlainTextEdit[panel="code"] {{
  background: {t.code}; border: 1px solid {t.line}; border-radius: {Radius.FIELD}px;
  padding: 4px 6px; font-size: {Size.SMALL}px;
}}
QPlainTextEdit[panel="code"]:focus {{ border: 2px solid {t.accent}; padding: 3px 5px; }}
QLineEdit[wrong="true"] {{ border-color: {t.bad}; }}
QDialogButtonBox {{ dialogbuttonbox-buttons-have-icons: 0; }}
QFrame[panel="side"] {{ background: {t.canvas}; border: none; }}
"""
