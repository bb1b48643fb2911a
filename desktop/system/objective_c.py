"""Messages to objects of macOS, through its Objective-C runtime. Never run on macOS so far.

Source: "Objective-C Runtime" of Apple. `objc_msgSend` has no prototype of its own: it is called as
the method is declared, or on Apple silicon the arguments end up elsewhere. Objects that a method
hands out without being asked to make them belong to a pool, which `pool` ends. Any thread, where
the method allows it. Only the calls made here were tested, with a runtime of the tests' own.
"""

import ctypes
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Final, Protocol, TypeAlias

from desktop.base.native import Signatures, declared

_LIBRARY: Final = "/usr/lib/libobjc.A.dylib"

Pointer: TypeAlias = int | None
"""An address, as ctypes gives it: None is null."""


SIGNATURES: Final[Signatures] = {
    "objc_autoreleasePoolPop": (None, (ctypes.c_void_p,)),
    "objc_autoreleasePoolPush": (ctypes.c_void_p, ()),
    "objc_getClass": (ctypes.c_void_p, (ctypes.c_char_p,)),
    "sel_registerName": (ctypes.c_void_p, (ctypes.c_char_p,)),
}


class Messenger(Protocol):
    """Who sends messages. An object is its address; null takes every message and answers zero."""

    def named(self, name: str) -> Pointer:
        """Return the class `name`; None where this system has none of that name."""
        ...

    def send(
        self,
        receiver: Pointer,
        selector: str,
        *values: Any,
        answers: Any = ctypes.c_void_p,
        takes: tuple[Any, ...] = (),
    ) -> Any:
        """Send `selector` with `values`, of the C types `takes`; return what is of type `answers`."""
        ...

    def pool(self) -> AbstractContextManager[None]:
        """Let go of what was handed out inside; in the thread that it was handed out in."""
        ...


class Runtime:
    """The real one; raises OSError where there is none. `open_library` opens its library."""

    def __init__(self, open_library: Callable[[], Any] = lambda: ctypes.CDLL(_LIBRARY)) -> None:
        self._library = declared(open_library(), SIGNATURES)
        self._address = ctypes.cast(self._library.objc_msgSend, ctypes.c_void_p).value or 0

    def named(self, name: str) -> Pointer:
        """Return the class `name`."""
        found: Pointer = self._library.objc_getClass(name.encode())
        return found

    def send(
        self,
        receiver: Pointer,
        selector: str,
        *values: Any,
        answers: Any = ctypes.c_void_p,
        takes: tuple[Any, ...] = (),
    ) -> Any:
        """Send a message."""
        prototype = ctypes.CFUNCTYPE(answers, ctypes.c_void_p, ctypes.c_void_p, *takes)
        chosen = self._library.sel_registerName(selector.encode())
        return prototype(self._address)(receiver, chosen, *values)

    @contextmanager
    def pool(self) -> Iterator[None]:
        """Let go of what was handed out inside; in the thread that it was handed out in."""
        opened = self._library.objc_autoreleasePoolPush()
        try:
            yield
        finally:
            self._library.objc_autoreleasePoolPop(opened)


def text_object(messenger: Messenger, text: str) -> Pointer:
    """Return an NSString that says `text`."""
    made: Pointer = messenger.send(
        messenger.named("NSString"),
        "stringWithUTF8String:",
        text.encode(),
        takes=(ctypes.c_char_p,),
    )
    return made


def text_of(messenger: Messenger, string: Pointer) -> str:
    """Return what an NSString says; empty for null."""
    said: bytes | None = messenger.send(string, "UTF8String", answers=ctypes.c_char_p)
    return (said or b"").decode(errors="replace")
