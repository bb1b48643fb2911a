"""What the guide answers is held against the program: names, commands, numbers, folders."""

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path

import platformdirs.macos
import platformdirs.unix
import pytest

from desktop.base.paths import APP_ID, standard_paths
from desktop.base.translation import Translator
from desktop.domain.help_page import TOPICS
from desktop.domain.hotkey import KeyAction, usual_chord
from desktop.domain.settings import Language, Settings
from desktop.store.copies import KEPT_DAYS
from desktop.terminal.commandline import parse
from desktop.terminal.errors import UsageError
from desktop.terminal.models_commandline import NAMES as MODEL_COMMANDS
from installers.dev import translations
from installers.linux import deb, rpm

ROOT = Path(__file__).resolve().parents[2]
CORPUS = ROOT / "resources" / "guide" / "corpus"
ENGLISH = Translator(Language.ENGLISH, Path("nowhere"))
NO_NAMES = frozenset({"it", "Instruct", "K", "8B", "应用程序"})
"""In quotation marks in an answer, and no words of the program."""
CODE = re.compile(r"`([^`]*)`")
QUOTED = {"en": re.compile(r'"([^"]+)"'), "zh": re.compile(r"“([^”]+)”")}
WORD = re.compile(r"[a-z]+")
OPTION = re.compile(r"--[a-z-]+")
NUMBERS = {3: "three", 7: "seven", 10: "ten"}


def _answers() -> dict[tuple[str, str], str]:
    """Return every answer by its topic and language."""
    groups = [json.loads(path.read_text("utf-8")) for path in sorted(CORPUS.glob("[0-9]*.json"))]
    topics = [topic for group in groups for topic in group["topics"]]
    return {(t["id"], language): t["answers"][language] for t in topics for language in QUOTED}


ANSWERS = _answers()


def _code(language: str = "") -> list[tuple[str, str]]:
    """Return the topic of each piece of code in the answers, and the code."""
    return [
        (topic, code)
        for (topic, spoken), answer in ANSWERS.items()
        for code in CODE.findall(answer)
        if spoken == (language or spoken)
    ]


def _titles(pattern: str) -> set[str]:
    """Return what the classes in the files `pattern` call themselves: `self.title = self.tr(…)`."""
    found = set()
    for path in (ROOT / "desktop" / "ui").glob(pattern):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            match node:
                case ast.Assign(
                    targets=[ast.Attribute(attr="title")],
                    value=ast.Call(args=[ast.Constant(value=str(title))]),
                ):
                    found.add(title)
    return found


def _commands() -> Iterator[tuple[str, list[str], list[str]]]:
    """Yield topic, words of the command, and options of every `lapis …` in an answer."""
    for topic, code in _code():
        line = code.rpartition("| ")[2]
        if line.startswith("lapis "):
            rest = line.removeprefix("lapis ").split()
            words: list[str] = []
            while rest and WORD.fullmatch(rest[0]):
                words.append(rest.pop(0))
            yield topic, words, OPTION.findall(line)


@pytest.fixture(scope="module")
def names() -> dict[str, set[str]]:
    """Return the words of the program, by language; another test holds them to be up to date."""
    path = translations.catalogue_path("zh_CN")
    known = translations.entries(translations.read_catalogue(path, "zh_CN"))
    return {
        "en": {str(message.id) for message in known},
        "zh": {str(message.string) for message in known},
    }


def _help(words: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    assert parse([*words, "--help"], ENGLISH) is None
    return capsys.readouterr().out


def test_what_stands_in_quotation_marks_is_said_by_the_program_so(
    names: dict[str, set[str]],
) -> None:
    strange = [
        (topic, name)
        for (topic, language), answer in ANSWERS.items()
        for name in QUOTED[language].findall(CODE.sub("", answer))
        if name not in names[language] | NO_NAMES
    ]
    assert strange == []


def test_every_page_of_the_settings_that_an_answer_names_is_there() -> None:
    titles = _titles("settings_*.py")
    assert len(titles) > 8
    tabs = {"Discover", "Installed", "Servers", "This computer"}
    places = re.compile(r"(?:\bSettings, (?:under )?|\bunder )(?=[A-Z])")
    for (topic, language), answer in ANSWERS.items():
        if language == "en":
            for place in places.finditer(answer):
                rest = answer[place.end() :]
                known = titles | tabs | {"Settings", "Help"}
                assert rest.startswith(tuple(known)), (topic, rest)


def test_the_tabs_of_the_models_page_are_called_so(names: dict[str, set[str]]) -> None:
    source = (ROOT / "desktop" / "ui" / "models_page.py").read_text(encoding="utf-8")
    for tab in ("Discover", "Installed", "This computer", "Servers"):
        assert f'self.tr("{tab}")' in source
        assert tab in ANSWERS["models_page", "en"]


def test_every_command_in_an_answer_exists_with_its_options(
    capsys: pytest.CaptureFixture[str],
) -> None:
    seen = 0
    for topic, words, options in _commands():
        try:
            page = _help(words, capsys)
        except UsageError as error:
            pytest.fail(f"{topic}: lapis {' '.join(words)}: {error}")
        missing = [option for option in options if option not in page and option != "--help"]
        assert missing == [], (topic, words)
        seen += 1
    assert seen > 40


def test_options_that_stand_alone_are_options(capsys: pytest.CaptureFixture[str]) -> None:
    pages = _help([], capsys) + _help(["ask"], capsys)
    for topic, code in _code():
        if code.startswith("--"):
            assert code.split()[0] in pages, topic


def test_documents_that_can_be_attached_are_those_that_the_terminal_names(
    capsys: pytest.CaptureFixture[str],
) -> None:
    page = " ".join(_help(["ask"], capsys).split())
    found = re.search(r"A file to ask about: (.+?), text or code", page)
    assert found is not None
    kinds = found[1].split(", ")
    assert len(kinds) > 2
    for language in QUOTED:
        assert [kind for kind in kinds if kind not in ANSWERS["attachments", language]] == []


def test_the_commands_about_models_are_all_named() -> None:
    named = set(CODE.findall(ANSWERS["models_terminal", "en"]))
    assert {name for name in MODEL_COMMANDS if f"lapis models {name}" not in str(named)} <= named


def test_commands_of_the_terminal_chat_are_known_to_it() -> None:
    source = (ROOT / "desktop" / "terminal" / "slash.py").read_text(encoding="utf-8")
    slashed = {code.split()[0] for _topic, code in _code() if code.startswith("/")}
    assert slashed == {"/new", "/system", "/model", "/save"}
    for name in slashed:
        assert f'"{name}"' in source


def test_lapis_help_has_topics_as_the_answer_says(capsys: pytest.CaptureFixture[str]) -> None:
    assert "lapis help TOPIC" in ANSWERS["help_pages", "en"]
    assert "TOPIC" in _help(["help"], capsys)
    assert len(TOPICS) > 5


def test_numbers_in_answers_are_those_of_the_program() -> None:
    usual = Settings()
    idle = ANSWERS["idle_unload", "en"]
    assert f"after {NUMBERS[usual.engine.idle_minutes]} quiet minutes" in idle
    assert f"{NUMBERS[usual.engine.idle_minutes_on_battery]} on battery" in idle
    assert f"{NUMBERS[KEPT_DAYS]} copies" in ANSWERS["daily_copies", "en"]
    assert not usual.updates.check
    assert "only if you turn on" in ANSWERS["updates", "en"]
    for language in QUOTED:
        assert f"127.0.0.1:{usual.api.port}/v1" in ANSWERS["api_server", language]


def test_the_hotkey_in_answers_is_the_usual_one() -> None:
    linux, mac = (usual_chord(KeyAction.ASK, system) for system in ("linux", "darwin"))
    # Qt calls the Control key of a Mac Meta.
    of_mac = "+".join(sorted(mac.replace("Meta", "Ctrl").split("+")[:2])) + "+Space"
    for language in QUOTED:
        assert linux in ANSWERS["popup", language]
        assert linux in ANSWERS["hotkey_set", language]
        assert of_mac in ANSWERS["hotkey_set", language]


def test_folders_in_answers_are_those_of_the_program(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    linux = platformdirs.unix.Unix(APP_ID, appauthor=False).user_data_path
    mac = platformdirs.macos.MacOS(APP_ID, appauthor=False).user_data_path
    home = Path.home()
    for topic in ("data_location", "backup"):
        for language in QUOTED:
            answer = ANSWERS[topic, language]
            assert f"`~/{linux.relative_to(home).as_posix()}`" in answer
            assert f"`~/{mac.relative_to(home).as_posix()}`" in answer
            assert f"`%LOCALAPPDATA%\\{APP_ID}`" in answer
            assert f"`{standard_paths().database.name}`" in answer


def test_packages_are_called_as_the_answers_say() -> None:
    for language in QUOTED:
        for tool, name in (("apt", deb.NAME), ("dnf", rpm.NAME)):
            assert f"`sudo {tool} remove {name}`" in ANSWERS["uninstall", language]
    script = (ROOT / "installers" / "linux" / "data" / "install.sh").read_text(encoding="utf-8")
    assert "--uninstall)" in script
