"""Secret rotation while programs run, and `ringdown rotate`: no call fails, and every change is reported."""

import os
import stat
import urllib.request

import pytest


@pytest.fixture
def profile(clean_environment):
    """Writes a profile for the simulator and returns its path."""

    def write(simulator, name="prod", **changes):
        directory = os.path.join(clean_environment["HOME"], ".config", "ringdown")
        os.makedirs(directory, exist_ok=True)
        path = os.path.join(directory, name + ".env")
        variables = {key: value for key, value in simulator.items() if key.startswith("GENESYS")} | changes
        with open(os.open(path, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "w") as file:
            file.writelines(["# a comment\n"] + [f"{key}={value}\n" for key, value in variables.items() if value is not None])
        return path

    return write


def test_the_next_secret_is_tried_once_after_a_refusal_and_a_note_is_printed(ringdown, simulated):
    simulator = simulated("--fault", "path=/oauth/token,rotateSecret=true,times=1")
    next_secret = simulator["GENESYS_CLIENT_SECRET"] + "-1"
    outcome = ringdown("token", "--platform", "genesys", **simulator, GENESYS_CLIENT_SECRET_NEXT=next_secret)
    assert outcome.code == 0 and len(outcome.out) == 87
    assert "GENESYS_CLIENT_SECRET was rejected; using GENESYS_CLIENT_SECRET_NEXT" in outcome.err and "replace the old secret" in outcome.err
    count = urllib.request.urlopen(simulator["RINGDOWN_SIM_URL"] + "/_sim/count?path=/oauth/token").read()
    assert count == b'{"count":2}'


def test_if_both_secrets_are_refused_each_is_sent_once_and_the_first_error_is_reported(ringdown, simulated):
    simulator = simulated() | {"GENESYS_CLIENT_SECRET": "one", "GENESYS_CLIENT_SECRET_NEXT": "two"}
    outcome = ringdown("token", "--platform", "genesys", **simulator)
    assert outcome.code == 4 and "authentication failed" in outcome.err
    count = urllib.request.urlopen(simulator["RINGDOWN_SIM_URL"] + "/_sim/count?path=/oauth/token").read()
    assert count == b'{"count":2}'


def test_the_next_secret_is_not_tried_during_an_outage(ringdown, simulated):
    simulator = simulated("--fault", "path=/oauth/token,status=503") | {"GENESYS_CLIENT_SECRET_NEXT": "two"}
    assert ringdown("token", "--platform", "genesys", "--max-wait", "0s", **simulator).code == 7
    count = urllib.request.urlopen(simulator["RINGDOWN_SIM_URL"] + "/_sim/count?path=/oauth/token").read()
    assert count == b'{"count":1}'


CALLS = ("n=0; while [ $n -lt 30 ]; do {extra} curl -s -o /dev/null -w '%{{http_code}} ' -H \"Authorization: Bearer $(cat $RINGDOWN_TOKEN_FILE)\" "
         "$RINGDOWN_API_URL/api/v2/tokens/me; sleep 10; n=$((n + 1)); done")


def test_a_running_program_continues_after_a_secret_rotation(ringdown, binary):
    outcome = ringdown("simulate", "--virtual-time", "--lifetime", "60s", "--fault", "path=/oauth/token,from=100,rotateSecret=true,times=1", "--",
                       "sh", "-c", 'GENESYS_CLIENT_SECRET_NEXT="$GENESYS_CLIENT_SECRET-1" exec "$R" exec --platform genesys -- sh -c "$CALLS"',
                       R=binary, CALLS=CALLS.format(extra=""))
    assert outcome.out.split() == ["200"] * 30, outcome.err
    assert outcome.err.count("GENESYS_CLIENT_SECRET was rejected") == 1


def test_a_secret_file_is_read_again_for_each_token_request(ringdown, binary, tmp_path):
    secret = tmp_path / "secret"
    extra = f'if [ $n = 5 ]; then echo "$(cat {secret})-1" > {secret}; fi;'
    outcome = ringdown("simulate", "--virtual-time", "--lifetime", "60s", "--fault", "path=/oauth/token,from=52,rotateSecret=true,times=1", "--",
                       "sh", "-c", f'echo "$GENESYS_CLIENT_SECRET" > {secret}; unset GENESYS_CLIENT_SECRET; '
                       f'GENESYS_CLIENT_SECRET_FILE={secret} exec "$R" exec --platform genesys -- sh -c "$CALLS"',
                       R=binary, CALLS=CALLS.format(extra=extra))
    assert outcome.out.split() == ["200"] * 30, outcome.err


def test_rotate_verify_changes_nothing(ringdown, simulated, profile):
    simulator = simulated("--fault", "path=/oauth/token,rotateSecret=true,times=1")
    path = profile(simulator, GENESYS_CLIENT_SECRET_NEXT=simulator["GENESYS_CLIENT_SECRET"] + "-1")
    before = open(path).read()
    outcome = ringdown("rotate", "prod", "--verify")
    assert outcome.code == 0 and "nothing was changed" in outcome.err and open(path).read() == before
    path = profile(simulator, GENESYS_CLIENT_SECRET_NEXT="wrong")
    before = open(path).read()
    for arguments in (["--verify"], []):
        outcome = ringdown("rotate", "prod", *arguments)
        assert outcome.code == 4 and "nothing was changed" in outcome.err and open(path).read() == before


def test_rotate_writes_the_new_secret_to_the_profile(ringdown, simulated, profile):
    simulator = simulated("--fault", "path=/oauth/token,rotateSecret=true,times=1")
    new = simulator["GENESYS_CLIENT_SECRET"] + "-1"
    path = profile(simulator, GENESYS_CLIENT_SECRET_NEXT=new, GENESYS_ORGANIZATION_ID=None)
    outcome = ringdown("rotate", "prod")
    assert outcome.code == 0, outcome.err
    text = open(path).read()
    assert f"GENESYS_CLIENT_SECRET={new}\n" in text and "_NEXT" not in text and text.startswith("# a comment\n")
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600 and ringdown("token", "prod").code == 0


def test_rotate_writes_the_new_secret_to_the_secret_file_of_the_profile(ringdown, simulated, profile, tmp_path):
    simulator = simulated("--fault", "path=/oauth/token,rotateSecret=true,times=1")
    new = simulator["GENESYS_CLIENT_SECRET"] + "-1"
    secret = tmp_path / "secret"
    secret.write_text(simulator["GENESYS_CLIENT_SECRET"] + "\n")
    secret.chmod(0o640)
    profile(simulator, GENESYS_CLIENT_SECRET=None, GENESYS_CLIENT_SECRET_FILE=secret)
    outcome = ringdown("rotate", "prod", GENESYS_CLIENT_SECRET_NEXT=new)
    assert outcome.code == 0 and secret.read_text() == new + "\n" and stat.S_IMODE(secret.stat().st_mode) == 0o640, outcome.err
    assert ringdown("token", "prod").code == 0


def test_rotate_prompts_for_the_secret_at_a_terminal(at_terminal, simulated, profile):
    simulator = simulated("--fault", "path=/oauth/token,rotateSecret=true,times=1")
    path = profile(simulator)
    secret = simulator["GENESYS_CLIENT_SECRET"] + "-1"
    code, shown = at_terminal("rotate", "prod", answers=[("New client secret:", secret + "\r")])
    assert code == 0 and secret not in shown.replace("\n", "") and f"={secret}\n" in open(path).read()


def test_rotate_reports_what_it_cannot_change(ringdown, simulated, profile):
    simulator = simulated("--fault", "path=/oauth/token,rotateSecret=true,times=1")
    new = simulator["GENESYS_CLIENT_SECRET"] + "-1"
    outcome = ringdown("rotate", "--platform", "genesys", **simulator, GENESYS_CLIENT_SECRET_NEXT=new)
    assert outcome.code == 78 and "the new secret works, but nothing was changed" in outcome.err
    assert ringdown("rotate", "--platform", "genesys", **simulator).code == 78
    assert "is equal to the old one" in ringdown("rotate", "--platform", "genesys", **simulator, GENESYS_CLIENT_SECRET_NEXT=simulator["GENESYS_CLIENT_SECRET"]).err


def test_a_running_program_reads_a_changed_profile(ringdown, binary, profile, simulated, clean_environment, tmp_path):
    changing = ("n=0; while [ $n -lt 30 ]; do if [ $n = 5 ]; then sed -i 's/^\\(GENESYS_CLIENT_SECRET=.*\\)/\\1-1/' $P; fi; "
                "curl -s -o /dev/null -w '%{http_code} ' -H \"Authorization: Bearer $(cat $RINGDOWN_TOKEN_FILE)\" $RINGDOWN_API_URL/api/v2/tokens/me; "
                "sleep 10; n=$((n + 1)); done")
    path = os.path.join(clean_environment["HOME"], ".config", "ringdown", "prod.env")
    os.makedirs(os.path.dirname(path))
    outer = ('env | grep ^GENESYS_ > $P; chmod 600 $P; for v in $(env | grep ^GENESYS_ | cut -d= -f1); do unset $v; done; exec "$R" exec prod --platform genesys -- sh -c "$INNER"')
    outcome = ringdown("simulate", "--virtual-time", "--lifetime", "60s", "--fault", "path=/oauth/token,from=52,rotateSecret=true,times=1", "--",
                       "sh", "-c", outer, R=binary, P=path, INNER=changing)
    assert outcome.out.split() == ["200"] * 30, outcome.err


def test_rotate_warns_if_the_environment_contains_the_old_secret(ringdown, simulated, profile):
    simulator = simulated("--fault", "path=/oauth/token,rotateSecret=true,times=1")
    profile(simulator)
    outcome = ringdown("rotate", "prod", "--environment-wins", GENESYS_CLIENT_SECRET=simulator["GENESYS_CLIENT_SECRET"],
                       GENESYS_CLIENT_SECRET_NEXT=simulator["GENESYS_CLIENT_SECRET"] + "-1")
    assert outcome.code == 0 and "in the environment overrides" in outcome.err
