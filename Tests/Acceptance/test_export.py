"""Long lists: complete in every format, constant in memory, and resumable."""

import contextlib
import csv
import io
import json
import os
import random
import signal
import subprocess
import sys
import threading

import pytest


@pytest.fixture
def simulated(binary, clean_environment, tmp_path):
    """Starts a simulator with additional options, and returns the environment for clients."""
    running = []

    def start(*options, binary=binary):
        process = subprocess.Popen([binary, "simulate", "--calls-per-minute", "0", *options], env=clean_environment, cwd=tmp_path,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        running.append(process)
        assert "is running" in process.stderr.readline()
        text = os.read(process.stdout.fileno(), 65536).decode()
        settings = dict(line.split("=", 1) for line in text.splitlines())
        return clean_environment | {name: value.strip("'\"") for name, value in settings.items()}

    yield start
    for process in running:
        process.terminate()
        process.wait()


def ids(text):
    return [json.loads(line)["id"] for line in text.splitlines()]


def run(binary, environment, *arguments, cwd=None, **more):
    return subprocess.run([binary, *arguments, "--platform", "genesys"], env=environment, cwd=cwd, capture_output=True, text=True,
                          timeout=120, **more)


def test_every_format_contains_each_user_once(binary, simulated):
    environment = simulated("--users", "1234")
    forms = {form: run(binary, environment, "users", "--output", form).stdout for form in ["json", "ndjson", "csv", "table"]}
    whole = [user["id"] for user in json.loads(forms["json"])]
    assert len(whole) == len(set(whole)) == 1234
    assert ids(forms["ndjson"]) == whole
    assert [row["id"] for row in csv.DictReader(io.StringIO(forms["csv"]))] == whole
    assert [line.split()[-1] for line in forms["table"].splitlines()[1:]] == whole


def test_items_are_passed_through_byte_for_byte(binary, simulated):
    environment = simulated("--users", "30")
    page = run(binary, environment, "api", "GET", "/api/v2/users?pageSize=30").stdout
    lines = run(binary, environment, "users", "--output", "ndjson").stdout.splitlines()
    assert len(lines) == 30 and all(line in page for line in lines)


def test_listing_a_million_users_takes_less_than_64_mebibytes(release, binary, simulated, tmp_path):
    if release == binary:
        pytest.skip("the release build does not exist: run `make build`")
    environment = simulated("--users", "1000000", binary=release)
    program = ("import resource, subprocess, sys\n"
               "subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL)\n"
               "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)")
    # The maximum page size of the simulator keeps the test short.
    done = subprocess.run([sys.executable, "-c", program, release, "api", "GET", "/api/v2/users?pageSize=500", "--paginate", "--platform",
                           "genesys"], env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) < 64 * 1024


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGINT])
def test_an_interrupted_list_resumes_without_lost_or_duplicate_items(binary, simulated, tmp_path, end):
    environment = simulated("--users", "20000")
    command = [binary, "users", "--output", "ndjson", "--resume", "position", "--platform", "genesys"]
    output = tmp_path / "users.ndjson"
    for _ in range(3):
        with output.open("ab") as stream:
            process = subprocess.Popen(command, env=environment, cwd=tmp_path, stdout=stream, stderr=subprocess.PIPE, text=True)
        grown = output.stat().st_size + 300_000
        while process.poll() is None and output.stat().st_size < grown:
            pass
        process.send_signal(end)
        errors = process.communicate()[1]
        if end == signal.SIGINT and process.returncode != 0:
            assert process.returncode == 2 and "to resume, run" in errors
            assert output.read_bytes().endswith(b"}\n")
    with output.open("ab") as stream:
        assert subprocess.run(command, env=environment, cwd=tmp_path, stdout=stream, timeout=120).returncode == 0
    found = ids(output.read_text())
    assert len(found) == len(set(found)) == 20000
    assert not (tmp_path / "position").exists()


def test_a_list_can_be_resumed_after_an_outage(binary, simulated, tmp_path):
    environment = simulated("--users", "1000", "--fault", "path=/api/v2/users,from=0,nth=4,body=truncated")
    command = ["users", "--output", "ndjson", "--resume", "position", "--max-wait", "0s"]
    first = run(binary, environment, *command, cwd=tmp_path)
    assert first.returncode == 1
    assert "page 4 (GET /api/v2/users" in first.stderr and "cannot be read" in first.stderr and "300 items were read" in first.stderr
    assert "--resume" in first.stderr and "/api/v2/users" in first.stderr
    assert len(ids(first.stdout)) == 300
    second = run(binary, environment, *command, cwd=tmp_path)
    assert second.returncode == 0
    assert len(set(ids(first.stdout + second.stdout))) == 1000


@pytest.mark.parametrize("content,reason", [("{}", "is not a position file"), ("x", "is not a position file"), ('{"ringdown": "checkpoint", "version": 99}', "another version")])
def test_a_file_that_is_not_a_position_file_is_not_modified(binary, simulated, tmp_path, content, reason):
    (tmp_path / "position").write_text(content)
    outcome = run(binary, simulated(), "users", "--output", "csv", "--resume", "position", cwd=tmp_path)
    assert outcome.returncode == 78 and reason in outcome.stderr
    assert (tmp_path / "position").read_text() == content and outcome.stdout == ""


def test_a_broken_page_is_retried(binary, simulated):
    """An empty body with status 200 is not an empty page."""
    for body in ("empty", "truncated", "invalid"):
        environment = simulated("--users", "1200", "--fault", f"path=/api/v2/users,nth=2,body={body}")
        outcome = run(binary, environment, "users", "--output", "ndjson")
        assert outcome.returncode == 0 and len(set(ids(outcome.stdout))) == 1200, outcome.stderr


def test_a_position_is_used_by_one_process_at_a_time(binary, simulated, tmp_path):
    environment = simulated("--users", "1000", "--fault", "path=/api/v2/users,nth=3,latency=5")
    command = [binary, "users", "--output", "ndjson", "--resume", "position", "--platform", "genesys"]
    output = tmp_path / "users.ndjson"
    with output.open("ab") as stream:
        first = subprocess.Popen(command, env=environment, cwd=tmp_path, stdout=stream, stderr=subprocess.PIPE, text=True)
        while output.stat().st_size == 0:
            assert first.poll() is None
        second = subprocess.run(command, env=environment, cwd=tmp_path, stdout=stream, stderr=subprocess.PIPE, text=True, timeout=60)
        assert second.returncode == 78 and "in use by another process" in second.stderr
        assert first.wait(timeout=60) == 0
    first.stderr.close()
    assert len(ids(output.read_text())) == len(set(ids(output.read_text()))) == 1000
    assert not (tmp_path / "position").exists()


def test_a_killed_list_resumes_byte_for_byte(binary, simulated, tmp_path):
    """The process is killed at random moments, also before the first page, and a page is broken on the way."""
    environment = simulated("--users", "3000", "--fault", "path=/api/v2/users,probability=0.05,body=empty")
    whole = run(binary, environment, "users", "--output", "csv").stdout
    random_numbers = random.Random(1)
    for number in range(int(os.environ.get("RINGDOWN_CASES", "3"))):
        output = tmp_path / f"{number}.csv"
        command = [binary, "users", "--output", "csv", "--resume", "position", "--platform", "genesys"]
        for attempt in range(3):
            with output.open("ab") as stream:
                process = subprocess.Popen(command, env=environment, cwd=tmp_path, stdout=stream, stderr=subprocess.DEVNULL)
                if attempt < 2:
                    with contextlib.suppress(subprocess.TimeoutExpired):
                        process.wait(timeout=random_numbers.uniform(0, 0.3))
                    process.kill()
                    if process.wait() == 0:
                        break
                else:
                    assert process.wait(timeout=120) == 0
        assert output.read_bytes().replace(b"\r\n", b"\n") == whole.replace("\r\n", "\n").encode(), number
        assert not (tmp_path / "position").exists()


def broken_off(binary, simulated, tmp_path):
    """Interrupts a list, and returns its environment and the position file."""
    environment = simulated("--users", "1000", "--fault", "path=/api/v2/users,nth=3,body=truncated")
    run(binary, environment, "users", "--output", "csv", "--resume", "position", "--max-wait", "0s", cwd=tmp_path)
    return environment, tmp_path / "position"


def test_a_position_file_writable_by_others_is_rejected(binary, simulated, tmp_path):
    environment, position = broken_off(binary, simulated, tmp_path)
    for change in (lambda: position.chmod(0o660), lambda: (position.unlink(), os.mkfifo(position, 0o600)),
                   lambda: (position.unlink(), position.mkdir())):
        change()
        outcome = run(binary, environment, "users", "--output", "csv", "--resume", "position", cwd=tmp_path)
        assert outcome.returncode == 78 and "cannot use the position file position" in outcome.stderr and outcome.stdout == ""


@pytest.mark.parametrize("change,reason", [
    ({"method": "DELETE"}, "method DELETE"), ({"method": "POST"}, "method POST"), ({"path": "https://evil.example/"}, "another host"),
    ({"path": "//evil.example/"}, "another host"), ({"path": "http://127.0.0.1:1/"}, "another host"),
    ({"body": {"name": "x"}}, "it has a body")])
def test_a_position_file_cannot_change_the_method_host_or_body_of_a_request(binary, simulated, tmp_path, change, reason):
    environment, position = broken_off(binary, simulated, tmp_path)
    planted = json.loads(position.read_text())
    planted["remaining"][0].update(change)
    position.write_text(json.dumps(planted))
    outcome = run(binary, environment, "users", "--output", "csv", "--resume", "position", cwd=tmp_path)
    assert outcome.returncode == 78 and reason in outcome.stderr and "position" in outcome.stderr and outcome.stdout == ""


@pytest.mark.parametrize("change", [{"items": 2**63 - 1}, {"items": -1}, {"items": "many"}, {"outputLength": -1}, {"remaining": 1}])
def test_a_position_file_with_impossible_numbers_is_damaged(binary, simulated, tmp_path, change):
    environment, position = broken_off(binary, simulated, tmp_path)
    position.write_text(json.dumps(json.loads(position.read_text()) | change))
    outcome = run(binary, environment, "users", "--output", "csv", "--resume", "position", cwd=tmp_path)
    assert outcome.returncode == 78 and "is damaged" in outcome.stderr and outcome.stdout == ""


def test_the_position_of_another_list_is_rejected(binary, simulated, tmp_path):
    environment = simulated("--users", "1000", "--fault", "path=/api/v2/users,nth=3,body=truncated")
    run(binary, environment, "users", "--output", "csv", "--resume", "position", "--max-wait", "0s", cwd=tmp_path)
    outcome = run(binary, environment, "conversations", "--interval", "2026-11-01/2026-11-02", "--output", "csv", "--resume", "position",
                  cwd=tmp_path)
    assert outcome.returncode == 78 and "another list" in outcome.stderr


def test_overwritten_output_is_detected(binary, simulated, tmp_path):
    environment = simulated("--users", "1000", "--fault", "path=/api/v2/users,nth=3,body=truncated")
    command = [binary, "users", "--output", "ndjson", "--resume", "position", "--max-wait", "0s", "--platform", "genesys"]
    outcomes = []
    for _ in range(2):
        with (tmp_path / "out").open("wb") as stream:
            outcomes.append(subprocess.run(command, env=environment, cwd=tmp_path, stdout=stream, stderr=subprocess.PIPE, text=True))
    assert outcomes[1].returncode == 78 and ">> FILE" in outcomes[1].stderr


def test_a_closed_pipe_ends_the_list_without_a_message(binary, simulated):
    environment = simulated("--users", "5000")
    process = subprocess.Popen([binary, "users", "--output", "ndjson", "--platform", "genesys"], env=environment, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, text=True)
    process.stdout.readline()
    process.stdout.close()
    assert process.stderr.read() == ""
    assert process.wait() == 1


def test_an_interrupted_job_is_cancelled_on_the_platform(binary, simulated):
    environment = simulated()
    process = subprocess.Popen([binary, "conversations", "--job", "--interval", "2026-11-01/2026-11-20", "--verbose", "--platform",
                                "genesys"], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    seen = []
    while not any("the job is" in line for line in seen):
        seen.append(process.stderr.readline())
    process.send_signal(signal.SIGINT)
    rest = process.communicate(timeout=30)[1]
    assert process.returncode == 2
    assert "DELETE /api/v2/analytics/conversations/details/jobs/" in rest


def test_a_second_signal_ends_the_program_immediately(binary, simulated):
    environment = simulated("--fault", "path=/api/v2/analytics/*,method=DELETE,latency=60")
    process = subprocess.Popen([binary, "conversations", "--job", "--interval", "2026-11-01/2026-11-20", "--verbose", "--platform",
                                "genesys"], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    while "the job is" not in process.stderr.readline():
        pass
    process.send_signal(signal.SIGINT)
    # Pending signals of the same kind are merged, so the second signal is sent until the program exits.
    ended = threading.Event()
    def insist():
        while not ended.wait(0.05):
            process.send_signal(signal.SIGINT)
    thread = threading.Thread(target=insist)
    thread.start()
    code = process.wait(timeout=30)
    ended.set()
    thread.join()
    process.stdout.close(), process.stderr.close()
    assert code == -signal.SIGINT


@pytest.mark.parametrize("arguments,hint", [
    (["users", "--resume", "x"], "ndjson or csv"), (["users", "--output", "csv", "--resume", "x", "--limit", "3"], "--limit"),
    (["conversations"], "--interval"), (["conversations", "--interval", "2026-02-30/2026-03-01"], "is not a time"),
    (["api", "GET", "/x", "--field", "novalue"], "name=value"), (["api", "POST", "/x", "--field", "a:={"], "is not JSON"),
    (["api", "BREW", "/x"], "use one of"), (["api", "GET", "/x", "--output", "csv"], "--paginate"),
    (["api", "GET", "/x", "--header", "Authorization: Bearer x"], "added automatically"),
    (["jobs", "dance", "x"], "extraction"), (["api", "POST", "/x", "--field", "a=b", "--input", "-"], "omit one"),
])
def test_invalid_command_lines_are_explained(binary, simulated, arguments, hint):
    outcome = run(binary, simulated(), *arguments)
    assert outcome.returncode == 64 and hint in outcome.stderr and outcome.stdout == ""


def test_a_link_to_another_host_or_an_invalid_page_ends_the_list_after_the_previous_items(binary, simulated, tmp_path):
    rules = tmp_path / "faults.json"
    rules.write_text(json.dumps([{"path": "/api/v2/users", "nth": 2, "members": {"nextUri": "https://evil.example/api/v2/users"}}]))
    outcome = run(binary, simulated("--users", "1000", "--faults", str(rules)), "users", "--output", "ndjson")
    assert outcome.returncode == 1 and "evil.example" in outcome.stderr and len(ids(outcome.stdout)) == 200
    rules.write_text(json.dumps([{"path": "/api/v2/users", "nth": 3, "body": "html"}]))
    outcome = run(binary, simulated("--users", "1000", "--faults", str(rules)), "users", "--output", "ndjson", "--max-wait", "0s")
    assert outcome.returncode == 1 and "proxy" in outcome.stderr and len(ids(outcome.stdout)) == 200
    rules.write_text(json.dumps([{"path": "/api/v2/users", "nth": 2, "members": {"entities": "missing", "error": "x", "total": "missing",
                                                                                 "nextUri": "/api/v2/users?pageNumber=3"}}]))
    outcome = run(binary, simulated("--users", "1000", "--faults", str(rules)), "api", "GET", "/api/v2/users", "--paginate", "--max-wait",
                  "0s")
    assert outcome.returncode == 1 and "no list of items" in outcome.stderr and len(ids(outcome.stdout)) == 25


def test_a_resumed_csv_keeps_its_columns(binary, simulated, tmp_path):
    """The first page determines the columns. The first item after --resume may have other members, which are reported."""
    rules = tmp_path / "faults.json"
    rules.write_text(json.dumps([
        {"path": "/api/v2/teams", "nth": 2, "body": "truncated"},
        {"path": "/api/v2/teams", "nth": 3, "members": {"entities": [{"name": "Odd", "id": "odd", "extra": 1, "memberCount": 2}]}}]))
    environment = simulated("--faults", str(rules))
    command = [binary, "api", "GET", "/api/v2/teams?pageSize=20", "--paginate", "--output", "csv", "--resume", "position", "--max-wait", "0s",
               "--platform", "genesys"]
    output = tmp_path / "teams.csv"
    codes = []
    for _ in range(2):
        with output.open("ab") as stream:
            codes.append(subprocess.run(command, env=environment, cwd=tmp_path, stdout=stream, stderr=subprocess.PIPE).returncode)
    found = list(csv.DictReader(output.open()))
    assert codes == [1, 65] and len(found) == 20 + 1 + 20
    assert [row for row in found if row["id"] == "odd"] == [{"id": "odd", "name": "Odd", "memberCount": "2", "selfUri": ""}]


def test_a_list_cannot_be_resumed_in_another_format(binary, simulated, tmp_path):
    environment = simulated("--users", "1000", "--fault", "path=/api/v2/users,nth=3,body=truncated")
    run(binary, environment, "users", "--output", "csv", "--resume", "position", "--max-wait", "0s", cwd=tmp_path)
    outcome = run(binary, environment, "users", "--output", "ndjson", "--resume", "position", cwd=tmp_path)
    assert outcome.returncode == 78 and "another list" in outcome.stderr


def test_a_resumed_list_sends_its_header_fields(binary, simulated, tmp_path):
    environment = simulated("--users", "200", "--fault", "path=/api/v2/users,nth=3,body=truncated")
    command = ["api", "GET", "/api/v2/users?pageSize=50", "--paginate", "--header", "X-Mark: here", "--max-wait", "0s", "--resume",
               "position"]
    assert run(binary, environment, *command, cwd=tmp_path).returncode == 1
    assert run(binary, environment, *command, "--trace", "trace.har", cwd=tmp_path).returncode == 0
    entries = [entry for entry in json.loads((tmp_path / "trace.har").read_text())["log"]["entries"]
               if "/api/v2/users" in entry["request"]["url"]]
    assert entries and all({"name": "X-Mark", "value": "REMOVED"} in entry["request"]["headers"] for entry in entries)


def test_buffered_table_rows_are_printed_on_an_error(binary, simulated):
    environment = simulated("--fault", "path=/api/v2/users,nth=3,body=truncated")
    outcome = run(binary, environment, "api", "GET", "/api/v2/users", "--paginate", "--output", "table", "--columns", "id,name",
                  "--max-wait", "0s")
    assert outcome.returncode == 1 and "50 items were written" in outcome.stderr
    assert len(outcome.stdout.splitlines()) == 51


def test_an_unknown_column_is_reported_with_a_suggestion(binary, simulated):
    outcome = run(binary, simulated(), "api", "GET", "/api/v2/users", "--paginate", "--output", "csv", "--columns", "id,emial", "--limit", "2")
    assert outcome.returncode == 0 and "'emial'; did you mean 'email'?" in outcome.stderr
