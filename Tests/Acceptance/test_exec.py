"""`ringdown exec`: the command has a valid token at any time, does not receive the secret, and leaves no files."""

import json
import os
import signal
import subprocess
import sys

import pytest


@pytest.fixture
def executed(ringdown, binary):
    """Runs a shell script with `ringdown exec` under a simulator."""

    def run(script, *options, arguments=("--platform", "genesys"), **variables):
        return ringdown("simulate", *options, "--", binary, "exec", *arguments, "--", "sh", "-c", script, RINGDOWN_CACHE="off", **variables)

    return run


CALL = "curl -s -o /dev/null -w '%{http_code} ' -H \"Authorization: Bearer $(cat \"$RINGDOWN_TOKEN_FILE\")\" $RINGDOWN_API_URL/api/v2/tokens/me"


def test_the_command_receives_the_token_and_not_the_secret(executed):
    outcome = executed(f"{CALL}; env")
    assert outcome.code == 0 and outcome.out.startswith("200 "), outcome.err
    variables = dict(line.split("=", 1) for line in outcome.out.split(" ", 1)[1].splitlines() if "=" in line)
    assert variables["RINGDOWN_ACCESS_TOKEN"] == variables["GENESYSCLOUD_ACCESS_TOKEN"] and len(variables["RINGDOWN_ACCESS_TOKEN"]) == 86
    assert variables["RINGDOWN_TOKEN_EXPIRES_AT"].endswith("Z") and variables["GENESYSCLOUD_REGION"] == "us-east-1"
    assert not [name for name in variables if "SECRET" in name and not name.endswith("_URL")]
    kept = executed("env", arguments=("--platform", "genesys", "--keep-secrets")).out
    assert "GENESYS_CLIENT_SECRET=" in kept


def test_the_command_has_a_valid_token_after_five_tokens_expire(executed):
    script = f"n=0; while [ $n -lt 30 ]; do {CALL}; sleep 10; n=$((n + 1)); done"
    outcome = executed(script + "; curl -s \"$RINGDOWN_SIM_URL/_sim/count?path=/oauth/token\"", "--virtual-time", "--lifetime", "60s")
    *codes, count = outcome.out.split()
    assert codes == ["200"] * 30, outcome.err
    assert 5 <= json.loads(count)["count"] <= 15


def test_an_outage_that_ends_before_the_token_expires_has_no_effect(executed):
    script = f"n=0; while [ $n -lt 30 ]; do {CALL}; sleep 10; n=$((n + 1)); done"
    outcome = executed(script, "--virtual-time", "--lifetime", "200s", "--fault", "path=/oauth/token,from=90,until=170,status=503")
    assert outcome.out.split() == ["200"] * 30, outcome.err


def test_the_token_file_is_private_and_removed_afterwards(executed):
    script = "stat -c '%a' $RINGDOWN_TOKEN_FILE $(dirname $RINGDOWN_TOKEN_FILE); echo $RINGDOWN_TOKEN_FILE"
    *modes, path = executed(script).out.split()
    assert modes == ["600", "700"] and not os.path.exists(os.path.dirname(path))
    outcome = executed("echo $RINGDOWN_TOKEN_FILE; kill -9 $$")
    assert outcome.code == 128 + signal.SIGKILL and not os.path.exists(os.path.dirname(outcome.out.strip()))


@pytest.mark.parametrize("code", [0, 1, 77, 255])
def test_the_exit_code_is_that_of_the_command(executed, code):
    assert executed(f"exit {code}").code == code


def test_signals_are_forwarded_to_the_command(binary, clean_environment, tmp_path):
    script = "trap 'echo caught; exit 5' TERM; echo ready; while :; do sleep 0.05; done"
    with subprocess.Popen([binary, "simulate", "--", binary, "exec", "--platform", "genesys", "--", "sh", "-c", script],
                          env=clean_environment, cwd=tmp_path, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "ready\n"
        process.send_signal(signal.SIGTERM)
        assert process.stdout.read() == "caught\n"
        assert process.wait() == 5


def test_standard_input_is_passed_to_the_command(binary, clean_environment, tmp_path):
    done = subprocess.run([binary, "simulate", "--", binary, "exec", "--platform", "genesys", "--", "cat"], env=clean_environment,
                          cwd=tmp_path, input="all of it\n" * 1000, capture_output=True, text=True)
    assert done.stdout == "all of it\n" * 1000


def test_without_a_token_the_command_does_not_run(executed, tmp_path):
    outcome = executed(f"touch '{tmp_path}/ran'", "--fault", "path=/oauth/token,status=401")
    assert outcome.code == 4 and not (tmp_path / "ran").exists()


def test_a_missing_command_is_a_usage_error(ringdown):
    outcome = ringdown("exec", "--platform", "genesys")
    assert outcome.code == 64 and "after '--'" in outcome.err


def test_cxone_tokens_are_passed_to_the_command(executed):
    outcome = executed("echo $RINGDOWN_API_URL; cat $RINGDOWN_TOKEN_FILE | wc -c; echo ${GENESYSCLOUD_ACCESS_TOKEN:-none}",
                       arguments=("--platform", "cxone"))
    url, size, other = outcome.out.split()
    assert url.startswith("http://127.0.0.1:") and int(size) > 500 and other == "none", sys.platform


@pytest.fixture
def two_profiles(clean_environment, simulated):
    """Creates profiles for both platforms on a simulator, and returns the variables of the simulator."""
    simulator = simulated()
    directory = os.path.join(clean_environment["HOME"], ".config", "ringdown")
    os.makedirs(directory)
    for name, prefix in [("my-prod", "GENESYS"), ("test", "CXONE")]:
        path = os.path.join(directory, name + ".env")
        with open(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600), "w") as file:
            file.writelines(f"{key}={value}\n" for key, value in simulator.items() if key.startswith(prefix))
    return simulator


def test_each_profile_has_its_own_variables_and_token_file(ringdown, two_profiles):
    script = "env; for f in $RINGDOWN_MY_PROD_TOKEN_FILE $RINGDOWN_TEST_TOKEN_FILE; do stat -c '%a=%n' $f; done"
    outcome = ringdown("exec", "my-prod", "test", "--", "sh", "-c", script)
    assert outcome.code == 0, outcome.err
    variables = dict(line.split("=", 1) for line in outcome.out.splitlines() if "=" in line)
    assert len(variables["RINGDOWN_MY_PROD_ACCESS_TOKEN"]) == 86 and variables["RINGDOWN_TEST_ACCESS_TOKEN"].count(".") == 2
    for plain in "ACCESS_TOKEN", "TOKEN_FILE", "API_URL":
        assert variables["RINGDOWN_" + plain] == variables["RINGDOWN_MY_PROD_" + plain] != variables["RINGDOWN_TEST_" + plain]
    assert variables["GENESYSCLOUD_ACCESS_TOKEN"] == variables["RINGDOWN_ACCESS_TOKEN"]
    assert outcome.out.count("600=") == 2 and not os.path.exists(os.path.dirname(variables["RINGDOWN_TOKEN_FILE"]))
    swapped = ringdown("exec", "test", "my-prod", "--", "sh", "-c", "echo $RINGDOWN_ACCESS_TOKEN $GENESYSCLOUD_ACCESS_TOKEN").out.split()
    assert swapped[0].count(".") == 2 and len(swapped[1]) == 86


def test_profiles_with_identical_variable_names_are_rejected(ringdown, two_profiles):
    outcome = ringdown("exec", "test", "test", "--", "true")
    assert outcome.code == 64 and "same variables" in outcome.err


def test_the_command_does_not_run_if_a_profile_has_no_token(ringdown, two_profiles, tmp_path):
    outcome = ringdown("exec", "my-prod", "absent", "--", "touch", str(tmp_path / "ran"))
    assert outcome.code == 78 and "existing profiles: my-prod, test" in outcome.err and not (tmp_path / "ran").exists()


@pytest.mark.parametrize("script, code", [("true", 0), ("exit 9", 9), ("kill -9 $$", 137)])
def test_revoke_revokes_the_token_after_the_command(ringdown, binary, script, code):
    inner = f"{CALL}; echo $RINGDOWN_ACCESS_TOKEN; {script}"
    outer = ("set -- $(\"$R\" exec --revoke --platform genesys -- sh -c \"$INNER\"; echo $?); "
             "echo $1 $3 $(curl -s -o /dev/null -w '%{http_code}' -H \"Authorization: Bearer $2\" $GENESYS_API_URL/api/v2/tokens/me)")
    outcome = ringdown("simulate", "--", "sh", "-c", outer, R=binary, INNER=inner)
    assert outcome.out.split() == ["200", str(code), "401"], outcome.err


def test_a_failed_revocation_is_a_warning(executed):
    outcome = executed("exit 3", "--fault", "path=/api/v2/tokens/me,status=503", arguments=("--platform", "genesys", "--revoke"))
    assert outcome.code == 3 and "the token was not revoked" in outcome.err


def test_revoke_does_not_revoke_a_token_shared_with_other_programs(ringdown, binary, tmp_path):
    script = ("shared=$($R token --platform genesys); $R exec --revoke --platform genesys -- true; "
              "curl -s -o /dev/null -w '%{http_code}' -H \"Authorization: Bearer $shared\" $GENESYS_API_URL/api/v2/tokens/me")
    outcome = ringdown("simulate", "--", "sh", "-c", script, R=binary, RINGDOWN_CACHE="file", RINGDOWN_CACHE_DIR=tmp_path / "cache")
    assert outcome.out == "200", outcome.err


def test_the_token_is_revoked_if_the_command_cannot_be_run(ringdown, binary):
    script = "$R exec --revoke --platform genesys -- /nonexistent; echo $?; curl -s $RINGDOWN_SIM_URL/_sim/count?method=DELETE"
    outcome = ringdown("simulate", "--", "sh", "-c", script, R=binary)
    assert outcome.out == '127\n{"count":1}', outcome.err


def test_every_token_of_a_long_command_is_revoked(ringdown, binary):
    script = '$R exec --revoke --platform genesys -- sleep 100; curl -s "$RINGDOWN_SIM_URL/_sim/count?method=DELETE&status=204"'
    outcome = ringdown("simulate", "--virtual-time", "--lifetime", "60s", "--", "sh", "-c", script, R=binary)
    assert json.loads(outcome.out)["count"] >= 1, outcome.err


def test_several_profiles_share_one_trace(ringdown, two_profiles, tmp_path):
    assert ringdown("exec", "my-prod", "test", "--trace", str(tmp_path / "t.har"), "--", "true").code == 0
    entries = json.loads((tmp_path / "t.har").read_text())["log"]["entries"]
    assert len({entry["request"]["url"].split("/")[2] for entry in entries}) >= 2


def test_variables_of_an_outer_exec_are_not_inherited(executed, binary):
    outcome = executed(f"RINGDOWN_API_URL=https://elsewhere.example GENESYSCLOUD_REGION=x OAUTH_TOKEN_URL=$GENESYS_LOGIN_URL/oauth/token "
                       f"OAUTH_CLIENT_ID=$GENESYS_CLIENT_ID OAUTH_CLIENT_SECRET=$GENESYS_CLIENT_SECRET '{binary}' exec --platform custom -- env",
                       arguments=("--platform", "genesys", "--keep-secrets"))
    assert outcome.code == 0 and "elsewhere.example" not in outcome.out and "GENESYSCLOUD_REGION" not in outcome.out, outcome.err


def test_the_token_file_of_a_killed_exec_is_removed_by_the_next_one(executed, tmp_path):
    runtime = tmp_path / "runtime"
    runtime.mkdir(mode=0o700)
    left = executed("echo $RINGDOWN_TOKEN_FILE; kill -9 $PPID", XDG_RUNTIME_DIR=runtime).out.strip()
    assert os.path.exists(left) and left.startswith(str(runtime))
    outcome = executed("ls $XDG_RUNTIME_DIR/*/token", XDG_RUNTIME_DIR=runtime)
    assert outcome.code == 0 and left not in outcome.out and not os.path.exists(os.path.dirname(left))
    assert not list(runtime.iterdir())


def test_the_token_file_of_a_running_exec_is_not_removed(executed, binary, tmp_path):
    runtime = tmp_path / "runtime"
    runtime.mkdir(mode=0o700)
    inner = f"'{binary}' exec --platform genesys -- true; cat $RINGDOWN_TOKEN_FILE"
    outcome = executed(inner, XDG_RUNTIME_DIR=runtime, arguments=("--platform", "genesys", "--keep-secrets"))
    assert outcome.code == 0 and len(outcome.out.strip()) == 86, outcome.err


def test_exec_removes_nothing_but_token_files(executed, tmp_path):
    shared, private = tmp_path / "shared", tmp_path / "private"
    shared.mkdir(), private.mkdir(mode=0o700)
    shared.chmod(0o777)
    victims = [shared / "ringdown-exec-abcdef", private / "ringdown-exec-abcdef", private / "ringdown-exec-ghijkl"]
    for victim in victims:
        victim.mkdir(mode=0o700)
        (victim / "results").write_text("kept")
    victims[2].chmod(0o755)
    (victims[2] / "token").write_text("not from exec")
    for base in (shared, private):
        assert executed("true", XDG_RUNTIME_DIR=private, TMPDIR=base).code == 0
    assert all((victim / "results").read_text() == "kept" for victim in victims) and (victims[2] / "token").exists()
