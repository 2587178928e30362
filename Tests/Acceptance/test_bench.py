"""`ringdown bench`: the score distinguishes correct from faulty clients, and Ringdown passes every row."""

import json
import pathlib
import signal
import subprocess
import sys

import pytest

CORPUS = pathlib.Path(__file__).parents[2] / "Scenarios/lifecycle.json"

# A client in a few lines of the standard library that either has no cache or caches its token forever.
NAIVE = """
import base64, json, os, sys, threading, time, urllib.parse, urllib.request
quote = urllib.parse.quote_plus
pair = base64.b64encode((quote(os.environ["OAUTH_CLIENT_ID"]) + ":" + quote(os.environ["OAUTH_CLIENT_SECRET"])).encode()).decode()
kept = None
def token():
    request = urllib.request.Request(os.environ["OAUTH_TOKEN_URL"], b"grant_type=client_credentials", {"Authorization": "Basic " + pair})
    return json.load(urllib.request.urlopen(request))["access_token"]
def use():
    global kept
    if %(keeps)s:
        kept = kept or token()
    else:
        token()
def work():
    try:
        use()
    except Exception as error:
        errors.append(error)
for line in sys.stdin:
    words = line.split()
    if words[0] == "time":
        print(json.dumps({"time": time.time()}), flush=True)
        continue
    count, errors = int(words[1]), []
    if words[-1] == "together":
        threads = [threading.Thread(target=work) for _ in range(count)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    else:
        for _ in range(count):
            work()
    print(json.dumps({"succeeded": count - len(errors), "failed": len(errors), "error": None}), flush=True)
"""

# A client that reports success without a token: it sends no token request, or one invalid request for each command.
LIAR = """
import json, os, sys, time, urllib.error, urllib.request
for line in sys.stdin:
    words = line.split()
    if words[0] != "time" and %(asks)s:
        try:
            urllib.request.urlopen(os.environ["OAUTH_TOKEN_URL"], b"grant_type=none")
        except urllib.error.HTTPError:
            pass
    answer = {"time": time.time()} if words[0] == "time" else {"succeeded": int(words[1]), "failed": 0, "error": None}
    print(json.dumps(answer), flush=True)
"""

# A client that crashes before or after its first answer.
BROKEN = """
import sys
if %(answers)s:
    sys.stdin.readline()
    print('{"time": 0}', flush=True)
    sys.stdin.readline()
print("first\\nsecond", file=sys.stderr)
raise RuntimeError("\\x1b[31m" + 400 * "x")
"""


def results(outcome):
    (client,) = json.loads(outcome.out)
    return {row["row"]: row for row in client["results"]}


@pytest.fixture
def client(tmp_path, ringdown):
    """Runs the benchmark with a client written in Python."""

    def run(source, *options, **variables):
        program = tmp_path / "client.py"
        program.write_text(source)
        return ringdown("bench", *options, "--", sys.executable, program, **variables)

    return run


@pytest.fixture
def naive(client):
    def run(keeps, *options):
        return client(NAIVE % {"keeps": keeps}, "--output", "json", *options)

    return run


@pytest.fixture
def scratch(tmp_path):
    """The directory for temporary directories. It must be empty at the end."""
    directory = tmp_path / "scratch"
    directory.mkdir()
    yield directory
    assert list(directory.iterdir()) == []


def test_our_library_passes_every_row(ringdown):
    outcome = ringdown("bench")
    assert outcome.code == 0, outcome.out
    assert "17 of 17 passed" in outcome.out
    assert "FAIL" not in outcome.out


def test_a_client_without_a_cache_fails_the_expected_rows(naive):
    outcome = naive(False)
    rows = results(outcome)
    assert outcome.code == 1
    assert rows["expires_in is 0, 5 calls"]["passed"]
    assert rows["secret with special characters"]["measured"] == "form-encoded"
    assert rows["expires_in is missing, 5 calls"]["measured"] == "5 requests"
    assert rows["wrong secret, status 400, 20 calls"]["measured"] == "20 requests"
    assert rows["token endpoint down, 200 s of validity left, 5 calls"]["measured"] == "5 requests, 5 of 5 failed"
    assert rows["429 with Retry-After: 4, 3 calls"]["measured"] == "3 requests within 4 s"


def test_a_client_that_caches_a_token_forever_fails_the_expiry_rows(naive):
    rows = results(naive(True, "--only", "expires_in"))
    assert len(rows) == 6
    for title, row in rows.items():
        assert not row["passed"], title
        assert "never expires" in row["measured"] or "not clamped" in row["measured"], title


def test_several_clients_become_columns_of_a_markdown_table(ringdown, binary):
    outcome = ringdown("bench", "--output", "markdown", "--only", "special", "--client", f"a={binary} bench-client",
                       "--client", f"b|c={binary} bench-client")
    lines = outcome.out.splitlines()
    assert lines[0] == "| scenario | ideal | a | b\\|c |"
    assert lines[-1] == "| passed | 1 | 1 of 1 | 1 of 1 |"


def test_uncoordinated_callers_each_request_a_token(naive):
    row = results(naive(True, "--only", "no token yet"))["50 concurrent calls, no token yet"]
    assert (row["passed"], row["measured"]) == (False, "50 requests")


@pytest.mark.parametrize("asks", [False, True])
def test_a_client_that_reports_success_without_a_token_passes_no_row(client, asks):
    outcome = client(LIAR % {"asks": asks}, "--output", "json")
    assert outcome.code == 1
    assert [title for title, row in results(outcome).items() if row["passed"]] == []


@pytest.mark.parametrize("command,reason", [("true", "it exited"), ("no-such-program", "not found")])
def test_a_client_that_exits_immediately_is_a_configuration_error(ringdown, scratch, command, reason):
    outcome = ringdown("bench", "--client", f"x={command}", TMPDIR=scratch)
    assert (outcome.code, outcome.out) == (78, "")
    assert f"the client {command} does not answer: it exited" in outcome.err
    assert reason in outcome.err
    assert "ringdown bench --help" in outcome.err


def test_the_error_quotes_the_last_lines_of_the_client(client, scratch):
    outcome = client(BROKEN % {"answers": False}, "--output", "json", TMPDIR=scratch)
    assert (outcome.code, outcome.out) == (78, "")
    error = json.loads(outcome.err)["error"]
    assert error["code"] == "configuration"
    lines = error["message"].splitlines()[1:]
    assert len(lines) <= 3
    assert "RuntimeError: \\u{1b}[31mxxx" in lines[-1]
    assert len(lines[-1]) < 350


def test_a_client_that_crashes_later_gets_no_result_and_its_stderr_is_quoted(client, scratch):
    source = BROKEN % {"answers": True}
    outcome = client(source, "--only", "special", "--output", "json", TMPDIR=scratch)
    row = results(outcome)["secret with special characters"]
    assert (outcome.code, row["passed"], row["measured"]) == (1, False, "no result: it exited")
    assert "RuntimeError" in row["stderr"][-1]
    table = client(source, "--only", "special", TMPDIR=scratch)
    assert table.code == 1
    assert "stderr: RuntimeError" in table.out


def test_a_program_that_is_not_a_client_gets_no_result(ringdown, scratch):
    outcome = ringdown("bench", "--only", "special", "--output", "json", "--client", "x=echo hello", TMPDIR=scratch)
    assert outcome.code == 1
    assert "it answered 'hello'" in results(outcome)["secret with special characters"]["measured"]


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_benchmark_leaves_no_files(binary, clean_environment, scratch, end):
    # A client that never answers. It does not sleep, because sleeps return immediately on the virtual clock.
    busy = [binary, "bench", "--", sys.executable, "-c", "input()\nwhile True: pass"]
    process = subprocess.Popen(busy, env=clean_environment | {"TMPDIR": str(scratch)}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    while not list(scratch.glob("ringdown-*/client.log")):
        assert process.poll() is None
    process.send_signal(end)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err) == (2, "", "ringdown: cancelled\n")
    assert list(scratch.iterdir()) == []


@pytest.mark.parametrize("arguments", [["--only", "nothing like this"], ["--client", "nameless"], ["--output", "xml"], ["--client", "a="],
                                       ["--seed", "3"], ["--on", "machine"]])
def test_invalid_options_are_usage_errors(ringdown, arguments):
    assert ringdown("bench", *arguments).code == 64


@pytest.mark.parametrize("runner,least", [("machine", 105), ("library", 105), ("command", 90)])
def test_the_lifecycle_scenarios_pass(ringdown, runner, least):
    outcome = ringdown("bench", "--scenarios", CORPUS, "--on", runner)
    assert outcome.code == 0, outcome.out
    passed, _, count = outcome.out.splitlines()[-1].split()[:3]
    assert int(passed) == int(count) >= least


def test_a_failed_scenario_is_reported_with_the_actual_result(ringdown, tmp_path):
    file = tmp_path / "wrong.json"
    file.write_text('[{"name": "x", "steps": [{"do": "getToken", "expect": {"result": "error"}}]}]')
    outcome = ringdown("bench", "--scenarios", file)
    assert (outcome.code, outcome.out) == (1, "FAIL  x\n      step 1: expected the result error, not fresh\n0 of 1 scenarios passed\n")


def test_an_invalid_scenario_file_is_a_configuration_error(ringdown, tmp_path):
    file = tmp_path / "broken.json"
    file.write_text('[\n{"name": "x", "steps": [}]')
    outcome = ringdown("bench", "--scenarios", file)
    assert outcome.code == 78
    assert "line 2" in outcome.err


def test_random_event_sequences_keep_every_invariant(ringdown):
    outcome = ringdown("bench", "--seeds", "20", "--seed", "1000")
    assert outcome.code == 0
    assert outcome.out.startswith("20 seeds, 40000 events")
