"""Another language reaches what is shown of models while it is on the screen."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from desktop.domain.download import Download, DownloadOrder, DownloadPhase
from desktop.domain.machine import DiskUse, Machine, MemoryUse, Unit, UnitKind
from desktop.domain.repository import RemoteFile, Source, SourceKind
from desktop.domain.shelf import ModelDefaults, ModelRecord
from desktop.domain.text import Text
from desktop.services.import_offer import ImportOffer
from desktop.ui.downloads_bar import DownloadsBar
from desktop.ui.import_card import ImportCard
from desktop.ui.installed_tab import InstalledTab
from desktop.ui.model_settings_card import GeneralValues, ModelSettingsCard
from desktop.ui.requantise_card import RequantiseCard, SmallerChoice
from desktop.ui.task_lines import TaskProgress
from desktop.ui.this_computer_tab import ThisComputerTab
from tests.ui.marking import Marking, unmarked
from tests.ui.shelf import entry

_GB = 1_000_000_000
RECORD = ModelRecord(used_at=1.0, measured_memory=_GB, measured_context=8192, verified_at=1.0)


@pytest.fixture
def marking(qapp: QApplication) -> Iterator[Marking]:
    translator = Marking()
    yield translator
    qapp.removeTranslator(translator)


def _tab() -> InstalledTab:
    tab = InstalledTab()
    tab.set_entries([entry("gemma", size=_GB, record=RECORD)])
    tab.set_folder(Path("/models"), _GB)
    tab.tasks.show_task("x", TaskProgress(Text("Verifying"), 1, _GB, 5))
    tab.toast.offer_undo(Text("Deleted"), 1)
    return tab


def _sheet() -> InstalledTab:
    tab = _tab()
    tab.open_sheet(Text("Settings"), _settings())
    return tab


def _empty() -> InstalledTab:
    tab = InstalledTab()
    tab.set_entries([])
    return tab


def _settings() -> ModelSettingsCard:
    card = ModelSettingsCard()
    card.show_model(entry("gemma").model, ModelDefaults(n_ctx=4096), GeneralValues(layers=4))
    card.preview.set_preview("x")
    return card


def _requantise() -> RequantiseCard:
    card = RequantiseCard(entry("gemma"))
    card.set_choices([SmallerChoice("Q4_K_M", _GB, "", recommended=True)], _GB)
    return card


def _bar() -> DownloadsBar:
    bar = DownloadsBar()
    source = Source(SourceKind.HUGGING_FACE, "https://localhost")
    file = RemoteFile("a.gguf", _GB, "", "")
    order = DownloadOrder("a", "gemma", source, "a/b", "c", "a", (file,))
    bar.set_downloads([Download(order, DownloadPhase.PAUSED, _GB // 2)])
    return bar


def _computer() -> ThisComputerTab:
    tab = ThisComputerTab()
    unit = Unit("gemma", UnitKind.CARD, works=False, can=Text("No"), advice=Text("Do"), total=_GB)
    tab.set_machine(Machine(MemoryUse(_GB, 0, _GB), DiskUse("/models", _GB, 0, _GB), (unit,)))
    return tab


@pytest.mark.parametrize(
    "make",
    [
        _tab,
        _sheet,
        _empty,
        _settings,
        _requantise,
        lambda: ImportCard(ImportOffer(Path("/models/gemma.gguf"), _GB, can_link=True, free=_GB)),
        _bar,
        _computer,
    ],
)
@pytest.mark.parametrize("width", [832, 512])
def test_every_word_changes_with_the_language(
    qtbot: QtBot, qapp: QApplication, marking: Marking, make: Callable[[], QWidget], width: int
) -> None:
    widget = make()
    qtbot.addWidget(widget)
    widget.resize(width, 700)
    widget.show()
    qapp.installTranslator(marking)
    qapp.processEvents()

    same = {
        *("gemma", "gemma.gguf", "/models", "/models/gemma.gguf", "Lapis"),
        *("1.0 GB", "0 B", "Q4_K_M", "Q4_K_M, 9.2B", "Gemma 2", "0.7", "0.95"),
    }
    assert {word.replace("\u200b", "") for word in unmarked(widget)} - same == set()
