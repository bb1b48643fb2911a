"""Which language the computer speaks, of those that Lapis does. Main thread, once for each start.

Linux says it in the environment. Windows and macOS keep it elsewhere: a program that was not started
from a terminal has no such variables there. Sources: GetUserDefaultUILanguage (winnls.h) of
Microsoft, CFLocaleCopyPreferredLanguages (CFLocale.h) of Apple. Neither was ever run there: the calls
were tested with functions of the tests' own.
"""

import locale
import os
import sys
from collections.abc import Mapping
from typing import Any, Final

from desktop.domain.settings import Language

_VARIABLES: Final = ("LC_ALL", "LC_MESSAGES", "LANG")
_CORE: Final = "/System/Library/Frameworks/CoreFoundation.framework/CoreFoundation"
# kCFStringEncodingUTF8
_UTF_8: Final = 0x08000100
_LONGEST: Final = 64


def system_language() -> Language:
    """Return Chinese when the computer speaks Chinese, else English."""
    name = _name()
    return Language.CHINESE if name.casefold().startswith("zh") else Language.ENGLISH


def _name() -> str:
    """Return the language as the system calls it: "zh_CN.UTF-8", "zh-Hans-CN"; maybe empty."""
    try:
        if sys.platform == "win32":
            from desktop.base.native import windows_library

            return windows_name(windows_library("kernel32"))
        if sys.platform == "darwin":
            import ctypes

            return mac_name(ctypes.CDLL(_CORE))
    except (OSError, AttributeError):
        # A system without what its makers describe.
        return ""
    return named_in(os.environ)


def named_in(environment: Mapping[str, str]) -> str:
    """Return what the first variable that is set says; empty where none is."""
    return next((environment[name] for name in _VARIABLES if environment.get(name)), "")


def windows_name(kernel32: Any) -> str:
    """Return the language of Windows' own surface, such as "zh_CN"; raises AttributeError."""
    from desktop.base.native import WORD, declared

    declared(kernel32, {"GetUserDefaultUILanguage": (WORD, ())})
    return locale.windows_locale.get(kernel32.GetUserDefaultUILanguage(), "")


def mac_name(core: Any) -> str:
    """Return the first language that the person has chosen, such as "zh-Hans-CN"; may be empty.

    `core` is CoreFoundation. Raises AttributeError.
    """
    import ctypes

    from desktop.base.native import declared

    declared(
        core,
        {
            "CFLocaleCopyPreferredLanguages": (ctypes.c_void_p, ()),
            "CFArrayGetCount": (ctypes.c_long, (ctypes.c_void_p,)),
            "CFArrayGetValueAtIndex": (ctypes.c_void_p, (ctypes.c_void_p, ctypes.c_long)),
            "CFStringGetCString": (
                ctypes.c_ubyte,
                (ctypes.c_void_p, ctypes.c_void_p, ctypes.c_long, ctypes.c_uint32),
            ),
            "CFRelease": (None, (ctypes.c_void_p,)),
        },
    )
    chosen = core.CFLocaleCopyPreferredLanguages()
    if not chosen:
        return ""
    try:
        if core.CFArrayGetCount(chosen) < 1:
            return ""
        text = ctypes.create_string_buffer(_LONGEST)
        first = core.CFArrayGetValueAtIndex(chosen, 0)
        is_told = core.CFStringGetCString(first, text, _LONGEST, _UTF_8)
        return text.value.decode(errors="replace") if is_told else ""
    finally:
        core.CFRelease(chosen)
