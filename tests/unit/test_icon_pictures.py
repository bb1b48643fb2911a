"""The program's icon, drawn and written for Windows and macOS without any library."""

import struct
from pathlib import Path

import pytest

from installers.dev.console import StepFailed
from installers.pictures.drawing import Drawing, Picture, Shape, draw, icon, read
from installers.pictures.files import WINDOWS_SIZES, bmp, ico
from installers.windows import artwork

_RED = (255, 0, 0)
_WHITE = (255, 255, 255, 255)


def _drawing(*points: tuple[float, float]) -> Drawing:
    return Drawing(4, (Shape(points, _RED),))


def _alphas(picture: Picture) -> list[list[int]]:
    return [list(picture.row(place)[3::4]) for place in range(picture.height)]


def test_a_pixel_is_covered_by_as_much_as_lies_in_it() -> None:
    square = icon(_drawing((1, 1), (2.5, 1), (2.5, 3), (1, 3)), 4)

    assert _alphas(square) == [[0, 0, 0, 0], [0, 255, 128, 0], [0, 255, 128, 0], [0, 0, 0, 0]]


def test_it_does_not_matter_in_which_direction_a_shape_goes_around() -> None:
    points = ((0.5, 0.2), (3.7, 1.1), (2.2, 3.9))

    assert icon(_drawing(*points), 16) == icon(_drawing(*points[::-1]), 16)


@pytest.mark.parametrize("size", [4, 7, 64])
def test_all_of_a_slanted_shape_is_there(size: int) -> None:
    """Its area in pixels is what all pixels are covered by, as well as eight bits can say it."""
    picture = icon(_drawing((0.3, 0.4), (3.8, 1.3), (1.1, 3.7)), size)

    area = abs((3.8 - 0.3) * (3.7 - 0.4) - (1.1 - 0.3) * (1.3 - 0.4)) / 2 * (size / 4) ** 2
    covered = sum(sum(row) for row in _alphas(picture)) / 255
    assert covered == pytest.approx(area, rel=0.02)


def test_a_shape_is_drawn_over_what_is_below_it() -> None:
    half = draw(_drawing((0, 0), (2.5, 0), (2.5, 4), (0, 4)), 4, 4, (0, 0, 4), _WHITE)

    assert half.row(0) == bytes((*_RED, 255) * 2 + (255, 128, 128, 255) + _WHITE)


def test_what_lies_outside_of_the_picture_is_cut() -> None:
    picture = draw(_drawing((0, 0), (4, 0), (4, 4), (0, 4)), 3, 2, (-5, -5, 20), _WHITE)

    assert picture.pixels == bytes((*_RED, 255)) * 6


@pytest.mark.parametrize(
    "content",
    [
        '<path d="M0 0L1 0L1 1z" fill="#FF0000" opacity="0.5"/>',
        '<path d="M0 0C1 0 1 1 0 1z" fill="#FF0000"/>',
        '<path d="M0 0L1 0L1 1" fill="#FF0000"/>',
        '<circle cx="1" cy="1" r="1" fill="#FF0000"/>',
        '<path d="M0 0L1 0L1 1z" fill="red"/>',
    ],
)
def test_what_could_not_be_drawn_right_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "icon.svg"
    path.write_text(
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 4 4">{content}</svg>',
        encoding="utf-8",
    )

    with pytest.raises(StepFailed, match="polygons"):
        read(path)


def test_the_icon_of_windows_has_all_sizes(tmp_path: Path) -> None:
    artwork.write_icon(tmp_path / "lapis.ico")

    content = (tmp_path / "lapis.ico").read_bytes()
    assert struct.unpack("<HHH", content[:6]) == (0, 1, len(WINDOWS_SIZES))
    end = 6 + 16 * len(WINDOWS_SIZES)
    for place, size in enumerate(WINDOWS_SIZES):
        entry = struct.unpack("<BBBBHHII", content[6 + 16 * place : 22 + 16 * place])
        width, height, _colours, _none, planes, bits, length, begin = entry
        assert (width or 256, height or 256, planes, bits) == (size, size, 1, 32)
        assert begin == end
        end = begin + length
        if size == 256:
            assert content[begin : begin + 8] == b"\x89PNG\r\n\x1a\n"
        else:
            header = struct.unpack("<IiiHH", content[begin : begin + 16])
            assert header == (40, size, 2 * size, 1, 32)
            assert length == 40 + size * size * 4 + size * (-(-size // 32) * 4)
    assert end == len(content)


def test_the_mask_of_a_small_icon_hides_what_is_clear() -> None:
    picture = icon(_drawing((0, 0), (2, 0), (2, 4), (0, 4)), 4)

    content = ico([picture])
    mask = content[-16:]
    assert [mask[place] >> 4 for place in range(0, 16, 4)] == [0b0011] * 4


def test_a_bitmap_begins_at_its_lowest_row_and_has_rows_of_whole_words() -> None:
    picture = Picture(1, 2, bytes((1, 2, 3, 255, 4, 5, 6, 255)))

    content = bmp(picture)

    assert content[:2] == b"BM"
    assert struct.unpack("<I", content[2:6]) == (len(content),)
    assert content[54:] == bytes((6, 5, 4, 0, 3, 2, 1, 0))


def test_the_wizard_has_pictures_for_all_scales_of_a_screen(tmp_path: Path) -> None:
    artwork.write(tmp_path)

    names = {path.name for path in tmp_path.iterdir()}
    assert "lapis.ico" in names
    assert {"wizard-164.bmp", "wizard-410.bmp", "corner-55.bmp", "corner-138.bmp"} <= names
    assert len(names) == 15
    header = (tmp_path / "wizard-410.bmp").read_bytes()[18:26]
    assert struct.unpack("<ii", header) == (410, 797)
