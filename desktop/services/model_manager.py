"""Finding, getting and keeping models, put together for whoever shows it. No thread of its own."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from desktop.base.paths import Paths
from desktop.config.secrets import Secrets
from desktop.domain.download import DownloadOrder
from desktop.domain.errors import LapisError
from desktop.domain.repository import Reference, Repository, SourceKind
from desktop.domain.settings import Settings
from desktop.hub.file_names import local_name
from desktop.models.catalogue import Catalogue, load_catalogue
from desktop.services.devices import Devices
from desktop.services.downloads import Downloads
from desktop.services.engine_packs import EnginePacks
from desktop.services.hub_token import HubToken
from desktop.services.model_notes import ModelNotes
from desktop.services.models_folder import check_models_folder
from desktop.services.network_log import NetworkLog
from desktop.services.orders import order_for
from desktop.services.remote_headers import RemoteHeaders
from desktop.services.shelf import ChangeSettings
from desktop.services.shelf_opening import open_shelf
from desktop.services.sizes import Sizes
from desktop.services.sources import Sources
from desktop.store.records import Records

_OTHER_SOURCES: Final = (SourceKind.HUGGING_FACE, SourceKind.MODELSCOPE)


class ModelManager:
    """The parts are public; close it at the end."""

    def __init__(
        self,
        paths: Paths,
        settings: Callable[[], Settings],
        change_settings: ChangeSettings,
        *,
        environment: Mapping[str, str] | None = None,
        queue: Path | None = None,
        notes: ModelNotes | None = None,
        sizes: Sizes | None = None,
        devices: Devices | None = None,
    ) -> None:
        """Connect nothing yet. `queue` is the folder that the queue is kept in (None: nowhere).

        `notes` as for `Shelf`; `sizes` and `devices` are those that this process asks already, if
        it does.
        """
        environment = os.environ if environment is None else environment
        self._catalogue: Catalogue | None = None
        self.devices = devices or Devices(paths.engine, paths.devices)
        self.token = HubToken(Secrets(), environment)

        def offline() -> bool:
            return settings().connections.offline

        log = NetworkLog(paths.network_log).note
        self.sources = Sources(
            lambda: settings().library, self.token, paths.hub, environment, offline, log
        )
        notes = notes or ModelNotes(Records(paths.records))
        self.records = notes.records
        self.shelf = open_shelf(paths, settings, change_settings, environment, notes)
        self.sizes = sizes or Sizes(paths.engine, notes.records)
        self.headers = RemoteHeaders(self.sources, paths.hub)
        self.sizes.ask_network(self.headers)
        self.downloads = Downloads(
            lambda: self.shelf.folder,
            queue,
            lambda: settings().library,
            self.token,
            environment,
            stand_ins=self._stand_ins,
            finished=self._on_finished,
            check_folder=lambda: check_models_folder(settings(), paths),
            offline=offline,
            log=log,
        )
        self.packs = EnginePacks(
            paths.engine_packs,
            paths.engine,
            lambda: settings().library,
            environment,
            offline=offline,
            log=log,
            changed=self.devices.find,
        )

    @property
    def catalogue(self) -> Catalogue:
        """The models worth knowing; read at the first use."""
        if self._catalogue is None:
            self._catalogue = load_catalogue()
        return self._catalogue

    def close(self, timeout: float = 2.0) -> None:
        """Stop downloads, which keep what they have, and connections; within `timeout` seconds."""
        self.downloads.close(timeout)
        self.packs.close(timeout)
        self.sources.close()
        self.shelf.close()

    def _on_finished(self, order: DownloadOrder, paths: tuple[Path, ...]) -> None:
        self.shelf.remember_source(
            paths,
            order.source.kind.value,
            order.repository,
            order.commit,
            [file.sha256 for file in order.files],
        )

    def _stand_ins(self, order: DownloadOrder) -> list[DownloadOrder]:
        """Return the same files at other sources, as far as their hashes say so."""
        found: list[DownloadOrder] = []
        for kind in _OTHER_SOURCES:
            try:
                if self.sources.source(kind).base == order.source.base:
                    continue
                repository = self.sources.repository(Reference(order.repository), kind)
                found += _same_files(order, repository)
            except LapisError:
                # One that cannot be asked is no help, and no news.
                continue
        return found


def _same_files(order: DownloadOrder, repository: Repository) -> list[DownloadOrder]:
    """Return the order for the model of `repository` that has the files of `order`, if one has."""
    wanted = {local_name(file.path): file.sha256 for file in order.files}
    for model in repository.models:
        for projector in (None, *repository.projectors):
            files = model.files if projector is None else (*model.files, projector)
            if {local_name(file.path): file.sha256 for file in files} == wanted:
                return [order_for(repository, model, projector)]
    return []
