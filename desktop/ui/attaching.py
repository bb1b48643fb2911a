"""Files and pictures on their way into a question: chosen, dropped or pasted. GUI thread.

They are read, and pictures made small, in a thread of their own; documents in a process (see
`services.documents`), as a chip that tells how far it is.
"""

from collections.abc import Callable, Sequence
from functools import partial
from itertools import count
from pathlib import Path

from PySide6.QtCore import QDir, QObject
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QFileDialog, QWidget

from desktop.domain.errors import LapisError, UserFixable
from desktop.domain.history import Attachment
from desktop.domain.text import Text, printable, shortened
from desktop.services.pictures import MOST_PICTURES, read_picture_file
from desktop.services.text_files import read_text_file
from desktop.ui.banner import Banner, Topic
from desktop.ui.composer import Composer
from desktop.ui.errands import Errand, Errands

__all__ = ["Attaching"]

_LANE = "attaching"
_MOST = 20
_LONGEST_NAME = 40


class Attaching(QObject):
    """Reads the files that the composer is given, one after the other, and hands the text back."""

    def __init__(self, window: QWidget, composer: Composer, banner: Banner) -> None:
        """Wait for files."""
        super().__init__(window)
        self._window = window
        self._composer = composer
        self._banner = banner
        self._errands = Errands(self)
        self._keys = count(1)
        self._under_way: dict[int, Errand] = {}
        self._refused: list[str] = []
        """Names of files given last that cannot go along."""
        self._folder = QDir.homePath()
        composer.chips.reading_stopped.connect(self._on_stopped)
        composer.files_dropped.connect(self.add)
        composer.files_wanted.connect(self.choose)
        composer.picture_pasted.connect(self.add_picture)
        composer.submitted.connect(self._on_submitted)

    def choose(self) -> None:
        """Let the person pick files; the window is not blocked meanwhile."""
        dialog = QFileDialog(self._window, self.tr("Files that go with the question"))
        dialog.setFileMode(QFileDialog.FileMode.ExistingFiles)
        dialog.setNameFilters([self.tr("Documents, texts, code and pictures (*)")])
        dialog.setDirectory(self._folder)
        dialog.filesSelected.connect(self._on_selected)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def add(self, paths: Sequence[Path]) -> None:
        """Read `paths` and let them go with the question; what cannot be read is told."""
        self._banner.solve(Topic.ATTACHING)
        if len(paths) > _MOST:
            self._banner.show_error(Topic.ATTACHING, _too_many(len(paths)))
            return
        self._refused = []
        for path in paths:
            self._run(partial(self._read, path), partial(self._on_refused, path))

    def add_picture(self, picture: bytes | QImage | None) -> None:
        """Let a picture go along that was copied; None: there is none any more."""
        self._banner.solve(Topic.ATTACHING)
        if picture is None:
            self._banner.show_error(Topic.ATTACHING, _gone())
            return
        self._run(lambda _key, errand: _made(picture, errand), self._tell)

    def _run(
        self, work: Callable[[int, Errand], Attachment], tell: Callable[[LapisError], None]
    ) -> None:
        key = next(self._keys)
        self._composer.chips.begin_reading(key)
        self._under_way[key] = self._errands.run(
            _LANE,
            partial(work, key),
            partial(self._attach, key),
            partial(self._on_failed, key, tell),
            queued=True,
        )

    def _read(self, path: Path, key: int, errand: Errand) -> Attachment:
        """Read a file of any kind; in the thread that reads."""
        from desktop.services.documents import read_document

        def tick(hundredths: int | None) -> None:
            if hundredths is not None:
                show = partial(self._composer.chips.show_reading, key, path.name, hundredths)
                errand.report_latest(show)

        picture = read_picture_file(path)
        if picture is not None:
            return _made(picture, errand, path.name)
        document = read_document(path, errand.stop.is_set, tick)
        return read_text_file(path) if document is None else document

    def _attach(self, key: int, attachment: Attachment) -> None:
        self._end(key)
        along = self._composer.question().attachments
        if attachment.is_picture and sum(each.is_picture for each in along) >= MOST_PICTURES:
            self._banner.show_error(Topic.ATTACHING, _too_many_pictures())
        else:
            self._composer.attach(attachment)

    def close(self) -> None:
        """End the thread that reads; idempotent."""
        self._errands.close()

    def _on_selected(self, names: Sequence[str]) -> None:
        paths = [Path(name) for name in names]
        if paths:
            self._folder = str(paths[0].parent)
        self.add(paths)
        self._composer.focus_field()

    def _on_submitted(self) -> None:
        # What was left out of a question is told of that question alone.
        self._banner.solve(Topic.ATTACHING)

    def _on_stopped(self, key: int) -> None:
        errand = self._under_way.pop(key, None)
        if errand is not None:
            errand.cancelled.set()
            errand.stop.set()

    def _end(self, key: int) -> None:
        self._under_way.pop(key, None)
        self._composer.chips.end_reading(key)

    def _on_failed(self, key: int, tell: Callable[[LapisError], None], error: LapisError) -> None:
        self._end(key)
        tell(error)

    def _on_refused(self, path: Path, error: LapisError) -> None:
        self._refused.append(shortened(printable(path.name), _LONGEST_NAME))
        self._tell(error if len(self._refused) == 1 else _refusals(self._refused))

    def _tell(self, error: LapisError) -> None:
        self._banner.show_error(Topic.ATTACHING, error)


def _made(picture: bytes | QImage, _errand: Errand, name: str = "") -> Attachment:
    from desktop.ui.picture_making import made_small

    return made_small(picture, name)


def _gone() -> LapisError:
    return UserFixable(
        Text("The picture cannot go with the question"),
        Text("The program it was copied in did not hand it over. Copy it once more."),
    )


def _refusals(names: Sequence[str]) -> LapisError:
    return UserFixable(
        Text("{count} files cannot go with the question", {"count": len(names)}),
        Text("{names}. Add one by itself to see why.", {"names": tuple(names)}),
    )


def _too_many_pictures() -> LapisError:
    return UserFixable(
        Text("Up to {most} pictures can go with one question", {"most": MOST_PICTURES}),
        Text("Ask about the others in the next question."),
    )


def _too_many(count: int) -> LapisError:
    return UserFixable(
        Text("{count} files are too many for one question", {"count": count}),
        Text("Up to {most} files can go with it.", {"most": _MOST}),
    )
