"""What is told of a release comes from its own part of CHANGELOG.md, and no other."""

import pytest

from desktop import __version__
from desktop.hub.update_news import LONGEST_NOTE
from installers.dev.console import StepFailed
from installers.linux.texts import releases
from installers.release.changes import changes, main, short

_TOLD = releases(
    "# Changes\n\n## 0.2.0 (2026-11-01)\n\nFaster.\n\n- A list.\n\nSafer\nstill.\n\n"
    "## 0.1.0 (2026-03-04)\n\nThe first.\n\n## 0.0.9 (2026-03-01)\n"
)


def test_all_of_one_version_is_told_and_nothing_of_another() -> None:
    assert changes(_TOLD, "0.2.0") == "Faster.\n\n- A list.\n\nSafer\nstill.\n"
    assert changes(_TOLD, "0.1.0") == "The first.\n"


def test_its_headlines_fit_into_the_signed_file() -> None:
    long = releases("## 1.0.0 (2026-11-01)\n\n" + "\n\n".join(["word " * 20] * 30))

    assert short(_TOLD, "0.2.0") == "Faster.\nSafer still.\n"
    assert LONGEST_NOTE - 101 < len(short(long, "1.0.0")) <= LONGEST_NOTE


@pytest.mark.parametrize("version", ["0.0.9", "0.3.0"])
def test_a_version_of_which_nothing_is_told_is_not_released(version: str) -> None:
    with pytest.raises(StepFailed, match=version):
        changes(_TOLD, version)


def test_the_version_of_this_checkout_can_be_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([__version__]) == 0
    assert capsys.readouterr().out.strip()
    assert main(["--short", "99.0.0"]) == 1
