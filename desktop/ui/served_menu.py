"""Models of servers as a part of a menu: under the name of their server, and whether words leave.

GUI thread.
"""

from collections.abc import Callable, Sequence

from PySide6.QtGui import QAction, QActionGroup
from PySide6.QtWidgets import QMenu

from desktop.domain.connection import FOUND_NAME
from desktop.domain.model import InstalledModel
from desktop.domain.quantities import sized
from desktop.domain.text import Text
from desktop.ui.engine_words import model_title
from desktop.ui.icons import icon
from desktop.ui.labels import as_words
from desktop.ui.translation import say

__all__ = ["ServedMenu", "is_same", "model_line", "served_apart"]

_NAME_LIMIT = 60
_FEW = 8
_MOST = 40


def model_line(model: InstalledModel) -> str:
    """Return name and size, where it is known; the tab puts the size at the right edge."""
    name = as_words(model_title(model)).replace("\t", " ")
    if len(name) > _NAME_LIMIT:
        name = name[: _NAME_LIMIT - 1] + "…"
    return f"{name}\t{sized(model.size)}" if model.size > 0 else name


def is_same(one: InstalledModel, other: InstalledModel | None) -> bool:
    """Return whether both are the same model; what a server tells of it changes."""
    if other is None or not one.is_served:
        return one == other
    return one.path == other.path


def served_apart(
    models: Sequence[InstalledModel], chosen: InstalledModel | None, most: int
) -> tuple[list[InstalledModel], list[InstalledModel]]:
    """Return `most` of the models that are files, and those of servers; `chosen` among its kind."""
    files = [model for model in models if not model.is_served][:most]
    served = [model for model in models if model.is_served]
    if chosen is not None:
        kind = served if chosen.is_served else files
        if not any(is_same(chosen, each) for each in kind):
            kind.append(chosen)
    return files, served


class ServedMenu:
    """Adds lines to `menu`; with a `group` the chosen one is marked in it."""

    def __init__(
        self,
        menu: QMenu,
        group: QActionGroup | None,
        choose: Callable[[InstalledModel], None],
        show_all: Callable[[], None] | None = None,
    ) -> None:
        """`show_all` shows all models of all servers."""
        self._menu = menu
        self._group = group
        self._choose = choose
        self._show_all = show_all

    def add(self, models: Sequence[InstalledModel], chosen: InstalledModel | None) -> None:
        """Add `models` by their servers, in the order they come in."""
        servers: dict[str, list[InstalledModel]] = {}
        for model in models:
            servers.setdefault(model.server, []).append(model)
        for name, those in servers.items():
            self._menu.addSeparator()
            self._add_head(name, those[0].leaves_to)
            first = those if len(those) <= _FEW else self._few(those, chosen)
            for model in first:
                self._add_line(self._menu, model, chosen)
            if len(those) > len(first):
                self._add_rest(those, chosen)

    def _few(
        self, models: Sequence[InstalledModel], chosen: InstalledModel | None
    ) -> list[InstalledModel]:
        """Return the chosen one alone of many: the others are a menu of their own."""
        return [model for model in models if is_same(model, chosen)]

    def _add_head(self, name: str, leaves_to: str) -> None:
        title = name
        if name == FOUND_NAME:
            title = "Ollama" if leaves_to else say(Text("Ollama on this computer"))
        words = as_words(title)
        if leaves_to:
            words += f"\t{say(Text('leaves this computer'))}"
        head = self._menu.addAction(icon("leaves" if leaves_to else "server"), words)
        head.setEnabled(False)

    def _add_line(self, menu: QMenu, model: InstalledModel, chosen: InstalledModel | None) -> None:
        action: QAction = menu.addAction(model_line(model))
        if self._group is not None:
            action.setCheckable(True)
            action.setChecked(is_same(model, chosen))
            self._group.addAction(action)
        action.triggered.connect(lambda: self._choose(model))

    def _add_rest(self, models: Sequence[InstalledModel], chosen: InstalledModel | None) -> None:
        rest = self._menu.addMenu(
            say(Text("{count} models to choose from", {"count": f"{len(models):,}"}))
        )
        for model in models[:_MOST]:
            self._add_line(rest, model, chosen)
        if len(models) > _MOST and self._show_all is not None:
            rest.addSeparator()
            every = rest.addAction(icon("search"), say(Text("Search all of them…")))
            every.triggered.connect(self._show_all)
