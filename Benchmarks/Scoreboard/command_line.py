"""The command `ringdown`, as in shell scripts: one process for each token and call. RINGDOWN is the path of the program."""

import os
import subprocess

from adapter import run

RINGDOWN = os.environ.get("RINGDOWN", "ringdown")


class CommandLine:
    def ringdown(self, *arguments):
        done = subprocess.run([RINGDOWN, *arguments, "--platform", "custom"], capture_output=True, text=True)
        if done.returncode != 0:
            raise RuntimeError(done.stderr.strip())
        return done.stdout.strip()

    def token(self):
        return self.ringdown("token")

    def call(self, _):
        self.ringdown("api", "GET", "/api/v2/tokens/me")
        return 200


run(CommandLine)
