"""The way to the program in front on this system.

Each is imported only where it is used: they stand on libraries of one system each.
"""

import os
from collections.abc import Mapping

from desktop.system.front.base import Front
from desktop.system.linux_session import is_wayland

__all__ = ["front"]


def front(environment: Mapping[str, str], platform: str, qt_platform: str) -> Front:
    """Return the `Front` for `platform` (as `sys.platform`) and `qt_platform`, Qt's name for it.

    Under Wayland an X server that is there as well knows a part of the windows only, and believes
    that the last one of them is in front. Returns at once; nothing is connected to.
    """
    if platform == "win32":
        from desktop.system.front.windows import WindowsFront

        return WindowsFront()
    if platform == "darwin":
        from desktop.system.front.macos import MacFront

        return MacFront()
    if qt_platform.startswith("wayland") or (qt_platform == "xcb" and is_wayland(environment)):
        from desktop.system.front.wayland import WaylandFront

        return WaylandFront(environment)
    if qt_platform == "xcb":
        from desktop.system.front.x11 import X11Front

        return X11Front(environment.get("DISPLAY", ""), os.getpid())
    from desktop.system.front.nothing import NoFront

    return NoFront()
