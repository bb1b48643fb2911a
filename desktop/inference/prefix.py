"""How far two rows of tokens are the same. Runs inside the engine process."""

from collections.abc import Sequence


def common_prefix(one: Sequence[int], other: Sequence[int]) -> int:
    """Return how many leading tokens are the same."""
    low, high = 0, min(len(one), len(other))
    # Comparing whole slices is done in C: halving finds the place in a few such steps.
    while low < high:
        middle = (low + high + 1) // 2
        if list(one[low:middle]) == list(other[low:middle]):
            low = middle
        else:
            high = middle - 1
    return low
