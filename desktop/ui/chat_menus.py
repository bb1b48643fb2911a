"""The menus of a chat, of a folder, and of what can be begun. GUI thread."""

from collections.abc import Callable, Sequence
from functools import partial

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QMenu

from desktop.domain.chat_settings import Persona
from desktop.domain.history import ChatSummary, Folder
from desktop.ui.chat_places import ChatPlace
from desktop.ui.chat_rows import Area, shown_name
from desktop.ui.icons import icon
from desktop.ui.labels import as_words
from desktop.ui.persona_sign import persona_icon
from desktop.ui.shortcuts import with_key
from desktop.ui.sidebar_wishes import SidebarWishes

__all__ = ["ChatMenu", "FolderMenu", "NewMenu"]


class ChatMenu(QMenu):
    """What can be done with one chat; gone when it closes."""

    def __init__(
        self,
        wishes: SidebarWishes,
        chat: ChatSummary,
        folders: Sequence[Folder],
        rename: Callable[[], None],
    ) -> None:
        """Offer everything that `chat` allows."""
        super().__init__(wishes)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._wishes = wishes
        words = with_key(self.tr("Rename"), Qt.Key.Key_F2)
        self.addAction(icon("edit"), words).triggered.connect(rename)
        if not chat.temporary:
            self._add_order(chat, folders)
        export = self.addAction(icon("export"), self.tr("Export…"))
        export.triggered.connect(partial(wishes.export_requested.emit, chat.id))
        self.addSeparator()
        words = with_key(self.tr("Delete"), Qt.Key.Key_Delete)
        delete = self.addAction(icon("trash"), words)
        delete.triggered.connect(partial(wishes.delete_requested.emit, chat.id))

    def _add_order(self, chat: ChatSummary, folders: Sequence[Folder]) -> None:
        wishes = self._wishes
        if not chat.archived:
            words = self.tr("Unpin") if chat.pinned else self.tr("Pin")
            pin = self.addAction(icon("pin"), words)
            pin.triggered.connect(partial(wishes.pin_requested.emit, chat.id, not chat.pinned))
        self._add_folders(chat, folders)
        words = self.tr("Unarchive") if chat.archived else self.tr("Archive")
        archive = self.addAction(icon("archive"), words)
        archive.triggered.connect(
            partial(wishes.archive_requested.emit, chat.id, not chat.archived)
        )

    def _add_folders(self, chat: ChatSummary, folders: Sequence[Folder]) -> None:
        menu = self.addMenu(icon("folder"), self.tr("Move to folder"))
        for folder in folders:
            action = menu.addAction(as_words(shown_name(folder)))
            action.setCheckable(True)
            action.setChecked(folder.id == chat.folder)
            action.setEnabled(chat.pinned or chat.archived or folder.id != chat.folder)
            place = ChatPlace(Area.FOLDER, folder.id)
            action.triggered.connect(partial(self._wishes.chat_moved.emit, chat.id, place))
        if folders:
            menu.addSeparator()
        new = menu.addAction(icon("folder-plus"), self.tr("New folder…"))
        new.triggered.connect(partial(self._wishes.folder_requested.emit, chat.id))
        if chat.folder is not None:
            out = menu.addAction(self.tr("Out of the folder"))
            place = ChatPlace(Area.TIME)
            out.triggered.connect(partial(self._wishes.chat_moved.emit, chat.id, place))


class FolderMenu(QMenu):
    """What can be done with one folder; gone when it closes."""

    def __init__(self, wishes: SidebarWishes, folder: Folder, rename: Callable[[], None]) -> None:
        """Offer everything that a folder allows."""
        super().__init__(wishes)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        new = self.addAction(icon("new-chat"), self.tr("New chat in it"))
        new.triggered.connect(partial(wishes.chat_in_folder_requested.emit, folder.id))
        words = with_key(self.tr("Rename"), Qt.Key.Key_F2)
        self.addAction(icon("edit"), words).triggered.connect(rename)
        self.addSeparator()
        words = with_key(self.tr("Delete folder, keep its chats"), Qt.Key.Key_Delete)
        delete = self.addAction(icon("trash"), words)
        delete.triggered.connect(partial(wishes.folder_delete_requested.emit, folder.id))


class NewMenu(QMenu):
    """What can be begun beside a plain chat; filled anew each time it opens."""

    def __init__(self, wishes: SidebarWishes) -> None:
        """Start without personas."""
        super().__init__(wishes)
        self._wishes = wishes
        self._personas: tuple[Persona, ...] = ()
        self.aboutToShow.connect(self.fill)

    def set_personas(self, personas: Sequence[Persona]) -> None:
        """Offer a chat with each of `personas`, in this order."""
        self._personas = tuple(personas)

    def fill(self) -> None:
        """Say everything in the language of now."""
        wishes = self._wishes
        self.clear()
        temporary_key = Qt.Modifier.CTRL | Qt.Modifier.SHIFT | Qt.Key.Key_N
        words = with_key(self.tr("New temporary chat"), temporary_key)
        temporary = self.addAction(icon("temporary"), words)
        temporary.triggered.connect(wishes.temporary_chat_requested)
        folder = self.addAction(icon("folder-plus"), self.tr("New folder"))
        folder.triggered.connect(partial(wishes.folder_requested.emit, None))
        self.addSeparator()
        if self._personas:
            self.addAction(self.tr("New chat with")).setEnabled(False)
        for persona in self._personas:
            name = as_words(" ".join(persona.name.split()))
            action = self.addAction(persona_icon(persona.icon or "person"), name)
            action.triggered.connect(partial(wishes.persona_requested.emit, persona.id))
        if self._personas:
            self.addSeparator()
        library = self.addAction(icon("settings"), self.tr("Personas and prompts…"))
        library.triggered.connect(wishes.library_requested)
