"""With whose chat template a model is asked, and how that choice is kept."""

from pathlib import Path

import pytest

from desktop.domain.model import InstalledModel
from desktop.domain.settings import MOST_BUILTIN_TEMPLATES, EngineSettings, Settings
from desktop.inference.builtin_templates import AUTOMATIC, NAMES, builtin_source
from desktop.services.manner import template_for, with_template


def model(name: str) -> InstalledModel:
    return InstalledModel(name, name, Path("/models") / f"{name}.gguf", 1)


BROKEN = model("broken")
CHOSEN = EngineSettings(builtin_templates=(str(BROKEN.path),))


@pytest.mark.parametrize(
    ("one", "engine", "asked", "used"),
    [
        (BROKEN, EngineSettings(), None, ""),
        (BROKEN, CHOSEN, None, AUTOMATIC),
        (model("other"), CHOSEN, None, ""),
        (BROKEN, CHOSEN, "own", ""),
        (BROKEN, CHOSEN, "phi", "phi"),
        (BROKEN, EngineSettings(), AUTOMATIC, AUTOMATIC),
    ],
)
def test_the_files_own_template_is_used_unless_another_was_chosen(
    one: InstalledModel, engine: EngineSettings, asked: str | None, used: str
) -> None:
    assert template_for(one, engine, asked) == used


def test_a_choice_is_remembered_once_and_taken_back() -> None:
    first = with_template(Settings(), BROKEN, builtin=True)
    both = with_template(first, model("other"), builtin=True)
    again = with_template(both, BROKEN, builtin=True)

    assert again.engine.builtin_templates == (str(BROKEN.path), "/models/other.gguf")
    undone = with_template(again, BROKEN, builtin=False)
    assert undone.engine.builtin_templates == ("/models/other.gguf",)
    assert with_template(undone, BROKEN, builtin=False) == undone


def test_of_very_many_choices_the_newest_are_kept() -> None:
    settings = Settings()
    for number in range(MOST_BUILTIN_TEMPLATES + 2):
        settings = with_template(settings, model(str(number)), builtin=True)

    kept = settings.engine.builtin_templates
    assert len(kept) == MOST_BUILTIN_TEMPLATES
    assert kept[0] == str(model(str(MOST_BUILTIN_TEMPLATES + 1)).path)


def test_every_name_that_can_be_asked_for_is_a_template() -> None:
    assert all(builtin_source(name) for name in NAMES)
    assert not {"own", AUTOMATIC} & set(NAMES)
