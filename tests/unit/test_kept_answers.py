"""What servers answered is kept where it can be, and costs nothing where it cannot."""

import sys
from pathlib import Path

from desktop.hub.answers import Answers


def test_an_answer_nested_too_deep_to_be_written_is_not_kept(tmp_path: Path) -> None:
    depth = sys.getrecursionlimit() * 100
    value: object = []
    for _ in range(depth):
        value = [value]
    answers = Answers(tmp_path)

    answers.keep("https://hub/deep", value, "")
    answers.keep("https://hub/flat", [1], "")

    assert answers.find("https://hub/deep") is None
    kept = answers.find("https://hub/flat")
    assert kept is not None
    assert kept.value == [1]
