"""`ringdown bench`: the scoreboard tells clients apart that differ, and ours passes every row."""

import json
import pathlib
import sys

import pytest

CORPUS = pathlib.Path(__file__).parents[2] / "Scenarios/lifecycle.json"

# A client without a cache, in a few lines of the standard library, or one that keeps its token for ever.
NAIVE = """
import base64, json, os, sys, urllib.parse, urllib.request
quote = urllib.parse.quote_plus
pair = base64.b64encode((quote(os.environ["OAUTH_CLIENT_ID"]) + ":" + quote(os.environ["OAUTH_CLIENT_SECRET"])).encode()).decode()
def token():
    request = urllib.request.Request(os.environ["OAUTH_TOKEN_URL"], b"grant_type=client_credentials", {"Authorization": "Basic " + pair})
    return json.load(urllib.request.urlopen(request))["access_token"]
kept = None
for line in sys.stdin:
    count = int(line.split()[1]) if " " in line else 0
    if line.startswith("time"):
        import time
        print(json.dumps({"time": time.time()}), flush=True)
        continue
    failed = 0
    for _ in range(count):
        try:
            if %(keeps)s:
                kept = kept or token()
            else:
                token()
        except Exception as error:
            failed += 1
    print(json.dumps({"succeeded": count - failed, "failed": failed, "error": None}), flush=True)
"""


def results(outcome):
    (client,) = json.loads(outcome.out)
    return {row["row"]: row for row in client["results"]}


@pytest.fixture
def naive(tmp_path, ringdown):
    def run(keeps, *options):
        program = tmp_path / "naive.py"
        program.write_text(NAIVE % {"keeps": keeps})
        return ringdown("bench", "--output", "json", *options, "--", sys.executable, program)

    return run


def test_our_library_passes_every_row(ringdown):
    outcome = ringdown("bench")
    assert outcome.code == 0, outcome.out
    assert "15 of 15 passed" in outcome.out
    assert "FAIL" not in outcome.out


def test_a_client_that_keeps_nothing_fails_where_it_must(naive):
    outcome = naive(False)
    rows = results(outcome)
    assert outcome.code == 1
    assert rows["expires_in is 0, 5 calls"]["passed"]
    assert rows["secret with special characters"]["measured"] == "form-encoded"
    assert rows["expires_in is missing, 5 calls"]["measured"] == "5 requests"
    assert rows["wrong secret, answered 400, 20 calls"]["measured"] == "20 requests"
    assert rows["token endpoint down, 200 s of validity left, 5 calls"]["measured"] == "5 requests, 5 of 5 failed"
    assert rows["429 with Retry-After: 4, 3 calls"]["measured"] == "3 requests within 4 s"


def test_a_client_that_keeps_a_token_for_ever_is_found_out(naive):
    rows = results(naive(True, "--only", "expires_in"))
    assert len(rows) == 6
    for title, row in rows.items():
        assert not row["passed"], title
        assert "never expires" in row["measured"] or "not clamped" in row["measured"], title


def test_several_clients_make_the_columns_of_a_table_in_markdown(ringdown, binary):
    outcome = ringdown("bench", "--output", "markdown", "--only", "special", "--client", f"a={binary} bench-client",
                       "--client", f"b|c={binary} bench-client")
    lines = outcome.out.splitlines()
    assert lines[0] == "| scenario | ideal | a | b\\|c |"
    assert lines[-1] == "| passed | 1 | 1 of 1 | 1 of 1 |"


@pytest.mark.parametrize("client,reason", [("true", "it has ended"), ("echo hello", "it answered 'hello'"),
                                           ("no-such-program", "it has ended")])
def test_what_is_no_client_gets_no_result_and_no_crash(ringdown, client, reason):
    outcome = ringdown("bench", "--only", "special", "--output", "json", "--client", f"x={client}")
    assert outcome.code == 1
    assert reason in results(outcome)["secret with special characters"]["measured"]


@pytest.mark.parametrize("arguments", [["--only", "nothing like this"], ["--client", "nameless"], ["--output", "xml"]])
def test_what_cannot_be_understood_is_a_usage_error(ringdown, arguments):
    assert ringdown("bench", *arguments).code == 64


@pytest.mark.parametrize("runner,least", [("machine", 105), ("library", 105), ("command", 90)])
def test_the_scenarios_of_the_lifecycle_come_out_as_they_must(ringdown, runner, least):
    outcome = ringdown("bench", "--scenarios", CORPUS, "--on", runner)
    assert outcome.code == 0, outcome.out
    passed, _, count = outcome.out.splitlines()[-1].split()[:3]
    assert int(passed) == int(count) >= least


def test_a_scenario_that_fails_is_told_with_what_came_instead(ringdown, tmp_path):
    file = tmp_path / "wrong.json"
    file.write_text('[{"name": "x", "steps": [{"do": "getToken", "expect": {"result": "error"}}]}]')
    outcome = ringdown("bench", "--scenarios", file)
    assert (outcome.code, outcome.out) == (1, "FAIL  x\n      step 1: the result is fresh, not error\n0 of 1 scenarios passed\n")


def test_a_scenario_file_with_a_mistake_is_a_configuration_error(ringdown, tmp_path):
    file = tmp_path / "broken.json"
    file.write_text('[\n{"name": "x", "steps": [}]')
    outcome = ringdown("bench", "--scenarios", file)
    assert outcome.code == 78
    assert "line 2" in outcome.err


def test_random_lives_keep_every_promise(ringdown):
    outcome = ringdown("bench", "--seeds", "20", "--seed", "1000")
    assert outcome.code == 0
    assert outcome.out.startswith("20 seeds, 40000 events")
