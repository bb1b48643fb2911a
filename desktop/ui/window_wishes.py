"""What the tray, another start of Lapis and the window's own buttons ask of the window. GUI thread.

Much of it may be asked for before the second part of the start; then it is done by `attach`.
"""

import os
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from desktop.ui.engine_room import EngineRoom
from desktop.ui.options import Options
from desktop.ui.talk_room import TalkRoom
from desktop.ui.window import MainWindow
from desktop.ui.window_controller import WindowController

if TYPE_CHECKING:
    from desktop.ui.desktop_room import DesktopRoom
    from desktop.ui.models_desk import ModelsDesk

__all__ = ["WindowWishes"]


class WindowWishes(QObject):
    """Begins with what the command line asks for."""

    quit_wanted = Signal()

    def __init__(
        self,
        window: MainWindow,
        desk: WindowController,
        talk: TalkRoom,
        room: EngineRoom,
        options: Options,
        parent: QObject,
    ) -> None:
        """Do nothing yet."""
        super().__init__(parent)
        self._window = window
        self._desk = desk
        self._talk = talk
        self._room = room
        self._command = options.command
        self._model = options.model
        self._around: DesktopRoom | None = None
        self._models_desk: ModelsDesk | None = None
        self._wants_models = False
        self._is_put_away = False

    @property
    def model(self) -> str:
        """The model that was asked for by name, empty for none."""
        return self._model

    def attach(self, around: "DesktopRoom", models_desk: "ModelsDesk") -> None:
        """Know the tray and the models from now on, and do what was asked for before."""
        self._around, self._models_desk = around, models_desk
        if self._is_put_away:
            around.put_window_away()
        if self._wants_models:
            models_desk.show()
        match self._command:
            case "new-chat":
                self._desk.new_chat()
            case "toggle-popup":
                around.toggle_popup()
            case "background":
                around.show_window_unless_tray()
            case _:
                pass

    def do(self, command: str, token: str = "", argument: str = "") -> None:
        """Do what another start of Lapis asks for; `token` lets the window come to the front."""
        if token:
            os.environ["XDG_ACTIVATION_TOKEN"] = token
        if command in {"show", "new-chat", "open-model"}:
            self._is_put_away = False
        match command:
            case "show":
                self._window.bring_to_front()
            case "new-chat":
                self._window.bring_to_front()
                self._desk.new_chat()
            case "toggle-popup" if self._around is not None:
                self._around.call_popup()
            case "open-model" if self._room.models is not None:
                self._window.show_talk()
                self._window.bring_to_front()
                self._room.models.choose_named(argument)
            case "quit":
                self.quit_wanted.emit()
            case "background":
                pass
            case _:
                self._command, self._model = command, argument or self._model

    def new_chat(self) -> None:
        """Show the window with a new chat."""
        self.do("new-chat")

    def open_model(self, path: object) -> None:
        """Load the model file `path`."""
        self.do("open-model", argument=str(path))

    def show_settings(self) -> None:
        """Show the settings in the window."""
        self._talk.show_settings()
        self._window.bring_to_front()

    def show_models(self) -> None:
        """Show the models in the window."""
        if self._models_desk is not None:
            self._models_desk.show()
        else:
            self._wants_models = True

    def show_popup(self) -> None:
        """Show the quick question, or put it away."""
        if self._around is not None:
            self._around.toggle_popup()

    def show_chat(self, chat: int) -> None:
        """Show `chat` in the window; one that was deleted since it was spoken of stays away."""
        if self._desk.list.summary(chat) is not None:
            self._desk.open_chat(chat)
        self._window.bring_to_front()

    def put_window_away(self) -> None:
        """Do what closing the window means; before there is a tray, that is done once it is there."""
        self._desk.keep_all()
        if self._around is not None:
            self._around.put_window_away()
        else:
            self._is_put_away = True
