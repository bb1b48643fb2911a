"""Nothing in an answer, a name or an error makes Qt open a file or a network path."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QUrl
from PySide6.QtGui import QColor, QGuiApplication, QImage
from PySide6.QtWidgets import QLabel, QTextBrowser, QWidget
from pytestqt.qtbot import QtBot

from desktop.domain.errors import OutOfMemory
from desktop.domain.history import MessageState
from desktop.domain.text import Text
from desktop.services.notes import note_of
from desktop.ui.labels import ElidedLabel, PlainLabel, set_tooltip
from desktop.ui.rich_text import RichText
from desktop.ui.transcript import Transcript
from desktop.ui.typesetter import typesetter
from tests.ui.file_watch import FileWatch
from tests.ui.messages import answer, question
from tests.ui.transcripts import show_chat, stream

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="watches files through inotify")

CANARY = "canary.png"


@pytest.fixture
def canary(tmp_path: Path) -> Path:
    """Return a picture that an image tag could show."""
    image = QImage(8, 8, QImage.Format.Format_RGB32)
    image.fill(QColor("#FF00FF"))
    path = tmp_path / CANARY
    assert image.save(str(path))
    return path


@pytest.fixture
def watch(canary: Path) -> Iterator[FileWatch]:
    """Return what sees when the canary is opened."""
    one = FileWatch(canary.parent)
    yield one
    one.close()


def hostile_markdown(canary: Path) -> str:
    url = canary.as_uri()
    return f"""![a]({url}) ![b]({canary}) ![c](<{canary}>) [![d]({url})]({url})

<img src="{url}"><img src="{canary}">
<link rel="stylesheet" href="{url}">
<table background="{url}"><tr><td background="{canary}">x</td></tr></table>
<ul style="list-style-image:url({url})"><li>x</li></ul>
<body background="{url}"><div style="background-image:url('{url}')">x</div>

| ![a]({url}) | <img src="{url}"> |
|---|---|
| ![a]({url}) | <img src="{canary}"> |

> ![a]({url})

- ![a]({url}) <img src="{url}">

```html
<img src="{url}">
```

- [ ] ![a]({url}) <img src="{url}">
- [x] [d]({url})

$\\href{{{url}}}{{x}}$ \\(\\includegraphics{{{canary}}}\\) $<img src="{url}">$[^1]

$$
\\text{{<image href="{url}"/>}} \\url{{{url}}} \\input{{{canary}}}
$$

:smile: {url} {canary}

[^1]: ![a]({url}) <img src="{url}"> $\\style{{background:url({url})}}{{x}}$

[r]: {url}
![r] ![x][r]
"""


def show(qtbot: QtBot, widget: QWidget) -> None:
    qtbot.addWidget(widget)
    widget.resize(800, 600)
    widget.show()
    qtbot.waitExposed(widget)
    widget.grab()
    QGuiApplication.processEvents()


def test_the_watch_sees_what_a_plain_qt_label_opens(
    qtbot: QtBot, canary: Path, watch: FileWatch
) -> None:
    label = QLabel(f'<img src="{canary.as_uri()}">')

    show(qtbot, label)

    assert CANARY in watch.opened()


def test_the_watch_sees_what_a_plain_qt_browser_opens(
    qtbot: QtBot, canary: Path, watch: FileWatch
) -> None:
    browser = QTextBrowser()
    browser.setMarkdown(f"![x]({canary.as_uri()})")

    show(qtbot, browser)

    assert CANARY in watch.opened()


def test_an_answer_opens_nothing(qtbot: QtBot, canary: Path, watch: FileWatch) -> None:
    hostile = hostile_markdown(canary)
    transcript = Transcript()
    note = note_of(
        OutOfMemory(
            Text("<img src='{where}'>", {"where": canary.as_uri()}),
            Text("<img src='{where}'>", {"where": str(canary)}),
        )
    )
    show_chat(
        transcript,
        [
            question(1, hostile),
            answer(2, hostile, reasoning=hostile),
            question(3, f"<img src='{canary.as_uri()}'>"),
            answer(4, hostile, MessageState.FAILED, note=note),
        ],
    )
    transcript.empty_state.show_model(f"<img src='{canary.as_uri()}'>", is_guide=False)

    show(qtbot, transcript)
    transcript.append(answer(5, "", MessageState.STREAMING))
    for at in range(0, len(hostile), 7):
        stream(transcript, hostile[at : at + 7], thinking=False)
    transcript.set_activity(f"<img src='{canary.as_uri()}'>")
    transcript.finish(answer(5, hostile))
    qtbot.waitUntil(lambda: typesetter().is_idle, timeout=30_000)
    transcript.grab()
    QGuiApplication.processEvents()

    assert watch.opened() == []


def test_the_text_widget_opens_nothing_even_when_it_is_given_html(
    qtbot: QtBot, canary: Path, watch: FileWatch
) -> None:
    text = RichText()
    text.setHtml(
        f'<body background="{canary.as_uri()}"><img src="{canary.as_uri()}"><img src="{canary}">'
        f'<table background="{canary}"><tr><td>x</td></tr></table>'
        f'<ul style="list-style-image:url({canary.as_uri()})"><li>x</li></ul>'
    )

    show(qtbot, text)

    assert watch.opened() == []


def test_the_text_widget_goes_nowhere(qtbot: QtBot, canary: Path, watch: FileWatch) -> None:
    text = RichText()
    text.writer().lines("here", "#000000")
    show(qtbot, text)

    text.setSource(QUrl.fromLocalFile(str(canary)))
    text.setSource(QUrl(canary.as_uri()))

    assert text.toPlainText() == "here"
    assert not text.acceptDrops()
    assert not text.openLinks()
    assert watch.opened() == []


def test_labels_and_tooltips_show_html_as_the_words_it_is(
    qtbot: QtBot, canary: Path, watch: FileWatch
) -> None:
    hostile = f'<b>x</b><img src="{canary.as_uri()}">'
    box = QWidget()
    plain = PlainLabel(hostile, parent=box)
    elided = ElidedLabel(hostile * 20, parent=box)
    elided.setFixedWidth(80)
    set_tooltip(box, hostile)

    show(qtbot, box)

    assert plain.text() == hostile
    assert elided.text().endswith("…")
    assert "&lt;img" in box.toolTip()
    assert "&lt;img" in elided.toolTip()
    assert watch.opened() == []
