"""The commands of `lapis` about models as files: `models`, and what sizes them up.

Put together here with everything below them. Main thread.
"""

import contextlib
import os
import threading

from desktop.base.paths import Paths
from desktop.base.translation import Translator
from desktop.cli_kept import Kept
from desktop.domain.advice import Computer
from desktop.domain.errors import ModelNotFound
from desktop.domain.text import Text
from desktop.services.server_names import read_name
from desktop.terminal.models_orders import (
    FilesOrder,
    PullOrder,
    SearchOrder,
    ShelfOrder,
    SourcesOrder,
)
from desktop.terminal.output import Screen
from desktop.terminal.sizing_orders import SizingOrder


def manage_models(
    order: SourcesOrder | ShelfOrder, paths: Paths, words: Translator, screen: Screen
) -> int:
    """Find, get and keep models; return the exit code; raises LapisError."""
    kept = Kept(paths, words, screen)
    match order:
        case PullOrder(reference) if read_name(reference) is not None:
            return _pull_served(reference, kept, paths, words, screen)
        case SearchOrder() | FilesOrder() | PullOrder():
            from desktop.services.model_manager import ModelManager
            from desktop.terminal.models_sources import SourcesCommand

            manager = ModelManager(paths, kept.settings, kept.change)
            with contextlib.closing(manager):
                return SourcesCommand(manager, kept.settings(), words, screen).run(order)
        case _:
            from desktop.services.model_notes import ModelNotes
            from desktop.services.shelf_opening import open_shelf
            from desktop.store.records import Records
            from desktop.terminal.models import ShelfCommand

            records = Records(paths.records)
            shelf = open_shelf(paths, kept.settings, kept.change, os.environ, ModelNotes(records))

            def look() -> Computer:
                from desktop.services.advice_computer import this_computer
                from desktop.services.devices import Devices

                return this_computer(Devices(paths.engine, paths.devices), records, ask=True)

            with contextlib.closing(shelf):
                return ShelfCommand(shelf, kept.settings(), words, screen, look).run(order)


def _pull_served(
    reference: str, kept: Kept, paths: Paths, words: Translator, screen: Screen
) -> int:
    """Have an Ollama fetch the model of that name; raises LapisError."""
    from desktop.config.secrets import Secrets
    from desktop.services.connections import Connections
    from desktop.services.network_log import NetworkLog
    from desktop.terminal.interrupt import stopping_on_interrupt
    from desktop.terminal.models_served import pull_served

    cancel = threading.Event()
    log = NetworkLog(paths.network_log).note
    connections = Connections(kept.settings, kept.change, Secrets(), os.environ, log)
    with stopping_on_interrupt(cancel), contextlib.closing(connections):
        model = connections.find(reference)
        if model is None:
            raise ModelNotFound(
                Text("There is no model named {name}", {"name": reference}),
                Text(
                    "Type, for example: {command}", {"command": "lapis models pull ollama:gemma3"}
                ),
            )
        return pull_served(model, connections, words, screen, cancel)


def size_models(order: SizingOrder, paths: Paths, words: Translator, screen: Screen) -> int:
    """Tell what models take here, or what here is, and return the exit code."""
    from desktop.services.model_manager import ModelManager
    from desktop.terminal.sizing import SizingCommand

    kept = Kept(paths, words, screen)
    manager = ModelManager(paths, kept.settings, kept.change)
    with contextlib.closing(manager):
        return SizingCommand(manager, kept.settings(), words, screen).run(order)
