"""The text of a Word document (ECMA-376, part 1). Runs in the process that reads it.

Left out: headers and footers, comments, what was deleted or moved away, and the pages, of which the
file does not know where they end.
"""

from dataclasses import dataclass
from typing import Final

from desktop.inference.documents.archive import Archive, Handler
from desktop.inference.documents.lines import Lines
from desktop.inference.documents.numbering import Numbering
from desktop.inference.documents.reading import Told

__all__ = ["docx_text"]

_DEEPEST: Final = 6
# Word's own sign for "no list", where a style has one.
_NO_LIST: Final = "0"
# Said a second time for older programs; moved away; how something looked before it was changed.
_UNREAD: Final = frozenset(
    {"Fallback", "moveFrom", "pPrChange", "rPrChange", "sectPrChange", "tblPrChange"}
)
_SIGNS: Final = {"br": "\n", "cr": "\n", "noBreakHyphen": "-", "tab": "\t"}
_LINES_BETWEEN: Final = frozenset({"continuationSeparator", "separator"})
_NOTES: Final = {"footnoteReference": "", "endnoteReference": "e"}
_NOTE_PARTS: Final = (("word/footnotes.xml", ""), ("word/endnotes.xml", "e"))


def docx_text(archive: Archive, most: int, told: Told) -> str:
    """Return paragraphs, headings, numbers, tables and notes as text; raises Unreadable."""
    styles, numbering = _Styles(), Numbering()
    archive.parse("word/styles.xml", styles)
    archive.parse("word/numbering.xml", numbering)
    lines = Lines(most)
    archive.parse("word/document.xml", _Body(lines, styles, numbering), told)
    for name, letter in _NOTE_PARTS:
        archive.parse(name, _Body(lines, styles, numbering, letter))
    return lines.text


@dataclass(slots=True)
class _Form:
    """What decides how a paragraph begins; None: its style says it."""

    style: str = ""
    outline: int | None = None
    number: str | None = None
    level: int | None = None

    def hear(self, name: str, value: str) -> None:
        match name:
            case "pStyle" | "basedOn":
                self.style = value
            case "outlineLvl" if value.isdecimal():
                self.outline = int(value)
            case "numId":
                self.number = value
            case "ilvl" if value.isdecimal():
                self.level = int(value)


class _Styles(Handler):
    def __init__(self) -> None:
        self._forms: dict[str, _Form] = {}
        self._form = _Form()

    def begin(self, name: str, values: dict[str, str]) -> None:
        if name == "style":
            self._form = self._forms.setdefault(values.get("styleId", ""), _Form())
        else:
            self._form.hear(name, values.get("val", ""))

    def whole(self, form: _Form) -> _Form:
        """Return `form` with all that its style, and those that this is based on, say of it."""
        found = _Form(outline=form.outline, number=form.number, level=form.level)
        above, seen = form.style, set[str]()
        while above in self._forms and above not in seen:
            seen.add(above)
            style = self._forms[above]
            found.outline = style.outline if found.outline is None else found.outline
            found.number = style.number if found.number is None else found.number
            found.level = style.level if found.level is None else found.level
            above = style.style
        return found


class _Body(Handler):
    """Hears the body, or the notes: `letter` sets those of the end apart from the others."""

    def __init__(
        self, lines: Lines, styles: _Styles, numbering: Numbering, letter: str = ""
    ) -> None:
        self._lines = lines
        self._styles = styles
        self._numbering = numbering
        self._letter = letter
        self._unread = 0
        self._form: _Form | None = None
        self._is_text = False
        self._note = ""

    def begin(self, name: str, values: dict[str, str]) -> None:
        if self._unread or name in _UNREAD:
            self._unread += 1
            return
        if self._form is not None:
            self._form.hear(name, values.get("val", ""))
            return
        match name:
            case "p":
                self._lines.begin(self._note)
                self._note = ""
            case "pPr":
                self._form = _Form()
            case "t":
                self._is_text = True
            case _ if name in _SIGNS:
                self._lines.add(_SIGNS[name])
            case "tr":
                self._lines.begin_row()
            case "tc":
                self._lines.begin_cell()
            case "footnote" | "endnote":
                if values.get("type") in _LINES_BETWEEN:
                    self._unread = 1
                else:
                    self._note = f"[^{self._letter}{values.get('id', '')}]: "
            case "footnoteReference" | "endnoteReference":
                self._lines.add(f"[^{_NOTES[name]}{values.get('id', '')}]")

    def end(self, name: str) -> None:
        if self._unread:
            self._unread -= 1
            return
        match name:
            case "pPr" if self._form is not None:
                self._mark(self._styles.whole(self._form))
                self._form = None
            case "t":
                self._is_text = False
            case "p":
                self._lines.end()
            case "tr":
                self._lines.end_row()
            case "tc":
                self._lines.end_cell()

    def text(self, text: str) -> None:
        if self._is_text and not self._unread:
            self._lines.add(text)

    def _mark(self, form: _Form) -> None:
        paragraph = self._lines.paragraph
        if paragraph is None:
            return
        if form.outline is not None and form.outline < _DEEPEST:
            paragraph.mark += "#" * (form.outline + 1) + " "
        if form.number is not None and form.number != _NO_LIST:
            paragraph.mark += self._numbering.label(form.number, form.level or 0)
