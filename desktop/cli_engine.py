"""The command `lapis engine`, put together with everything below it. Main thread."""

import contextlib
import threading

from desktop.base.paths import Paths
from desktop.base.translation import Translator
from desktop.cli_kept import Kept
from desktop.services.model_manager import ModelManager
from desktop.terminal.engine_orders import EngineOrder
from desktop.terminal.engine_packs import manage_packs
from desktop.terminal.interrupt import stopping_on_interrupt
from desktop.terminal.output import Screen


def keep_engine(order: EngineOrder, paths: Paths, words: Translator, screen: Screen) -> int:
    """List, fetch and remove packs of the engine; return the exit code; raises LapisError."""
    kept = Kept(paths, words, screen)
    manager, cancel = ModelManager(paths, kept.settings, kept.change), threading.Event()
    with contextlib.closing(manager), stopping_on_interrupt(cancel):
        return manage_packs(order, manager.packs, words, screen, cancel)
