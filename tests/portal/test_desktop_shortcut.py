"""The shortcut that Plasma keeps for us: written, pressed, taken by others, removed."""

import shlex
from pathlib import Path

from desktop.domain.hotkey import KeyStatus
from desktop.services.desktop_shortcuts import can_write, remove_shortcut, write_shortcut
from desktop.services.desktops import Desktop as Kind
from tests.harness.nested import Desktop
from tests.harness.waiting import wait_for


def test_plasma_runs_the_command_at_its_keys_until_it_is_removed(
    desktop: Desktop, tmp_path: Path
) -> None:
    note = tmp_path / "a note"
    command = shlex.join(["touch", str(note)])
    assert can_write(Kind.KDE, desktop.environment)

    result = write_shortcut(Kind.KDE, "Ctrl+Alt+K", command, desktop.environment)
    assert (result.status, result.keys) == (KeyStatus.BOUND, "Ctrl+Alt+K")
    with desktop.hands() as hands:
        hands.tap("k", "Control_L", "Alt_L")
        wait_for(note.exists, 20, "what the command makes")

    # It takes the place of the one before.
    result = write_shortcut(Kind.KDE, "Ctrl+Alt+J", command, desktop.environment)
    assert result.status is KeyStatus.BOUND
    note.unlink()
    with desktop.hands() as hands:
        hands.tap("k", "Control_L", "Alt_L")
        hands.tap("j", "Control_L", "Alt_L")
        wait_for(note.exists, 20, "what the command makes")

    remove_shortcut(Kind.KDE, desktop.environment)
    files = Path(desktop.environment["XDG_DATA_HOME"]) / "kglobalaccel"
    assert list(files.iterdir()) == []
    again = write_shortcut(Kind.KDE, "Ctrl+Alt+J", command, desktop.environment)
    assert again.status is KeyStatus.BOUND
    remove_shortcut(Kind.KDE, desktop.environment)


def test_keys_that_plasma_uses_are_not_taken_from_it(desktop: Desktop) -> None:
    result = write_shortcut(Kind.KDE, "Alt+F4", "true", desktop.environment)

    assert result.status is KeyStatus.TAKEN
