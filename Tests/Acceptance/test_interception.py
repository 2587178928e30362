"""`ringdown simulate --intercept` answers unmodified programs at the real host names and refuses all other hosts."""

import json
import os
import pathlib
import shutil
import subprocess
import sys

import pytest

CLIENTS = pathlib.Path(__file__).parent / "clients"
REGIONS = ["mypurecloud.com", "mypurecloud.de", "mypurecloud.ie", "usw2.pure.cloud", "mypurecloud.com.au"]

TOKEN = """
import base64, json, os, sys, urllib.error, urllib.request
pair = os.environ["GENESYS_CLIENT_ID"] + ":" + os.environ["GENESYS_CLIENT_SECRET"]
request = urllib.request.Request(sys.argv[1], data=b"grant_type=client_credentials",
                                 headers={"Authorization": "Basic " + base64.b64encode(pair.encode()).decode()})
try:
    print(json.dumps(json.load(urllib.request.urlopen(request))))
except urllib.error.HTTPError as error:
    print(error.read().decode())
"""

JOURNAL = """
import os, subprocess, sys, urllib.request
subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
print(urllib.request.urlopen(os.environ["RINGDOWN_SIM_URL"] + "/_sim/journal").read().decode())
"""


SDK = """
import os
import PureCloudPlatformClientV2 as sdk
sdk.configuration.proxy, sdk.configuration.ssl_ca_cert = os.environ["HTTPS_PROXY"], os.environ["SSL_CERT_FILE"]
client = sdk.api_client.ApiClient().get_client_credentials_token(os.environ["GENESYS_CLIENT_ID"], os.environ["GENESYS_CLIENT_SECRET"])
print(sdk.UsersApi(client).get_users(page_size=5).total)
"""


@pytest.fixture
def intercepted(ringdown):
    """Runs a command behind the proxy, with additional options for the simulator."""

    def run(*command, options=(), **variables):
        return ringdown("simulate", "--intercept", *options, "--", *command, **variables)

    return run


@pytest.mark.parametrize("domain", REGIONS)
def test_every_region_answers_and_only_one_recognises_the_client(intercepted, domain):
    outcome = intercepted(sys.executable, "-c", TOKEN, f"https://login.{domain}/oauth/token")
    answer = json.loads(outcome.out)
    if domain == "mypurecloud.com":
        assert len(answer["access_token"]) == 86
    else:
        assert answer["description"] == "client not found"


def test_the_official_sdk_works_with_real_host_names_through_the_proxy(intercepted):
    outcome = intercepted(sys.executable, "-c", SDK)
    assert outcome.out == "250\n", outcome.err


@pytest.mark.parametrize("host", ["cxone.niceincontact.com", "na1.nice-incontact.com", "api-na1.niceincontact.com",
                                  "api-eu1.niceincontact.com", "api-b32.nice-incontact.com", "api-de-jp1.niceincontact.com"])
def test_curl_trusts_the_certificates_of_the_cxone_hosts(intercepted, host):
    outcome = intercepted("curl", "-sS", "-o", os.devnull, "-w", "%{http_code} %{ssl_verify_result}", f"https://{host}/")
    assert outcome.code == 0, outcome.err
    assert outcome.out.split()[1] == "0"


def test_ringdown_works_with_real_host_names(intercepted, binary):
    for platform in ("genesys", "cxone"):
        outcome = intercepted(binary, "users", "--platform", platform, "--output", "ndjson")
        assert (outcome.code, len(outcome.out.splitlines())) == (0, 250), outcome.err


@pytest.mark.skipif(not shutil.which("java"), reason="Java is not installed")
def test_both_java_http_clients_reach_the_simulator(intercepted):
    outcome = intercepted("java", CLIENTS / "Fetch.java", "https://api.mypurecloud.com/api/v2/users")
    assert outcome.out.split() == ["401", "401"], outcome.err


@pytest.mark.skipif(not shutil.which("node"), reason="Node.js is not installed")
def test_node_trusts_the_certificates(intercepted):
    outcome = intercepted("node", CLIENTS / "fetch.mjs", "https://api.mypurecloud.de/api/v2/users")
    assert outcome.out.split() == ["401"], outcome.err


@pytest.mark.parametrize("url", ["https://example.com/", "https://login.mypurecloud.com:8443/", "http://example.com/",
                                 "https://mypurecloud.com.example.com/", "https://evil.login.mypurecloud.com/"])
def test_any_other_host_is_refused(intercepted, url):
    outcome = intercepted("curl", "-sS", "-w", "%{http_connect}%{http_code}", url)
    assert "403" in outcome.out + outcome.err
    assert "200" not in outcome.out


def test_no_proxy_of_the_caller_does_not_bypass_the_proxy(intercepted):
    outcome = intercepted("curl", "-sS", "https://login.mypurecloud.com/oauth/token", NO_PROXY="*", no_proxy="*")
    assert "invalid_request" in outcome.out, outcome.err


@pytest.mark.parametrize(("url", "method", "host", "path", "reason"), [
    ("https://example.com/", "CONNECT", "example.com", "", "host is not simulated"),
    ("https://example.com:8443/", "CONNECT", "example.com:8443", "", "host is not simulated"),
    ("https://login.mypurecloud.com:8443/", "CONNECT", "login.mypurecloud.com:8443", "", "port is not simulated"),
    ("http://example.com/a", "GET", "example.com", "/a", "only https is simulated"),
    ("http://login.mypurecloud.com:8080/", "GET", "login.mypurecloud.com:8080", "/", "only https is simulated"),
])
def test_the_journal_contains_refused_requests(intercepted, url, method, host, path, reason):
    [entry] = json.loads(intercepted(sys.executable, "-c", JOURNAL, "curl", url).out)
    assert [entry[name] for name in ("method", "host", "path", "status", "reason")] == [method, host, path, 403, reason]


def test_links_in_responses_contain_real_host_names(intercepted, binary):
    outcome = intercepted(binary, "api", "GET", "/incontactapi/services/v34.0/agents?top=2", "--platform", "cxone")
    assert "https://api-b32.nice-incontact.com/" in outcome.out, outcome.err


def test_an_expired_certificate_fault_does_not_affect_the_next_connection(intercepted, binary):
    outcome = intercepted("sh", "-c", f"'{binary}' token --platform genesys; '{binary}' token --platform genesys",
                          options=["--fault", "certificate=expired,host=login.mypurecloud.com,times=1"])
    assert "it has expired" in outcome.err
    assert "clock" in outcome.err
    assert len(outcome.out.strip()) == 86


def test_a_certificate_fault_without_tls_is_a_usage_error(ringdown):
    outcome = ringdown("simulate", "--fault", "certificate=expired", "--", "true")
    assert outcome.code == 64
    assert "--intercept" in outcome.err


def test_any_client_accepts_other_credentials(intercepted):
    command = ["curl", "-sS", "-u", "mine:secret", "-d", "grant_type=client_credentials", "https://login.mypurecloud.com/oauth/token"]
    assert "client not found" in intercepted(*command).out
    assert "access_token" in intercepted(*command, options=["--any-client"]).out


def test_without_a_command_the_variables_are_printed_and_the_certificate_exists(binary, clean_environment, tmp_path):
    with subprocess.Popen([binary, "simulate", "--intercept"], env=clean_environment, cwd=tmp_path, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE) as simulator:
        assert "is running" in simulator.stderr.readline()
        lines = os.read(simulator.stdout.fileno(), 65536).decode().splitlines()
        settings = dict(line.split("=", 1) for line in lines)
        certificate = pathlib.Path(settings["SSL_CERT_FILE"])
        assert "BEGIN CERTIFICATE" in certificate.read_text()
        assert "PRIVATE KEY" not in certificate.read_text()
        simulator.terminate()
        simulator.wait(10)
    assert not certificate.exists()


@pytest.mark.parametrize("words", [b"", b"\r\n\r\n", b"CONNECT\r\n\r\n", b"CONNECT a:b HTTP/1.1\r\n\r\n", b"GET / HTTP/1.1\r\n\r\n",
                                   b"CONNECT login.mypurecloud.com:443 HTTP/1.1\r\n" + b"x: y\r\n" * 4000,
                                   b"\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03" + bytes(200)])
def test_an_invalid_connect_request_is_refused_and_the_proxy_keeps_serving(binary, clean_environment, tmp_path, words):
    script = """
import os, socket, sys, urllib.request
host, port = os.environ["HTTPS_PROXY"].removeprefix("http://").split(":")
with socket.create_connection((host, int(port)), timeout=20) as connection:
    try:
        connection.sendall(bytes.fromhex(sys.argv[1]))
        connection.shutdown(socket.SHUT_WR)
        answer = connection.recv(65536)
    except TimeoutError:
        raise
    except OSError:  # closed before all of it was sent: reset, broken pipe or no longer connected
        answer = b""
print(answer.decode().split("\\r\\n")[0])
try:
    urllib.request.urlopen("https://api.mypurecloud.com/")
except urllib.error.HTTPError as error:
    print(error.code)
"""
    done = subprocess.run([binary, "simulate", "--intercept", "--", sys.executable, "-c", script, words.hex()],
                          env=clean_environment, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    answer, status = done.stdout.splitlines()
    assert answer == "" or answer.split()[1] in ("400", "403", "431")
    assert status == "404", done.stderr
