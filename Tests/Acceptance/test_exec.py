"""`ringdown exec`: a command with a token that stays valid, without the secret, and nothing left behind."""

import json
import os
import signal
import subprocess
import sys

import pytest


@pytest.fixture
def executed(ringdown, binary):
    """Runs a shell script below `ringdown exec` below a simulator."""

    def run(script, *options, arguments=("--platform", "genesys"), **variables):
        return ringdown("simulate", *options, "--", binary, "exec", *arguments, "--", "sh", "-c", script, RINGDOWN_CACHE="off", **variables)

    return run


CALL = "curl -s -o /dev/null -w '%{http_code} ' -H \"Authorization: Bearer $(cat \"$RINGDOWN_TOKEN_FILE\")\" $RINGDOWN_API_URL/api/v2/tokens/me"


def test_the_command_has_the_token_and_not_the_secret(executed):
    outcome = executed(f"{CALL}; env")
    assert outcome.code == 0 and outcome.out.startswith("200 "), outcome.err
    variables = dict(line.split("=", 1) for line in outcome.out.split(" ", 1)[1].splitlines() if "=" in line)
    assert variables["RINGDOWN_ACCESS_TOKEN"] == variables["GENESYSCLOUD_ACCESS_TOKEN"] and len(variables["RINGDOWN_ACCESS_TOKEN"]) == 86
    assert variables["RINGDOWN_TOKEN_EXPIRES_AT"].endswith("Z") and variables["GENESYSCLOUD_REGION"] == "us-east-1"
    assert not [name for name in variables if "SECRET" in name and not name.endswith("_URL")]
    kept = executed("env", arguments=("--platform", "genesys", "--keep-secrets")).out
    assert "GENESYS_CLIENT_SECRET=" in kept


def test_a_child_outlives_five_tokens(executed):
    script = f"n=0; while [ $n -lt 30 ]; do {CALL}; sleep 10; n=$((n + 1)); done"
    outcome = executed(script + "; curl -s \"$RINGDOWN_SIM_URL/_sim/count?path=/oauth/token\"", "--virtual-time", "--lifetime", "60s")
    *codes, count = outcome.out.split()
    assert codes == ["200"] * 30, outcome.err
    assert 5 <= json.loads(count)["count"] <= 15


def test_an_outage_before_the_end_of_the_token_is_bridged(executed):
    script = f"n=0; while [ $n -lt 30 ]; do {CALL}; sleep 10; n=$((n + 1)); done"
    outcome = executed(script, "--virtual-time", "--lifetime", "200s", "--fault", "path=/oauth/token,from=90,until=170,status=503")
    assert outcome.out.split() == ["200"] * 30, outcome.err


def test_the_file_is_the_owners_alone_and_gone_afterwards(executed):
    script = "stat -c '%a' $RINGDOWN_TOKEN_FILE $(dirname $RINGDOWN_TOKEN_FILE); echo $RINGDOWN_TOKEN_FILE"
    *modes, path = executed(script).out.split()
    assert modes == ["600", "700"] and not os.path.exists(os.path.dirname(path))
    outcome = executed("echo $RINGDOWN_TOKEN_FILE; kill -9 $$")
    assert outcome.code == 128 + signal.SIGKILL and not os.path.exists(os.path.dirname(outcome.out.strip()))


@pytest.mark.parametrize("code", [0, 1, 77, 255])
def test_the_exit_code_is_the_commands(executed, code):
    assert executed(f"exit {code}").code == code


def test_signals_reach_the_command(binary, clean_environment, tmp_path):
    script = "trap 'echo caught; exit 5' TERM; echo ready; while :; do sleep 0.05; done"
    with subprocess.Popen([binary, "simulate", "--", binary, "exec", "--platform", "genesys", "--", "sh", "-c", script],
                          env=clean_environment, cwd=tmp_path, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "ready\n"
        process.send_signal(signal.SIGTERM)
        assert process.stdout.read() == "caught\n"
        assert process.wait() == 5


def test_standard_input_is_the_commands(binary, clean_environment, tmp_path):
    done = subprocess.run([binary, "simulate", "--", binary, "exec", "--platform", "genesys", "--", "cat"], env=clean_environment,
                          cwd=tmp_path, input="all of it\n" * 1000, capture_output=True, text=True)
    assert done.stdout == "all of it\n" * 1000


def test_without_a_token_nothing_is_run(executed, tmp_path):
    outcome = executed(f"touch '{tmp_path}/ran'", "--fault", "path=/oauth/token,status=401")
    assert outcome.code == 4 and not (tmp_path / "ran").exists()


def test_without_a_command_it_says_how(ringdown):
    outcome = ringdown("exec", "--platform", "genesys")
    assert outcome.code == 64 and "behind '--'" in outcome.err


def test_the_other_platforms_tokens_are_handed_on_too(executed):
    outcome = executed("echo $RINGDOWN_API_URL; cat $RINGDOWN_TOKEN_FILE | wc -c; echo ${GENESYSCLOUD_ACCESS_TOKEN:-none}",
                       arguments=("--platform", "cxone"))
    url, size, other = outcome.out.split()
    assert url.startswith("http://127.0.0.1:") and int(size) > 500 and other == "none", sys.platform
