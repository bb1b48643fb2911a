"""Whether the screen blends windows: without that, a rounded window has black corners.

Only X11 without a compositing manager says no. Asked once, before the popup is made; talks to the
X server for a fraction of a millisecond.
"""

import ctypes
import os
import sys

__all__ = ["blends_windows"]


class _Cookie(ctypes.Structure):
    _fields_ = (("sequence", ctypes.c_uint),)


class _Atom(ctypes.Structure):
    _fields_ = (
        ("response_type", ctypes.c_uint8),
        ("pad", ctypes.c_uint8),
        ("sequence", ctypes.c_uint16),
        ("length", ctypes.c_uint32),
        ("value", ctypes.c_uint32),
    )


def blends_windows(platform: str) -> bool:
    """Return whether windows may be translucent on the Qt `platform` (`xcb`, `wayland`, …)."""
    if platform != "xcb" or sys.platform in {"win32", "darwin"}:
        return True
    try:
        xcb = ctypes.CDLL("libxcb.so.1")
        libc = ctypes.CDLL(None)
    except OSError:
        return False
    return _has_manager(xcb, libc)


def _has_manager(xcb: ctypes.CDLL, libc: ctypes.CDLL) -> bool:
    """Return whether anybody owns `_NET_WM_CM_S<screen>`, as compositing managers do."""
    xcb.xcb_connect.restype = ctypes.c_void_p
    for name in ("xcb_intern_atom", "xcb_get_selection_owner"):
        getattr(xcb, name).restype = _Cookie
        reply = getattr(xcb, f"{name}_reply")
        reply.restype = ctypes.POINTER(_Atom)
        reply.argtypes = (ctypes.c_void_p, _Cookie, ctypes.c_void_p)
    xcb.xcb_intern_atom.argtypes = (
        ctypes.c_void_p,
        ctypes.c_uint8,
        ctypes.c_uint16,
        ctypes.c_char_p,
    )
    xcb.xcb_get_selection_owner.argtypes = (ctypes.c_void_p, ctypes.c_uint32)
    for name in ("xcb_connection_has_error", "xcb_disconnect"):
        getattr(xcb, name).argtypes = (ctypes.c_void_p,)
    libc.free.argtypes = (ctypes.c_void_p,)
    libc.free.restype = None
    screen = ctypes.c_int(0)
    connection = xcb.xcb_connect(os.environ.get("DISPLAY", "").encode(), ctypes.byref(screen))
    try:
        if xcb.xcb_connection_has_error(connection):
            return False
        name_of_manager = f"_NET_WM_CM_S{screen.value}".encode()
        cookie = xcb.xcb_intern_atom(connection, 0, len(name_of_manager), name_of_manager)
        atom = xcb.xcb_intern_atom_reply(connection, cookie, None)
        if not atom:
            return False
        cookie = xcb.xcb_get_selection_owner(connection, atom.contents.value)
        libc.free(atom)
        owner = xcb.xcb_get_selection_owner_reply(connection, cookie, None)
        if not owner:
            return False
        found = bool(owner.contents.value)
        libc.free(owner)
        return found
    finally:
        xcb.xcb_disconnect(connection)
