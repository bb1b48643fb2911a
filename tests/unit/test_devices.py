"""What computes here: known at once, found out once, forgotten when drivers change."""

import json
import threading
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path

import pytest

from desktop.domain.machine import Cards, UnusedDevice
from desktop.domain.model import Device, DeviceKind
from desktop.domain.text import Text
from desktop.models.bandwidth import Bandwidth
from desktop.services import devices as devices_module
from desktop.services.devices import BUSY, DISTURBED, Devices, find_cards
from desktop.services.devices_file import KeptDevices, read_devices, write_devices
from desktop.services.machine_fingerprint import machine_fingerprint
from tests.harness.waiting import wait_for

GIB = 2**30
GPU = Device("CUDA0", "NVIDIA H200", "CUDA", DeviceKind.GPU, 100 * GIB, 140 * GIB)
UNUSED = UnusedDevice(
    "Intel UHD", Text("not used: the engine does not find it"), Text("Update {x}", {"x": 3}), "i915"
)
FOUND = Cards((GPU,), unused=(UNUSED,))


class Engine:
    """Stands in for the engine process: says what it is told to, as often as it is asked."""

    def __init__(self, *answers: Cards) -> None:
        self.answers = list(answers) or [FOUND]
        self.asked = 0
        self.goes_on = threading.Event()
        self.goes_on.set()

    def __call__(self, _work_folder: Path) -> Cards:
        self.asked += 1
        assert self.goes_on.wait(20)
        return self.answers[min(self.asked, len(self.answers)) - 1]


def devices(
    folder: Path,
    engine: Engine,
    fingerprint: str = "one",
    measure: Callable[[], Bandwidth | Text] = lambda: Bandwidth(9e9, is_sure=True),
    is_busy: Callable[[], bool] = lambda: False,
) -> Devices:
    return Devices(
        folder,
        folder / "devices.json",
        is_busy=is_busy,
        ask=engine,
        measure=measure,
        fingerprint=lambda: fingerprint,
    )


def test_what_was_found_is_known_at_once_and_after_a_restart(tmp_path: Path) -> None:
    engine = Engine()
    first = devices(tmp_path, engine)

    assert first.known() is None
    assert first.find() == FOUND
    assert first.known() == (GPU,)
    again = devices(tmp_path, engine)
    assert again.known() == (GPU,)
    assert again.cards() == FOUND
    assert engine.asked == 1


def test_another_driver_makes_what_was_known_unknown(tmp_path: Path) -> None:
    devices(tmp_path, Engine()).find()

    assert devices(tmp_path, Engine(), fingerprint="two").known() is None


def test_a_search_asks_again_and_its_answer_counts(tmp_path: Path) -> None:
    known = devices(tmp_path, Engine(FOUND, Cards(())))

    known.find()
    known.find()

    assert known.known() == ()
    assert devices(tmp_path, Engine()).known() == ()


def test_many_who_search_at_once_ask_one_engine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    waiting: list[int] = []

    class Watched(Future[Cards]):
        def result(self, timeout: float | None = None) -> Cards:
            waiting.append(1)
            return super().result(timeout)

    monkeypatch.setattr(devices_module, "Future", Watched)
    engine = Engine()
    engine.goes_on.clear()
    known = devices(tmp_path, engine)
    answers: list[Cards] = []
    threads = [
        threading.Thread(target=lambda: answers.append(known.find()), name="asker")
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    wait_for(lambda: len(waiting) == 7)
    assert known.known() is None
    engine.goes_on.set()
    for thread in threads:
        thread.join(20)

    assert (answers, engine.asked) == ([FOUND] * 8, 1)


def test_a_search_that_breaks_lets_nobody_wait_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    waiting: list[int] = []

    class Watched(Future[Cards]):
        def result(self, timeout: float | None = None) -> Cards:
            waiting.append(1)
            return super().result(timeout)

    def broken() -> str:
        raise FileNotFoundError("a driver went away")

    def search() -> None:
        try:
            known.find()
        except FileNotFoundError as error:
            errors.append(error)

    monkeypatch.setattr(devices_module, "Future", Watched)
    engine = Engine()
    engine.goes_on.clear()
    known = Devices(tmp_path, tmp_path / "devices.json", ask=engine, fingerprint=broken)
    errors: list[Exception] = []
    threads = [threading.Thread(target=search, name="asker", daemon=True) for _ in range(2)]
    for thread in threads:
        thread.start()
    wait_for(lambda: len(waiting) == 1)
    engine.goes_on.set()
    for thread in threads:
        thread.join(5)

    assert [type(error) for error in errors] == [FileNotFoundError] * 2


def test_an_engine_that_fails_is_no_knowledge_and_takes_none_away(tmp_path: Path) -> None:
    failed = Cards(problem=Text("It hangs"))
    known = devices(tmp_path, Engine(failed, FOUND, failed))

    assert known.find() == failed
    assert (known.known(), known.cards()) == (None, failed)
    assert devices(tmp_path, Engine()).cards() is None
    known.find()
    assert known.find() == failed
    assert known.known() == (GPU,)


def test_a_real_engine_is_asked_and_its_answer_kept(tmp_path: Path) -> None:
    known = Devices(tmp_path / "engine", tmp_path / "cache" / "devices.json")

    cards = known.find()

    assert cards.problem is None
    (processor,) = (device for device in cards.devices if device.kind is DeviceKind.CPU)
    assert "ggml-cpu" in processor.library
    listed = Devices(tmp_path / "engine", tmp_path / "cache" / "devices.json").known()
    assert listed is not None
    assert [device.name for device in listed] == [device.name for device in cards.devices]
    assert all(device.free <= device.total for device in listed)


def test_a_folder_in_which_no_engine_can_work_is_a_reason(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")

    assert "could not be started" in str(find_cards(tmp_path / "file" / "engine").problem)


def test_a_cache_that_cannot_be_written_costs_only_the_next_start(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    known = Devices(tmp_path, tmp_path / "file" / "devices.json", ask=Engine())

    known.find()

    assert known.known() == (GPU,)


def test_the_fingerprint_of_a_machine_stays_and_follows_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before = machine_fingerprint()
    assert before == machine_fingerprint()
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "5")
    after = machine_fingerprint()
    assert after != before
    monkeypatch.setattr("desktop.__version__", "99.0")
    assert machine_fingerprint() != after


# How fast memory is read


def test_memory_is_measured_once_on_each_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = devices(tmp_path, Engine())

    assert known.bandwidth() is None
    assert known.find_bandwidth() == 9e9
    assert known.bandwidth() == 9e9
    assert (
        devices(tmp_path, Engine(), measure=lambda: Bandwidth(1e9, is_sure=True)).find_bandwidth()
        == 9e9
    )
    # A new driver reads no slower, another processor does.
    assert devices(tmp_path, Engine(), fingerprint="two").bandwidth() == 9e9
    monkeypatch.setattr(devices_module, "processor_fingerprint", lambda: "another")
    assert devices(tmp_path, Engine()).bandwidth() is None


def test_what_was_measured_and_what_was_found_do_not_push_each_other_out(tmp_path: Path) -> None:
    known = devices(tmp_path, Engine())
    known.find_bandwidth()
    known.find()

    again = devices(tmp_path, Engine())

    assert (again.known(), again.bandwidth()) == ((GPU,), 9e9)


def test_nothing_is_measured_while_an_answer_is_written(tmp_path: Path) -> None:
    measured: list[int] = []

    def measure() -> Bandwidth:
        measured.append(1)
        return Bandwidth(9e9, is_sure=True)

    busy = [True]
    known = devices(tmp_path, Engine(), measure=measure, is_busy=busy.pop)

    assert known.find_bandwidth() == BUSY
    assert measured == []
    # One that began meanwhile spoils the figure.
    busy += [True, False]
    assert known.find_bandwidth() == BUSY
    assert measured == [1]
    assert known.bandwidth() is None
    busy += [False, False]
    assert known.find_bandwidth() == 9e9


def test_a_measurement_that_failed_gives_its_reason_and_is_tried_again(tmp_path: Path) -> None:
    failed = Text("Not measured: too little memory is free")
    answers: list[Bandwidth | Text] = [Bandwidth(9e9, is_sure=True), failed]
    known = devices(tmp_path, Engine(), measure=answers.pop)

    assert known.find_bandwidth() == failed
    assert known.find_bandwidth() == 9e9


def test_what_was_measured_beside_others_is_no_figure_and_is_not_tried_for_ever(
    tmp_path: Path,
) -> None:
    def measured(*rates: tuple[float, bool]) -> Devices:
        left = [Bandwidth(rate, is_sure) for rate, is_sure in rates]
        return devices(tmp_path, Engine(), measure=lambda: left.pop(0))

    busy = measured((3e9, False), (2e9, False))
    assert [busy.find_bandwidth() for _ in range(4)] == [DISTURBED] * 4
    assert busy.bandwidth() is None
    later = measured((1e9, False), (9e9, True))
    assert later.bandwidth() is None
    assert [later.find_bandwidth() for _ in range(4)] == [DISTURBED, 9e9, 9e9, 9e9]
    assert measured().find_bandwidth() == 9e9


# The file


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    kept = KeptDevices("one", FOUND, "two", 9.5e9)
    write_devices(tmp_path / "new" / "devices.json", kept)

    assert read_devices(tmp_path / "new" / "devices.json") == kept
    write_devices(tmp_path / "devices.json", KeptDevices())
    assert read_devices(tmp_path / "devices.json") == KeptDevices()


@pytest.mark.parametrize(
    "content",
    [b"", b"\xff", b"[" * 5000, b"[]", b"7", b'{"version": 3}', b'{"version": 2}', b" " * 2**21],
)
def test_a_damaged_file_counts_as_none(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "devices.json").write_bytes(content)

    assert read_devices(tmp_path / "devices.json") == KeptDevices()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("bandwidth", -1),
        ("bandwidth", "fast"),
        ("bandwidth", float("nan")),
        ("bandwidth", float("inf")),
        ("bandwidth", 10**400),
        ("bandwidth", True),
        ("fingerprint", None),
        ("devices", 3),
        ("devices", [3]),
        ("devices", [{"name": "x"}]),
        ("unused", [{"name": "x", "reason": "text"}]),
    ],
)
def test_a_file_with_nonsense_in_it_counts_as_none(
    tmp_path: Path, name: str, value: object
) -> None:
    path = tmp_path / "devices.json"
    write_devices(path, KeptDevices("one", FOUND, "two", 9.5e9))
    said = json.loads(path.read_bytes())
    said[name] = value
    path.write_text(json.dumps(said), encoding="utf-8")

    assert read_devices(path) == KeptDevices()


@pytest.mark.parametrize("size", ["-1", "9" * 400, "true"])
def test_a_device_of_unheard_size_is_not_believed(size: str, tmp_path: Path) -> None:
    path = tmp_path / "devices.json"
    write_devices(path, KeptDevices("one", FOUND, "two", 9.5e9))
    path.write_text(
        path.read_text(encoding="utf-8").replace(str(140 * GIB), size), encoding="utf-8"
    )

    assert read_devices(path) == KeptDevices()
