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


def requests(served):
    return json.load(urllib.request.urlopen(served.simulator["RINGDOWN_SIM_URL"] + "/_sim/count?path=/oauth/token"))["count"]


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


@pytest.mark.skipif(not shutil.which("promtool"), reason="promtool is not installed")
def test_promtool_accepts_the_metrics(serve):
    served = serve()
    served.ask("/token")
    served.ask("/proxy/prod/api/v2/users")
    text = served.ask("/metrics")[1]
    done = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


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


@pytest.fixture
def virtually(ringdown, binary, tmp_path):
    """Runs a script with a broker under a simulator with virtual time, once the broker has a token."""

    def run(script, *options):
        start = '"$R" serve --platform genesys --socket $S > /dev/null & until curl -s -f -o /dev/null --unix-socket $S http://localhost/readyz; do sleep 1; done; '
        return ringdown("simulate", "--virtual-time", *options, "--", "bash", "-c", start + script + "; kill %1", R=binary, S=str(tmp_path / "s.sock"))

    return run


COUNT = 'curl -s "$RINGDOWN_SIM_URL/_sim/count?path=/oauth/token"'


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
