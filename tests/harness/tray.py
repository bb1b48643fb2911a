"""Icons of programs in a tray: where they are, how they look, and the menus that they open."""

from dataclasses import dataclass

from Xlib import X
from Xlib.display import Display
from Xlib.error import BadMatch, BadWindow
from Xlib.xobject.drawable import Window as XWindow

from tests.harness.hands import wait_for_menu_keys
from tests.harness.screen import Screen, Window
from tests.harness.waiting import wait_for

_LARGEST = 64
_LOOKS = 6
# A point of the first or last entry of a menu, counted from its corner.
_INSIDE = (60, 20)

Colour = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class TrayIcon:
    """The icon of the program `pid` on `screen`."""

    screen: Screen
    pid: int

    @property
    def place(self) -> tuple[int, int, int, int] | None:
        """Left, top, width and height in pixels; None while no tray shows it."""
        display = Display(self.screen.environment["DISPLAY"])
        try:
            return _place(display, self.pid)
        finally:
            display.close()

    def wait(self, seconds: float = 20.0) -> None:
        """Wait until a tray shows it."""
        wait_for(lambda: self.place, seconds, "an icon in the tray")

    def click(self, button: int = 1) -> None:
        """Click into the middle of it."""
        left, top, width, height = self._settled()
        self.screen.click(left + width // 2, top + height // 2, button)

    def _settled(self) -> tuple[int, int, int, int]:
        """Return its place once the tray has ceased to move it."""
        seen: list[tuple[int, int, int, int] | None] = [None] * _LOOKS

        def rests() -> bool:
            seen.append(self.place)
            return seen[-1] is not None and len(set(seen[-_LOOKS:])) == 1

        wait_for(rests, 20, "an icon that rests in the tray")
        place = seen[-1]
        assert place is not None
        return place

    def open_menu(self) -> "TrayMenu":
        """Click with the right button, and return the menu."""
        self.click(3)
        menu = wait_for(lambda: _menu(self), 10, "a menu")
        assert menu is not None
        wait_for_menu_keys(self.screen)
        return menu

    def pixels(self) -> list[Colour]:
        """Return red, green and blue of all its pixels; none while no tray shows it."""
        display = Display(self.screen.environment["DISPLAY"])
        try:
            place = _place(display, self.pid)
            if place is None:
                return []
            image = display.screen().root.get_image(*place, X.ZPixmap, 0xFFFFFFFF)
        except BadMatch:
            # It left the screen while we looked.
            return []
        finally:
            display.close()
        data = image.data
        return [(data[at + 2], data[at + 1], data[at]) for at in range(0, len(data), 4)]

    def corner(self) -> list[Colour]:
        """Return the pixels of its right lower quarter, where signs stand."""
        place, pixels = self.place, self.pixels()
        if place is None or len(pixels) != place[2] * place[3]:
            return []
        _left, _top, width, height = place
        return [
            pixels[y * width + x]
            for y in range(height // 2, height)
            for x in range(width // 2, width)
        ]


@dataclass(frozen=True, slots=True)
class TrayMenu:
    """An open menu."""

    window: Window
    screen: Screen

    def click_first(self) -> None:
        """Click its first entry."""
        self.window.click(*_INSIDE)

    def click_last(self) -> None:
        """Click its last entry."""
        _left, _top, _width, height = self.window.place
        self.window.click(_INSIDE[0], height - _INSIDE[1])

    def choose(self, *keys: str) -> None:
        """Go to an entry by keys, and take it."""
        self.screen.key(*keys, "Return")


def set_colours(screen: Screen, colour: Colour) -> None:
    """Let the tray say that icons should have this colour."""
    display = Display(screen.environment["DISPLAY"])
    try:
        owner = display.get_selection_owner(display.intern_atom("_NET_SYSTEM_TRAY_S0"))
        words = [channel * 257 for channel in colour] * 4
        cardinal = display.intern_atom("CARDINAL")
        owner.change_property(display.intern_atom("_NET_SYSTEM_TRAY_COLORS"), cardinal, 32, words)
        display.sync()
    finally:
        display.close()


def _menu(icon: TrayIcon) -> TrayMenu | None:
    for window in icon.screen.windows("", icon.pid):
        kind = icon.screen.call("xprop", "-id", window.number, "_NET_WM_WINDOW_TYPE")
        if "POPUP_MENU" in kind:
            return TrayMenu(window, icon.screen)
    return None


def _place(display: Display, pid: int) -> tuple[int, int, int, int] | None:
    """Return where the one small window is that the program has put into another's."""
    owner = display.get_selection_owner(display.intern_atom("_NET_SYSTEM_TRAY_S0"))
    if not owner:
        return None
    root = display.screen().root
    number = display.intern_atom("_NET_WM_PID")
    try:
        for window in _below(root):
            place = _place_of(window, root, pid, number)
            if place is not None:
                return place
    except BadWindow:
        # One of them went while we looked.
        return None
    return None


def _place_of(
    window: XWindow, root: XWindow, pid: int, pid_property: int
) -> tuple[int, int, int, int] | None:
    found = window.get_full_property(pid_property, X.AnyPropertyType)
    if found is None or found.value[0] != pid:
        return None
    size, parent = window.get_geometry(), window.query_tree().parent
    is_shown = window.get_attributes().map_state == X.IsViewable
    if not is_shown or parent == root or max(size.width, size.height) > _LARGEST:
        return None
    at = root.translate_coords(window, 0, 0)
    return at.x, at.y, size.width, size.height


def _below(window: XWindow) -> list[XWindow]:
    found = []
    for child in window.query_tree().children:
        found += [child, *_below(child)]
    return found
