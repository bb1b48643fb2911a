"""Keys where no X server can be reached, or what talks to one is not installed."""

import subprocess
import sys

import pytest

from desktop.domain.hotkey import KeyAction, KeyStatus, parse_chord
from desktop.domain.text import Text

if sys.platform != "linux":
    pytest.skip("needs what talks to an X server", allow_module_level=True)

from desktop.system.hotkey.x11 import X11Keys

_WORDS = Text("Ask")


def test_without_a_server_every_bind_says_so() -> None:
    keys = X11Keys(":9999")
    keys.start(lambda *_news: None, lambda *_news: None)

    result = keys.bind(KeyAction.ASK, parse_chord("Ctrl+J"), _WORDS)
    assert result.status is KeyStatus.FAILED
    assert result.reason is not None
    assert (keys.fileno(), keys.pump()) == (None, None)
    keys.close()


def test_without_the_library_keys_are_not_supported_and_nothing_is_imported_before() -> None:
    program = (
        "import sys\n"
        "from desktop.domain.hotkey import KeyAction, parse_chord\n"
        "from desktop.domain.text import Text\n"
        "from desktop.system.hotkey.factory import mechanism\n"
        "keys = mechanism({'DISPLAY': ':9999'}, 'linux', 'xcb', 'lapis')\n"
        "assert keys.name == 'x11' and 'xcffib' not in sys.modules\n"
        "sys.modules['xcffib'] = None\n"
        "keys.start(print, print)\n"
        "print(keys.bind(KeyAction.ASK, parse_chord('Ctrl+J'), Text('')).status.value)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, encoding="utf-8", check=True
    )
    assert done.stdout.split() == ["unsupported"]
