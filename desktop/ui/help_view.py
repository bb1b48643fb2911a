"""One page of help, as chats show Markdown: its code can be copied, its links lead to other pages.

GUI thread.
"""

import re
from typing import Final

from PySide6.QtCore import QEvent, QPointF, Qt, Signal
from PySide6.QtGui import QKeyEvent, QTextBlock
from PySide6.QtWidgets import QVBoxLayout, QWidget

from desktop.domain.help_page import TOPICS, HelpPage, linked_topic
from desktop.ui.code_block import CodeBlock
from desktop.ui.find_hits import hits_in, utf16_spans, words_of
from desktop.ui.labels import PlainLabel
from desktop.ui.link_popover import LinkPopover
from desktop.ui.message_body import MessageBody
from desktop.ui.page_scroll import PageScroll
from desktop.ui.rich_text import RichText
from desktop.ui.tokens import Space

__all__ = ["HelpView"]

_WIDEST: Final = 720
_LINK: Final = re.compile(r"\]\(([^)\s]+)\)")
# Of links to other files nothing is left on the screen, as nothing but addresses of the web is
# believed there. This host is one that can never be (RFC 2606).
_INSIDE: Final = "https://topic.invalid/"
_KEYS: Final = {
    Qt.Key.Key_PageDown: 0.9,
    Qt.Key.Key_PageUp: -0.9,
    Qt.Key.Key_Space: 0.9,
}
_ENDS: Final = {Qt.Key.Key_Home, Qt.Key.Key_End}


class HelpView(QWidget):
    """Shows a page from its beginning or from one of its headings."""

    topic_wanted = Signal(str)
    """A link to another page was followed."""

    def __init__(self, parent: QWidget | None = None) -> None:
        """Show nothing yet."""
        super().__init__(parent)
        self.title = PlainLabel(size="large", wrap=True)
        self.summary = PlainLabel(tone="muted", wrap=True)
        self._page: HelpPage | None = None
        self._body: MessageBody | None = None
        self._heading = ""
        self._scroll = PageScroll(_WIDEST)
        self._popover = LinkPopover(self)
        self._scroll.column.setSpacing(Space.S)
        self._scroll.column.addWidget(self.title)
        self._scroll.column.addWidget(self.summary)
        self._scroll.column.addSpacing(Space.M)
        self._scroll.column.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self._scroll)
        bar = self._scroll.verticalScrollBar()
        # Until somebody scrolls, the heading stays where it is, however the page is laid out.
        bar.rangeChanged.connect(self._keep_heading)
        bar.actionTriggered.connect(self._forget_heading)

    def show_page(self, page: HelpPage, heading: str = "", words: str = "") -> None:
        """Show `page` from `heading` (empty: from its beginning), with `words` lit up."""
        if page is not self._page:
            self._page = page
            self.title.setText(page.title)
            self.summary.setText(page.summary)
            self._replace_body(page.body)
        self._light(words)
        self._heading = heading
        self._scroll.scroll_to_top()
        self._keep_heading()

    def show_problem(self, title: str, hint: str) -> None:
        """Show why there is no page."""
        self._page = None
        self.title.setText(title)
        self.summary.setText(hint)
        self._replace_body("")

    def texts(self) -> list[RichText]:
        """Return the texts of the page below its summary, from top to bottom."""
        parts = self._body.segments() if self._body is not None else []
        return [part.text if isinstance(part, CodeBlock) else part for part in parts]

    @property
    def place(self) -> int:
        """How far the page is scrolled, in pixels."""
        return self._scroll.verticalScrollBar().value()

    def scroll_by_key(self, event: QKeyEvent) -> bool:
        """Scroll if the key of `event` means that; return whether it does."""
        bar, key = self._scroll.verticalScrollBar(), Qt.Key(event.key())
        if event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier:
            return False
        self._forget_heading()
        if key in _KEYS:
            bar.setValue(bar.value() + round(_KEYS[key] * bar.pageStep()))
        elif key in _ENDS:
            bar.setValue(bar.minimum() if key == Qt.Key.Key_Home else bar.maximum())
        else:
            return False
        return True

    def changeEvent(self, event: QEvent) -> None:
        """Put the question about a link away, whose words are of another language."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.LanguageChange:
            self._popover.hide()

    def _replace_body(self, markdown: str) -> None:
        before, self._body = self._body, None
        if before is not None:
            self._scroll.column.removeWidget(before)
            before.hide()
            before.deleteLater()
        if markdown:
            body = self._body = MessageBody()
            body.link_meant.connect(self._on_link)
            body.show_source(_with_inner_links(markdown))
            body.build_all()
            self._scroll.column.insertWidget(self._scroll.column.count() - 1, body)
            # At once, and not in the loop's next turn, which would first paint a page without it.
            body.show()

    def _light(self, words: str) -> None:
        wanted = words_of(words, apart=True)
        for text in self.texts():
            shown = text.document().toRawText()
            found = utf16_spans(shown, hits_in(shown, wanted)) if wanted is not None else []
            text.show_hits(found)

    def _keep_heading(self) -> None:
        """Let the page begin with the heading that is wanted."""
        top = self._top_of(self._heading) if self._heading else None
        if top is not None:
            self._scroll.verticalScrollBar().setValue(top - Space.L)

    def _forget_heading(self) -> None:
        self._heading = ""

    def _top_of(self, heading: str) -> int | None:
        """Return where in the page the heading stands, in pixels from its top."""
        for text in self.texts():
            block = text.document().begin()
            while block.isValid():
                if block.blockFormat().headingLevel() and block.text() == heading:
                    corner = text.mapTo(self, _corner(text, block).toPoint())
                    return corner.y() + self.place
                block = block.next()
        return None

    def _on_link(self, address: str, where: QPointF) -> None:
        topic = address.removeprefix(_INSIDE)
        if topic in TOPICS:
            self.topic_wanted.emit(topic)
        else:
            self._popover.ask(address, self.mapFromGlobal(where).toPoint())


def _with_inner_links(markdown: str) -> str:
    """Return Markdown whose links to other pages are ones that the screen lets pass."""

    def rewritten(link: re.Match[str]) -> str:
        topic = linked_topic(link[1])
        return f"]({_INSIDE}{topic})" if topic else link[0]

    return _LINK.sub(rewritten, markdown)


def _corner(text: RichText, block: QTextBlock) -> QPointF:
    return text.document().documentLayout().blockBoundingRect(block).topLeft()
