"""Where other programs keep their chats on this computer, so that nobody has to look for them.

Only whether something is there is looked at, nothing is read; `read_chats` takes what is found. For
a thread that may wait.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from desktop.domain.shelf import Origin
from desktop.models.effort import Effort, files_in, folders_in, is_regular
from desktop.models.elsewhere_gpt4all import gpt4all_folders
from desktop.models.elsewhere_jan import jan_data_folders
from desktop.models.elsewhere_lm_studio import lm_studio_homes
from desktop.models.places import Places, System


@dataclass(frozen=True, slots=True)
class ChatPlace:
    """The chats of one program: a folder, or a file."""

    program: Origin
    path: Path


def chat_places(places: Places) -> list[ChatPlace]:
    """Return the places where there are chats, each once."""
    effort = Effort()
    return [place for place in dict.fromkeys(_possible(places)) if _has_some(place, effort)]


def _possible(places: Places) -> Iterator[ChatPlace]:
    for home in lm_studio_homes(places):
        yield ChatPlace(Origin.LM_STUDIO, home / "conversations")
    for data in jan_data_folders(places):
        yield ChatPlace(Origin.JAN, data / "threads")
    for folder in gpt4all_folders(places):
        yield ChatPlace(Origin.GPT4ALL, folder)
    # `defaultDBPath` in `app/store/store.go` of ollama/ollama.
    own = places.home / ".ollama"
    if places.system is not System.LINUX:
        own = places.local_data / "Ollama"
    yield ChatPlace(Origin.OLLAMA, own / "db.sqlite")


def _has_some(place: ChatPlace, effort: Effort) -> bool:
    match place.program:
        case Origin.OLLAMA:
            return is_regular(place.path)
        case Origin.GPT4ALL:
            return any(each.suffix == ".chat" for each in files_in(place.path, effort))
        case _:
            return bool(folders_in(place.path, effort) or files_in(place.path, effort))
