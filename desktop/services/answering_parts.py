"""What answers, with everything that holds for it: all that the local server is given of Lapis."""

from collections.abc import Callable
from dataclasses import dataclass

from desktop.domain.model import InstalledModel
from desktop.domain.settings import Settings
from desktop.domain.shelf import ModelDefaults
from desktop.services.all_models import AllModels
from desktop.services.connections import Connections
from desktop.services.engine import Engine
from desktop.services.local_api import MakeServer


@dataclass(frozen=True, slots=True)
class AnsweringParts:
    """The engine and its models, for any thread.

    `usual` is the model that is asked where the engine has none yet (raises LapisError);
    `settings_for` and `defaults` say what is in force, and what was set, for a model. `is_shared`:
    there is a window, and whoever sits in front of it goes first.
    """

    engine: Engine
    models: AllModels
    connections: Connections
    usual: Callable[[], InstalledModel]
    settings_for: Callable[[InstalledModel], Settings]
    defaults: Callable[[InstalledModel], ModelDefaults]
    is_shared: bool = False


Serve = Callable[[AnsweringParts], MakeServer]
"""Makes what makes local servers; nothing is imported or started before the first one is wanted."""
