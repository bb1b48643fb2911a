"""The downloads at the foot: what they say, what can be done, and that nothing jumps."""

from dataclasses import replace

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QAbstractButton, QLabel, QProgressBar, QWidget
from pytestqt.qtbot import QtBot

from desktop.domain.download import Download, DownloadOrder, DownloadPhase
from desktop.domain.errors import GatedModel, LapisError, StorageError, TooManyRequests
from desktop.domain.repository import RemoteFile, Source, SourceKind
from desktop.domain.text import Text
from desktop.ui.download_row import DownloadRow
from desktop.ui.download_words import bar_tone, download_words, totals, totals_words
from desktop.ui.downloads_bar import DownloadsBar

_SOURCE = Source(SourceKind.HUGGING_FACE, "https://localhost")
_GB = 1_000_000_000
_FULL = StorageError(Text("The disk is full"), Text("Free some space."))


def _download(
    key: str = "one",
    phase: DownloadPhase = DownloadPhase.DOWNLOADING,
    done: float = 1.2,
    total: float = 5.4,
    **more: object,
) -> Download:
    file = RemoteFile(f"{key}.gguf", round(total * _GB), "", "")
    order = DownloadOrder(key, f"Model {key}", _SOURCE, "a/b", "c", key, (file,))
    return replace(Download(order, phase, round(done * _GB)), **more)  # type: ignore[arg-type]


@pytest.fixture
def bar(qtbot: QtBot) -> DownloadsBar:
    one = DownloadsBar()
    qtbot.addWidget(one)
    one.resize(832, 300)
    return one


def _button(parent: QWidget, name: str) -> QAbstractButton:
    found = [
        button
        for button in parent.findChildren(QAbstractButton)
        if button.isVisible() and name in {button.text(), button.accessibleName()}
    ]
    assert len(found) == 1, (name, found)
    return found[0]


def _rows(bar: DownloadsBar) -> list[DownloadRow]:
    rows = [row for row in bar.findChildren(DownloadRow) if row.isVisible()]
    return sorted(rows, key=lambda row: row.mapTo(bar, QPoint(0, 0)).y())


def _keys(bar: DownloadsBar) -> list[str]:
    return [row.key for row in _rows(bar)]


def _unfold(bar: DownloadsBar) -> None:
    next(
        button
        for button in bar.findChildren(QAbstractButton)
        if button.isVisible() and button.accessibleDescription() == "Show the list"
    ).click()


@pytest.mark.parametrize(
    ("download", "line", "hint"),
    [
        (_download(speed=12e6, seconds_left=230.0), "1.2 of 5.4 GB · 12 MB/s · 4 min left", ""),
        (_download(speed=12e6), "1.2 of 5.4 GB · 12 MB/s", ""),
        (_download(), "1.2 of 5.4 GB", ""),
        (_download(phase=DownloadPhase.QUEUED, done=0), "Waits for its turn", ""),
        (_download(phase=DownloadPhase.RESOLVING), "Connecting…", ""),
        (
            _download(phase=DownloadPhase.STALLED),
            "No data is coming. Connecting again… · 1.2 of 5.4 GB",
            "",
        ),
        (
            _download(
                phase=DownloadPhase.WAITING,
                wait_seconds=22.3,
                error=TooManyRequests(Text("The server is busy"), Text(""), 30),
            ),
            "Tries again in 23 s · 1.2 of 5.4 GB",
            "The server is busy",
        ),
        (_download(phase=DownloadPhase.VERIFYING), "Checking the files…", ""),
        (_download(phase=DownloadPhase.PAUSED), "Paused · 1.2 of 5.4 GB", ""),
        (
            _download(phase=DownloadPhase.PAUSED, error=_FULL),
            "The disk is full",
            "Free some space.",
        ),
        (
            _download(phase=DownloadPhase.FAILED, error=_FULL),
            "The disk is full",
            "Free some space.",
        ),
        (_download(phase=DownloadPhase.FAILED), "The download failed", ""),
        (_download(phase=DownloadPhase.DONE, done=5.4), "Downloaded and checked", ""),
        (_download(notice=Text("It begins again")), "1.2 of 5.4 GB", "It begins again"),
    ],
)
def test_every_state_has_words(download: Download, line: str, hint: str) -> None:
    words = download_words(download)

    assert (words.line, words.hint) == (line, hint)


def test_all_together_are_one_line() -> None:
    both = (
        _download("a", speed=8e6),
        _download("b", speed=4e6, done=0, total=1),
        _download("c", DownloadPhase.PAUSED, done=1, total=2),
        _download("d", DownloadPhase.DONE, done=9, total=9),
    )

    words = totals_words(totals(both))

    # What is paused will not come by itself, and counts for the sum but not for the time.
    assert words == "3 downloads · 2.2 of 8.4 GB · 12 MB/s · 8 min left"


def test_when_all_are_done_that_is_said() -> None:
    done = [_download(key, DownloadPhase.DONE, done=1, total=1) for key in "ab"]

    assert totals_words(totals(done)) == "2 downloads are done"
    assert totals_words(totals(done[:1])) == "1 download is done"
    assert totals(done).share == 1


def test_nothing_is_shown_without_downloads(bar: DownloadsBar) -> None:
    bar.show()
    bar.set_downloads([_download()])
    assert bar.isVisible()

    bar.set_downloads([])

    assert bar.isHidden()


def test_one_is_a_row_several_are_a_line_that_unfolds(bar: DownloadsBar, qtbot: QtBot) -> None:
    bar.set_downloads([_download("a")])
    bar.show()
    assert [row.key for row in _rows(bar)] == ["a"]

    bar.set_downloads([_download("a"), _download("b", DownloadPhase.FAILED)])
    assert _rows(bar) == []
    assert _button(bar, "2 downloads · 2.4 of 10.8 GB, 1 failed").isEnabled()

    _unfold(bar)
    qtbot.waitUntil(lambda: _keys(bar) == ["a", "b"])


def test_rows_stay_the_same_widgets(bar: DownloadsBar, qtbot: QtBot) -> None:
    bar.set_downloads([_download("a"), _download("b")])
    bar.show()
    _unfold(bar)
    first, second = _rows(bar)

    for step in range(20):
        bar.set_downloads([_download("a", done=1 + step / 10), _download("b", speed=float(step))])
    assert _rows(bar) == [first, second]

    bar.set_downloads([_download("b"), _download("c"), _download("a")])
    bar.adjustSize()
    qtbot.waitUntil(lambda: _keys(bar) == ["b", "c", "a"])
    assert _rows(bar)[0] is second
    bar.set_downloads([_download("b")])
    assert _rows(bar) == [second]


@pytest.mark.parametrize(
    ("phase", "name", "signal"),
    [
        (DownloadPhase.DOWNLOADING, "Pause", "pause_requested"),
        (DownloadPhase.QUEUED, "Pause", "pause_requested"),
        (DownloadPhase.PAUSED, "Resume", "resume_requested"),
        (DownloadPhase.FAILED, "Resume", "resume_requested"),
        (DownloadPhase.DONE, "Use it", "use_requested"),
    ],
)
def test_a_button_asks_for_its_download(
    bar: DownloadsBar, qtbot: QtBot, phase: DownloadPhase, name: str, signal: str
) -> None:
    bar.set_downloads([_download("a", phase)])
    bar.show()

    with qtbot.waitSignal(getattr(bar, signal)) as asked:
        _button(bar, name).click()

    assert asked.args == ["a"]


def test_a_failure_offers_another_try(bar: DownloadsBar, qtbot: QtBot) -> None:
    bar.set_downloads([_download("a", DownloadPhase.FAILED, error=_FULL)])
    bar.show()

    with qtbot.waitSignal(bar.resume_requested) as asked:
        _button(bar, "Try again").click()

    assert asked.args == ["a"]


def test_terms_that_must_be_accepted_are_one_click_away(bar: DownloadsBar, qtbot: QtBot) -> None:
    gated: LapisError = GatedModel(Text("Terms"), Text("Accept."), "https://localhost/terms")
    bar.set_downloads([_download("a", DownloadPhase.FAILED, error=gated)])
    bar.show()

    with qtbot.waitSignal(bar.page_requested) as asked:
        _button(bar, "Accept the terms…").click()

    assert asked.args == ["https://localhost/terms"]


def test_stopping_asks_first_where_bytes_would_be_lost(bar: DownloadsBar, qtbot: QtBot) -> None:
    bar.set_downloads([_download("a")])
    bar.show()
    with qtbot.assertNotEmitted(bar.cancel_requested):
        _button(bar, "Stop").click()
        # Values go on coming in meanwhile.
        bar.set_downloads([_download("a", done=1.3)])
        question = _button(bar, "Keep")
        assert any("1.2 GB" in label.text() for label in bar.findChildren(QLabel))
        question.click()

    _button(bar, "Stop").click()
    with qtbot.waitSignal(bar.cancel_requested) as asked:
        _button(bar, "Stop and delete").click()
    assert asked.args == ["a"]


def test_stopping_what_never_began_needs_no_question(bar: DownloadsBar, qtbot: QtBot) -> None:
    bar.set_downloads([_download("a", DownloadPhase.QUEUED, done=0)])
    bar.show()

    with qtbot.waitSignal(bar.cancel_requested):
        _button(bar, "Stop").click()


def test_what_is_done_can_leave_the_list(bar: DownloadsBar, qtbot: QtBot) -> None:
    bar.set_downloads([_download(key, DownloadPhase.DONE, done=5.4) for key in "ab"])
    bar.show()
    with qtbot.waitSignal(bar.clear_requested):
        _button(bar, "Clear").click()

    bar.set_downloads([_download("a", DownloadPhase.DONE, done=5.4)])
    with qtbot.waitSignal(bar.cancel_requested) as removed:
        _button(bar, "Remove from the list").click()
    assert removed.args == ["a"]


def test_what_is_done_comes_last_and_what_is_new_is_in_sight(
    bar: DownloadsBar, qtbot: QtBot
) -> None:
    done = [_download(key, DownloadPhase.DONE, done=5.4) for key in "abcdef"]
    bar.set_downloads([*done, _download("g"), _download("h", DownloadPhase.QUEUED, done=0)])
    bar.show()
    _unfold(bar)

    assert _keys(bar) == [*"ghabcdef"]
    control = Qt.KeyboardModifier.ControlModifier
    with qtbot.waitSignal(bar.move_requested) as moved:
        qtbot.keyClick(_rows(bar)[1], Qt.Key.Key_Up, control)
    # In the queue, which has the others before it.
    assert moved.args == ["h", 6]

    new = [_download(key, DownloadPhase.QUEUED, done=0) for key in "ijk"]
    bar.set_downloads([*done, _download("g"), *new])
    last = next(row for row in bar.findChildren(DownloadRow) if row.key == "k")
    qtbot.waitUntil(lambda: last.visibleRegion().boundingRect().height() == last.height())


def test_what_went_wrong_is_not_cut_short(bar: DownloadsBar, qtbot: QtBot) -> None:
    words = "The bytes of a file with a very long name are not the announced ones " * 3
    error = StorageError(Text(words.strip()), Text("Try again."))
    bar.resize(360, 300)
    bar.set_downloads([_download("a", DownloadPhase.FAILED, error=error)])
    bar.show()

    (label,) = [each for each in bar.findChildren(QLabel) if each.text() == words.strip()]
    qtbot.waitUntil(lambda: label.heightForWidth(label.width()) <= label.height())


def test_keys_pause_stop_and_move(bar: DownloadsBar, qtbot: QtBot) -> None:
    bar.set_downloads([_download("a"), _download("b", DownloadPhase.QUEUED, done=0)])
    bar.show()
    _unfold(bar)
    first, second = _rows(bar)
    control = Qt.KeyboardModifier.ControlModifier
    with qtbot.waitSignal(bar.pause_requested):
        qtbot.keyClick(first, Qt.Key.Key_Space)
    with qtbot.waitSignal(bar.move_requested) as moved:
        qtbot.keyClick(first, Qt.Key.Key_Down, control)
    assert moved.args == ["a", 1]
    with qtbot.assertNotEmitted(bar.move_requested):
        qtbot.keyClick(first, Qt.Key.Key_Up, control)
    with qtbot.waitSignal(bar.cancel_requested) as stopped:
        qtbot.keyClick(second, Qt.Key.Key_Delete)
    assert stopped.args == ["b"]


@pytest.mark.parametrize(("start", "end", "place"), [(0, 2, 2), (2, 0, 0), (0, 1, 1)])
def test_a_row_is_carried_to_another_place(
    bar: DownloadsBar, qtbot: QtBot, start: int, end: int, place: int
) -> None:
    bar.set_downloads([_download(key) for key in "abc"])
    bar.show()
    _unfold(bar)
    qtbot.waitUntil(lambda: all(row.height() > 20 for row in _rows(bar)))
    rows = _rows(bar)
    row = rows[start]
    grip = QPoint(40, row.height() // 2)
    below = 2 if end > start else -2
    target = row.mapFromGlobal(rows[end].mapToGlobal(rows[end].rect().center())) + QPoint(0, below)
    qtbot.mousePress(row, Qt.MouseButton.LeftButton, pos=grip)
    qtbot.mouseMove(row, grip + QPoint(0, 4))
    with qtbot.waitSignal(bar.move_requested) as moved:
        qtbot.mouseMove(row, target)
        assert not bar.grab().isNull()
        qtbot.mouseRelease(row, Qt.MouseButton.LeftButton, pos=target)

    assert moved.args == [row.key, place]


def test_a_click_moves_nothing(bar: DownloadsBar, qtbot: QtBot) -> None:
    bar.set_downloads([_download("a"), _download("b")])
    bar.show()
    _unfold(bar)
    with qtbot.assertNotEmitted(bar.move_requested):
        qtbot.mouseClick(_rows(bar)[1], Qt.MouseButton.LeftButton)


def test_the_bar_shows_the_share_and_says_whose(bar: DownloadsBar) -> None:
    bar.set_downloads([_download("a", done=2.7)])
    bar.show()
    (progress,) = (one for one in bar.findChildren(QProgressBar) if one.isVisible())

    assert progress.value() == 500
    assert progress.accessibleName() == "Download of Model a"


@pytest.mark.parametrize(
    ("phase", "tone"),
    [
        (DownloadPhase.DOWNLOADING, "accent"),
        (DownloadPhase.PAUSED, "muted"),
        (DownloadPhase.QUEUED, "muted"),
        (DownloadPhase.STALLED, "warn"),
        (DownloadPhase.FAILED, "bad"),
        (DownloadPhase.DONE, "good"),
    ],
)
def test_the_bar_is_pale_while_it_rests_and_warns_in_trouble(
    phase: DownloadPhase, tone: str
) -> None:
    assert bar_tone(_download(phase=phase)) == tone


def test_a_title_with_markup_is_plain_text(bar: DownloadsBar) -> None:
    bar.set_downloads([_download("<img src=x>")])
    bar.show()

    labels = bar.findChildren(QLabel)
    assert any("<img" in label.text() for label in labels)
    assert all(label.textFormat() is Qt.TextFormat.PlainText for label in labels)
