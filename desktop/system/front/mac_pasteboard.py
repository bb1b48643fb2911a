"""The clipboard of macOS: read, kept, and put back as it was. Never run on macOS so far.

Source: NSPasteboard and NSPasteboardItem of AppKit. What a program has promised and not handed out
yet is asked for by keeping it, and it may take its time. Any thread.
"""

import ctypes
from collections.abc import Iterator, Sequence
from typing import Final, TypeAlias

from desktop.system.front.mac_library import Libraries
from desktop.system.objective_c import Pointer, text_object, text_of

Item: TypeAlias = dict[str, bytes]
"""One thing that was copied, by the types that it can be had as."""

_LARGEST: Final = 64 * 1024 * 1024
_TEXT: Final = "public.utf8-plain-text"
_OBJECT: Final = (ctypes.c_void_p,)


class Pasteboard:
    """The general one."""

    def __init__(self, libraries: Libraries) -> None:
        self._objects = libraries.objects

    @property
    def number(self) -> int:
        """Counts the changes; another number means another content."""
        with self._objects.pool():
            found: int = self._objects.send(self._general(), "changeCount", answers=ctypes.c_long)
            return found

    def text(self) -> str:
        """Return the text on it; empty for none."""
        objects = self._objects
        with objects.pool():
            kind = text_object(objects, _TEXT)
            words = objects.send(self._general(), "stringForType:", kind, takes=_OBJECT)
            return text_of(objects, words)

    def keep(self) -> Sequence[Item] | None:
        """Return what is on it; None for more than is kept."""
        kept: list[Item] = []
        room = _LARGEST
        with self._objects.pool():
            for each in self._each(self._objects.send(self._general(), "pasteboardItems")):
                item: Item = {}
                for kind in self._each(self._objects.send(each, "types")):
                    data = self._data(each, kind, room)
                    room -= len(data)
                    if room <= 0:
                        return None
                    item[text_of(self._objects, kind)] = data
                kept.append(item)
        return kept

    def put_back(self, kept: Sequence[Item]) -> bool:
        """Replace what is on it; return whether it took all of it."""
        objects = self._objects
        with objects.pool():
            general = self._general()
            objects.send(general, "clearContents", answers=ctypes.c_long)
            if not kept:
                return True
            items = objects.send(objects.named("NSMutableArray"), "array")
            for item in kept:
                objects.send(items, "addObject:", self._made(item), takes=_OBJECT, answers=None)
            took = objects.send(
                general, "writeObjects:", items, takes=_OBJECT, answers=ctypes.c_bool
            )
            return bool(took)

    def _made(self, item: Item) -> Pointer:
        """Return an NSPasteboardItem with this content."""
        objects = self._objects
        fresh = objects.send(objects.named("NSPasteboardItem"), "alloc")
        made: Pointer = objects.send(objects.send(fresh, "init"), "autorelease")
        for kind, content in item.items():
            data = objects.send(
                objects.named("NSData"),
                "dataWithBytes:length:",
                content,
                len(content),
                takes=(ctypes.c_char_p, ctypes.c_ulong),
            )
            objects.send(
                made,
                "setData:forType:",
                data,
                text_object(objects, kind),
                takes=(ctypes.c_void_p, ctypes.c_void_p),
                answers=ctypes.c_bool,
            )
        return made

    def _general(self) -> Pointer:
        found: Pointer = self._objects.send(
            self._objects.named("NSPasteboard"), "generalPasteboard"
        )
        return found

    def _each(self, array: Pointer) -> Iterator[Pointer]:
        """Yield what is in an NSArray; nothing for null."""
        objects = self._objects
        for place in range(objects.send(array, "count", answers=ctypes.c_ulong)):
            yield objects.send(array, "objectAtIndex:", place, takes=(ctypes.c_ulong,))

    def _data(self, item: Pointer, kind: Pointer, most: int) -> bytes:
        """Return at most so many bytes that an item has as `kind`."""
        objects = self._objects
        data = objects.send(item, "dataForType:", kind, takes=_OBJECT)
        length = min(objects.send(data, "length", answers=ctypes.c_ulong), most)
        address = objects.send(data, "bytes")
        return ctypes.string_at(address, length) if address else b""
