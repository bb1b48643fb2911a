"""The Models page, its tabs, and what is fetched there."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from desktop.ui.models_page import ModelsPage
    from tests.screenshots.stage import Stage

_MADE: Final = 1_710_000_000
"""Bytes of a file that is being made."""


def tab(number: int, stage: Stage) -> None:
    """Take the tab with that number, from 0."""
    from desktop.ui.models_page import ModelsPage

    stage.window.models_requested.emit()
    page = stage.part(ModelsPage)
    page.show_tab(number)
    stage.work(2)
    stage.take()


def servers_offline(stage: Stage) -> None:
    """Take the servers while the offline switch keeps everything from one of them."""
    from desktop.domain.connection import Connection, ServerKind

    usual = stage.preferences.value
    away = Connection(ServerKind.OPENAI, "institute", "https://models.example.org/v1")
    held = replace(usual.connections, offline=True, servers=(away,))
    stage.preferences.set(replace(usual, connections=held))
    tab(3, stage)
    stage.preferences.set(usual)


def model_page(stage: Stage) -> None:
    """Take the page of one model, with its quantisations."""
    page = _open_model(stage)
    stage.take()
    page.close_page()


def downloads(stage: Stage) -> None:
    """Take two downloads, one on its way and one paused."""
    from desktop.ui.download_row import DownloadRow
    from desktop.ui.downloads_bar import DownloadsBar
    from desktop.ui.downloads_sum import DownloadsSum
    from desktop.ui.get_button import GetButton
    from desktop.ui.licence_card import LicenceCard
    from desktop.ui.tick_box import TickBox

    page = _open_model(stage)
    for box in stage.part(LicenceCard).findChildren(TickBox):
        box.setChecked(True)
    for row in page.model_page.table.rows[:2]:
        for button in row.findChildren(GetButton):
            button.click()
        stage.work(3)
    bar = stage.part(DownloadsBar)
    rows = [row.key for row in bar.findChildren(DownloadRow)]
    bar.pause_requested.emit(rows[0])
    stage.work(2)
    page.close_page()
    stage.part(DownloadsSum).clicked.emit()
    stage.work(1)
    stage.take()
    for key in rows:
        bar.cancel_requested.emit(key)
    stage.work(1)


def smaller(stage: Stage, *, busy: bool) -> None:
    """Take what a model can be made into, or with `busy` the work itself as a file is dropped."""
    from desktop.domain.text import Text
    from desktop.ui.installed_tab import InstalledTab
    from desktop.ui.models_page import ModelsPage
    from desktop.ui.requantise_card import RequantiseCard, SmallerChoice
    from desktop.ui.task_lines import TaskProgress

    stage.window.models_requested.emit()
    stage.part(ModelsPage).show_tab(1)
    shelf = stage.part(InstalledTab)
    stage.wait(lambda: shelf.current, "a model")
    entry = shelf.current
    assert entry is not None
    card = RequantiseCard(entry)
    choices = (("Q5_K_M", 1.13), ("Q4_K_M", 1.0), ("Q3_K_L", 0.91))
    card.set_choices(
        [
            SmallerChoice(name, round(_MADE * share), "", name == "Q4_K_M")
            for name, share in choices
        ],
        20 * _MADE,
    )
    shelf.open_sheet(Text("{name}", {"name": entry.model.title}), card)
    if busy:
        words = Text(
            "Making {quantisation} of “{name}”",
            {"quantisation": "Q4_K_M", "name": entry.model.title},
        )
        card.show_progress(TaskProgress(words, _MADE // 3, _MADE))
        shelf.import_requested.emit(stage.paths.data / "gemma-2-2b-it.gguf")
        stage.wait(shelf.toast.isVisible, "the word that it has to wait")
    stage.take()
    shelf.toast.withdraw()
    shelf.sheet.left.emit()


def _open_model(stage: Stage) -> ModelsPage:
    """Open the page of a model with two quantisations and more; return what it is a part of."""
    from desktop.ui.models_page import ModelsPage

    stage.window.models_requested.emit()
    page = stage.part(ModelsPage)
    page.show_tab(0)
    stage.wait(lambda: page.discover.browse.all.cards, "cards")
    page.discover.model_opened.emit("gemma-2-2b-it")
    stage.wait(lambda: len(page.model_page.table.rows) > 1, "quantisations")
    stage.work(3)
    return page
