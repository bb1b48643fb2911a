"""What the tray says: tooltip, lines of its menu, and how to get a tray where there is none.

GUI thread.
"""

from desktop.domain.engine import EngineMemory, EngineState, Phase
from desktop.domain.history import ChatSummary
from desktop.domain.model import InstalledModel
from desktop.domain.quantities import sized
from desktop.domain.text import Text, printable, shortened
from desktop.services.hotkey import Desktop
from desktop.ui.chat_rows import shown_title
from desktop.ui.engine_words import memory_words, model_title, state_words
from desktop.ui.labels import as_words
from desktop.ui.model_words import cut_inside
from desktop.ui.translation import say

__all__ = ["chat_line", "how_to_get_a_tray", "model_choice", "model_line", "tooltip"]

_LONGEST_NAME = 44
_LONGEST_TITLE = 48
# Windows shows no more.
_LONGEST_TOOLTIP = 127
# Some panels take a tooltip for HTML, and only ever because of these.
_NO_TAGS = str.maketrans({"<": "‹", ">": "›"})


def tooltip(
    state: EngineState,
    memory: EngineMemory | None,
    *,
    answering: bool,
    paused: bool,
    downloads: str,
) -> str:
    """Return what is said when the pointer rests on the icon, a few lines.

    `downloads` are words about them, empty for none.
    """
    lines = [say(Text("Lapis · Paused")) if paused else "Lapis"]
    if state.model is not None:
        lines.append(model_line(state, memory))
    if answering:
        lines.append(say(Text("Writing an answer")))
    if downloads:
        lines.append(downloads)
    return shortened("\n".join(lines).translate(_NO_TAGS), _LONGEST_TOOLTIP)


def model_line(state: EngineState, memory: EngineMemory | None) -> str:
    """Return the model with what it takes now: "Gemma 2 9B · 5.4 GB"."""
    if state.model is None:
        return say(Text("No model is loaded"))
    name = _name(state.model)
    if state.model.is_served:
        # What the engine holds meanwhile is another model's.
        words = say(Text("leaves this computer")) if state.model.leaves_to else ""
    elif memory is not None and state.phase is not Phase.LOADING:
        words = memory_words(memory)
    else:
        words = state_words(state)[0]
    return f"{name} · {words}" if words else name


def model_choice(model: InstalledModel) -> str:
    """Return a model among others, as text of a menu: many panels know no second column."""
    size = sized(model.size) if model.size > 0 else ""
    leaves = say(Text("leaves this computer")) if model.leaves_to else ""
    return as_words(" · ".join(part for part in (_name(model), size, leaves) if part))


def chat_line(chat: ChatSummary) -> str:
    """Return a chat as text of a menu."""
    return as_words(shortened(printable(shown_title(chat)), _LONGEST_TITLE))


def how_to_get_a_tray(desktop: Desktop) -> Text:
    """Return what a person does on `desktop` so that icons of programs are shown."""
    match desktop:
        case Desktop.GNOME:
            return Text(
                "Install the GNOME extension “AppIndicator and KStatusNotifierItem Support”, and "
                "the icon stands in the top bar. Debian and Ubuntu have it as the package "
                "gnome-shell-extension-appindicator."
            )
        case Desktop.KDE:
            return Text("Add the widget System Tray to a panel.")
        case Desktop.XFCE:
            return Text("Add the item Status Tray Plugin to a panel.")
        case Desktop.CINNAMON:
            return Text("Add the applets System Tray and XApp Status to a panel.")
        case Desktop.MATE:
            return Text("Add the Notification Area to a panel.")
        case Desktop.LXQT:
            return Text("Add the plugin Status Notifier to the panel.")
        case Desktop.SWAY | Desktop.HYPRLAND:
            return Text("Add the module tray to your bar; waybar has one of that name.")
        case Desktop.I3:
            return Text("Let i3bar show its tray: tray_output primary, in the part bar.")
        case _:
            return Text("Add a tray, also called notification area, to your panel.")


def _name(model: InstalledModel) -> str:
    return cut_inside(printable(model_title(model)), _LONGEST_NAME)
