"""What surrounds Lapis means harm: proxies that listen, libraries that run, an Ollama that lies.

The real commands, started where and as somebody else would have them; each harm is shown to be one
by a program that it gets at.
"""

import ctypes
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import ollama
import pytest
from openai import OpenAI

from tests import gguf_files
from tests.e2e.test_serve import free_port
from tests.harness.hub.proxy import RecordingProxy
from tests.harness.leftovers import Marker
from tests.harness.ollama import Faults, OllamaModel, OllamaServer
from tests.harness.ollama.faults import told, web_page
from tests.harness.program import Program, command, guarded, run_lapis
from tests.harness.waiting import wait_for

_GEMMA = OllamaModel("gemma2:9b", "From afar.")
_KEY = "a-key-for-this-test"
_PROMPT = "a-prompt-that-stays-here"
_PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy")
_LIBRARIES = ("libggml-cuda-evil.so", "libggml-cpu-evil.so", "libllama.so", "libggml.so")
# Of an endless line a program that reads it has soon more than this.
_MUCH = 400 * 2**20


@dataclass(frozen=True, slots=True)
class Surroundings:
    """A folder full of planted libraries, a proxy that everything is to go through, an Ollama."""

    folder: Path
    ran: Path
    proxy: RecordingProxy
    ollama: OllamaServer

    @property
    def environment(self) -> Mapping[str, str]:
        """What leads into all three."""
        environment = dict.fromkeys(_PROXIES, self.proxy.address)
        environment |= {"GGML_BACKEND_PATH": str(self.folder / _LIBRARIES[0])}
        environment |= {"LLAMA_CPP_LIB_PATH": str(self.folder)}
        return environment | {"OLLAMA_HOST": self.ollama.address, "OLLAMA_API_KEY": "sk-somebody"}


@pytest.fixture
def around(tmp_path: Path) -> Iterator[Surroundings]:
    compiler = shutil.which("cc")
    if sys.platform == "win32" or compiler is None:
        pytest.skip("needs a compiler for what is planted")
    folder, ran = tmp_path / "planted", tmp_path / "ran"
    folder.mkdir()
    source = tmp_path / "evil.c"
    source.write_text(
        f'#include <stdio.h>\n__attribute__((constructor)) void run(void) {{ fopen("{ran}", "w"); }}',
        encoding="utf-8",
    )
    first = folder / _LIBRARIES[0]
    subprocess.run([compiler, "-shared", "-fPIC", "-o", first, source], check=True, timeout=60)
    for name in _LIBRARIES[1:]:
        shutil.copy(first, folder / name)
    with RecordingProxy() as proxy, OllamaServer([_GEMMA]) as server:
        yield Surroundings(folder, ran, proxy, server)


def test_the_proxy_gets_what_a_careless_program_asks(
    around: Surroundings, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in around.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("NO_PROXY", raising=False)
    with pytest.raises(ollama.ResponseError), ollama.Client(around.ollama.address) as careless:
        careless.chat("gemma2:9b", [{"role": "user", "content": _PROMPT}])

    assert around.proxy.log
    assert around.ollama.log == []


def test_what_is_planted_runs_where_it_is_loaded(around: Surroundings) -> None:
    ctypes.CDLL(str(around.folder / _LIBRARIES[0]))

    assert around.ran.exists()


def test_a_server_in_hostile_surroundings_tells_nobody_and_runs_nothing(
    around: Surroundings, tmp_path: Path, marker: Marker
) -> None:
    model = gguf_files.write_llama(tmp_path / "talker.gguf", answer="Lapis is blue.", stops=True)
    port = free_port()
    environment = {**os.environ, **marker.environment, **around.environment}
    program = Program(
        [
            *("--data-dir", str(tmp_path / "lapis"), "serve"),
            *("--port", str(port), "--model", str(model)),
        ],
        tmp_path / "serve",
        {**environment, "LAPIS_API_KEY": _KEY},
        around.folder,
    )
    try:
        wait_for(lambda: "Key:" in program.output, 60, lambda: program.noise)
        with ExitStack() as stack:
            headers = {"Authorization": f"Bearer {_KEY}"}
            first = ollama.Client(f"http://127.0.0.1:{port}", headers=headers, trust_env=False)
            second = OpenAI(base_url=f"http://127.0.0.1:{port}/v1", api_key=_KEY)
            stack.enter_context(first)
            stack.enter_context(second)
            said = first.chat("local-model", [{"role": "user", "content": _PROMPT}])
            assert said.message.content == "Lapis is blue."
            assert "ollama:gemma2:9b" in {model.id for model in second.models.list()}
            afar = second.chat.completions.create(
                model="ollama:gemma2:9b", messages=[{"role": "user", "content": _PROMPT}]
            )
            assert afar.choices[0].message.content == "From afar."
        engine = program.engine()
        secret = {"LAPIS_API_KEY", "OLLAMA_API_KEY", *_PROXIES}
        assert secret.isdisjoint(engine.environ())
        assert not any(str(around.folder) in each.path for each in engine.memory_maps())
    finally:
        program.end()

    (asked,) = around.ollama.asked("/api/chat")
    assert _PROMPT in repr(asked.body)
    assert "authorization" not in asked.headers, "a key of somebody else's"
    assert around.proxy.log == []
    assert not around.ran.exists()
    assert program.network_attempts == ""


def _html(faults: Faults) -> None:
    faults.always = web_page()


def _wrong_types(faults: Faults) -> None:
    faults.instead["/api/chat"] = told({"message": [1, 2], "done": "perhaps"})


def _dies(faults: Faults) -> None:
    faults.dies_after = 1


def _fault(faults: Faults) -> None:
    faults.instead["/api/chat"] = told({"error": "out of luck"}, 500)


def _elsewhere(faults: Faults) -> None:
    faults.redirect = "http://127.0.0.1:9{path}"


def _long_line(faults: Faults) -> None:
    faults.endless_line_after = 1


@pytest.mark.parametrize("harm", [_html, _wrong_types, _dies, _fault, _elsewhere, _long_line])
def test_an_ollama_that_lies_costs_an_answer_and_nothing_else(
    tmp_path: Path, harm: Callable[[Faults], None]
) -> None:
    with OllamaServer([_GEMMA]) as server:
        harm(server.faults)
        words = (
            "--data-dir",
            str(tmp_path / "lapis"),
            "ask",
            "--model",
            "ollama:gemma2:9b",
            "Why?",
        )
        out, err, code, held = _measured(words, tmp_path, {"OLLAMA_HOST": server.address})
    assert code == 1
    assert out.strip() in {"", "From"}, "what came stays"
    assert err.strip()
    assert "Traceback" not in err
    assert "defect" not in err
    assert held < _MUCH


def test_names_that_mean_harm_are_shown_as_names(tmp_path: Path) -> None:
    names = ("<img src=//evil.example/x>", "../../etc/passwd", "a\x1b[31mb")
    listed = {"models": [{"name": name, "model": name} for name in (*names, 3, None)]}
    with OllamaServer() as server:
        server.faults.instead["/api/tags"] = told(listed)
        done = run_lapis(
            ["--data-dir", str(tmp_path / "lapis"), "connections", "test"],
            folder=tmp_path,
            environment={"OLLAMA_HOST": server.address},
        )
    assert "Traceback" not in done.stderr
    assert "\x1b" not in done.stdout + done.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["lapis"]


def _measured(
    words: Sequence[str], folder: Path, environment: Mapping[str, str]
) -> tuple[str, str, int, int]:
    """Run `lapis`; return what it said to both sides, its exit code, and the most bytes it held."""
    out, err, attempts = (folder / name for name in ("out", "err", "attempts"))
    with out.open("wb") as to_out, err.open("wb") as to_err:
        process = subprocess.Popen(
            [*command(), *words],
            stdin=subprocess.DEVNULL,
            stdout=to_out,
            stderr=to_err,
            env=guarded({**os.environ, **environment}, attempts),
        )
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    assert not attempts.exists()
    return out.read_text(), err.read_text(), process.returncode, usage.ru_maxrss * 1024
