"""Repeating a measurement and showing it: minimum, median, maximum, and the limit it has."""

import statistics
from collections.abc import Callable, Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """One row: values in `unit`. `limit` is the most the median may be, or the least (`at_least`)."""

    name: str
    unit: str
    values: tuple[float, ...]
    limit: float | None = None
    at_least: bool = False

    @property
    def median(self) -> float:
        """The value in the middle."""
        return statistics.median(self.values)

    @property
    def verdict(self) -> str:
        """Whether the limit holds; empty without one."""
        if self.limit is None:
            return ""
        kept = self.median >= self.limit if self.at_least else self.median <= self.limit
        sign = "≥" if self.at_least else "≤"
        return f"{'ok' if kept else 'MISSED'} ({sign} {self.limit:g} {self.unit})"


def repeat(measure: Callable[[], float], times: int) -> tuple[float, ...]:
    """Return `times` measurements after one that is thrown away: files are in memory then."""
    measure()
    return tuple(measure() for _ in range(times))


def table(figures: Iterable[Figure]) -> str:
    """Return the figures as lines of aligned columns."""
    rows = [("", "min", "median", "max", "runs", "")]
    rows += [
        (
            figure.name,
            f"{min(figure.values):.2f} {figure.unit}",
            f"{figure.median:.2f} {figure.unit}",
            f"{max(figure.values):.2f} {figure.unit}",
            str(len(figure.values)),
            figure.verdict,
        )
        for figure in figures
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if column in {0, 5} else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    )
