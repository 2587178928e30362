"""Ringdown's library in a program that restarts for each command, so that only the cache on disk persists."""

import os
import subprocess
import sys

for line in sys.stdin:
    done = subprocess.run([os.environ.get("RINGDOWN", "ringdown"), "bench-client"], input=line, capture_output=True, text=True)
    sys.stderr.write(done.stderr)
    sys.stdout.write(done.stdout)
    sys.stdout.flush()
