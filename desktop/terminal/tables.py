"""Rows of a terminal chat's lists, aligned also when they hold Chinese."""

from collections.abc import Iterable, Sequence

from desktop.terminal.harmless import harmless
from desktop.terminal.output import Screen, columns


def print_rows(rows: Iterable[Sequence[str]], screen: Screen) -> None:
    """Print rows of cells to `out`; the first column stands out, long cells fold."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table.grid(padding=(0, 2))
    table.add_column(style="bold bright_blue", no_wrap=True)
    for row in rows:
        table.add_row(*(Text(harmless(cell), overflow="fold") for cell in row))
    Console(
        file=screen.out,
        width=columns(screen.out),
        color_system="standard" if screen.out_colours else None,
        legacy_windows=False,
    ).print(table)
