"""As much of Windows as the program in front needs: windows, programs, keys and a clipboard.

It does what Microsoft's pages say of each function, refusals included, and remembers what was
pressed. The functions are called through C, as they were declared.
"""

import ctypes
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from desktop.base.native import declared
from desktop.system.front.windows_library import ADVAPI32, KERNEL32, USER32, Input, Libraries
from tests.harness.foreign_functions import ForeignLibrary

OWN_PROCESS = 100
OWN_THREAD = 11
ACCESS_DENIED = 5
TEXT = 13

_REGISTERED = {
    "ExcludeClipboardContentFromMonitorProcessing": 0xC000,
    "DataObject": 0xC001,
    "Ole Private Data": 0xC002,
}
# More than fits into half of an address, so that one taken for a number comes out wrong.
_FAR = 0x7FF6_0000_0000


@dataclass
class Window:
    """A window, with the thread and the process that it belongs to."""

    process: int
    thread: int = 1
    kind: str = "Chrome_WidgetWin_1"
    hangs: bool = False


@dataclass
class Program:
    """A process: its file, whether it runs as administrator, whether it lets itself be asked."""

    path: str
    is_elevated: bool = False
    is_closed: bool = False
    hides_rights: bool = False


@dataclass
class FakeWindows:
    """All of it. Who tests sets it up, and looks at it afterwards."""

    windows: dict[int, Window] = field(default_factory=dict)
    programs: dict[int, Program] = field(default_factory=dict)
    front: int = 0
    may_come_to_front: bool = True
    down: set[int] = field(default_factory=set)
    pressed: list[tuple[int, bool, int]] = field(default_factory=list)
    most_inputs: int = 99
    is_joined: bool = False
    when_pressed: Callable[[tuple[int, ...]], None] = lambda _codes: None
    clipboard: dict[int, bytes] = field(default_factory=dict)
    unreadable: set[int] = field(default_factory=set)
    number: int = 1
    owner: int = 0
    is_in_use: bool = False
    refused_formats: set[int] = field(default_factory=set)
    error: int = 0

    def __post_init__(self) -> None:
        self.programs[OWN_PROCESS] = Program(r"C:\Lapis\lapis-gui.exe")
        self._opened: int | None = None
        self._memory: dict[int, Any] = {}
        self._sizes: dict[int, int] = {}
        self._handles: dict[int, int] = {}
        self._hidden: set[int] = set()
        self._ours: set[int] = set()
        self._held: set[int] = set()

    def libraries(self) -> Libraries:
        """Return its libraries, declared as the program does it."""
        user32 = ForeignLibrary(
            AttachThreadInput=self._join,
            CloseClipboard=self._close_clipboard,
            CreateWindowExW=self._create_window,
            DestroyWindow=self._destroy_window,
            EmptyClipboard=self._empty,
            EnumClipboardFormats=self._next_format,
            GetAsyncKeyState=lambda code: -0x8000 if code in self.down else 1,
            GetClassNameW=self._class_name,
            GetClipboardData=self._data,
            GetClipboardOwner=lambda: self.owner,
            GetClipboardSequenceNumber=lambda: self.number,
            GetForegroundWindow=lambda: self.front,
            GetWindowThreadProcessId=self._thread,
            IsHungAppWindow=lambda window: int(self.windows[window].hangs),
            MapVirtualKeyW=lambda code, kind: code + 1 if kind == 0 else 0,
            OpenClipboard=self._open_clipboard,
            RegisterClipboardFormatW=lambda name: _REGISTERED[name],
            SendInput=self._send,
            SetClipboardData=self._set_data,
            SetForegroundWindow=self._come,
        )
        kernel32 = ForeignLibrary(
            CloseHandle=lambda handle: int(self._handles.pop(handle) > 0),
            GetCurrentProcess=lambda: self._handle(OWN_PROCESS),
            GetCurrentProcessId=lambda: OWN_PROCESS,
            GetCurrentThreadId=lambda: OWN_THREAD,
            GlobalAlloc=self._allocate,
            GlobalFree=self._free,
            GlobalLock=lambda handle: ctypes.addressof(self._memory[handle]),
            GlobalSize=lambda handle: self._sizes[handle],
            GlobalUnlock=lambda _handle: 1,
            OpenProcess=self._open_process,
            QueryFullProcessImageNameW=self._path,
        )
        advapi32 = ForeignLibrary(
            GetTokenInformation=self._token_information, OpenProcessToken=self._open_token
        )
        return Libraries(
            declared(user32, USER32),
            declared(kernel32, KERNEL32),
            declared(advapi32, ADVAPI32),
            lambda: self.error,
        )

    @property
    def left_over(self) -> tuple[int, int, int, bool]:
        """Handles, windows and memory never given back, and whether the clipboard is open."""
        # The handle of one's own process is not a real one, and is never closed.
        open_ones = [process for process in self._handles.values() if process != OWN_PROCESS]
        return len(open_ones), len(self._hidden), len(self._ours), self._opened is not None

    def copy(self, **kinds: bytes) -> None:
        """Put things on the clipboard as a program does; a format is `f` and its number."""
        self.clipboard = {int(kind[1:]): data for kind, data in kinds.items()}
        self.number += 2

    def copy_text(self, text: str) -> None:
        """Put text on it."""
        self.clipboard = {TEXT: f"{text}\0".encode("utf-16-le")}
        self.number += 2

    def _handle(self, process: int) -> int:
        handle = _FAR + len(self._handles) + 4
        self._handles[handle] = process
        return handle

    def _join(self, ours: int, theirs: int, joins: int) -> int:
        assert ours == OWN_THREAD
        assert theirs != ours
        assert not any(each.hangs and each.thread == theirs for each in self.windows.values())
        self.is_joined = bool(joins)
        return 1

    def _come(self, window: int) -> int:
        if self.may_come_to_front and window in self.windows:
            self.front = window
            return 1
        return 0

    def _thread(self, window: int, process: Any) -> int:
        found = self.windows.get(window)
        if found is None:
            return 0
        if process:
            process[0] = ctypes.c_uint32(found.process)
        return found.thread

    def _class_name(self, window: int, out: Any, most: int) -> int:
        name = self.windows[window].kind
        assert len(name) < most
        _write(out, name)
        return len(name)

    def _open_process(self, rights: int, inherits: int, process: int) -> int | None:
        assert (rights, inherits) == (0x1000, 0)
        found = self.programs.get(process)
        if found is None or found.is_closed:
            self.error = 87 if found is None else ACCESS_DENIED
            return None
        return self._handle(process)

    def _path(self, handle: int, kind: int, out: Any, length: Any) -> int:
        path = self.programs[self._handles[handle]].path
        assert kind == 0
        assert len(path) < length[0]
        _write(out, path)
        length[0] = len(path)
        return 1

    def _open_token(self, handle: int, rights: int, out: Any) -> int:
        assert rights == 8
        process = self._handles[handle]
        if self.programs[process].hides_rights:
            self.error = ACCESS_DENIED
            return 0
        out[0] = self._handle(process if process != OWN_PROCESS else -OWN_PROCESS)
        return 1

    def _token_information(self, token: int, kind: int, out: int, size: int, length: Any) -> int:
        assert (kind, size) == (20, 4)
        process = abs(self._handles[token])
        ctypes.c_uint32.from_address(out).value = int(self.programs[process].is_elevated)
        length[0] = 4
        return 1

    def _send(self, count: int, inputs: Any, size: int) -> int:
        assert size == ctypes.sizeof(Input)
        taken = min(count, self.most_inputs)
        for place in range(taken):
            assert inputs[place].kind == 1
            stroke = inputs[place].either.keyboard
            assert stroke.scan == stroke.code + 1
            is_down = not stroke.flags & 2
            self.pressed.append((stroke.code, is_down, stroke.flags & 1))
            (self._held.add if is_down else self._held.discard)(stroke.code)
            if is_down:
                self.when_pressed(tuple(sorted(self._held)))
        return taken

    def _open_clipboard(self, window: int | None) -> int:
        assert self._opened is None
        if self.is_in_use:
            return 0
        self._opened = window or -1
        return 1

    def _close_clipboard(self) -> int:
        assert self._opened is not None
        self._opened = None
        return 1

    def _empty(self) -> int:
        assert self._opened is not None
        self.clipboard.clear()
        self.number += 1
        self.owner = max(0, self._opened)
        return 1

    def _next_format(self, kind: int) -> int:
        assert self._opened is not None
        kinds = [*self.clipboard, 0]
        return kinds[0] if kind == 0 else kinds[kinds.index(kind) + 1]

    def _data(self, kind: int) -> int | None:
        assert self._opened is not None
        if kind not in self.clipboard or kind in self.unreadable:
            return None
        data = self.clipboard[kind]
        handle: int = self._allocate(2, len(data))
        self._ours.remove(handle)
        ctypes.memmove(self._memory[handle], data, len(data))
        return handle

    def _set_data(self, kind: int, handle: int) -> int | None:
        # Without a window that emptied it, Windows takes nothing.
        assert self._opened == self.owner > 0
        if kind in self.refused_formats:
            return None
        self._ours.remove(handle)
        self.clipboard[kind] = bytes(self._memory[handle])[: self._sizes[handle]]
        self.number += 1
        return handle

    def _allocate(self, flags: int, size: int) -> int:
        assert flags == 2
        assert size > 0
        handle = _FAR + 0x1000 + 8 * len(self._memory)
        # Zeroed behind its end, so that what reads too far does no harm here.
        self._memory[handle] = ctypes.create_string_buffer(size + 8)
        self._sizes[handle] = size
        self._ours.add(handle)
        return handle

    def _free(self, handle: int) -> int | None:
        self._ours.remove(handle)
        return None

    def _create_window(self, *values: Any) -> int:
        _style, kind, *_rest = values
        # The parent, as a handle: minus three.
        assert kind == "STATIC"
        assert values[8] == 2**64 - 3
        handle = _FAR + 0x9000 + len(self._hidden)
        self._hidden.add(handle)
        return handle

    def _destroy_window(self, window: int) -> int:
        self._hidden.remove(window)
        return 1


def _write(out: Any, text: str) -> None:
    for place, char in enumerate(f"{text}\0"):
        out[place] = char
