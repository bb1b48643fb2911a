"""Draws an SVG file made of filled polygons, as the program's icon is, into pixels.

Each pixel's share of a polygon is its exact area, so that small icons are as sharp as can be.
Source: the signed areas of FreeType's smooth rasteriser. Any thread.
"""

import math
import re
import xml.etree.ElementTree as ET
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Final, TypeAlias

from installers.dev.console import StepFailed
from installers.dev.places import ROOT

Point: TypeAlias = tuple[float, float]
Colour: TypeAlias = tuple[int, int, int]

APP_ICON: Final = ROOT / "resources" / "icons" / "lapis.svg"
"""The program's own."""
CLEAR: Final = (0, 0, 0, 0)
_NAMESPACE: Final = "{http://www.w3.org/2000/svg}"
_COMMAND: Final = re.compile(r"([MLz])([^MLz]*)")
# Less than this of a pixel is nothing that eight bits could show.
_FAINT: Final = 1 / 512


@dataclass(frozen=True, slots=True)
class Shape:
    """A closed polygon in one colour, in the units of its drawing."""

    points: tuple[Point, ...]
    colour: Colour


@dataclass(frozen=True, slots=True)
class Drawing:
    """Shapes, each drawn over those before it, on a square with edges of `side` units."""

    side: float
    shapes: tuple[Shape, ...]


@dataclass(frozen=True, slots=True)
class Picture:
    """Pixels: rows from above, four bytes each (red, green, blue, alpha not multiplied in)."""

    width: int
    height: int
    pixels: bytes

    def row(self, place: int) -> bytes:
        """Return the row `place`, counted from above."""
        length = self.width * 4
        return self.pixels[place * length : (place + 1) * length]


def read(path: Path) -> Drawing:
    """Return the drawing in `path`; raises StepFailed if there is more in it than polygons."""
    root = ET.parse(path).getroot()  # noqa: S314 - a file of the checkout
    left, top, width, height = (float(part) for part in root.get("viewBox", "").split())
    if (left, top) != (0, 0) or width != height:
        raise StepFailed(f"{path} is not a square that begins at 0, 0.")
    return Drawing(width, tuple(_shape(path, element) for element in root))


def draw(
    drawing: Drawing,
    width: int,
    height: int,
    square: tuple[float, float, float],
    ground: tuple[int, int, int, int] = CLEAR,
) -> Picture:
    """Return `drawing` in the square (left, top, side), in pixels, on a plain `ground`."""
    left, top, side = square
    scale = side / drawing.side
    rows = [bytearray(bytes(ground) * width) for _ in range(height)]
    for shape in drawing.shapes:
        points = [(left + x * scale, top + y * scale) for x, y in shape.points]
        for y, line in _areas(points).items():
            if 0 <= y < height:
                _fill(rows[y], line, shape.colour, width)
    return Picture(width, height, b"".join(rows))


def icon(drawing: Drawing, size: int) -> Picture:
    """Return `drawing` as an icon of `size` pixels."""
    return draw(drawing, size, size, (0, 0, size))


def _shape(path: Path, element: ET.Element) -> Shape:
    colour = re.fullmatch(r"#([0-9A-Fa-f]{6})", element.get("fill", ""))
    words = element.get("d", "")
    found = _COMMAND.findall(words)
    letters = "".join(letter for letter, _numbers in found)
    if (
        element.tag != f"{_NAMESPACE}path"
        or set(element.keys()) != {"d", "fill"}
        or colour is None
        or re.fullmatch(r"ML+z", letters) is None
        or "".join(letter + numbers for letter, numbers in found) != words.strip()
    ):
        raise StepFailed(f"{path} has something else in it than polygons of one colour.")
    points = []
    for _letter, numbers in found[:-1]:
        x, y = (float(number) for number in numbers.split())
        points.append((x, y))
    red, green, blue = bytes.fromhex(colour[1])
    return Shape(tuple(points), (red, green, blue))


def _areas(points: Sequence[Point]) -> dict[int, dict[int, float]]:
    """Return by row and column how much more of each pixel lies inside than of the one before."""
    rows: dict[int, dict[int, float]] = defaultdict(lambda: defaultdict(float))
    for begin, end in zip(points, (*points[1:], points[0]), strict=True):
        for y, (x1, y1), (x2, y2) in _cut(begin, end, 1):
            for x, (left, upper), (right, lower) in _cut((y1, x1), (y2, x2), 1):
                # What lies to the right of this piece of the edge is inside: part of this pixel,
                # and all of those after it.
                height = right - left
                inside = height * (x + 1 - (upper + lower) / 2)
                rows[y][x] += inside
                rows[y][x + 1] += height - inside
    return rows


def _cut(begin: Point, end: Point, axis: int) -> Iterator[tuple[int, Point, Point]]:
    """Yield the pieces of a line between whole numbers of `axis`, each with the lower number."""
    start, stop = begin[axis], end[axis]
    if start == stop:
        yield math.floor(start), begin, end
        return
    first, last = sorted((start, stop))
    marks = [first, *range(math.floor(first) + 1, math.ceil(last)), last]
    along = marks if start <= stop else marks[::-1]
    places = [_at(begin, end, axis, mark) for mark in along]
    for here, there in pairwise(places):
        yield math.floor((here[axis] + there[axis]) / 2), here, there


def _at(begin: Point, end: Point, axis: int, mark: float) -> Point:
    """Return the point of a line where its coordinate `axis` is `mark`."""
    if mark in {begin[axis], end[axis]}:
        return begin if mark == begin[axis] else end
    share = (mark - begin[axis]) / (end[axis] - begin[axis])
    other = begin[1 - axis] + share * (end[1 - axis] - begin[1 - axis])
    return (mark, other) if axis == 0 else (other, mark)


def _fill(row: bytearray, changes: dict[int, float], colour: Colour, width: int) -> None:
    """Draw one row of a shape: between two changes all pixels are covered alike."""
    columns = sorted(changes)
    covered = 0.0
    for column, following in zip(columns, (*columns[1:], width), strict=True):
        covered += changes[column]
        share = min(abs(covered), 1.0)
        begin, end = max(column, 0), min(following, width)
        if share < _FAINT or begin >= end:
            continue
        if share > 1 - _FAINT:
            row[begin * 4 : end * 4] = bytes((*colour, 255)) * (end - begin)
            continue
        for place in range(begin * 4, end * 4, 4):
            row[place : place + 4] = _over(colour, share, row[place : place + 4])


def _over(colour: Colour, share: float, below: bytearray) -> bytes:
    """Return `colour`, covering a `share`, over a pixel."""
    under = below[3] / 255 * (1 - share)
    whole = share + under
    mixed = (
        round((new * share + old * under) / whole)
        for new, old in zip(colour, below[:3], strict=True)
    )
    return bytes((*mixed, round(whole * 255)))
