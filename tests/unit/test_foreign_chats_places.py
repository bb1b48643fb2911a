"""Where chats of other programs are on a computer."""

from pathlib import Path

from desktop.domain.carried import CarriedChat
from desktop.domain.shelf import Origin
from desktop.models.places import Places, System
from desktop.services.foreign_chats import read_chats
from desktop.services.foreign_places import ChatPlace, chat_places
from tests.harness import foreign_chats as programs


def test_chats_are_found_where_the_programs_keep_them(tmp_path: Path) -> None:
    lm_studio = programs.write_lm_studio(tmp_path)
    jan = programs.write_jan(tmp_path / ".local" / "share" / "Jan" / "data")
    ollama = programs.write_ollama(tmp_path / ".ollama" / "db.sqlite")
    gpt4all = tmp_path / ".local" / "share" / "nomic.ai" / "GPT4All"
    gpt4all.mkdir(parents=True)
    (gpt4all / "gpt4all-1.chat").write_bytes(programs.gpt4all_chat_file())

    found = chat_places(Places(tmp_path, system=System.LINUX))

    assert found == [
        ChatPlace(Origin.LM_STUDIO, lm_studio),
        ChatPlace(Origin.JAN, jan),
        ChatPlace(Origin.GPT4ALL, gpt4all),
        ChatPlace(Origin.OLLAMA, ollama),
    ]
    for place in found:
        assert [type(each) for each in read_chats(place.path)] == [CarriedChat]


def test_the_app_of_ollama_is_found_on_every_system(tmp_path: Path) -> None:
    for system, folder in (
        (System.MACOS, tmp_path / "Library" / "Application Support" / "Ollama"),
        (System.WINDOWS, tmp_path / "AppData" / "Local" / "Ollama"),
    ):
        path = programs.write_ollama(folder / "db.sqlite")

        assert chat_places(Places(tmp_path, system=system)) == [ChatPlace(Origin.OLLAMA, path)]


def test_where_nothing_is_nothing_is_found(tmp_path: Path) -> None:
    (tmp_path / ".lmstudio" / "conversations").mkdir(parents=True)

    assert chat_places(Places(tmp_path, system=System.LINUX)) == []
