"""llama-cpp-python's own server, with a tiny model, at a port of its own: nothing here is played."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.harness.waiting import wait_for

_START_SECONDS = 90.0
_END_SECONDS = 10.0
_ADDRESS = re.compile(r"Uvicorn running on (http://127\.0\.0\.1:\d+)")


@dataclass(frozen=True, slots=True)
class LlamaServer:
    """The running server: its base address (`http://127.0.0.1:1234/v1`), process and log."""

    address: str
    process: "subprocess.Popen[bytes]"
    log: Path


@contextmanager
def llama_server(model: Path, folder: Path, *options: str, key: str = "") -> Iterator[LlamaServer]:
    """Serve `model` as `tiny` until the end; `options` are more of its own, as in `--embedding`.

    `folder` is where its log is written.
    """
    log = folder / "llama-server.log"
    command = [sys.executable, "-m", "llama_cpp.server", "--model", str(model)]
    command += ["--model_alias", "tiny", "--host", "127.0.0.1", "--port", "0", "--n_ctx", "512"]
    command += ["--n_threads", "1", "--use_mmap", "false", *options]
    if key:
        command += ["--api_key", key]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1", "GGML_NO_BACKTRACE": "1"}
    with (
        log.open("wb") as written,
        subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=written, stderr=written, env=environment
        ) as process,
    ):
        try:
            address = wait_for(lambda: _address(process, log), _START_SECONDS, log.read_text)
            yield LlamaServer(f"{address}/v1", process, log)
        finally:
            process.terminate()
            try:
                process.wait(_END_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()


def _address(process: "subprocess.Popen[bytes]", log: Path) -> str:
    written = log.read_text(errors="replace")
    assert process.poll() is None, written
    found = _ADDRESS.search(written)
    return found[1] if found else ""
