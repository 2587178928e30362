"""`ringdown simulate -- COMMAND` provides simulated hosts, credentials and users, and a journal."""

import csv
import io
import json
import sys

import pytest

PLATFORMS = ["genesys", "cxone"]

JOURNAL = """
import json, os, subprocess, sys, urllib.request
simulator = os.environ["RINGDOWN_SIM_URL"]
def journal():
    return json.load(urllib.request.urlopen(simulator + "/_sim/journal"))
subprocess.run([sys.argv[1], "token", "--platform", sys.argv[2]], check=True, stdout=subprocess.DEVNULL)
before = journal()
urllib.request.urlopen(urllib.request.Request(simulator + "/_sim/reset", method="POST")).read()
print(json.dumps([before, journal()]))
"""


@pytest.fixture
def simulated(ringdown, binary):
    """Runs the program under a new simulator."""

    def run(*arguments, **variables):
        return ringdown("simulate", "--", binary, *arguments, **variables)

    return run


@pytest.mark.parametrize("code", [0, 3, 64])
def test_the_exit_code_is_that_of_the_command(ringdown, code):
    assert ringdown("simulate", "--", "sh", "-c", f"exit {code}").code == code


def test_all_hosts_are_on_loopback_and_genesys_has_one_host(ringdown):
    outcome = ringdown("simulate", "--", "env")
    variables = dict(line.split("=", 1) for line in outcome.out.splitlines() if "=" in line)
    assert variables["GENESYS_LOGIN_URL"] == variables["GENESYS_API_URL"]
    for name in ("GENESYS_API_URL", "CXONE_ISSUER", "CXONE_API_URL", "RINGDOWN_SIM_URL"):
        assert variables[name].startswith(("http://127.0.0.1:", "http://localhost:")), name


@pytest.mark.parametrize("platform", PLATFORMS)
def test_a_token_is_one_line_of_visible_characters(simulated, platform):
    outcome = simulated("token", "--platform", platform)
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out.count("\n") == 1
    assert outcome.out.strip().isascii() and not set(outcome.out.strip()) & set(" \t\r")


@pytest.mark.parametrize("platform", PLATFORMS)
def test_every_output_format_contains_the_same_users(simulated, platform):
    outputs = {kind: simulated("users", "--platform", platform, "--output", kind)
               for kind in ("json", "ndjson", "csv", "table")}
    assert {outcome.code for outcome in outputs.values()} == {0}
    users = json.loads(outputs["json"].out)
    assert len(users) >= 250
    assert [json.loads(line) for line in outputs["ndjson"].out.splitlines()] == users
    assert len(list(csv.DictReader(io.StringIO(outputs["csv"].out)))) == len(users)
    assert len(outputs["table"].out.splitlines()) >= len(users)


@pytest.mark.parametrize("platform", PLATFORMS)
def test_the_journal_contains_the_token_request_until_it_is_reset(ringdown, binary, platform):
    outcome = ringdown("simulate", "--", sys.executable, "-c", JOURNAL, binary, platform)
    assert outcome.code == 0, outcome.err
    before, after = json.loads(outcome.out)
    assert [(entry["method"], entry["status"]) for entry in before if "token" in entry["path"]] == [("POST", 200)]
    assert after == []


@pytest.mark.parametrize("platform", PLATFORMS)
def test_the_journal_contains_no_secret(ringdown, binary, platform):
    script = JOURNAL + "\nprint(json.dumps([value for name, value in os.environ.items() if name.endswith('_SECRET')]))"
    journal, secrets = ringdown("simulate", "--", sys.executable, "-c", script, binary, platform).out.splitlines()
    assert json.loads(secrets)
    assert not [secret for secret in json.loads(secrets) if secret in journal]


def test_users_me_fails_with_the_error_of_the_platform(simulated):
    outcome = simulated("api", "GET", "/api/v2/users/me", "--platform", "genesys", "--output", "json")
    error = json.loads(outcome.err)["error"]
    assert (outcome.code, error["status"]) == (1, 400)
    assert "user context" in error["message"]
    assert error["correlationId"]


def test_whoami_names_the_organization(simulated):
    outcome = simulated("whoami", "--platform", "genesys", "--output", "json")
    assert outcome.code == 0, outcome.err
    assert "organization" in json.dumps(json.loads(outcome.out)).lower()
