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


class TooLarge(OutOfMemory):
    """The model will not fit, so it was not even tried; it is, for whoever asks for it all the same.

    What fits nowhere is then read from the disk again and again while it answers. `shorter` is a
    context in tokens with which it would fit, 0 where none helps.
    """

    def __init__(self, title: Text, hint: Text, shorter: int = 0) -> None:
        """Keep what helps beside the texts."""
        super().__init__(title, hint)
        self.shorter = shorter


class ContextOverflow(UserFixable):
    """The question is longer than the model's context window."""


class QuestionTooLong(ContextOverflow):
    """It is so even with nothing of what was said before."""


class TemplateError(UserFixable):
    """The chat template in the model file failed, took too long, or refused the conversation."""


class EngineDied(UserFixable):
    """The engine process ended in the middle of its work."""


class EngineMissing(UserFixable):
    """The engine process cannot be started: files are missing or damaged."""


class ModelNotFound(UserFixable):
    """No installed model has the name asked for."""


class UnknownModel(ModelNotFound):
    """No installed model has a name that is anything like the one asked for."""


class StorageError(UserFixable):
    """Chats or settings cannot be read or written: disk full, read-only, locked, damaged, newer."""


class ChatsRestored(StorageError):
    """No fault: what a person has to know who went back to a copy of the chats."""


class StillAnswering(UserFixable):
    """Something would disturb an answer that is being written."""


class AlreadyRunning(UserFixable):
    """Another Lapis holds the data folder and does not answer."""


class BadReference(UserFixable):
    """What was typed or pasted names no repository, file or address that could be asked for."""


class NetworkError(UserFixable):
    """A server could not be reached, or did not give what was asked for.

    `passes` says whether asking again, in a while, may help.
    """

    passes = False


class Unreachable(NetworkError):
    """No connection, or one that broke: no network, no such name, refused, silent."""

    passes = True


class ConnectionRefused(Unreachable):
    """The computer is there, and nobody listens at that port: nothing was heard of the request."""


class NotTrusted(NetworkError):
    """The server could not prove who it is: its certificate is no good."""


class ServerFault(NetworkError):
    """The server says itself that it has a problem (5xx)."""

    passes = True


class ServerBusy(ServerFault):
    """The server has no room for more right now (503); it may have some after `seconds`."""

    def __init__(self, title: Text, hint: Text, seconds: float = 0.0) -> None:
        """Keep how long the server asks to wait, 0 where it does not say."""
        super().__init__(title, hint)
        self.seconds = seconds


class TooManyRequests(NetworkError):
    """The server wants to be left alone (429) for `seconds`."""

    passes = True

    def __init__(self, title: Text, hint: Text, seconds: float) -> None:
        """Keep how long the server asks to wait."""
        super().__init__(title, hint)
        self.seconds = seconds


class OddAnswer(NetworkError):
    """The answer is not what this server would say: a login page, garbage, far too much."""


class AccessDenied(NetworkError):
    """The server, or a proxy before it, wants to know who asks, or says no."""


class GatedModel(AccessDenied):
    """Terms must be accepted on `page`, a web page, before the files are handed out."""

    def __init__(self, title: Text, hint: Text, page: str) -> None:
        """Keep the page where the terms are accepted."""
        super().__init__(title, hint)
        self.page = page


class RepositoryNotFound(NetworkError):
    """There is no such repository, or it is private."""


class RemoteFileNotFound(NetworkError):
    """The repository has no such file, version or quantisation (any more)."""


class DownloadError(UserFixable):
    """What arrived is not what was announced, or never arrived as a whole."""


class DamagedDownload(DownloadError):
    """All bytes are there, and they are not the right ones; the file is in quarantine."""


class AlreadyDownloading(UserFixable):
    """Another Lapis fetches the same file to the same place."""


class NoRoom(StorageError):
    """The disk lacks `missing` bytes for what is to be written."""

    def __init__(self, title: Text, hint: Text, missing: int) -> None:
        """Keep how many bytes are missing."""
        super().__init__(title, hint)
        self.missing = missing


class Offline(NetworkError):
    """Lapis is set to send nothing to other computers."""


class ModelNotServed(NetworkError):
    """The server answers, and has no model of that name."""


class NotSupported(UserFixable):
    """What was asked for is more than this model, or its server, can do."""


class PortTaken(UserFixable):
    """Another program listens at the port that the local server was to have."""

    def __init__(self, title: Text, hint: Text, free_port: int) -> None:
        """Keep a port that is free, 0 for none."""
        super().__init__(title, hint)
        self.free_port = free_port
