"""Calls during rate limits and outages: retries, messages, and traces."""

import http.server
import json
import os
import stat
import subprocess
import sys
import threading

import pytest


def simulated(ringdown, binary, script, *options):
    """Runs a shell script under the simulator, with the program under test first in PATH."""
    return ringdown("simulate", *options, "--", "sh", "-c", script, PATH=f"{binary.parent}:{os.environ['PATH']}")


def test_verbose_logs_each_call_retry_and_wait_on_one_line(ringdown, binary):
    outcome = simulated(ringdown, binary, "ringdown api GET /api/v2/users --platform genesys --verbose >/dev/null", "--virtual-time",
                        "--fault", "path=/api/v2/users,times=1,status=503", "--fault", "path=/api/v2/users,nth=2,status=429,retryAfter=20")
    lines = [line.removeprefix("ringdown: ") for line in outcome.err.splitlines()]
    calls = [line for line in lines if "/api/v2/users" in line]
    assert [call.split(" ms")[0].rsplit(" ", 1)[0] for call in calls if call.endswith("ms")] == [
        "GET /api/v2/users 503", "GET /api/v2/users 429", "GET /api/v2/users 200"]
    assert sum(call.startswith("retrying GET /api/v2/users in ") for call in calls) == 2
    assert outcome.code == 0


def test_a_wait_beyond_the_maximum_exits_with_6_and_reports_the_duration(ringdown, binary):
    outcome = simulated(ringdown, binary, "ringdown api GET /api/v2/users --platform genesys", "--fault",
                        "path=/api/v2/users,status=429,retryAfter=7200")
    assert outcome.code == 6 and "2 h" in outcome.err


# Loops until the background process has recorded that it waits.
UNTIL_IT_WAITS = 'until set -- "$RINGDOWN_CACHE_DIR"/*.pause && [ -s "$1" ]; do :; done'


def test_a_pause_requested_by_the_platform_applies_to_the_next_process(ringdown, binary, tmp_path):
    script = (f"ringdown api GET /api/v2/users --platform genesys >/dev/null & {UNTIL_IT_WAITS}; date +%s; "
              "ringdown api GET /api/v2/organizations/me --platform genesys --verbose >/dev/null; date +%s; wait")
    outcome = simulated(ringdown, binary, f"export RINGDOWN_CACHE=file RINGDOWN_CACHE_DIR='{tmp_path}/cache'; {script}", "--virtual-time",
                        "--fault", "path=/api/v2/users,times=1,status=429,retryAfter=60")
    before, after = map(int, outcome.out.split())
    assert 50 <= after - before <= 62
    assert "for the rate limit" in outcome.err and outcome.code == 0


def test_a_process_that_waits_at_the_limit_saves_the_next_one_from_a_429(ringdown, binary, tmp_path):
    script = (f"ringdown api GET '/api/v2/users?pageSize=25' --paginate --platform genesys >/dev/null & {UNTIL_IT_WAITS}; "
              "ringdown api GET /api/v2/organizations/me --platform genesys >/dev/null; wait; "
              "curl -s \"$RINGDOWN_SIM_URL/_sim/count?status=429\"")
    outcome = simulated(ringdown, binary, f"export RINGDOWN_CACHE=file RINGDOWN_CACHE_DIR='{tmp_path}/cache'; {script}", "--virtual-time",
                        "--calls-per-minute", "4", "--users", "150")
    # Six pages: four before the wait and two after it, so the call of the other process is always below the limit.
    assert json.loads(outcome.out) == {"count": 0}, outcome.err


def test_a_long_list_stays_within_two_percent_below_the_rate_limit(release, clean_environment):
    script = ("date +%s; ringdown users --platform genesys --output ndjson | wc -l; date +%s; "
              "curl -s \"$RINGDOWN_SIM_URL/_sim/journal\" | grep -c '\"status\":429'")
    # 700 pages of 100 users: two windows of 300 calls and part of a third window.
    done = subprocess.run([release, "simulate", "--virtual-time", "--users", "70000", "--calls-per-minute", "300", "--", "sh", "-c",
                           script], env=clean_environment | {"PATH": f"{release.parent}:{os.environ['PATH']}"},
                          capture_output=True, text=True, timeout=120)
    before, users, after, refusals = map(int, done.stdout.split())
    assert (users, refusals) == (70000, 0)
    assert 120 <= after - before <= 700 / 300 * 60 * 1.02


def test_a_trace_contains_every_exchange_and_no_secret(ringdown, binary, tmp_path):
    trace = tmp_path / "trace.har"
    script = (f"export RINGDOWN_CACHE=off; ringdown users --platform cxone --trace '{trace}' --limit 3 >/dev/null; "
              "env | grep -E 'SECRET|KEY' ; ringdown jobs extraction x --platform cxone --interval 2026-11-01/2026-11-02 "
              f"--trace '{trace}.2' >/dev/null; ringdown token --platform genesys")
    outcome = simulated(ringdown, binary, script, "--virtual-time")
    assert stat.S_IMODE(trace.stat().st_mode) == 0o600
    text = trace.read_text() + (tmp_path / "trace.har.2").read_text()
    entries = json.loads(trace.read_text())["log"]["entries"]
    paths = [entry["request"]["url"].split("/", 3)[3].split("?")[0] for entry in entries]
    assert any(path.endswith("auth/token") for path in paths) and any(path.endswith("/agents") for path in paths)
    for entry in entries:
        assert set(entry) >= {"startedDateTime", "time", "request", "response", "cache", "timings"}
    values = [line.split("=", 1)[1].strip("'\"") for line in outcome.out.splitlines() if "SECRET=" in line]
    assert len(values) >= 3 and not any(value in text for value in values)
    assert "Bearer " not in text and "Basic " not in text and "eyJ" not in text
    assert "X-Amz-Signature" not in text or "X-Amz-Signature=REMOVED" in text


def test_a_trace_is_not_written_through_a_symbolic_link(ringdown, binary, tmp_path):
    (tmp_path / "target").write_text("mine")
    os.symlink(tmp_path / "target", tmp_path / "link")
    outcome = simulated(ringdown, binary, f"ringdown users --platform genesys --trace '{tmp_path}/link'")
    assert outcome.code == 78 and (tmp_path / "target").read_text() == "mine"


@pytest.mark.parametrize("value", ["x", "-1s", ""])
def test_an_invalid_maximum_wait_is_rejected(ringdown, value):
    assert ringdown("users", "--platform", "genesys", "--max-wait", value).code == 64
    if value:
        outcome = ringdown("users", "--platform", "genesys", RINGDOWN_MAX_WAIT=value, GENESYS_CLIENT_ID="x", GENESYS_CLIENT_SECRET="y")
        assert outcome.code == 78 and "RINGDOWN_MAX_WAIT" in outcome.err


@pytest.mark.skipif(sys.platform != "linux", reason="pseudo-terminals behave differently on other systems")
def test_a_terminal_shows_the_progress_of_a_list(ringdown, release):
    program = ("import os, pty, subprocess, sys\n"
               "main, side = pty.openpty()\n"
               "done = subprocess.Popen(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=side)\n"
               "os.close(side)\n"
               "text = b''\n"
               "while True:\n"
               "    try: chunk = os.read(main, 65536)\n"
               "    except OSError: break\n"
               "    if not chunk: break\n"
               "    text += chunk\n"
               "print(done.wait(), repr(text.decode()))")
    command = f"TERM=xterm '{sys.executable}' -c \"{program}\" ringdown users --output ndjson --platform genesys"
    outcome = simulated(ringdown, release, command, "--users", "60000", "--calls-per-minute", "0")
    assert outcome.out.startswith("0 ") and " of 60,000 users" in outcome.out and " a second" in outcome.out
    assert outcome.out.rstrip().endswith("\\x1b[K'")


def test_an_oversized_result_window_is_reported_with_an_alternative(ringdown, binary):
    call = ("ringdown api POST /api/v2/analytics/conversations/details/query --platform genesys --field interval=2026-11-01/2026-11-02 "
            "--field 'paging:={\"pageSize\": 300, \"pageNumber\": 500}'")
    outcome = simulated(ringdown, binary, call)
    assert outcome.code == 1 and "may not exceed" in outcome.err and "--job" in outcome.err


def test_a_page_of_fifty_megabytes_is_read(release, clean_environment):
    item = json.dumps({"id": "IDENTITY", "text": "x" * 1000})

    class Server(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            self.answer(json.dumps({"access_token": "t", "token_type": "bearer", "expires_in": 3600}).encode())

        def do_GET(self):
            self.answer(b'{"entities":[' + b",".join(item.replace("IDENTITY", str(number)).encode() for number in range(50_000)) + b"]}")

        def answer(self, body):
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server) as server:
        threading.Thread(target=server.serve_forever).start()
        url = f"http://127.0.0.1:{server.server_port}"
        variables = {"OAUTH_TOKEN_URL": url + "/token", "OAUTH_API_URL": url, "OAUTH_CLIENT_ID": "x", "OAUTH_CLIENT_SECRET": "y"}
        done = subprocess.run([release, "api", "GET", "/big", "--paginate", "--platform", "custom"], env=clean_environment | variables,
                              capture_output=True, text=True, timeout=60)
        server.shutdown()
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) == 50_000 and len(done.stdout) > 50_000_000


def test_a_process_without_a_free_descriptor_says_so(ringdown, binary):
    """The limit leaves enough descriptors to load libcurl, but not enough for a connection."""
    script = f"for limit in 8 9 10 11; do (ulimit -n $limit; '{binary}' token --platform genesys --max-wait 0s > /dev/null; echo $?); done"
    outcome = ringdown("simulate", "--", "bash", "-c", script, RINGDOWN_CACHE="off")
    assert "this process has no free file descriptor for a connection" in outcome.err and "ulimit -n" in outcome.err
    assert "refused" not in outcome.err and set(outcome.out.split()) <= {"0", "78"}, outcome
