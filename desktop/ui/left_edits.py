"""Changes of messages that are not finished while another chat, or branch, is on show.

A person who looks something up in another chat finds the field as it was. GUI thread.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from desktop.ui.message_views import MessageView

__all__ = ["LeftEdits"]


class LeftEdits:
    """What was written so far, by message; kept for as long as the window is."""

    def __init__(self) -> None:
        """Keep nothing."""
        self._texts: dict[int, str] = {}

    def keep(self, view: "MessageView | None") -> None:
        """Take what is written in `view`, which is about to go, if its message is being edited."""
        if view is not None and view.is_being_edited:
            self._texts[view.message.id] = view.edited_text

    def give(self, view: "MessageView") -> None:
        """Open the field of `view` again, if its message was being edited; the focus stays."""
        text = self._texts.pop(view.message.id, None)
        if text is not None:
            view.begin_edit(text)
