"""The picture in the tray: what it shows for which state, and that it can be told apart."""

import itertools

import pytest
from PySide6.QtCore import QSize
from PySide6.QtGui import QColor, QIcon, QImage
from PySide6.QtWidgets import QApplication

from desktop.domain.engine import EngineState, Phase
from desktop.system.panel import Tone
from desktop.ui.tray_icon import Sign, TrayPicture, tray_icon, tray_picture

pytestmark = pytest.mark.usefixtures("qapp")

_ALL = [
    TrayPicture(),
    TrayPicture(50),
    TrayPicture(100),
    TrayPicture(100, sign=Sign.ANSWERING),
    TrayPicture(100, sign=Sign.PAUSED),
    TrayPicture(sign=Sign.FAILED),
    TrayPicture(100, download=40),
]
_SIZES = (16, 22, 24, 32, 44, 64)


def _image(icon: QIcon, side: int = 22) -> QImage:
    return icon.pixmap(QSize(side, side)).toImage().convertToFormat(QImage.Format.Format_ARGB32)


def _pixels(image: QImage) -> list[QColor]:
    places = itertools.product(range(image.width()), range(image.height()))
    return [image.pixelColor(x, y) for x, y in places]


def _seen(image: QImage) -> list[QColor]:
    return [colour for colour in _pixels(image) if colour.alpha() > 200]


def _state(phase: Phase, progress: float = 0.0) -> EngineState:
    return EngineState(phase, progress=progress)


def test_each_state_has_a_picture_of_its_own() -> None:
    def picture(
        state: EngineState, *, answering: bool = False, paused: bool = False
    ) -> TrayPicture:
        return tray_picture(state, answering=answering, paused=paused, download=None)

    assert picture(_state(Phase.IDLE)) == TrayPicture(0)
    assert picture(_state(Phase.LOADING, 0.42)) == TrayPicture(40)
    assert picture(_state(Phase.READY)) == TrayPicture(100)
    assert picture(_state(Phase.READY), answering=True) == TrayPicture(100, sign=Sign.ANSWERING)
    assert picture(_state(Phase.FAILED)) == TrayPicture(0, sign=Sign.FAILED)
    assert picture(_state(Phase.READY), paused=True) == TrayPicture(100, sign=Sign.PAUSED)


def test_a_failure_is_seen_before_a_pause_and_a_pause_before_an_answer() -> None:
    failed = tray_picture(_state(Phase.FAILED), answering=True, paused=True, download=None)
    paused = tray_picture(_state(Phase.READY), answering=True, paused=True, download=None)
    assert (failed.sign, paused.sign) == (Sign.FAILED, Sign.PAUSED)


def test_what_is_being_loaded_is_neither_empty_nor_full() -> None:
    fulls = [
        tray_picture(_state(Phase.LOADING, share), answering=True, paused=False, download=None)
        for share in (0.0, 0.5, 1.0)
    ]
    assert [each.full for each in fulls] == [5, 50, 95]
    assert {each.sign for each in fulls} == {Sign.NONE}, "nothing is written yet"


def test_pictures_change_in_steps_that_can_be_seen() -> None:
    shares = [share / 1000 for share in range(1001)]
    pictures = {
        tray_picture(_state(Phase.READY), answering=False, paused=False, download=share)
        for share in shares
    }
    assert len(pictures) == 21


@pytest.mark.parametrize("tone", list(Tone))
@pytest.mark.parametrize("side", _SIZES)
def test_no_two_pictures_look_the_same(side: int, tone: Tone) -> None:
    images = [_image(tray_icon(shown, tone), side) for shown in _ALL]
    assert all(image.size() == QSize(side, side) for image in images)
    assert all(one != other for one, other in itertools.combinations(images, 2))


def test_a_dark_panel_gets_a_light_icon_and_a_light_one_a_dark_icon() -> None:
    for shown in (TrayPicture(), TrayPicture(100)):
        on_dark = _seen(_image(tray_icon(shown, Tone.DARK), 64))
        on_light = _seen(_image(tray_icon(shown, Tone.LIGHT), 64))
        assert min(colour.lightness() for colour in on_dark) > 180
        assert max(colour.lightness() for colour in on_light) < 70


def test_on_a_panel_that_nobody_knows_it_is_seen_either_way() -> None:
    for shown in (TrayPicture(), TrayPicture(100)):
        colours = _seen(_image(tray_icon(shown, Tone.UNKNOWN), 64))
        middle = [colour for colour in colours if 60 < colour.lightness() < 200]
        assert len(middle) > len(colours) / 2


def test_a_template_is_black_alone() -> None:
    for shown in _ALL:
        icon = tray_icon(shown, Tone.DARK, template=True)
        assert icon.isMask()
        assert {colour.lightness() for colour in _seen(_image(icon, 44))} == {0}
    assert not tray_icon(TrayPicture(), Tone.DARK).isMask()


def test_the_bar_is_as_long_as_what_is_here() -> None:
    icon = tray_icon(TrayPicture(100, download=40), Tone.DARK)
    image = _image(icon, 50)
    row = [image.pixelColor(x, 48) for x in range(50)]
    assert [colour.alpha() > 200 for colour in row] == [x < 20 for x in range(50)]


def test_it_is_drawn_for_the_pixels_of_the_screen(qapp: QApplication) -> None:
    pixmap = tray_icon(TrayPicture(100), Tone.DARK).pixmap(QSize(22, 22), 2.0)
    assert pixmap.size() == QSize(44, 44)
    assert pixmap.devicePixelRatio() == 2.0
    whole = tray_icon(TrayPicture(100), Tone.DARK).pixmap(QSize(44, 44), 1.0).toImage()
    assert pixmap.toImage().pixelColor(4, 14).alpha() == whole.pixelColor(4, 14).alpha()
