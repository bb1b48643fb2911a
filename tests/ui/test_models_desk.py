"""The Models page at work: a real window, a real queue, a real shelf, and a hub on real sockets."""

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from PySide6.QtWidgets import QAbstractButton, QApplication
from pytestqt.qtbot import QtBot

from desktop.domain.download import DownloadPhase
from desktop.domain.settings import Language
from desktop.domain.shelf import ModelDefaults, Origin, ShelfEntry
from desktop.domain.text import Text
from desktop.ui.discover_feed import Stage
from desktop.ui.errands import Errand
from desktop.ui.get_button import Wish
from desktop.ui.import_card import ImportCard
from desktop.ui.model_settings_card import ModelSettingsCard
from desktop.ui.requantise_card import RequantiseCard
from desktop.ui.task_lines import TaskProgress
from desktop.ui.translation import Languages
from tests.gguf_files import write_llama
from tests.harness.hub.faults import rate_limited
from tests.harness.hub.repositories import HubRepository, gguf_file
from tests.harness.hub.server import HubServer
from tests.ui.desk import Desk
from tests.ui.models_place import WAIT, Place
from tests.ui.models_place import open_place as put_page

_SIZE = 2_000_000
REPOSITORY = "bartowski/gemma-2-2b-it-GGUF"


@pytest.fixture
def hub() -> Iterator[HubServer]:
    names = ("gemma-2-2b-it-Q4_K_M.gguf", "gemma-2-2b-it-Q8_0.gguf")
    files = tuple(gguf_file(name, _SIZE, seed) for seed, name in enumerate(names))
    with HubServer([HubRepository(REPOSITORY, files)]) as hub:
        yield hub


@pytest.fixture
def open_place(desk: Desk, hub: HubServer, qapp: QApplication) -> Iterator[Callable[[], Place]]:
    with ExitStack() as stack:
        yield lambda: stack.enter_context(put_page(desk, hub, qapp))


@pytest.fixture
def place(open_place: Callable[[], Place], qtbot: QtBot) -> Place:
    """Return the page, shown, its catalogue read."""
    one = open_place()
    one.open(qtbot)
    return one


def _accept_gemma(place: Place) -> None:
    place.page.model_page.licence_accepted.emit("gemma")


def _get(place: Place, qtbot: QtBot) -> None:
    """Get the recommended quantisation of Gemma 2 2B from its card."""
    _accept_gemma(place)
    place.page.discover.wished.emit("gemma-2-2b-it", Wish.GET, "")
    qtbot.waitUntil(lambda: bool(place.phases()), timeout=WAIT)


def _settings_card(
    place: Place, entry: ShelfEntry, qtbot: QtBot, after: ModelSettingsCard | None = None
) -> ModelSettingsCard:
    """Open the settings of one model; return their card, another one than `after`."""
    sheet = place.installed.sheet
    place.installed.settings_requested.emit(entry)
    qtbot.waitUntil(
        lambda: isinstance(sheet.card, ModelSettingsCard) and sheet.card is not after, timeout=WAIT
    )
    assert isinstance(sheet.card, ModelSettingsCard)
    return sheet.card


def test_the_page_takes_the_place_of_the_talk_and_gives_it_back(place: Place) -> None:
    window = place.desk.window
    assert not window.is_talk_shown

    place.page.closed.emit()

    assert window.is_talk_shown
    window.sidebar.models_requested.emit()
    assert not window.is_talk_shown
    window.sidebar.new_chat_requested.emit()
    assert window.is_talk_shown


def test_words_find_repositories_and_a_link_opens_one(place: Place, qtbot: QtBot) -> None:
    tab = place.page.discover
    with qtbot.waitSignal(tab.search_requested, timeout=WAIT):
        tab.line._field.setText("gemma")
    qtbot.waitUntil(lambda: [row.hit.name for row in tab.found.hits] == [REPOSITORY], timeout=WAIT)

    with qtbot.waitSignal(tab.reference_pasted, timeout=WAIT):
        tab.line._field.setText(f"https://huggingface.co/{REPOSITORY}")
    page = place.page.model_page
    qtbot.waitUntil(lambda: page.key == REPOSITORY, timeout=WAIT)

    place.page.close_page()
    assert tab.browse.isVisible()


def test_a_link_with_a_quantisation_opens_with_that_one_chosen(place: Place, qtbot: QtBot) -> None:
    name = "acme/Small-GGUF"
    files = [gguf_file(f"small-{label}.gguf", 300_000, 7) for label in ("Q2_K", "Q8_0")]
    place.hub.replace(HubRepository(name, tuple(files)))
    page = place.page.model_page

    def is_chosen(label: str) -> bool:
        chosen = page.table.selected
        return page.isVisible() and chosen is not None and chosen.quantisation == label

    for typed, label in (("q2_k", "Q2_K"), ("Q8_0", "Q8_0")):
        place.page.discover.line._field.setText(f"hf.co/{name}:{typed}")
        qtbot.waitUntil(partial(is_chosen, label), timeout=WAIT)
        place.page.close_page()


def test_a_model_is_fetched_verified_listed_used_deleted_and_brought_back(
    place: Place, qtbot: QtBot
) -> None:
    place.hub.faults.cut(after=300_000, times=3)
    _get(place, qtbot)
    qtbot.waitUntil(lambda: place.phases() == [DownloadPhase.DONE], timeout=WAIT)
    tab = place.installed

    def ours() -> list[str]:
        return [e.model.name for e in place.entries() if e.origin is Origin.LAPIS]

    qtbot.waitUntil(lambda: len(ours()) == 1, timeout=WAIT)
    (entry,) = (e for e in place.entries() if e.origin is Origin.LAPIS)
    assert entry.record.repository == REPOSITORY
    assert entry.record.sha256

    with qtbot.waitSignal(place.models.chosen, timeout=WAIT) as chosen:
        tab.use_requested.emit(entry)
    assert chosen.args[0].path == entry.model.path

    tab.delete_requested.emit(entry)
    qtbot.waitUntil(lambda: not ours(), timeout=WAIT)
    assert not entry.model.path.exists()
    assert tab.toast.undo()
    qtbot.waitUntil(lambda: ours() == [entry.model.name], timeout=WAIT)
    assert entry.model.path.is_file()


def test_terms_are_accepted_once_before_anything_is_fetched(place: Place, qtbot: QtBot) -> None:
    place.page.discover.wished.emit("gemma-2-2b-it", Wish.GET, "")

    assert place.page.model_page.key == "gemma-2-2b-it"
    assert place.phases() == []
    _accept_gemma(place)
    assert place.desk.preferences.value.library.accepted_licences == ("gemma",)
    assert not any(card.must_accept for card in place.cards("gemma-2"))


def test_a_pause_is_kept_over_a_restart_and_the_download_goes_on(
    place: Place, open_place: Callable[[], Place], qtbot: QtBot
) -> None:
    place.hub.faults.bytes_per_second = 400_000
    _get(place, qtbot)
    (download,) = place.manager.downloads.downloads
    qtbot.waitUntil(lambda: place.manager.downloads.downloads[0].done > 100_000, timeout=WAIT)
    place.page.discover.wished.emit("gemma-2-2b-it", Wish.PAUSE, download.order.key)
    qtbot.waitUntil(lambda: place.phases() == [DownloadPhase.PAUSED], timeout=WAIT)
    place.models.close()
    place.hub.faults.bytes_per_second = 0

    again = open_place()
    assert again.phases() == [DownloadPhase.PAUSED]
    again.models.show()
    qtbot.waitUntil(lambda: bool(again.page.discover.browse.all.cards), timeout=WAIT)
    qtbot.waitUntil(
        lambda: any(card.state.stage is Stage.PAUSED for card in again.cards("gemma-2-2b")),
        timeout=WAIT,
    )
    again.page.discover.wished.emit("gemma-2-2b-it", Wish.RESUME, download.order.key)

    qtbot.waitUntil(lambda: again.phases() == [DownloadPhase.DONE], timeout=WAIT)


def test_a_server_that_asks_to_wait_is_waited_for(place: Place, qtbot: QtBot) -> None:
    place.hub.faults.hub_answers(rate_limited(1))

    _get(place, qtbot)

    qtbot.waitUntil(lambda: place.phases() == [DownloadPhase.DONE], timeout=WAIT)


def test_what_cannot_be_had_is_said_on_the_page(place: Place, hub: HubServer, qtbot: QtBot) -> None:
    _accept_gemma(place)
    place.page.discover.wished.emit("gemma-2-27b-it", Wish.GET, "")

    banner = place.page.banner
    qtbot.waitUntil(lambda: banner.isVisible() and banner.topic is not None, timeout=WAIT)

    place.page.discover.wished.emit("gemma-2-2b-it", Wish.GET, "")
    assert not banner.isVisible()


def test_the_catalogue_speaks_the_language_of_the_window(place: Place, qapp: QApplication) -> None:
    languages = Languages(qapp)
    english = {card.words for card in place.cards("gemma-2-2b")}
    place.desk.preferences.change(lambda now: replace(now, language=Language.CHINESE))
    try:
        languages.use(Language.CHINESE)
        QApplication.processEvents()
        assert {card.words for card in place.cards("gemma-2-2b")} != english
    finally:
        languages.use(Language.ENGLISH)


def test_a_file_is_imported_and_its_settings_are_kept(
    place: Place, qtbot: QtBot, tmp_path: Path
) -> None:
    source = write_llama(tmp_path / "小模型.gguf")
    tab = place.installed
    tab.import_requested.emit(source)
    qtbot.waitUntil(lambda: tab.sheet.card is not None, timeout=WAIT)
    card = tab.sheet.card
    assert isinstance(card, ImportCard)
    card.accepted.emit(card._offer, card.how)

    qtbot.waitUntil(lambda: "小模型" in [e.model.name for e in place.entries()], timeout=WAIT)
    entry = next(each for each in place.entries() if each.model.name == "小模型")
    own = ModelDefaults(n_ctx=2048)
    opened = _settings_card(place, entry, qtbot)
    opened.defaults_changed.emit(entry.model, own)

    assert _settings_card(place, entry, qtbot, after=opened).defaults == own


def test_a_file_that_is_dropped_ends_no_smaller_one_that_is_being_made(
    place: Place, qtbot: QtBot, tmp_path: Path
) -> None:
    tab, errands = place.installed, place.models._errands
    write_llama(place.manager.shelf.folder / "small.gguf")
    assert place.models._installed is not None
    place.models._installed.refresh()
    qtbot.waitUntil(lambda: "small" in [e.model.name for e in place.entries()], timeout=WAIT)
    entry = next(each for each in place.entries() if each.model.name == "small")
    place.page.show_tab(1)
    tab.shrink_requested.emit(entry)
    card = tab.sheet.card
    assert isinstance(card, RequantiseCard)
    ended: list[bool] = []
    card.show_progress(TaskProgress(Text("Making it")))
    making = errands.run(
        "shrink", lambda errand: errand.stop.wait(20), ended.append, card.show_problem
    )

    tab.import_requested.emit(write_llama(tmp_path / "dropped.gguf"))
    qtbot.waitUntil(tab.toast.isVisible, timeout=WAIT)
    assert tab.sheet.card is card
    assert not making.stop.is_set()

    stop = next(
        each for each in card.findChildren(QAbstractButton) if each.accessibleName() == "Stop"
    )
    stop.click()
    assert making.stop.is_set()
    assert not card.is_busy
    assert tab.toast.isHidden(), "nothing is to be waited for any longer"
    tab.import_requested.emit(tmp_path / "dropped.gguf")
    qtbot.waitUntil(lambda: isinstance(tab.sheet.card, ImportCard), timeout=WAIT)


def test_what_was_typed_last_is_kept_and_nobody_waits_for_a_preview_that_is_gone(
    place: Place, qtbot: QtBot, tmp_path: Path
) -> None:
    model = write_llama(place.manager.shelf.folder / "small.gguf")
    assert place.models._installed is not None
    place.models._installed.refresh()
    qtbot.waitUntil(lambda: "small" in [e.model.name for e in place.entries()], timeout=WAIT)
    entry = next(each for each in place.entries() if each.model.path == model)
    card = _settings_card(place, entry, qtbot)
    card.preview.opened.emit()
    card._prompt.setPlainText("Answer briefly")

    place.installed.sheet.left.emit()

    errands = place.models._errands
    assert not errands._open.get("preview")
    again = _settings_card(place, entry, qtbot, after=card)
    assert again.defaults.system_prompt == "Answer briefly"


def test_a_stop_takes_the_line_away_at_once(place: Place, qtbot: QtBot) -> None:
    installed = place.models._installed
    assert installed is not None
    tasks = place.installed.tasks
    goes_on, is_over = threading.Event(), threading.Event()

    def work(progress: Callable[[int, int], None], errand: Errand) -> None:
        assert goes_on.wait(20)
        progress(1, 2)
        is_over.set()

    installed.start("one", Text("Verifying"), work, lambda _none: None)
    assert tasks.is_running("one")
    tasks.stop_requested.emit("one")
    assert not tasks.is_running("one")

    ended: list[None] = []
    installed.start("two", Text("Moving"), lambda _progress, _errand: None, ended.append)
    goes_on.set()
    qtbot.waitUntil(lambda: bool(ended), timeout=WAIT)
    assert is_over.is_set()
    assert not tasks.isVisible()


def test_ctrl_z_on_the_page_brings_a_model_back(place: Place, qtbot: QtBot) -> None:
    model = write_llama(place.manager.shelf.folder / "small.gguf")
    assert place.models._installed is not None
    place.models._installed.refresh()
    qtbot.waitUntil(lambda: "small" in [e.model.name for e in place.entries()], timeout=WAIT)
    entry = next(each for each in place.entries() if each.model.path == model)
    place.page.show_tab(1)

    place.installed.delete_requested.emit(entry)
    # The last one: there is nothing left to list, and yet a way back.
    qtbot.waitUntil(place.installed.toast.isVisible, timeout=WAIT)
    assert not model.exists()

    place.desk.window.shortcuts.undo.emit()
    qtbot.waitUntil(model.is_file, timeout=WAIT)


def test_the_way_to_the_sidebar_follows_the_sidebar(place: Place) -> None:
    window, button = place.desk.window, place.page._head._sidebar
    assert button.isVisible() is not window.is_sidebar_shown
    for _ in range(2):
        window.toggle_sidebar()
        assert button.isVisible() is not window.is_sidebar_shown


def test_only_what_cannot_be_seen_is_announced(
    place: Place, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    window, told = place.desk.window, list[str]()
    place.models.announced.connect(told.append)
    assert place.models._downloads is not None
    say = place.models._downloads.announced
    monkeypatch.setattr(window, "isActiveWindow", lambda: True)
    say.emit("seen")
    monkeypatch.setattr(window, "isActiveWindow", lambda: False)
    say.emit("behind another window")
    monkeypatch.setattr(window, "isActiveWindow", lambda: True)
    window.show_talk()
    say.emit("in the talk")

    assert told == ["behind another window", "in the talk"]


def test_models_move_to_another_folder(place: Place, qtbot: QtBot, tmp_path: Path) -> None:
    _get(place, qtbot)
    qtbot.waitUntil(lambda: place.phases() == [DownloadPhase.DONE], timeout=WAIT)
    target = tmp_path / "other disk"

    assert place.models._installed is not None
    place.models._installed.move_to(target)

    qtbot.waitUntil(lambda: len(list(target.rglob("*.gguf"))) == 1, timeout=WAIT)
    qtbot.waitUntil(
        lambda: place.desk.preferences.value.library.folder == str(target), timeout=WAIT
    )


def test_the_same_file_of_two_programs_is_said_to_be_the_same(
    place: Place, qtbot: QtBot, tmp_path: Path
) -> None:
    ours = write_llama(place.desk.paths.models / "one-name.gguf")
    theirs = tmp_path / "theirs" / "another-name.gguf"
    theirs.parent.mkdir()
    theirs.write_bytes(ours.read_bytes())
    library = replace(place.desk.preferences.value.library, other_folders=(str(theirs.parent),))
    place.desk.preferences.set(replace(place.desk.preferences.value, library=library))
    assert place.models._installed is not None
    place.models._installed._has_looked = False

    place.models._installed.refresh()

    qtbot.waitUntil(lambda: any(entry.twin for entry in place.entries()), timeout=WAIT)
    assert {entry.twin for entry in place.entries() if entry.twin} <= {"one-name", "another-name"}
