"""Writes the runs of a paragraph or of a cell. GUI thread."""

from collections.abc import Iterable

from PySide6.QtGui import QTextCharFormat, QTextCursor

from desktop.ui.markdown_parts import Span
from desktop.ui.text_formats import look_of
from desktop.ui.text_formulas import OBJECT, formula_format, formulas_of
from desktop.ui.tokens import Tokens

__all__ = ["write_spans"]


def write_spans(
    cursor: QTextCursor,
    spans: Iterable[Span],
    base: QTextCharFormat,
    theme: Tokens,
    scale: float = 1.0,
    *,
    display: bool = False,
) -> None:
    """Write runs at `cursor`; `base` is the look of the paragraph."""
    formulas = None
    for span in spans:
        look = look_of(span, base, theme, scale)
        if span.math:
            formulas = formulas or formulas_of(cursor.document())
            known = formulas.known(span.text, look, display=display)
            form = formula_format(span.text, look, display=display, known=known)
            cursor.insertText(OBJECT, form)
        else:
            cursor.insertText(span.text.replace("\n", "\u2028"), look)
    if formulas is not None:
        formulas.fit_lines(cursor.block())
