"""A session bus without services on it, which also starts none: what a test sees it started."""

import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.harness.listening import is_listening
from tests.harness.waiting import wait_for

_CONFIGURATION = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>session</type><listen>unix:path={socket}</listen><auth>EXTERNAL</auth>
<policy context="default"><allow user="*"/><allow send_destination="*" eavesdrop="true"/>
<allow eavesdrop="true"/><allow own="*"/></policy></busconfig>
"""


@contextmanager
def message_bus(folder: Path, environment: Mapping[str, str] | None = None) -> Iterator[str]:
    """Run a bus that keeps its files in `folder`, and give its address.

    With `environment` it runs in that, its socket where programs in it look for one first.
    """
    runtime = folder if environment is None else Path(environment["XDG_RUNTIME_DIR"])
    socket, configuration = runtime / "bus", folder / "bus.conf"
    configuration.write_text(_CONFIGURATION.format(socket=socket), encoding="utf-8")
    words = ["dbus-daemon", f"--config-file={configuration}", "--nofork", "--nopidfile"]
    with (folder / "dbus-daemon.log").open("ab") as log:
        process = subprocess.Popen(
            words, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment
        )
    try:
        wait_for(lambda: is_listening(socket), 10, "the message bus")
        yield f"unix:path={socket}"
    finally:
        process.terminate()
        process.wait(10)
