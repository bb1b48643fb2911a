"""The command `lapis connections`, put together with everything below it. Main thread."""

import contextlib
import os

from desktop.base.paths import Paths
from desktop.base.translation import Translator
from desktop.cli_kept import Kept
from desktop.config.secrets import Secrets
from desktop.services.connections import Connections
from desktop.services.network_log import NetworkLog
from desktop.terminal.connections import manage
from desktop.terminal.connections_orders import ConnectionOrder
from desktop.terminal.output import Screen


def manage_connections(
    order: ConnectionOrder, paths: Paths, words: Translator, screen: Screen
) -> int:
    """List servers, set them up, try and forget them; return the exit code; raises LapisError."""
    kept = Kept(paths, words, screen)
    log = NetworkLog(paths.network_log).note
    connections = Connections(kept.settings, kept.change, Secrets(), os.environ, log)
    with contextlib.closing(connections):
        return manage(order, connections, words, screen)
