"""Measures the process `ringdown token` with a cached token against a Swift program that prints one line. Compare the ratios."""

import os
import statistics
import subprocess
import sys
import tempfile
import time

ringdown, empty = sys.argv[1:3]


def milliseconds(command, environment):
    start = time.perf_counter()
    subprocess.run(command, env=environment, stdout=subprocess.DEVNULL, check=True)
    return (time.perf_counter() - start) * 1e3


with tempfile.TemporaryDirectory() as cache:
    environment = os.environ | {"RINGDOWN_CACHE": "file", "RINGDOWN_CACHE_DIR": cache}
    programs = {"a Swift program that prints": [empty], "ringdown version": [ringdown, "version"],
                "ringdown token, cached": [ringdown, "token", "--platform", "genesys"], "curl --version": ["curl", "--version"]}
    subprocess.run(programs["ringdown token, cached"], env=environment, stdout=subprocess.DEVNULL, check=True)
    rounds = [{name: milliseconds(command, environment) for name, command in programs.items()} for _ in range(150)]
print("a whole process, milliseconds (median of 150 rounds, alternating)")
for name in programs:
    figure = statistics.median(each[name] for each in rounds)
    ratio = statistics.median(each[name] / each["a Swift program that prints"] for each in rounds)
    print(f"{name:>28} {figure:>7.2f} ms  {ratio:>5.2f} times the first")
