"""The examples run with the commands in their first lines."""

import os
import pathlib
import sys

EXAMPLES = pathlib.Path(__file__).parents[2] / "Examples"


def test_the_python_example_passes(ringdown):
    outcome = ringdown("simulate", "--", sys.executable, "-B", EXAMPLES / "test_with_simulator.py")
    assert outcome.code == 0, outcome.err
    assert "Ran 3 tests" in outcome.err and outcome.err.strip().endswith("OK")


def test_the_shell_example_passes(ringdown, binary, tmp_path):
    path = f"{binary.parent}:{os.environ['PATH']}"
    outcome = ringdown("simulate", "--", EXAMPLES / "check-with-simulator.sh", PATH=path, RINGDOWN_CACHE="file",
                       RINGDOWN_CACHE_DIR=tmp_path / "cache")
    assert (outcome.code, outcome.out) == (0, "all is well\n"), outcome.err
