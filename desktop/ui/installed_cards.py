"""The cards over the Installed tab: importing, settings of one model, a smaller quantisation.

GUI thread; what touches files or starts a process is an errand.
"""

from collections.abc import Callable
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QFileDialog, QWidget

from desktop.domain.catalogue import in_language
from desktop.domain.chat import Message, Role
from desktop.domain.errors import LapisError
from desktop.domain.model import InstalledModel
from desktop.domain.settings import Settings
from desktop.domain.shelf import ModelDefaults, ShelfEntry
from desktop.domain.text import Text, verbatim
from desktop.inference.builtin_templates import NAMES
from desktop.models.catalogue import Catalogue
from desktop.services.import_offer import ImportOffer, import_offer
from desktop.services.preview import preview
from desktop.services.requantise import Choice, choices, requantise
from desktop.services.shelf import Shelf
from desktop.services.shelf_import import Imported, ImportHow
from desktop.services.shelf_room import free_at
from desktop.ui.banner import Topic
from desktop.ui.errands import Errand, Errands
from desktop.ui.import_card import ImportCard
from desktop.ui.installed_controller import InstalledController
from desktop.ui.installed_tab import InstalledTab
from desktop.ui.model_settings_card import GeneralValues, ModelSettingsCard
from desktop.ui.own_settings import OwnSettings
from desktop.ui.requantise_card import RequantiseCard, SmallerChoice
from desktop.ui.shelf_words import shown_title
from desktop.ui.task_lines import TaskProgress

__all__ = ["InstalledCards"]

_LIKED = "Q4_K_M"


class InstalledCards(QObject):
    """One card at a time; closing it ends what it waits for."""

    def __init__(
        self,
        tab: InstalledTab,
        installed: InstalledController,
        shelf: Shelf,
        errands: Errands,
        settings: Callable[[], Settings],
        catalogue: Callable[[], Catalogue],
        work_folder: Path,
        language: Callable[[], str],
        own: OwnSettings,
    ) -> None:
        """`work_folder` takes the folders of side processes."""
        super().__init__(tab)
        self._tab = tab
        self._installed = installed
        self._shelf = shelf
        self._errands = errands
        self._settings = settings
        self._catalogue = catalogue
        self._work_folder = work_folder
        self._language = language
        self._own = own
        self._settings_card: ModelSettingsCard | None = None
        self._put_off: Text | None = None
        tab.sheet.left.connect(self._leave)
        tab.import_requested.connect(self.offer_import)
        tab.import_wanted.connect(self._choose_file)
        tab.settings_requested.connect(self._open_settings)
        tab.shrink_requested.connect(self._open_shrinking)

    def _open_sheet(self, title: Text, card: QWidget) -> None:
        self._leave()
        self._tab.open_sheet(title, card)

    def _leave(self) -> None:
        """Keep what was typed last, and end what the card that goes waits for."""
        card, self._settings_card = self._settings_card, None
        if card is not None:
            card.flush()
        # Afterwards: what was typed last asks for a preview too.
        self._errands.cancel("preview")
        self._stop_shrinking()

    # Importing.

    def offer_import(self, path: Path) -> None:
        """Ask how the model file at `path` is to come into the list."""
        self._errands.run(
            "offer",
            lambda _errand: import_offer(path, self._shelf.folder),
            self._show_offer,
            self._installed.say,
        )

    def _choose_file(self) -> None:
        dialog = QFileDialog(self._tab, self.tr("Import a GGUF file"))
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.setNameFilters([self.tr("Models (*.gguf)"), self.tr("All files (*)")])
        dialog.fileSelected.connect(lambda path: self.offer_import(Path(path)))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def _show_offer(self, found: ImportOffer) -> None:
        shown = self._tab.sheet.card
        if isinstance(shown, RequantiseCard) and shown.is_busy:
            # Its place would be taken, and with it an hour's work.
            self._put_off = Text("Import “{name}” when this is done", {"name": found.path.name})
            self._tab.toast.tell(self._put_off)
            return
        card = ImportCard(found)
        card.accepted.connect(self._import)
        card.cancelled.connect(self._tab.sheet.left)
        self._open_sheet(Text("Import a model"), card)

    def _import(self, found: ImportOffer, how: ImportHow) -> None:
        self._tab.close_sheet()

        def done(imported: Imported | None) -> None:
            if imported is None:
                return
            if imported.notice is not None:
                self._tab.banner.show_notice(Topic.MODEL_CHOICE, imported.notice)
            self._installed.choose(imported.path.stem)
            self._installed.refresh()

        self._installed.start(
            f"import {found.path}",
            Text("Importing “{name}”", {"name": found.path.name}),
            lambda progress, errand: self._shelf.import_file(
                found.path, how, progress, errand.stop
            ),
            done,
        )

    # Settings of one model.

    def _open_settings(self, entry: ShelfEntry) -> None:
        # After what was changed last, which may still be on its way to the disk.
        self._errands.run(
            "change",
            lambda _errand: self._shelf.defaults(entry.model),
            partial(self._show_settings, entry),
            self._installed.say,
            queued=True,
        )

    def _show_settings(self, entry: ShelfEntry, defaults: ModelDefaults) -> None:
        card = ModelSettingsCard()
        card.show_model(entry.model, defaults, self._general(entry))
        card.defaults_changed.connect(self._keep_defaults)
        card.preview_requested.connect(lambda defaults: self._preview(card, entry.model, defaults))
        self._open_sheet(verbatim(shown_title(entry)), card)
        self._settings_card = card

    def _general(self, entry: ShelfEntry) -> GeneralValues:
        settings, facts = self._settings(), entry.facts
        return GeneralValues(
            system_prompt=settings.system_prompt,
            sampling=settings.sampling,
            n_ctx=settings.engine.n_ctx,
            n_gpu_layers=settings.engine.n_gpu_layers,
            longest_context=facts.context_length if facts is not None else 0,
            has_template=facts is None or facts.has_template,
            templates=tuple(NAMES),
        )

    def _keep_defaults(self, model: InstalledModel, defaults: ModelDefaults) -> None:
        def failed(error: LapisError) -> None:
            # Used all the same, until Lapis ends.
            self._own.tell_changed(model)
            self._installed.say(error)

        self._errands.run(
            "change",
            lambda _errand: self._shelf.set_defaults(model, defaults),
            lambda _none: self._own.tell_changed(model),
            failed,
            queued=True,
            owed=True,
        )

    def _preview(
        self, card: ModelSettingsCard, model: InstalledModel, defaults: ModelDefaults
    ) -> None:
        prompt = defaults.system_prompt
        system = self._settings().system_prompt if prompt is None else prompt
        talk = (
            Message(Role.USER, self.tr("Hello!")),
            Message(Role.ASSISTANT, self.tr("Hello! What can I do for you?")),
            Message(Role.USER, self.tr("What is the highest mountain?")),
        )
        self._errands.run(
            "preview",
            lambda _errand: preview(self._work_folder, model.path, defaults.template, system, talk),
            card.set_preview,
            card.set_preview,
        )

    # A smaller quantisation.

    def _open_shrinking(self, entry: ShelfEntry) -> None:
        card = RequantiseCard(entry)
        card.start_requested.connect(lambda entry, choice: self._shrink(card, entry, choice))
        card.stop_requested.connect(self._stop_shrinking)
        card.cancelled.connect(self._tab.sheet.left)
        self._open_sheet(verbatim(shown_title(entry)), card)
        self._errands.run(
            "shrink",
            lambda _errand: (
                choices(self._work_folder, entry.model.path),
                free_at(self._shelf.folder),
            ),
            lambda found: card.set_choices(self._offered(found[0]), found[1]),
            card.show_problem,
        )

    def _offered(self, found: list[Choice]) -> list[SmallerChoice]:
        """Return what can be made, with what it means for the answers."""
        language, out = self._language(), []
        for choice in found:
            facts = self._catalogue().quantisation(choice.quantisation)
            words = in_language(facts.words, language) if facts is not None else ""
            liked = choice.quantisation == _LIKED
            out.append(SmallerChoice(choice.quantisation, choice.size, words, liked))
        return out

    def _shrink(self, card: RequantiseCard, entry: ShelfEntry, choice: SmallerChoice) -> None:
        words = Text(
            "Making {quantisation} of “{name}”",
            {"quantisation": choice.quantisation, "name": shown_title(entry)},
        )

        def work(errand: Errand) -> Path | None:
            def progress(done: int, total: int) -> None:
                shown = TaskProgress(words, done, total)
                errand.report_latest(lambda: card.show_progress(shown))

            return requantise(
                self._work_folder,
                entry.model.path,
                choice.quantisation,
                self._shelf.folder,
                progress,
                errand.stop,
            )

        def done(path: Path | None) -> None:
            self._end_waiting()
            self._tab.close_sheet()
            if path is not None:
                self._installed.choose(path.stem)
            self._installed.refresh()

        def failed(error: LapisError) -> None:
            self._end_waiting()
            card.show_problem(error)

        card.show_progress(TaskProgress(words))
        self._errands.run("shrink", work, done, failed)

    def _stop_shrinking(self) -> None:
        self._errands.cancel("shrink")
        self._end_waiting()

    def _end_waiting(self) -> None:
        """Tell nobody to wait any longer: a file can be imported now."""
        if self._put_off is not None:
            self._tab.toast.take_back(self._put_off)
            self._put_off = None
