"""Colours that can be read, icons that follow them, calls that are merged."""

import math
from collections import Counter
from collections.abc import Iterator
from typing import get_args

import pytest
from PySide6.QtCore import QEvent, QObject, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontInfo, QIcon, QImage, QPalette
from PySide6.QtWidgets import QApplication, QLabel, QWidget
from pytestqt.qtbot import QtBot

from desktop.base.paths import resources
from desktop.domain.settings import Accent, LookSettings, Theme
from desktop.ui import icons
from desktop.ui.buttons import IconButton
from desktop.ui.icons import IconName, app_icon, icon
from desktop.ui.labels import PlainLabel
from desktop.ui.link_button import LinkButton
from desktop.ui.theme import apply_theme, mono_families
from desktop.ui.throttle import Throttle
from desktop.ui.tokens import DARK, LIGHT, Size, Tokens, resized, tokens_of, with_accent


@pytest.fixture(autouse=True)
def _plain_again(qapp: QApplication) -> Iterator[None]:
    yield
    apply_theme(qapp, Theme.LIGHT)


def contrast(one: str, other: str) -> float:
    """Return the ratio of luminances as WCAG 2 defines it."""

    def luminance(name: str) -> float:
        colour = QColor(name)
        red, green, blue = (
            part / 12.92 if part <= 0.04045 else math.pow((part + 0.055) / 1.055, 2.4)
            for part in (colour.redF(), colour.greenF(), colour.blueF())
        )
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("tokens", [LIGHT, DARK], ids=lambda tokens: tokens.name)
def test_words_can_be_read_on_every_ground(tokens: Tokens) -> None:
    for ground in (tokens.canvas, tokens.surface, tokens.raised, tokens.sidebar, tokens.bad_tint):
        assert contrast(tokens.text, ground) >= 7
        assert contrast(tokens.muted, ground) >= 4.5
    for tone in (tokens.accent, tokens.good, tokens.warn, tokens.bad):
        assert contrast(tone, tokens.canvas) >= 4.5
    assert contrast(tokens.on_accent, tokens.accent) >= 4.5
    syntax = tokens.syntax
    for tone in (syntax.keyword, syntax.string, syntax.number, syntax.name, syntax.type):
        assert contrast(tone, tokens.code) >= 4.5
    assert contrast(syntax.comment, tokens.code) >= 4.4
    assert contrast(tokens.text, tokens.selection) >= 7


@pytest.mark.parametrize(("theme", "tokens"), [(Theme.LIGHT, LIGHT), (Theme.DARK, DARK)])
def test_the_name_of_what_cannot_be_changed_can_be_read(
    qapp: QApplication, theme: Theme, tokens: Tokens
) -> None:
    apply_theme(qapp, theme)
    off = QPalette.ColorGroup.Disabled
    for ground in (tokens.canvas, tokens.surface):
        ink = qapp.palette().color(off, QPalette.ColorRole.WindowText)
        assert ink.alpha() == 255
        assert contrast(ink.name(), ground) >= 4.5


def test_a_theme_reaches_widgets_that_are_there_already(qtbot: QtBot, qapp: QApplication) -> None:
    apply_theme(qapp, Theme.LIGHT)
    outer = QWidget()
    qtbot.addWidget(outer)
    label = PlainLabel("x", tone="muted", parent=outer)
    outer.show()
    assert tokens_of(outer.palette()) is tokens_of(label.palette()) is LIGHT

    apply_theme(qapp, Theme.DARK)
    assert tokens_of(outer.palette()) is tokens_of(label.palette()) is DARK
    assert qapp.palette().color(QPalette.ColorRole.Window) == QColor(DARK.canvas)

    apply_theme(qapp, Theme.LIGHT)
    assert tokens_of(label.palette()) is LIGHT


class _StyleChanges(QObject):
    """Counts how often each widget is told of another style."""

    def __init__(self, app: QApplication) -> None:
        super().__init__()
        self.times: Counter[QObject] = Counter()
        app.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.StyleChange:
            self.times[watched] += 1
        return False


def test_a_change_of_look_styles_each_widget_once_however_deep_it_lies(
    qtbot: QtBot, qapp: QApplication
) -> None:
    apply_theme(qapp, Theme.LIGHT)
    outer = QWidget()
    qtbot.addWidget(outer)
    nested = [outer]
    for _ in range(6):
        nested.append(QWidget(nested[-1]))
    label = PlainLabel("x", tone="muted", parent=nested[-1])
    beside = QWidget(outer, Qt.WindowType.Window)
    outer.show()
    beside.show()
    changes = _StyleChanges(qapp)

    apply_theme(qapp, Theme.DARK)
    assert {changes.times[one] for one in (*nested, label, beside)} == {1}
    assert label.palette().windowText().color() == QColor(DARK.muted)

    changes.times.clear()
    apply_theme(qapp, Theme.DARK, LookSettings(font_size=20))
    assert {changes.times[one] for one in (*nested, label, beside)} == {1}

    changes.times.clear()
    apply_theme(qapp, Theme.DARK, LookSettings(font_size=20))
    assert not changes.times


def test_where_the_system_says_nothing_the_theme_is_light(qapp: QApplication) -> None:
    apply_theme(qapp, Theme.DARK)

    apply_theme(qapp, Theme.SYSTEM)

    assert tokens_of(qapp.palette()) is LIGHT


def test_code_has_a_font_of_fixed_width(qapp: QApplication) -> None:
    font = QFont(mono_families()[0])

    assert QFontInfo(font).fixedPitch()


def colours(image: QImage) -> set[str]:
    """Return the colours of the opaque pixels."""
    return {
        image.pixelColor(x, y).name()
        for x in range(image.width())
        for y in range(image.height())
        if image.pixelColor(x, y).alpha() == 255
    }


@pytest.mark.parametrize("name", get_args(IconName))
def test_every_icon_exists_is_tinted_and_sharp_on_dense_screens(
    qapp: QApplication, name: IconName
) -> None:
    apply_theme(qapp, Theme.DARK)
    one = icon(name)

    pixmap = one.pixmap(QSize(20, 20), 2.0)
    assert pixmap.size() == QSize(40, 40)
    assert pixmap.devicePixelRatio() == 2.0
    assert colours(pixmap.toImage()) == {DARK.text.lower()}

    apply_theme(qapp, Theme.LIGHT)
    assert colours(one.pixmap(QSize(20, 20), 2.0).toImage()) == {LIGHT.text.lower()}


def test_an_icon_painted_again_is_not_drawn_again(
    qapp: QApplication, monkeypatch: pytest.MonkeyPatch
) -> None:
    apply_theme(qapp, Theme.LIGHT)
    once = icon("pin").pixmap(QSize(37, 37), 1.0).toImage()
    monkeypatch.delattr(icons, "_tinted")

    assert icon("pin").pixmap(QSize(37, 37), 1.0).toImage() == once


@pytest.mark.parametrize("size", [QSize(0, 0), QSize(0, 20), QSize(20, 0)])
def test_an_icon_without_room_is_no_picture_and_no_complaint(size: QSize) -> None:
    engine = icons._TintedSvg("close", QColor("red"))

    assert engine.scaledPixmap(size, QIcon.Mode.Normal, QIcon.State.Off, 2.0).isNull()


def test_every_icon_file_has_a_name_in_the_code() -> None:
    files = {path.stem for path in (resources() / "icons").glob("*.svg")}
    # Those of the tray are layers of one picture, see `tray_icon`.
    files -= {name for name in files if name.startswith("tray-")}

    assert files == {*get_args(IconName), "lapis"}


def test_the_icon_of_the_program_has_the_sizes_that_trays_ask_for(qapp: QApplication) -> None:
    sizes = {size.width() for size in app_icon().availableSizes()}

    assert {16, 22, 24, 32, 48, 64, 256} <= sizes
    corner = app_icon().pixmap(QSize(64, 64), 1.0, QIcon.Mode.Normal).toImage().pixelColor(0, 0)
    assert corner.alpha() == 0


def test_an_icon_button_is_named_for_screen_readers(qtbot: QtBot) -> None:
    one = IconButton("copy", "Copy <b>")
    qtbot.addWidget(one)

    assert one.accessibleName() == "Copy <b>"
    assert "&lt;b&gt;" in one.toolTip()


def test_the_first_call_acts_at_once_and_the_next_ones_together(
    qtbot: QtBot, qapp: QApplication
) -> None:
    acts: list[int] = []
    throttle = Throttle(lambda: acts.append(1), 20)

    for _ in range(100):
        throttle.call()
    assert len(acts) == 1
    qtbot.waitUntil(lambda: len(acts) == 2)

    throttle.call()
    throttle.flush()
    assert len(acts) == 3
    throttle.call()
    throttle.cancel()
    throttle.flush()
    assert len(acts) == 3


@pytest.mark.parametrize("accent", Accent)
@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=lambda tokens: tokens.name)
def test_every_accent_can_be_read_wherever_it_stands(theme: Tokens, accent: Accent) -> None:
    tokens = with_accent(theme, accent)
    for ground in (tokens.canvas, tokens.surface, tokens.raised, tokens.sidebar, tokens.tint):
        assert contrast(tokens.accent, ground) >= 4.5
    for ground in (tokens.accent, tokens.accent_hover):
        assert contrast(tokens.on_accent, ground) >= 4.5
    assert contrast(tokens.text, tokens.selection) >= 7


@pytest.mark.parametrize("accent", Accent)
@pytest.mark.parametrize("theme", [Theme.LIGHT, Theme.DARK])
def test_widgets_read_the_accent_back_from_their_palette(
    theme: Theme, accent: Accent, qapp: QApplication, qtbot: QtBot
) -> None:
    widget = QWidget()
    qtbot.addWidget(widget)
    widget.show()
    apply_theme(qapp, theme, LookSettings(accent=accent))

    wanted = with_accent(LIGHT if theme is Theme.LIGHT else DARK, accent)
    assert tokens_of(widget.palette()) == wanted


def test_larger_text_is_larger_everywhere_at_once(qapp: QApplication, qtbot: QtBot) -> None:
    page = QWidget()
    qtbot.addWidget(page)
    body, small, link = QLabel("body", page), PlainLabel("small", size="small"), LinkButton()
    small.setParent(page)
    link.setParent(page)
    before = []
    for widget in (body, small, link):
        widget.ensurePolished()
        before.append(QFontInfo(widget.font()).pixelSize())

    apply_theme(qapp, Theme.LIGHT, LookSettings(font_size=21))
    after = []
    for widget in (body, small, link):
        widget.ensurePolished()
        after.append(QFontInfo(widget.font()).pixelSize())

    assert before == [14, 12, 12]
    assert after == [21, 18, 18]
    assert resized(body.font(), Size.SMALL).pixelSize() == 18


def test_a_family_that_is_not_installed_leaves_the_usual_one(qapp: QApplication) -> None:
    usual = qapp.font().families()
    apply_theme(qapp, Theme.LIGHT, LookSettings(font_family="No Such Family"))
    assert qapp.font().families() == usual
