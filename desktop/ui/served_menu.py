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
from desktop.ui.model_words import cut_inside
from desktop.ui.translation import say
from desktop.ui.typed_choice import TypedChoice

__all__ = ["ServedMenu", "is_same", "model_line", "served_apart"]

_NAME_LIMIT = 60
_FEW = 8
_MOST = 40


def model_line(model: InstalledModel) -> str:
    """Return name and size, where it is known; the tab puts the size at the right edge."""
    name = as_words(cut_inside(model_title(model).replace("\t", " "), _NAME_LIMIT))
    return f"{name}\t{sized(model.size)}" if model.size > 0 else name


def is_same(one: InstalledModel, other: InstalledModel | None) -> bool:
    """Return whether both are the same model; what a server tells of it changes."""
    if other is None or not one.is_served:
        return one == other
    return one.path == other.path


def served_apart(
    models: Sequence[InstalledModel], chosen: InstalledModel | None, most: int
) -> tuple[list[InstalledModel], list[InstalledModel]]:
    """Return `most` of the models that are files, and those of servers; `chosen` among its kind.

    What is known to be for searching alone is left out.
    """
    files = [model for model in models if not model.is_served][:most]
    served = [model for model in models if model.is_served and not model.embeds]
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
            all_leave = all(model.leaves_to for model in those)
            self._add_head(name, leave=all_leave)
            first = those if len(those) <= _FEW else self._few(those, chosen)
            for model in first:
                self._add_line(self._menu, model, chosen, mark=not all_leave)
            if len(those) > len(first):
                self._add_rest(those, chosen, mark=not all_leave)

    def _few(
        self, models: Sequence[InstalledModel], chosen: InstalledModel | None
    ) -> list[InstalledModel]:
        """Return the chosen one alone of many: the others are a menu of their own."""
        return [model for model in models if is_same(model, chosen)]

    def _add_head(self, name: str, *, leave: bool) -> None:
        title = name
        if name == FOUND_NAME:
            title = "Ollama" if leave else say(Text("Ollama on this computer"))
        words = as_words(title)
        if leave:
            words += f"\t{say(Text('leaves this computer'))}"
        head = self._menu.addAction(icon("leaves" if leave else "server"), words)
        head.setEnabled(False)

    def _add_line(
        self, menu: QMenu, model: InstalledModel, chosen: InstalledModel | None, *, mark: bool
    ) -> None:
        """Add a model; `mark`: say of it alone whether words leave, as its head does not."""
        words = model_line(model)
        if mark and model.leaves_to:
            name, _, _ = words.partition("\t")
            words = f"{name}\t{say(Text('leaves this computer'))}"
        action: QAction = menu.addAction(words)
        if self._group is not None:
            action.setCheckable(True)
            action.setChecked(is_same(model, chosen))
            self._group.addAction(action)
        action.triggered.connect(lambda: self._choose(model))

    def _add_rest(
        self, models: Sequence[InstalledModel], chosen: InstalledModel | None, *, mark: bool
    ) -> None:
        rest = self._menu.addMenu(
            say(Text("{count} models to choose from", {"count": f"{len(models):,}"}))
        )
        TypedChoice(rest)
        for model in models[:_MOST]:
            self._add_line(rest, model, chosen, mark=mark)
        if len(models) > _MOST and self._show_all is not None:
            rest.addSeparator()
            every = rest.addAction(icon("search"), say(Text("Search all of them…")))
            every.triggered.connect(self._show_all)
