"""The text of a PDF, page for page, read by PDFium. Runs in the process that reads the document.

PDFium knows the fonts of Chinese documents, and what others write wrongly. It is C++ fed with what
anybody may have made, which is why it has a process of its own; this build of it runs no scripts and
knows no network.
"""

import re
import unicodedata
from typing import Any, Final

from desktop.inference.documents.bounds import Bounded, Unreadable
from desktop.inference.documents.reading import Told

__all__ = ["pdf_text"]

_MOST_PAGES: Final = 20_000
# How PDFium marks a word that is divided at the end of a line.
_DIVIDED: Final = re.compile("[\x02\ufffe]\\s*")
_UNSEEN: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ufeff\uffff]")
# Parts of signs and joined letters, which fonts name in the place of the sign or letters themselves.
_LOOKS: Final = {
    code: unicodedata.normalize("NFKC", chr(code))
    for codes in (range(0x2E80, 0x2FE0), range(0xFB00, 0xFB07))
    for code in codes
}


def pdf_text(data: bytes, most: int, told: Told) -> tuple[str, int]:
    """Return text and number of pages; before each page stands "[page 3]".

    A page without text is named too, so that nobody takes it for read. Raises Unreadable.
    """
    import pypdfium2 as pdfium

    try:
        document = pdfium.PdfDocument(data)
    except pdfium.PdfiumError as error:
        codes = {pdfium.raw.FPDF_ERR_PASSWORD, pdfium.raw.FPDF_ERR_SECURITY}
        raise Unreadable("password" if error.err_code in codes else "damaged") from error
    pages = len(document)
    if pages > _MOST_PAGES:
        raise Unreadable("large")
    taken = Bounded(most)
    read = broken = 0
    for place in range(pages):
        try:
            words = _page_text(document, place)
        except pdfium.PdfiumError:
            broken += 1
            taken.add(f"[page {place + 1}: cannot be read]\n")
        else:
            read += bool(words)
            taken.add(
                f"[page {place + 1}]\n{words}\n" if words else f"[page {place + 1}: no text]\n"
            )
        told(place + 1, pages)
    if not read:
        raise Unreadable("damaged" if broken == pages else "pictures")
    return taken.text, pages


def _page_text(document: Any, place: int) -> str:
    page = document[place]
    try:
        letters = page.get_textpage()
        try:
            found: str = letters.get_text_bounded()
        finally:
            letters.close()
    finally:
        page.close()
    whole = _DIVIDED.sub("", found.replace("\r\n", "\n").replace("\r", "\n"))
    plain = _UNSEEN.sub("", whole).translate(_LOOKS)
    return "\n".join(line.rstrip() for line in plain.strip().split("\n"))
