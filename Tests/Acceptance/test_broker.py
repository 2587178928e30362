"""`ringdown serve`: tokens and API calls for programs without a secret, restricted to programs of the same user."""

import contextlib
import http.client
import json
import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import urllib.request

import pytest


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost")
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(self.path)


class Served:
    """A running broker, with a method for requests to it."""

    def __init__(self, process, settings):
        self.process, self.settings, self.path = process, settings, settings["RINGDOWN_SOCKET"]

    def ask(self, target, method="GET", headers=(), body=None, port=False):
        if port:
            connection = http.client.HTTPConnection(self.settings["RINGDOWN_BROKER_URL"].removeprefix("http://"))
        else:
            connection = UnixConnection(self.path)
        connection.request(method, target, body, dict(headers))
        response = connection.getresponse()
        text = response.read()
        connection.close()
        is_json = (response.headers.get("Content-Type") or "").startswith("application/json")
        return response.status, json.loads(text) if is_json else text.decode(), response.headers


@pytest.fixture
def serve(binary, clean_environment, simulated, tmp_path):
    """Starts brokers for the accounts of a simulator."""
    with contextlib.ExitStack() as running:

        def start(*arguments, options=(), **variables):
            simulator = simulated(*options)
            directory = tmp_path / "home/.config/ringdown"
            directory.mkdir(parents=True, exist_ok=True)
            for name, prefix in [("prod", "GENESYS"), ("other", "CXONE")]:
                with open(os.open(directory / f"{name}.env", os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "w") as file:
                    file.writelines(f"{key}={value}\n" for key, value in simulator.items() if key.startswith(prefix))
            runtime = tmp_path / "runtime"
            runtime.mkdir(exist_ok=True)
            process = running.enter_context(subprocess.Popen(
                [binary, "serve", *(arguments or ["prod", "other"])], cwd=tmp_path, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                stderr=subprocess.PIPE, text=True, env=clean_environment | {"XDG_RUNTIME_DIR": str(runtime)} | variables))
            running.callback(process.kill)
            wanted = 3 if "--port" in arguments else 1
            lines = [process.stdout.readline().rstrip("\n") for _ in range(wanted)]
            served = Served(process, dict(line.split("=", 1) for line in lines if line))
            served.simulator = simulator
            return served

        yield start


def api(served, token, path="/api/v2/tokens/me"):
    request = urllib.request.Request(served.simulator["GENESYS_API_URL"] + path, headers={"Authorization": "Bearer " + token})
    try:
        return urllib.request.urlopen(request).status
    except urllib.error.HTTPError as error:
        return error.code


def requests(served):
    return json.load(urllib.request.urlopen(served.simulator["RINGDOWN_SIM_URL"] + "/_sim/count?path=/oauth/token"))["count"]


def test_a_program_gets_a_valid_token_and_no_secret(serve):
    served = serve()
    status, answer, headers = served.ask("/token?profile=prod")
    assert status == 200 and api(served, answer["access_token"]) == 200 and headers["Cache-Control"] == "no-store"
    assert answer["token_type"] == "Bearer" and 86000 < answer["expires_in"] <= 86400 and answer["platform"] == "genesys"
    assert served.ask("/token")[1]["access_token"] == answer["access_token"], "without a name, the first profile is used"
    assert served.ask("/token?profile=other")[1]["platform"] == "cxone" and requests(served) == 1
    everything = json.dumps([answer, served.ask("/metrics")[1], served.ask("/token?profile=absent")[1]])
    assert served.simulator["GENESYS_CLIENT_SECRET"] not in everything
    status, answer, _ = served.ask("/token?profile=absent")
    assert status == 404 and "available profiles: prod, other" in answer["error"]["message"]


def test_200_concurrent_callers_make_one_token_request(serve):
    served = serve("prod", options=("--fault", "path=/oauth/token,latency=0.3"))
    script = ("import http.client, socket, sys, threading\n"
              "class C(http.client.HTTPConnection):\n def connect(self):\n  self.sock = socket.socket(socket.AF_UNIX); self.sock.connect(sys.argv[1])\n"
              "def ask(): c = C('localhost'); c.request('GET', '/token'); r = c.getresponse(); seen.append(r.read() if r.status == 200 else None)\n"
              "seen = []; threads = [threading.Thread(target=ask) for _ in range(200)]\n"
              "[t.start() for t in threads]; [t.join() for t in threads]\n"
              "print(len(seen), seen.count(None))")
    done = subprocess.run([sys.executable, "-c", script, served.path], capture_output=True, text=True, timeout=60)
    assert done.stdout.split() == ["200", "0"], done.stderr
    assert requests(served) == 1


def test_proxied_calls_carry_the_token(serve):
    served = serve()
    status, answer, _ = served.ask("/proxy/prod/api/v2/users?pageSize=2&pageNumber=1", headers={"Authorization": "Bearer the-callers-own", "Cookie": "a=b"})
    assert status == 200 and len(answer["entities"]) == 2
    assert served.ask("/proxy/prod/api/v2/absent")[0] == 404 and served.ask("/proxy/prod/api/v2/users/me")[1]["code"] == "not.a.user"
    status, answer, _ = served.ask("/proxy/prod/api/v2/analytics/conversations/details/query", "POST", {"Content-Type": "application/json"},
                                   json.dumps({"interval": "2026-11-01/2026-11-02", "paging": {"pageSize": 1, "pageNumber": 1}}))
    assert status == 200 and answer["totalHits"] > 0
    assert served.ask("/proxy/other/incontactapi/services/v34.0/agents?top=1", headers={"Accept": "application/json"})[0] == 200


def test_a_failed_api_call_is_forwarded_unchanged_and_not_retried(serve):
    served = serve("prod", options=("--fault", "path=/api/v2/users,status=503"))
    assert served.ask("/proxy/prod/api/v2/users")[0] == 503
    count = urllib.request.urlopen(served.simulator["RINGDOWN_SIM_URL"] + "/_sim/count?path=/api/v2/users").read()
    assert count == b'{"count":1}'


@pytest.mark.parametrize("path", ["/proxy/prod/http://evil.example/x", "/proxy/prod//evil.example/x", "/proxy/prod/..%2f..%2f", "/proxy/", "/proxy"])
def test_proxied_calls_reach_only_the_api_of_the_account(serve, path):
    served = serve("prod")
    assert served.ask(path)[0] in (400, 404)
    journal = json.load(urllib.request.urlopen(served.simulator["RINGDOWN_SIM_URL"] + "/_sim/journal"))
    assert not [entry for entry in journal if "evil" in entry["host"]]


@pytest.mark.parametrize("headers", [{"Origin": "http://evil.example"}, {"X-Forwarded-For": "10.0.0.1"}, {"Via": "1.1 proxy"}, {"Forwarded": "for=a"},
                                     {"Sec-Fetch-Site": "cross-site"}, {"Host": "evil.example"}])
def test_requests_from_browsers_or_proxies_or_for_other_hosts_are_refused(serve, headers):
    served = serve("prod")
    for path in "/token", "/proxy/prod/api/v2/users", "/metrics":
        status, answer, _ = served.ask(path, headers=headers)
        assert status == 403 and "access_token" not in json.dumps(answer)


def test_the_socket_is_private_and_removed_on_exit(serve):
    served = serve("prod")
    assert stat.S_IMODE(os.stat(served.path).st_mode) == 0o600
    served.process.send_signal(signal.SIGTERM)
    assert served.process.wait(timeout=20) == 0 and not os.path.exists(served.path)


def test_a_socket_in_use_is_refused_and_a_stale_socket_is_replaced(serve, ringdown, tmp_path):
    served = serve("prod")
    outcome = ringdown("serve", "prod", "--socket", served.path)
    assert outcome.code == 78 and "another process serves this socket" in outcome.err
    served.process.kill()
    served.process.wait()
    assert os.path.exists(served.path)
    assert serve("prod", "--socket", served.path).ask("/livez")[0] == 200
    (tmp_path / "file").write_text("kept")
    assert ringdown("serve", "prod", "--socket", str(tmp_path / "file")).code == 78 and (tmp_path / "file").read_text() == "kept"


def test_tcp_requires_the_key(serve):
    served = serve("prod", "--port", "0")
    key = {"Authorization": "Bearer " + served.settings["RINGDOWN_BROKER_KEY"]}
    assert served.ask("/token", port=True)[0] == 401 and served.ask("/token", headers={"Authorization": "Bearer wrong"}, port=True)[0] == 401
    assert served.ask("/token", headers=key, port=True)[0] == 200
    # The way a program calls the broker if its API address and token can be configured.
    assert served.ask("/proxy/prod/api/v2/users", headers=key, port=True)[0] == 200
    assert served.ask("/livez", port=True)[0] == 200


def test_the_broker_is_ready_once_it_has_a_token(serve):
    served = serve("prod", options=("--fault", "path=/oauth/token,status=503"))
    assert served.ask("/livez")[0] == 200 and served.ask("/readyz")[0] == 503
    status, answer, _ = served.ask("/token")
    assert status == 502 and answer["error"]["hint"]
    urllib.request.urlopen(urllib.request.Request(served.simulator["RINGDOWN_SIM_URL"] + "/_sim/faults", method="DELETE"))
    healthy = serve("prod", "--socket", served.path + "2")
    assert healthy.ask("/token")[0] == 200 and healthy.ask("/readyz")[0] == 200


@pytest.mark.skipif(not shutil.which("promtool"), reason="promtool is not installed")
def test_promtool_accepts_the_metrics(serve):
    served = serve()
    served.ask("/token")
    served.ask("/proxy/prod/api/v2/users")
    text = served.ask("/metrics")[1]
    done = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_metrics_count_tokens_and_requests(serve):
    served = serve("prod")
    served.ask("/token")
    served.ask("/proxy/prod/api/v2/users")
    served.ask("/proxy/prod/api/v2/absent")
    lines = served.ask("/metrics")[1].splitlines()
    for line in ['ringdown_tokens_served_total{profile="prod"} 1', 'ringdown_token_requests_total{profile="prod",outcome="granted"} 1',
                 'ringdown_proxied_requests_total{profile="prod",status="2xx"} 1', 'ringdown_proxied_requests_total{profile="prod",status="4xx"} 1']:
        assert line in lines


def test_commands_use_the_broker_without_a_profile(serve, ringdown):
    served = serve()
    variables = {"RINGDOWN_SOCKET": served.path}
    token = ringdown("token", "prod", **variables)
    assert token.code == 0 and token.out.strip() == served.ask("/token")[1]["access_token"], token.err
    assert "Simulated Contact Centre" in ringdown("whoami", "prod", **variables).out
    assert ringdown("users", "other", "--output", "csv", **variables).out.count("\n") == 251
    assert ringdown("exec", "prod", "--", "sh", "-c", "echo $RINGDOWN_ACCESS_TOKEN", **variables).out == token.out
    assert requests(served) == 1


def test_an_unreachable_broker_is_an_error_with_a_hint(ringdown, tmp_path):
    outcome = ringdown("token", "prod", RINGDOWN_SOCKET=str(tmp_path / "nowhere.sock"))
    assert outcome.code == 7 and "cannot reach the broker" in outcome.err and "ringdown serve" in outcome.err


def test_proxied_calls_succeed_after_the_first_token_expires(ringdown, binary, tmp_path):
    script = ('"$R" serve --platform genesys --socket $S > /dev/null & while [ ! -S $S ]; do sleep 1; done; n=0; '
              'while [ $n -lt 20 ]; do curl -s -o /dev/null -w "%{http_code} " --unix-socket $S http://localhost/proxy/default/api/v2/tokens/me; '
              'sleep 20; n=$((n + 1)); done; kill %1')
    outcome = ringdown("simulate", "--virtual-time", "--lifetime", "60s", "--", "bash", "-c", script, R=binary, S=str(tmp_path / "s.sock"))
    assert outcome.out.split() == ["200"] * 20, outcome.err


@pytest.fixture
def virtually(ringdown, binary, tmp_path):
    """Runs a script with a broker under a simulator with virtual time, once the broker has a token."""

    def run(script, *options):
        start = '"$R" serve --platform genesys --socket $S > /dev/null & until curl -s -f -o /dev/null --unix-socket $S http://localhost/readyz; do sleep 1; done; '
        return ringdown("simulate", "--virtual-time", *options, "--", "bash", "-c", start + script + "; kill %1", R=binary, S=str(tmp_path / "s.sock"))

    return run


ASK = 'curl -s --unix-socket $S http://localhost'
COUNT = 'curl -s "$RINGDOWN_SIM_URL/_sim/count?path=/oauth/token"'


def test_a_call_with_a_revoked_token_is_retried_once_with_a_new_token(virtually):
    outcome = virtually(f"sleep 100; {ASK}/proxy/default/api/v2/users -o /dev/null -w '%{{http_code}} '; {COUNT}",
                        "--fault", "path=/api/v2/users,revokeToken=true,times=1")
    assert outcome.out == '200 {"count":2}', outcome.err


def test_a_rejected_token_is_not_returned_again(virtually):
    outcome = virtually(f"sleep 100; {ASK}/token > one; {ASK}/token/reject -d '{{\"access_token\":\"another\"}}'; {ASK}/token > two; "
                        f"{ASK}/token/reject -d @one; {ASK}/token > three; {ASK}/token/reject -d '{{}}' -o /dev/null -w '%{{http_code}} '; "
                        "for f in one two three; do grep -o 'access_token\":\"[^\"]*' $f; done | sort | uniq -c | awk '{print $1}' | sort | tr '\n' ' '")
    assert outcome.out == "400 1 2 ", outcome.err


def test_a_command_with_a_refused_token_gets_a_new_one_from_the_broker(virtually):
    outcome = virtually(f"sleep 100; RINGDOWN_SOCKET=$S $R users | wc -l; {COUNT}", "--fault", "path=/api/v2/users,revokeToken=true,times=1")
    assert outcome.out == '251\n{"count":2}', outcome.err


def test_doctor_checks_the_configured_broker(serve, ringdown, tmp_path):
    served = serve()
    report = json.loads(ringdown("doctor", "prod", "--output", "json", RINGDOWN_SOCKET=served.path).out)
    assert report["ok"] and report["findings"][0]["check"] == "broker" and {"api", "organisation"} <= {f["check"] for f in report["findings"]}
    outcome = ringdown("doctor", "absent", "--output", "json", RINGDOWN_SOCKET=served.path)
    assert outcome.code == 4 and json.loads(outcome.out)["cause"]["name"] == "broker-without-token"
    outcome = ringdown("doctor", "prod", "--output", "json", RINGDOWN_SOCKET=str(tmp_path / "nowhere.sock"))
    assert outcome.code == 7 and json.loads(outcome.out)["cause"]["name"] == "no-broker"
