"""Servers that are programs of their own: each on a free loopback port, ended with the block that started it."""

import contextlib
import os
import signal
import socket
import subprocess
import time


def free_port():
    """A port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def accepts(port):
    """Whether something listens on a loopback port."""
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


def stop(process):
    """Ends a process and its children."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=5)
            return


def became_ready(process, is_ready, seconds=30):
    """Polls until the server is ready; False if it ended before that."""
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
    """Runs `command(port)` and gives the port when `is_ready(port)`; tries another port if that one was just taken."""
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
