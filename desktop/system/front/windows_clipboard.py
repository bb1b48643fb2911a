"""The clipboard of Windows: read, kept, and put back as it was. Never run on Windows so far.

What is kept are the formats that lie in memory, with what Windows itself makes of pictures; handles
that belong to another program are left out. It is put back by a window made for it, for Windows
takes data from windows only, and that window is gone at once: nobody may wait for messages of ours.
Source: "Clipboard" of Microsoft, and its "Clipboard Formats". Any thread.
"""

import ctypes
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final

from desktop.system.front.base import LONGEST_SELECTION
from desktop.system.front.windows_library import Libraries

_TEXT: Final = 13
"""CF_UNICODETEXT."""
# Bitmap, metafile, palette, enhanced metafile; what an owner draws, or shows in their place.
_HANDLES: Final = frozenset({2, 3, 9, 14, 0x80, 0x82, 0x83, 0x8E})
_PRIVATE: Final = range(0x200, 0x400)
_LARGEST: Final = 64 * 1024 * 1024
_OPEN_SECONDS: Final = 0.1
_PAUSE_SECONDS: Final = 0.01
_MOVEABLE: Final = 0x0002
_MESSAGES_ONLY: Final = -3
"""HWND_MESSAGE: the parent of windows that are never seen."""
# They point into the program that copied, and are worth nothing without it.
_POINTERS: Final = ("DataObject", "Ole Private Data")
_NOT_FOR_HISTORY: Final = "ExcludeClipboardContentFromMonitorProcessing"


class Clipboard:
    """The one clipboard."""

    def __init__(self, libraries: Libraries) -> None:
        self._libraries = libraries
        self._user32 = libraries.user32
        self._kernel32 = libraries.kernel32

    @property
    def number(self) -> int:
        """Counts the changes of the clipboard; another number means another content."""
        found: int = self._user32.GetClipboardSequenceNumber()
        return found

    def is_stuck(self) -> bool:
        """Return whether what is on it belongs to a program that hangs."""
        owner = self._user32.GetClipboardOwner()
        return bool(owner) and bool(self._user32.IsHungAppWindow(owner))

    def text(self) -> str:
        """Return the text on it, a little more than is ever read; empty for none."""
        with self._opened(None) as is_open:
            if not is_open:
                return ""
            data = self._content(_TEXT, 2 * LONGEST_SELECTION + 2)
        words = (data or b"").decode("utf-16-le", errors="replace")
        return words.partition("\0")[0]

    def keep(self) -> dict[int, bytes] | None:
        """Return what is on it, by format; None for more than is kept, or if it is in use."""
        kept: dict[int, bytes] = {}
        room = _LARGEST
        pointers = {self._user32.RegisterClipboardFormatW(name) for name in _POINTERS}
        with self._opened(None) as is_open:
            if not is_open:
                return None
            for kind in self._formats():
                if kind in _HANDLES or kind in _PRIVATE or kind in pointers:
                    continue
                data = self._content(kind, room + 1)
                if data is None:
                    continue
                room -= len(data)
                if room < 0:
                    return None
                kept[kind] = data
        return kept

    def put_back(self, kept: Mapping[int, bytes]) -> bool:
        """Replace what is on it; return whether all of it is there."""
        parent = ctypes.c_void_p(_MESSAGES_ONLY)
        window = self._user32.CreateWindowExW(
            0, "STATIC", None, 0, 0, 0, 0, 0, parent, None, None, None
        )
        if not window:
            return False
        try:
            with self._opened(window) as is_open:
                if not is_open or not self._user32.EmptyClipboard():
                    return False
                # It was there before: a list of what was copied has it already.
                hidden = self._user32.RegisterClipboardFormatW(_NOT_FOR_HISTORY)
                more = {hidden: b"\1\0\0\0"} if kept and hidden else {}
                done = [self._put(kind, data) for kind, data in {**kept, **more}.items()]
                return all(done)
        finally:
            self._user32.DestroyWindow(window)

    @contextmanager
    def _opened(self, window: int | None) -> Iterator[bool]:
        """Open it, for `window` or for nobody; others have it open for moments only."""
        until = time.monotonic() + _OPEN_SECONDS
        while not self._user32.OpenClipboard(window):
            if time.monotonic() > until:
                yield False
                return
            time.sleep(_PAUSE_SECONDS)
        try:
            yield True
        finally:
            self._user32.CloseClipboard()

    def _formats(self) -> Iterator[int]:
        kind = 0
        while kind := self._user32.EnumClipboardFormats(kind):
            yield kind

    def _content(self, kind: int, most: int) -> bytes | None:
        """Return at most so many bytes of a format; None if it is not there, or no memory."""
        handle = self._user32.GetClipboardData(kind)
        address = self._kernel32.GlobalLock(handle) if handle else None
        if not address:
            return None
        try:
            return ctypes.string_at(address, min(self._kernel32.GlobalSize(handle), most))
        finally:
            self._kernel32.GlobalUnlock(handle)

    def _put(self, kind: int, data: bytes) -> bool:
        handle = self._kernel32.GlobalAlloc(_MOVEABLE, max(1, len(data)))
        address = self._kernel32.GlobalLock(handle) if handle else None
        if not address:
            return False
        ctypes.memmove(address, data, len(data))
        self._kernel32.GlobalUnlock(handle)
        # From here on it belongs to Windows, unless it was refused.
        if self._user32.SetClipboardData(kind, handle):
            return True
        self._kernel32.GlobalFree(handle)
        return False
