"""Server processes: each uses a free loopback port and is stopped at the end of the block that started it."""

import contextlib
import os
import signal
import socket
import subprocess
import time


def free_port():
    """Returns a port that was free at the time of the call."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def accepts(port):
    """Whether a server listens on a loopback port."""
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


def stop(process):
    """Stops a process and its children."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=5)
            return


def became_ready(process, is_ready, seconds=30):
    """Polls until the server is ready. Returns False if the server exits first or the timeout (in seconds) expires."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if is_ready():
            return True
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=0.02)
            return False
    return False


@contextlib.contextmanager
def serving(command, log, is_ready=accepts, environment=None):
    """Runs `command(port)` and yields the port once `is_ready(port)` holds. Tries up to three ports."""
    for _ in range(3):
        port = free_port()
        with open(log, "wb") as output:
            process = subprocess.Popen(command(port), stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                                       env=environment, start_new_session=True)
        try:
            if became_ready(process, lambda: is_ready(port)):
                yield port
                return
        finally:
            stop(process)
    raise RuntimeError(f"server did not start: {command(port)[0]}: {log.read_text()[-2000:]}")
