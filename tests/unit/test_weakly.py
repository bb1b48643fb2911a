"""A call by `weakly` reaches an object while it is there, and does not keep it there."""

from desktop.ui.weakly import weakly


class _Notes:
    def words(self, number: int, *, short: bool = False) -> str:
        return f"note {number}"[: 4 if short else None]


def test_the_method_is_called_while_its_object_is_there() -> None:
    notes = _Notes()
    words = weakly(notes.words, "")

    assert words(2) == "note 2"
    assert words(2, short=True) == "note"


def test_a_call_answers_otherwise_once_the_object_is_gone() -> None:
    notes = _Notes()
    words = weakly(notes.words, "nothing")
    del notes

    assert words(2) == "nothing"
