"""What a person can want at the left of the window, as the signals of one frame. GUI thread.

The sidebar is this frame; its menus and its list get it, to tell wishes where they arise.
"""

from typing import Literal, TypeAlias

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame

__all__ = ["Place", "SidebarWishes"]

Place: TypeAlias = Literal["", "models", "settings"]
"""What can be looked at instead of a chat and has a place at the left."""


class SidebarWishes(QFrame):
    """Chats and folders go by their ids."""

    new_chat_requested = Signal()
    temporary_chat_requested = Signal()
    persona_requested = Signal(str)
    """(id): a new chat with this persona."""
    chat_in_folder_requested = Signal(int)
    """(folder): a new chat in it."""
    chat_selected = Signal(int)
    chat_activated = Signal(int)
    """(chat): chosen with Enter; the typing goes on in its composer."""
    rename_requested = Signal(int, str)
    delete_requested = Signal(int)
    pin_requested = Signal(int, bool)
    archive_requested = Signal(int, bool)
    export_requested = Signal(int)
    chat_moved = Signal(int, object)
    """(chat, ChatPlace)"""
    folder_requested = Signal(object)
    """(chat or None): a new folder, for this chat."""
    folder_renamed = Signal(int, str)
    folder_delete_requested = Signal(int)
    folder_toggled = Signal(int, bool)
    """(folder, open)"""
    folder_moved = Signal(int, object)
    """(folder, FolderPlace)"""
    search_requested = Signal(str)
    """(words): they were typed; who finds them calls `show_hits`."""
    hit_chosen = Signal(int, object, str)
    """(chat, message or None, words): show the chat, and there the message."""
    search_left = Signal()
    """The search was ended; the typing goes on in the composer."""
    collapse_requested = Signal()
    models_requested = Signal()
    library_requested = Signal()
    """The page of personas and prompts is wanted."""
    settings_requested = Signal()
    menu_opened = Signal(object)
    """(QMenu): a menu is about to be shown."""
