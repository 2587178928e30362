"""Every example of help texts and documentation succeeds behind `ringdown simulate`."""

import os
import re
import subprocess

import examples
import pytest

# Examples that other files test: they run until they are stopped, prompt, need a browser or take minutes.
ELSEWHERE = {
    r"^ringdown init prod( *#.*)?$": "test_profiles.py",
    r"^ringdown login ": "test_login.py",
    r"\bringdown serve ": "test_broker.py",
    r"--unix-socket|RINGDOWN_SOCKET=": "test_broker.py",
    r"^ringdown simulate > ": "test_simulator.py",
    r"^ringdown bench( |$)": "test_bench.py",
    r"\bringdown bench-client$": "test_bench.py",
    r"^ringdown man ": "test_help.py",
}

# Examples of operations that the simulator does not have, and of a call whose failure is to be explained.
FAILING = {
    r"POST /api/v2/routing/queues ": 1,
    r"POST /api/v2/analytics/users/details/query ": 1,
    r"^ringdown doctor --call /api/v2/users/me$": 1,
}

# What happened before an example.
BEFORE = {
    r"^ringdown init prod --platform": "rm ~/.config/ringdown/prod.env",
    r"\bringdown rotate prod": """
        curl --silent --fail --data path=/oauth/token,rotateSecret=true,times=1 $RINGDOWN_SIM_URL/_sim/faults
        ! ringdown token --force 2> log
        curl --silent --fail $RINGDOWN_SIM_URL/_sim/credentials | jq --raw-output .genesysClientSecret > new-secret""",
}

# What an example finds in its working directory, as a user has it: profiles, programs and files.
SETUP = """
mkdir -p ~/.config/ringdown ~/.config/fish/completions bin run && chmod 700 run
export PATH=$PWD/bin:$PATH XDG_RUNTIME_DIR=$PWD/run GITHUB_ENV=$PWD/github-env GITHUB_OUTPUT=$PWD/github-output
for profile in prod test; do
    (umask 077; env | grep -E '^(GENESYS|CXONE)_' > ~/.config/ringdown/$profile.env)
done
for program in bin/terraform deploy.sh copy-queues.sh; do
    printf '#!/bin/sh\\ntest -n "$RINGDOWN_ACCESS_TOKEN" && test -z "$GENESYS_CLIENT_SECRET"\\n' > $program
    chmod +x $program
done
for program in my_program.py my_daemon.py; do echo 'print(1)' > $program; done
echo '{"interval": "2026-11-01T00:00:00Z/2026-11-08T00:00:00Z"}' > query.json
set -e -o pipefail
"""


def matching(table, line):
    """The values of the patterns that match a line."""
    return [value for pattern, value in table.items() if re.search(pattern, line)]


@pytest.fixture
def failures(binary, clean_environment, tmp_path):
    """Runs example lines, each with a directory and a simulator of its own, and returns a report of those that failed."""

    def run(lines):
        reports = []
        for number, line in enumerate(lines):
            if matching(ELSEWHERE, line):
                continue
            directory = tmp_path / str(number)
            directory.mkdir()
            environment = clean_environment | {"PATH": f"{binary.parent}:{os.environ['PATH']}", "HOME": str(directory),
                                               "RINGDOWN_CACHE": "file"}
            platform = "cxone" if re.search(r"\bjobs\b|--platform cxone", line) else "genesys"
            command = [binary, "simulate", "--intercept", "--platform", platform, "--region", "eu-west-1", "--assume",
                       "job-seconds=0", "--", "bash", "-c", "\n".join([SETUP, *matching(BEFORE, line), line])]
            done = subprocess.run(command, env=environment, cwd=directory, stdin=subprocess.DEVNULL, capture_output=True,
                                  text=True, timeout=120)
            if done.returncode != sum(matching(FAILING, line)):
                reports.append(f"{line}\n  exit code {done.returncode}: {done.stderr.strip()[-400:]}")
        return "\n".join(reports)

    return run


def test_the_examples_of_every_help_text_succeed(ringdown, failures):
    names = re.findall(r"^  ([a-z-]+) {2,}", ringdown("--help").out, re.MULTILINE)
    lines = [line for name in names for line in examples.of_help(ringdown(name, "--help").out)]
    assert len(lines) > 50
    assert failures(lines) == ""


@pytest.mark.parametrize("page", examples.PAGES)
def test_the_examples_of_every_page_succeed(failures, page):
    assert failures(examples.of_page(page)) == ""


def test_every_exception_applies_to_an_example(ringdown):
    names = re.findall(r"^  ([a-z-]+) {2,}", ringdown("--help").out, re.MULTILINE)
    lines = [line for name in names for line in examples.of_help(ringdown(name, "--help").out)]
    lines += [line for page in examples.PAGES for line in examples.of_page(page)]
    for pattern in [*ELSEWHERE, *FAILING, *BEFORE]:
        assert any(re.search(pattern, line) for line in lines), pattern


def test_a_terminal_prompts_for_the_platform(at_terminal, binary):
    code, shown = at_terminal("simulate", "--", str(binary), "whoami", answers=[("Platform, genesys or cxone:", "c\n")])
    assert code == 0 and "NICE CXone" in shown


def test_without_a_terminal_the_error_names_the_command(ringdown, binary):
    outcome = ringdown("simulate", "--", binary, "whoami")
    assert outcome.code == 78
    assert "'ringdown simulate -- ringdown whoami --platform genesys'" in outcome.err
