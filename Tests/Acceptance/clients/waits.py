"""Waits for an hour with each waiting function of Python, and prints the elapsed wall-clock and monotonic times in seconds.

Requires `ringdown simulate --virtual-time`, where waits return immediately.
"""

import asyncio
import json
import os
import select
import subprocess
import sys
import threading
import time


if "RINGDOWN_TIME_FILE" not in os.environ:
    sys.exit("waits.py requires 'ringdown simulate --virtual-time'")


def measured(wait):
    wall, uptime = time.time(), time.monotonic()
    wait()
    return [time.time() - wall, time.monotonic() - uptime]


def in_threads():
    """Runs two threads that wait in turn, and returns the order in which they wake."""
    order = []

    def tick(seconds, count):
        for _ in range(count):
            time.sleep(seconds)
            order.append(seconds)

    threads = [threading.Thread(target=tick, args=arguments) for arguments in ((1000, 5), (3100, 2))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return order


print(json.dumps({
    "sleep": measured(lambda: time.sleep(3600)),
    "event": measured(lambda: threading.Event().wait(3600)),
    "select": measured(lambda: select.select([], [], [], 3600)),
    "poll": measured(lambda: select.poll().poll(3_600_000)),
    "asyncio": measured(lambda: asyncio.run(asyncio.sleep(3600))),
    "child": measured(lambda: subprocess.run(["sleep", "3600"], check=True)),
    "order": in_threads(),
}))
