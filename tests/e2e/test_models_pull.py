"""`lapis models pull` against a hub with faults: whatever happens, a verified file or none."""

import pytest

from desktop.config.store import SettingsStore
from desktop.domain.settings import LibrarySettings, Settings
from tests.e2e.models_room import FOLDER, PULL, Q2, Q4, Q8, SIZE, TINY, ModelsRoom, size_of
from tests.harness.http_listener import Answer
from tests.harness.hub.faults import Cut, rate_limited, refusal
from tests.harness.hub.repositories import HubRepository, gguf_file
from tests.harness.waiting import wait_for

READY = "tiny-Q4_K_M is ready: lapis chat -m tiny-Q4_K_M\n"


def test_a_model_is_fetched_verified_and_listed(models_room: ModelsRoom) -> None:
    done = models_room.run(*PULL)

    assert (done.returncode, done.stdout) == (0, READY)
    assert f"tiny-Q4_K_M, 1 MB, from {models_room.hub.endpoint}/{TINY}" in done.stderr
    models_room.assert_whole()
    listed = models_room.told("ls")
    assert [each["name"] for each in listed] == ["guide", "tiny-Q4_K_M"]
    assert (listed[1]["sha256"], listed[1]["repository"]) == (Q4.sha256, TINY)
    assert listed[1]["verified_at"] > 0


def test_pulling_again_fetches_nothing(models_room: ModelsRoom) -> None:
    models_room.run(*PULL)
    before = len(models_room.hub.ranges)

    done = models_room.run(*PULL)

    assert (done.returncode, done.stdout) == (0, READY)
    assert len(models_room.hub.ranges) == before
    models_room.assert_whole()


def test_dropped_connections_are_gone_on_with(models_room: ModelsRoom) -> None:
    models_room.hub.faults.cut(after=300_000, times=3, how=Cut.RESET)

    assert models_room.run(*PULL).returncode == 0

    models_room.assert_whole()
    starts = [int(each.removeprefix("bytes=").rstrip("-") or 0) for each in models_room.hub.ranges]
    assert len(starts) == 4
    assert starts == sorted(set(starts))


def test_addresses_that_expire_are_asked_for_again(models_room: ModelsRoom) -> None:
    models_room.hub.faults.cut(after=300_000, times=3, how=Cut.EXPIRE)

    assert models_room.run(*PULL).returncode == 0

    models_room.assert_whole()
    asked = [each for each in models_room.hub.log if "/resolve/" in each.path]
    assert len(asked) >= 3


def test_a_hub_that_asks_to_wait_is_waited_for(models_room: ModelsRoom) -> None:
    models_room.hub.faults.hub_answers(rate_limited(1), times=2)

    assert models_room.run(*PULL).returncode == 0

    models_room.assert_whole()


def test_a_server_that_ignores_ranges_makes_it_begin_anew_and_says_so(
    models_room: ModelsRoom,
) -> None:
    models_room.hub.faults.ignore_range = True
    models_room.hub.faults.cut(after=500_000)

    done = models_room.run(*PULL)

    assert done.returncode == 0
    assert "cannot go on in the middle, so the download starts anew" in done.stderr
    models_room.assert_whole()


def test_wrong_bytes_are_put_aside_and_nothing_is_installed(models_room: ModelsRoom) -> None:
    models_room.hub.faults.flip(SIZE - 5)

    done = models_room.run(*PULL)

    assert (done.returncode, done.stdout) == (1, "")
    assert "The bytes of tiny-Q4_K_M.gguf are not the announced ones" in done.stderr
    assert "quarantine" in done.stderr
    assert [name for name in models_room.files() if name.endswith(".gguf")] == []
    assert any("/.quarantine/" in name for name in models_room.files())
    assert [each["name"] for each in models_room.told("ls")] == ["guide"]

    models_room.hub.faults.clear()
    assert models_room.run(*PULL).returncode == 0
    models_room.assert_whole()


def test_a_silent_server_is_noticed_and_asked_anew(models_room: ModelsRoom) -> None:
    models_room.hub.faults.cut(after=400_000, how=Cut.STALL)

    done = models_room.run(*PULL)

    assert done.returncode == 0
    assert models_room.hub.ranges[1].startswith("bytes=")
    models_room.assert_whole()


def test_when_a_source_dies_for_good_another_with_the_same_bytes_takes_over(
    models_room: ModelsRoom,
) -> None:
    models_room.hub.faults.hub_answers(refusal(403), times=1)

    done = models_room.run(*PULL)

    assert done.returncode == 0, done.stderr
    sides = {each.side for each in models_room.hub.log if each.path.endswith(Q4.path)}
    assert "modelscope" in sides
    models_room.assert_whole()


def test_ctrl_c_pauses_and_the_same_command_goes_on_at_the_very_byte(
    models_room: ModelsRoom,
) -> None:
    program = models_room.pull_until(200_000)

    assert models_room.interrupt(program) == 130

    assert "Paused. The same command goes on from here." in program.noise
    assert program.output == ""
    assert not models_room.target.exists()
    there = size_of(models_room.part)
    assert there >= 200_000
    models_room.hub.faults.bytes_per_second = 0
    assert models_room.run(*PULL).returncode == 0
    assert models_room.hub.ranges[-1] == f"bytes={there}-"
    models_room.assert_whole()


def test_ctrl_c_while_the_hub_is_silent_ends_at_once(models_room: ModelsRoom) -> None:
    models_room.hub.faults.cut(after=300_000, how=Cut.STALL)
    program = models_room.start(*PULL)
    wait_for(lambda: size_of(models_room.part) >= 200_000, 30)

    assert models_room.interrupt(program) == 130


def test_killed_in_the_middle_the_same_command_ends_with_the_same_hash(
    models_room: ModelsRoom,
) -> None:
    for count in (150_000, 400_000):
        models_room.pull_until(count).kill()
        assert not models_room.target.exists()
    there = size_of(models_room.part)

    models_room.hub.faults.bytes_per_second = 0
    assert models_room.run(*PULL).returncode == 0

    start = int(models_room.hub.ranges[-1].removeprefix("bytes=").rstrip("-"))
    assert 0 < start <= there
    models_room.assert_whole()


def test_two_pulls_of_one_model_do_not_disturb_each_other(models_room: ModelsRoom) -> None:
    first = models_room.pull_until(100_000)
    # It shall not be over before the second one has come.
    models_room.hub.faults.bytes_per_second = 10_000

    second = models_room.run(*PULL)

    assert second.returncode == 1
    assert "Another Lapis is downloading this file already" in second.stderr
    models_room.hub.faults.bytes_per_second = 0
    assert first.wait(30) == 0
    models_room.assert_whole()


def test_a_model_of_the_catalogue_comes_with_and_without_a_quantisation(
    models_room: ModelsRoom,
) -> None:
    # The first of its repositories is not there; the second has it.
    name = "unsloth/SmolLM2-1.7B-Instruct-GGUF"
    models_room.hub.replace(HubRepository(name, (Q2, Q4, Q8)))

    chosen = models_room.run("pull", "smollm2", "1.7b", "instruct:q8_0")
    assert chosen.returncode == 0, chosen.stderr
    assert models_room.files() == ["unsloth--SmolLM2-1.7B-Instruct-GGUF--Q8_0/tiny-Q8_0.gguf"]

    recommended = models_room.told("files", "smollm2-1.7b-instruct")["recommended"]
    found = models_room.run("pull", "smollm2-1.7b-instruct")
    assert found.returncode == 0, found.stderr
    assert any(f"--{recommended}/" in each for each in models_room.files())


def test_a_repository_without_a_quantisation_gives_the_recommended_one(
    models_room: ModelsRoom,
) -> None:
    recommended = models_room.told("files", TINY)["recommended"]

    done = models_room.run("pull", TINY)

    assert done.returncode == 0
    assert f"tiny-{recommended} is ready" in done.stdout


def test_a_split_model_with_its_projector_comes_whole(models_room: ModelsRoom) -> None:
    parts = tuple(gguf_file(f"big-Q8_0-0000{n}-of-00002.gguf", 400_000 + n, n) for n in (1, 2))
    eyes = gguf_file("mmproj-big-F16.gguf", 420_000, 9)
    models_room.hub.replace(HubRepository("owner/big-GGUF", (*parts, eyes)))

    done = models_room.run("pull", "owner/big-GGUF:Q8_0")

    assert (done.returncode, done.stdout) == (0, "big-Q8_0 is ready: lapis chat -m big-Q8_0\n")
    names = sorted(file.path for file in (*parts, eyes))
    assert [each.rpartition("/")[2] for each in models_room.files()] == names


def test_modelscope_is_asked_and_nobody_else(models_room: ModelsRoom) -> None:
    done = models_room.run(*PULL, "--source", "modelscope")

    assert done.returncode == 0, done.stderr
    assert {each.side for each in models_room.hub.log} == {"modelscope", "cdn"}
    models_room.assert_whole()


def test_the_mirror_of_the_settings_is_asked(models_room: ModelsRoom) -> None:
    models_room.paths.create()
    settings = Settings(library=LibrarySettings(mirror=models_room.hub.endpoint))
    SettingsStore(models_room.paths.settings).save(settings)

    done = models_room.run(*PULL, "--source", "mirror", HF_ENDPOINT="http://127.0.0.1:9")

    assert done.returncode == 0, done.stderr
    models_room.assert_whole()


def test_the_token_reaches_neither_a_mirror_nor_the_cdn_nor_any_file(
    models_room: ModelsRoom,
) -> None:
    token = "hf_NobodyMayEverSeeThis"
    models_room.hub.faults.cut(after=300_000)
    models_room.hub.faults.cdn_answers(Answer(503), times=1)

    for words in (("search", "tiny"), ("files", TINY), PULL, ("pull", "owner/gated-GGUF")):
        done = models_room.run(*words, HF_TOKEN=token)
        assert token not in done.stdout + done.stderr

    assert len(models_room.hub.log) > 5
    assert not any(each.authorization for each in models_room.hub.log)
    kept = [path for path in models_room.paths.data.rglob("*") if path.is_file()]
    assert any(path.suffix == ".log" for path in kept)
    assert [path for path in kept if token.encode() in path.read_bytes()] == []


@pytest.mark.parametrize("words", [("search", "owner"), ("files", TINY), PULL])
def test_without_a_network_it_is_said(models_room: ModelsRoom, words: tuple[str, ...]) -> None:
    nobody = "http://127.0.0.1:9"

    done = models_room.run(*words, HF_ENDPOINT=nobody, MODELSCOPE_ENDPOINT=nobody)

    assert (done.returncode, done.stdout) == (1, "")
    assert "127.0.0.1" in done.stderr
    assert models_room.files() == []


def test_an_update_between_pause_and_resume_begins_anew(models_room: ModelsRoom) -> None:
    models_room.interrupt(models_room.pull_until(200_000))
    newer = gguf_file(Q4.path, SIZE + 7, 77)
    old = models_room.hub.repository(TINY)
    assert old is not None
    models_room.hub.replace(old.with_file(newer, commit="f" * 40))
    models_room.hub.faults.bytes_per_second = 0

    done = models_room.run(*PULL)

    assert done.returncode == 0, done.stderr
    content = (models_room.paths.models / FOLDER / Q4.path).read_bytes()
    assert content == newer.content
