"""How `make test` deals the tests out, what it makes of their ends; and what counts as code."""

from collections import Counter

import pytest

from installers.dev.code_lines import code_lines
from installers.dev.testing import SUITES, Result, Suite, portion_alone, portions


def _ended(code: int, *lines: str) -> Result:
    return Result(code, "\n".join(lines).encode(), 1.0)


@pytest.mark.parametrize("suite", SUITES, ids=lambda suite: suite.name)
def test_each_file_is_in_one_portion(suite: Suite) -> None:
    dealt = [file for portion in portions(suite) for file in portion.files]

    assert sorted(dealt) == suite.files
    assert f"tests/{suite.name}/" in suite.files[0]
    assert all(portion.files for portion in portions(suite))


@pytest.mark.parametrize("suite", SUITES, ids=lambda suite: suite.name)
def test_what_a_portion_leaves_out_comes_alone(suite: Suite) -> None:
    assert {portion.chosen for portion in portions(suite)} == {"not alone"}
    alone = portion_alone(suite)
    if alone is not None:
        assert alone.chosen == "alone"
        assert set(alone.files) < set(suite.files)


def test_the_last_line_tells_what_passed() -> None:
    result = _ended(
        1,
        "tests/ui/test_a.py ..F.s",
        "FAILED tests/ui/test_a.py::test_b - assert 1 failed",
        "\x1b[31m=== \x1b[1m1 failed\x1b[0m, 3 passed, 1 skipped, 2 deselected in 1.2s ===\x1b[0m",
        "",
    )

    assert result.counts == Counter(passed=3, failed=1, skipped=1)
    assert result.faults == ["FAILED tests/ui/test_a.py::test_b - assert 1 failed"]


@pytest.mark.parametrize("line", ["", "Fatal Python error: Segmentation fault"])
def test_an_end_in_the_middle_is_an_error(line: str) -> None:
    assert _ended(-11, line).counts == Counter(error=1)


def test_blank_lines_comments_and_docstrings_are_no_code() -> None:
    source = '''"""A module
of two lines."""

# A comment.
X = """one

two"""  # Beside.


def f():
    """Words."""
    return X
'''
    assert code_lines(source) == 4
