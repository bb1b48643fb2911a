"""What stands around the texts of a chat in a file that people read: who spoke, when, with what.

The front end gives the language (`Teller`). Pure; any thread.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from desktop.domain.carried import CarriedChat, CarriedMessage
from desktop.domain.chat import Role
from desktop.domain.history import Attachment, AttachmentKind, MessageState
from desktop.domain.text import Text, printable

__all__ = ["Teller", "when"]

_GAP = " · "
_MINUTE = 60


@dataclass(frozen=True, slots=True)
class Teller:
    """Says things in the language of `say`; `model` makes readable words of a model's name."""

    say: Callable[[Text], str] = str
    model: Callable[[str], str] = str

    def title(self, chat: CarriedChat) -> str:
        """Return the title in one line, or the words for none."""
        return " ".join(printable(chat.title, " ").split()) or self.say(Text("New chat"))

    def head(self, chat: CarriedChat) -> str:
        """Return the quiet line under the title: when the chat was begun, and its folder."""
        return _GAP.join(filter(None, (when(chat.created), printable(chat.folder, " ").strip())))

    def speaker(self, role: Role) -> str:
        """Return who speaks."""
        match role:
            case Role.USER:
                return self.say(Text("You"))
            case Role.ASSISTANT:
                return self.say(Text("Answer"))
            case Role.SYSTEM:
                return self.say(Text("System prompt"))
            case Role.TOOL:
                return self.say(Text("Tool"))

    def foot(self, message: CarriedMessage) -> str:
        """Return the quiet line under a message; of a question nothing but the time."""
        parts = [self.model(message.model) if message.model else "", when(message.created)]
        if message.edited:
            parts.append(self.say(Text("edited")))
        match message.state:
            case MessageState.STOPPED:
                parts.append(self.say(Text("stopped")))
            case MessageState.LENGTH:
                parts.append(self.say(Text("cut at the length limit")))
            case MessageState.INTERRUPTED:
                parts.append(self.say(Text("interrupted")))
            case MessageState.FAILED:
                parts.append(self.say(Text("failed")))
            case _:
                pass
        return _GAP.join(filter(None, parts))

    def thinking(self, message: CarriedMessage) -> str:
        """Return the heading of what a model thought."""
        seconds = message.thinking_seconds
        if seconds is None:
            return self.say(Text("Thinking"))
        minutes, rest = divmod(round(seconds), _MINUTE)
        if minutes:
            values = {"minutes": minutes, "seconds": rest}
            return self.say(Text("Thought for {minutes} min {seconds} s", values))
        return self.say(Text("Thought for {seconds} s", {"seconds": rest}))

    def attachment(self, attachment: Attachment) -> str:
        """Return the name of a file, or where another text came from."""
        match attachment.kind:
            case AttachmentKind.FILE:
                name = printable(attachment.name, " ").strip()
                return name or self.say(Text("File"))
            case AttachmentKind.PASTE:
                return self.say(Text("Pasted text"))
            case AttachmentKind.SELECTION:
                return self.say(Text("Selected text"))
            case AttachmentKind.ACTION:
                return printable(attachment.name, " ").strip() or self.say(Text("Quick action"))
            case AttachmentKind.PICTURE:
                return printable(attachment.name, " ").strip() or self.say(Text("Picture"))

    def picture(self, attachment: Attachment) -> str:
        """Return the words in the place of a picture that cannot be shown."""
        name = printable(attachment.name, " ").strip()
        if not name:
            return self.say(Text("Picture"))
        return self.say(Text("Picture: {name}", {"name": name}))

    def memory(self) -> str:
        """Return what a line says from which on the model remembers."""
        return self.say(Text("From here on the model remembers what was said"))

    def summary(self) -> str:
        """Return the heading of what a model was given of what came before."""
        return self.say(Text("Summary of what came before"))


def when(moment: float) -> str:
    """Return a moment (Unix seconds) by the clock here; empty where nobody knows it."""
    try:
        return f"{datetime.fromtimestamp(moment).astimezone():%Y-%m-%d %H:%M}" if moment else ""
    except (OverflowError, ValueError, OSError):
        return ""
