"""What a person reads when something fails: what happened, and what to do about it.

Two families: `UserFixable` (the world: a file, a disk, memory) never asks for a bug report;
`Defect` (our own mistake) never looks like the world's. Foreign exceptions become one of these
at the adapter that owns the library, and nowhere else.
"""

from desktop.domain.text import Text


class LapisError(Exception):
    """Base of everything shown to a person: `title` is the fact, `hint` the next step."""

    def __init__(self, title: Text, hint: Text) -> None:
        """Keep both texts untranslated; the front end renders them."""
        super().__init__(str(title))
        self.title = title
        self.hint = hint


class UserFixable(LapisError):
    """The world's fault: something a person can change."""


class Defect(LapisError):
    """Our fault: logged with a traceback, shown as a defect in Lapis."""


class ModelFileError(UserFixable):
    """The file cannot be a usable model: missing, unreadable, no GGUF, truncated, damaged."""


class ModelLoadError(UserFixable):
    """llama.cpp refused the file or the plan."""


class NotForChats(ModelLoadError):
    """The model is made for another job than to hold a conversation."""


class OutOfMemory(UserFixable):
    """The model does not fit into the memory of this computer."""


class ContextOverflow(UserFixable):
    """The question is longer than the model's context window."""


class TemplateError(UserFixable):
    """The chat template in the model file failed, took too long, or refused the conversation."""


class EngineDied(UserFixable):
    """The engine process ended in the middle of its work."""


class EngineMissing(UserFixable):
    """The engine process cannot be started: files are missing or damaged."""


class ModelNotFound(UserFixable):
    """No installed model has the name asked for."""


class StorageError(UserFixable):
    """Chats or settings cannot be read or written: disk full, read-only, locked, damaged, newer."""


class AlreadyRunning(UserFixable):
    """Another Lapis holds the data folder and does not answer."""
