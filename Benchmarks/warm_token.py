"""Measures how long each client takes to return a cached token, in nanoseconds per call. Each client has its own process."""

import json
import os
import statistics
import subprocess
import sys
import time

environment = os.environ | {"OAUTH_TOKEN_URL": os.environ["GENESYS_API_URL"] + "/oauth/token",
                            "OAUTH_CLIENT_ID": os.environ["GENESYS_CLIENT_ID"],
                            "OAUTH_CLIENT_SECRET": os.environ["GENESYS_CLIENT_SECRET"], "RINGDOWN_CACHE": "off"}


def nanoseconds(command):
    """The time of one call: the time of many calls without the overhead of the request, divided by their number."""
    with subprocess.Popen(["/bin/sh", "-c", "exec " + command], env=environment, stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as client:
        def ask(count):
            start = time.perf_counter()
            client.stdin.write(f"token {count}\n")
            client.stdin.flush()
            answer = json.loads(client.stdout.readline())
            assert answer["failed"] == 0, answer
            return time.perf_counter() - start

        count = 1
        while ask(count) < 0.2:
            count *= 4
        figures = [(ask(count) - ask(1)) / count * 1e9 for _ in range(7)]
        client.stdin.close()
        return statistics.median(figures)


clients = [argument.split("=", 1) for argument in sys.argv[1:]]
results = {name: nanoseconds(command) for name, command in clients}
ours = next(iter(results.values()))
print("a token from a warm cache, one caller (median of 7)")
for name, figure in results.items():
    print(f"{name:>20} {figure:>12,.0f} ns  {figure / ours:>8.1f} times ours")
