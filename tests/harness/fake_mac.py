"""As much of macOS as the program in front needs: programs, a clipboard, keys, a permission.

Objects are numbers here as there, and messages reach them by their names. A message whose types
do not fit its values, an object of an ended pool and a method that does not exist fail the test.
"""

import ctypes
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from desktop.base.native import declared
from desktop.system.front.mac_library import SERVICES, Libraries
from tests.harness.foreign_functions import ForeignLibrary

PLAIN = "public.utf8-plain-text"
_FIRST = 0x6000_0000_1000


class _Address(int):
    """A number that is no object: where bytes are."""


@dataclass
class App:
    """A program that runs."""

    process: int
    name: str | None
    identifier: str | None


@dataclass
class FakeMac:
    """All of it. Who tests sets it up, and looks at it afterwards."""

    apps: list[App] = field(default_factory=list)
    front: App | None = None
    lets_come_to_front: bool = True
    policy: int = 0
    lets_leave_dock: bool = True
    is_trusted: bool = True
    prompts: int = 0
    held: int = 0
    down: set[int] = field(default_factory=set)
    posted: list[tuple[int, bool, int, str]] = field(default_factory=list)
    has_memory: bool = True
    items: list[dict[str, bytes]] = field(default_factory=list)
    number: int = 1
    takes_items: bool = True
    when_pressed: Callable[[str], None] = lambda _letter: None
    own: App = field(default_factory=lambda: App(0, "Lapis", "org.example.Lapis"))
    status: int | None = None
    asked_path: str = ""

    def __post_init__(self) -> None:
        self._objects: dict[int, Any] = {}
        self._pools: list[set[int]] = []
        self._next = _FIRST
        self._events: dict[int, list[Any]] = {}
        self._kept_alive: list[Any] = []
        self._classes = {name: self._put(f"class {name}") for name in _CLASSES}

    def libraries(self) -> Libraries:
        """Return its functions, declared as the program does it, and itself for messages."""
        services = ForeignLibrary(
            AXIsProcessTrustedWithOptions=self._trusted,
            CFRelease=self._release,
            CGEventCreateKeyboardEvent=self._event,
            CGEventKeyboardSetUnicodeString=self._say,
            CGEventPost=self._post,
            CGEventSetFlags=self._flags,
            CGEventSourceFlagsState=lambda state: self.held if state == 0 else -1,
            CGEventSourceKeyState=lambda state, code: state == 0 and code in self.down,
        )
        return Libraries(declared(services, SERVICES), self)

    @property
    def left_over(self) -> tuple[int, int]:
        """Events that nobody released, and pools that nobody ended."""
        return len(self._events), len(self._pools)

    def copy_text(self, text: str) -> None:
        """Put text on the clipboard as a program does."""
        self.items = [{PLAIN: text.encode(), "public.rtf": b"{}"}]
        self.number += 1

    @contextmanager
    def pool(self) -> Iterator[None]:
        """Objects handed out inside are gone afterwards."""
        self._pools.append(set())
        yield
        for each in self._pools.pop():
            del self._objects[each]

    def forget(self, name: str) -> None:
        """Be a system that does not have this class."""
        del self._classes[name]

    def named(self, name: str) -> int | None:
        """Return a class."""
        return self._classes.get(name)

    def send(
        self,
        receiver: int | None,
        selector: str,
        *values: Any,
        answers: Any = ctypes.c_void_p,
        takes: tuple[Any, ...] = (),
    ) -> Any:
        """Call a method."""
        assert len(values) == len(takes) == selector.count(":")
        for value, kind in zip(values, takes, strict=True):
            assert value is None or kind.from_param(value) is not None
        if not receiver:
            return 0 if answers is not ctypes.c_char_p else None
        answered = self._methods()[selector](self._objects[receiver], *values)
        if answers is None:
            return None
        if answers is not ctypes.c_void_p:
            return answers(answered).value
        if answered is None or isinstance(answered, _Address):
            return answered
        return self._put(answered)

    def _put(self, value: Any) -> int:
        self._next += 16
        self._objects[self._next] = value
        if self._pools:
            self._pools[-1].add(self._next)
        return self._next

    def _methods(self) -> dict[str, Callable[..., Any]]:
        """Return what each message does, with its receiver and its values."""
        at = self._objects
        return {
            "stringWithUTF8String:": lambda _kind, text: text.decode(),
            "UTF8String": lambda text: text.encode(),
            "numberWithBool:": lambda _kind, value: bool(value),
            "dictionaryWithObject:forKey:": lambda _kind, value, key: {at[key]: at[value]},
            "sharedWorkspace": lambda _kind: "workspace",
            "frontmostApplication": lambda _workspace: self.front,
            "processIdentifier": lambda app: app.process,
            "localizedName": lambda app: app.name,
            "bundleIdentifier": lambda app: app.identifier,
            "runningApplicationWithProcessIdentifier:": self._running,
            "activateWithOptions:": self._activate,
            "sharedApplication": lambda _kind: self.own,
            "activateIgnoringOtherApps:": self._come,
            "setActivationPolicy:": self._set_policy,
            "generalPasteboard": lambda _kind: "pasteboard",
            "changeCount": lambda _board: self.number,
            "stringForType:": lambda _board, kind: self._text(at[kind]),
            "pasteboardItems": lambda _board: list(self.items),
            "clearContents": self._clear,
            "writeObjects:": lambda _board, items: self._write(at[items]),
            "types": list,
            "dataForType:": lambda item, kind: item.get(at[kind]),
            "setData:forType:": lambda item, data, kind: item.update({at[kind]: at[data]}) is None,
            "dataWithBytes:length:": lambda _kind, content, length: content[:length],
            "length": len,
            "bytes": self._address,
            "array": lambda _kind: [],
            "addObject:": lambda array, item: array.append(at[item]),
            "count": len,
            "objectAtIndex:": lambda array, place: array[place],
            "alloc": lambda _kind: {},
            "init": lambda item: item,
            "autorelease": lambda item: item,
            "fileURLWithPath:": lambda _kind, path: f"file://{at[path]}",
            "statusForLegacyURL:": self._status,
        }

    def _running(self, _kind: str, process: int) -> App | None:
        return next((app for app in self.apps if app.process == process), None)

    def _activate(self, app: App, options: int) -> bool:
        assert options == 2
        if self.lets_come_to_front:
            self.front = app
        return True

    def _come(self, app: App, flag: object) -> None:
        assert flag is True
        self.front = app

    def _set_policy(self, _app: App, policy: int) -> bool:
        assert policy in {0, 1}
        if self.lets_leave_dock:
            self.policy = policy
        return self.lets_leave_dock

    def _text(self, kind: str) -> str | None:
        return next((item[kind].decode() for item in self.items if kind in item), None)

    def _clear(self, _board: str) -> int:
        self.items = []
        self.number += 1
        return self.number

    def _write(self, items: list[dict[str, bytes]]) -> bool:
        if self.takes_items:
            self.items = [dict(item) for item in items]
        return self.takes_items

    def _status(self, _kind: str, url: int) -> int | None:
        self.asked_path = self._objects[url]
        return self.status

    def _address(self, data: bytes) -> "_Address | None":
        # NSData without content has no address.
        if not data:
            return None
        self._kept_alive.append(ctypes.create_string_buffer(data, len(data)))
        return _Address(ctypes.addressof(self._kept_alive[-1]))

    def _trusted(self, options: int) -> bool:
        assert self._objects[options] == {"AXTrustedCheckOptionPrompt": True}
        self.prompts += not self.is_trusted
        return self.is_trusted

    def _event(self, source: int | None, code: int, is_down: bool) -> int | None:
        assert source is None
        if not self.has_memory:
            return None
        self._next += 16
        self._events[self._next] = [code, is_down, 0, ""]
        return self._next

    def _say(self, event: int, count: int, text: Any) -> None:
        self._events[event][3] = "".join(chr(text[place]) for place in range(count))

    def _flags(self, event: int, flags: int) -> None:
        self._events[event][2] = flags

    def _post(self, tap: int, event: int) -> None:
        assert tap == 0
        code, is_down, flags, letter = self._events[event]
        self.posted.append((code, is_down, flags, letter))
        if is_down and flags == 1 << 20:
            self.when_pressed(letter)

    def _release(self, event: int) -> None:
        del self._events[event]


_CLASSES = (
    *("NSApplication", "NSData", "NSDictionary", "NSMutableArray", "NSNumber", "NSPasteboard"),
    *("NSPasteboardItem", "NSRunningApplication", "NSString", "NSURL", "NSWorkspace"),
    "SMAppService",
)
