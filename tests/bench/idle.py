"""What Lapis costs while nobody uses it: the window's own memory, and processor time over a minute.

The real program on a real X server with 200 chats, the last of them open, and the guide chosen. It
is looked at three times: with the guide loaded, once its memory was given back because nobody
asked, and with the window put away into the tray. All is read from /proc, from outside.
"""

import json
import os
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from desktop.base.paths import Paths, paths_under
from desktop.domain.chat import Role
from desktop.domain.history import MessageState
from desktop.store.chats import ChatStore
from tests.bench import chat_texts
from tests.bench.measure import Figure
from tests.bench.startup import READY_VARIABLE
from tests.harness.program import Program
from tests.harness.screen import virtual_screen
from tests.harness.waiting import wait_for

SECONDS = 60.0
_CHATS = 200
_MESSAGES = 20
_MEMORY_LIMIT_MB = 150.0
_CPU_LIMIT_PERCENT = 0.2
# The window's first copy of the chats and what is done once after a start lie before it.
_SETTLED_SECONDS = 20.0
_UNLOADED_SECONDS = 150.0
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Thread:
    """What one thread has used since it began: processor seconds, and how often it slept."""

    name: str
    seconds: float
    sleeps: int


def measure(folder: Path, seconds: float = SECONDS) -> list[Figure]:
    """Return the figures, each over `seconds`; `folder` takes data and logs."""
    paths = paths_under(folder / "data")
    _fill(paths)
    ready = folder / "ready.txt"
    with virtual_screen(folder) as screen:
        environment = {**screen.environment, READY_VARIABLE: str(ready)}
        program = Program(["--data-dir", str(paths.data)], folder / "log", environment)
        try:
            wait_for(ready.exists, 30, lambda: program.noise)
            engine = program.engine()
            window = screen.window("Lapis$", program.pid)
            window.focus()
            time.sleep(_SETTLED_SECONDS)
            loaded = _Idle("guide loaded", program, seconds)
            wait_for(lambda: not engine.is_running(), _UNLOADED_SECONDS, "the memory given back")
            time.sleep(_SETTLED_SECONDS / 2)
            unloaded = _Idle("nothing loaded", program, seconds)
            window.close()
            wait_for(lambda: not screen.windows("Lapis$", program.pid), 10, "the window put away")
            time.sleep(_SETTLED_SECONDS / 2)
            away = _Idle("in the tray", program, seconds)
        finally:
            program.end()
    resident, shared = unloaded.memory
    return [
        Figure("window alone, nothing loaded", "MB", (resident,), _MEMORY_LIMIT_MB),
        Figure("the same, shared pages by share", "MB", (shared,), _MEMORY_LIMIT_MB),
        *(one.figure for one in (loaded, unloaded, away)),
    ]


class _Idle:
    """One spell without anybody: `memory` at its end in MB, its processor time as a figure."""

    def __init__(self, name: str, program: Program, seconds: float) -> None:
        """Look on for `seconds`, and print who worked."""
        processes = [program.pid, *(child.pid for child in program.children())]
        before, begin = _threads(processes), time.monotonic()
        time.sleep(seconds)
        after, passed = _threads(processes), time.monotonic() - begin
        self.memory = _memory(program.pid)
        used = sum(one.seconds for one in _grown(before, after).values())
        percent = (used / passed * 100,)
        self.figure = Figure(f"idle, {name}: of one core", "%", percent, _CPU_LIMIT_PERCENT)
        print(f"  {name}: {self.memory[0]:.0f} MB resident, {self.memory[1]:.0f} MB by share")
        for (process, _), one in sorted(_grown(before, after).items()):
            if one.sleeps or one.seconds:
                whose = "window" if process == program.pid else f"child {process}"
                print(
                    f"    {whose}, thread {one.name}: {one.seconds * 1000:.1f} ms,"
                    f" woke {one.sleeps / passed * 60:.0f} times a minute"
                )


def _fill(paths: Paths) -> None:
    paths.create()
    store = ChatStore.open(paths.database)
    try:
        with store.transaction():
            for number in range(_CHATS):
                chat = store.create(chat_texts.sentence(number)[:60]).id
                _talk(store, chat, number)
    finally:
        store.close()
    kept = {
        "welcomed": True,
        "window": {"last_chat": chat},
        # The least there is: the wait until the model's memory is given back.
        "engine": {"idle_minutes": 1, "idle_minutes_on_battery": 1},
    }
    paths.settings.parent.mkdir(parents=True, exist_ok=True)
    paths.settings.write_text(json.dumps(kept), encoding="utf-8")


def _talk(store: ChatStore, chat: int, seed: int) -> None:
    parent: int | None = None
    for number in range(seed, seed + _MESSAGES):
        asks = (number - seed) % 2 == 0
        text = chat_texts.question(number) if asks else chat_texts.answer(number)
        role = Role.USER if asks else Role.ASSISTANT
        parent = store.add(chat, parent, role, text).id
        if not asks:
            store.update(parent, content=text, reasoning="", state=MessageState.COMPLETE)


def _threads(processes: Iterable[int]) -> dict[tuple[int, int], Thread]:
    """Return all threads of `processes`, by process and thread."""
    return {
        (process, int(task.name)): _thread(task)
        for process in processes
        for task in Path(f"/proc/{process}/task").glob("*")
    }


def _thread(task: Path) -> Thread:
    status = dict(
        line.split(":", 1)
        for line in (task / "status").read_text(encoding="utf-8").splitlines()
        if ":" in line
    )
    return Thread(
        name=status["Name"].strip(),
        seconds=_processor_seconds(task),
        sleeps=int(status["voluntary_ctxt_switches"]),
    )


def _processor_seconds(task: Path) -> float:
    """Return what the scheduler counted, in nanoseconds; where it does not, the clock's ticks."""
    precise = task / "schedstat"
    if precise.exists():
        nanoseconds = int(precise.read_text(encoding="ascii").split()[0])
        if nanoseconds:
            return nanoseconds / 1e9
    # The name in brackets may hold spaces: proc(5).
    fields = (task / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def _grown(
    before: Mapping[tuple[int, int], Thread], after: Mapping[tuple[int, int], Thread]
) -> dict[tuple[int, int], Thread]:
    nobody = Thread("", 0.0, 0)
    return {
        key: Thread(
            one.name,
            one.seconds - before.get(key, nobody).seconds,
            one.sleeps - before.get(key, nobody).sleeps,
        )
        for key, one in after.items()
    }


def _memory(process: int) -> tuple[float, float]:
    """Return the resident memory of `process` alone in MB: as it is, and shared pages by share."""
    lines = Path(f"/proc/{process}/smaps_rollup").read_text(encoding="ascii").splitlines()[1:]
    kilobytes = {line.split(":")[0]: int(line.split()[1]) for line in lines}
    return kilobytes["Rss"] * 1024 / 1e6, kilobytes["Pss"] * 1024 / 1e6
