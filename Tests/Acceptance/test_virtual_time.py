"""`ringdown simulate --virtual-time`: sleeps return immediately, and all clocks agree."""

import contextlib
import datetime
import json
import os
import pathlib
import shutil
import ssl
import subprocess
import sys

import pytest

CLIENTS = pathlib.Path(__file__).parent / "clients"

# Like Python's requests behind a proxy: small packets, which the system may delay (Nagle's algorithm), and a timeout.
TUNNELS = """
import os, socket, ssl
proxy = os.environ["HTTPS_PROXY"].removeprefix("http://").split(":")
trust = ssl.create_default_context(cafile=os.environ["SSL_CERT_FILE"])
for _ in range(20):
    with socket.create_connection(proxy, timeout=10) as tunnel:
        tunnel.sendall(b"CONNECT api.mypurecloud.com:443 HTTP/1.1\\r\\n\\r\\n")
        tunnel.recv(1000)
        with trust.wrap_socket(tunnel, server_hostname="api.mypurecloud.com") as connection:
            connection.sendall(b"POST /x HTTP/1.1\\r\\nHost: api.mypurecloud.com\\r\\nContent-Length: 2\\r\\n\\r\\n")
            connection.sendall(b"{}")
            print(connection.recv(1000).split()[1].decode())
"""

# Pauses for a day within the TLS handshake. The argument contains the bytes to send in hexadecimal.
STALL = """
import os, socket, sys, time
proxy = os.environ["HTTPS_PROXY"].removeprefix("http://").split(":")
with socket.create_connection(proxy) as tunnel:
    tunnel.sendall(b"CONNECT api.mypurecloud.com:443 HTTP/1.1\\r\\n\\r\\n")
    tunnel.recv(1000)
    tunnel.sendall(bytes.fromhex(sys.argv[1]))
    start = time.time()
    time.sleep(86400)
    print(round(time.time() - start))
"""


def client_hello():
    outgoing = ssl.MemoryBIO()
    handshake = ssl.create_default_context().wrap_bio(ssl.MemoryBIO(), outgoing, server_hostname="api.mypurecloud.com")
    with contextlib.suppress(ssl.SSLWantReadError):
        handshake.do_handshake()
    return outgoing.read()


pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="library interposition requires Linux")


@pytest.fixture
def virtual(ringdown):
    def run(*command, options=()):
        outcome = ringdown("simulate", "--virtual-time", *options, "--", *command)
        assert outcome.code == 0, outcome.err
        return outcome.out

    return run


def test_every_waiting_function_takes_the_expected_time(virtual):
    waits = json.loads(virtual(sys.executable, CLIENTS / "waits.py"))
    assert waits.pop("order") == [1000, 1000, 1000, 3100, 1000, 1000, 3100]
    for name, durations in waits.items():
        assert all(3600 <= duration < 3610 for duration in durations), name


def test_a_day_of_calls_every_five_minutes_has_no_refused_call(virtual):
    soak = json.loads(virtual(sys.executable, CLIENTS / "soak.py", "1.1"))
    assert (soak["calls"], soak["refused"]) == (317, 0)
    tokens = [entry["time"] for entry in soak["journal"] if entry["path"] == "/oauth/token"]
    first, second = (datetime.datetime.fromisoformat(text.replace("Z", "+00:00")) for text in tokens)
    assert datetime.timedelta(hours=23.9) < second - first < datetime.timedelta(hours=24.1)


def test_latency_and_timeouts_use_virtual_time(virtual):
    program = "import os, time, urllib.request as u\nstart = time.time()\ntry:\n u.urlopen(os.environ['GENESYS_API_URL'] + '/x', timeout=%s)\nexcept Exception as e:\n print(type(e).__name__, round(time.time() - start))"
    slow = ["--fault", "path=/x,latency=40"]
    assert virtual(sys.executable, "-c", program % 60, options=slow).split() == ["HTTPError", "40"]
    assert virtual(sys.executable, "-c", program % 20, options=slow).split() == ["TimeoutError", "20"]


def test_limited_bandwidth_uses_virtual_time(virtual):
    program = "import os, time, urllib.error, urllib.request as u\nstart = time.time()\ntry:\n u.urlopen(os.environ['GENESYS_API_URL'] + '/x')\nexcept urllib.error.HTTPError as e:\n print(len(e.read()) / (time.time() - start))"
    assert 1.9 < float(virtual(sys.executable, "-c", program, options=["--fault", "path=/x,bytesPerSecond=2"])) < 2.1


def test_packets_through_the_proxy_arrive_before_a_timeout(virtual):
    assert virtual(sys.executable, "-c", TUNNELS, options=["--intercept"]).split() == ["404"] * 20


@pytest.mark.parametrize("words", [b"\x16\x03\x01", client_hello()], ids=["at its start", "after its first message"])
def test_a_client_that_pauses_within_the_handshake_does_not_stop_the_clock(virtual, words):
    # The clock does not advance while the proxy is busy.
    assert int(virtual(sys.executable, "-c", STALL, words.hex(), options=["--intercept"])) == 86400


def test_cached_tokens_expire_in_virtual_time(virtual, binary):
    script = f"for n in 1 2 3; do RINGDOWN_CACHE=file '{binary}' token --platform genesys; sleep 50000; done"
    first, second, third = virtual("sh", "-c", script).split()
    assert first == second != third


def test_timers_of_swift_tasks_use_virtual_time(virtual, binary):
    assert "no call failed" in virtual(binary, "demo")


@pytest.mark.skipif(not shutil.which("node"), reason="Node.js is not installed")
def test_node_uses_virtual_time(virtual):
    program = "const start = Date.now(); setTimeout(() => console.log(Math.floor((Date.now() - start) / 1000)), 7200000)"
    assert int(virtual("node", "-e", program)) == 7200


def test_the_scale_of_a_virtual_clock_cannot_be_changed(virtual):
    command = "curl -s -d '{\"scale\": 2}' $RINGDOWN_SIM_URL/_sim/clock; curl -s -d '{\"advance\": 7200}' $RINGDOWN_SIM_URL/_sim/clock; date -u +%FT%H"
    refusal, rest = virtual("sh", "-c", command).split("}", 1)
    assert "programs sleep" in refusal
    clock, hour = rest.split("}")
    assert hour.strip() in json.loads(clock + "}")["now"]


def test_without_a_command_the_variables_are_printed(binary, clean_environment, tmp_path):
    with subprocess.Popen([binary, "simulate", "--virtual-time"], env=clean_environment, cwd=tmp_path, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE) as simulator:
        assert "is running" in simulator.stderr.readline()
        text = os.read(simulator.stdout.fileno(), 65536).decode()
        settings = dict(line.split("=", 1) for line in text.splitlines())
        outcome = subprocess.run(["sleep", "86400"], env=clean_environment | settings, timeout=30)
        assert outcome.returncode == 0
        simulator.terminate()
