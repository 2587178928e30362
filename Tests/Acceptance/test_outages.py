"""Outages of the token endpoint, lost downloads, and files that are not what they seem: one process test for each."""

import json
import os
import threading

import pytest

from servers.tokens import GOOD, TokenEndpoint, reply

EXPORT = "ringdown users --platform genesys --output ndjson"


def simulated(ringdown, binary, script, *options, **variables):
    return ringdown("simulate", *options, "--", "sh", "-c", script, PATH=f"{binary.parent}:{os.environ['PATH']}", **variables)


def test_an_export_survives_a_revoked_token_and_a_503_of_the_token_endpoint(ringdown, binary):
    faults = ("path=/api/v2/users,nth=3,latency=12", "path=/api/v2/users,nth=4,revokeToken=true",
              "path=/oauth/token,nth=2,status=503,retryAfter=1")
    options = [part for fault in faults for part in ("--fault", fault)]
    outcome = simulated(ringdown, binary, EXPORT, "--virtual-time", "--users", "1200", *options)
    assert (outcome.code, len(set(outcome.out.splitlines()))) == (0, 1200), outcome.err


@pytest.mark.parametrize("command", ["token", "api GET /api/v2/tokens/me", "exec --platform genesys -- true", "users"])
def test_a_command_without_a_token_waits_for_the_token_endpoint(ringdown, binary, command):
    account = "" if "--platform" in command else " --platform genesys"
    outcome = simulated(ringdown, binary, f"ringdown {command}{account} > /dev/null", "--virtual-time", "--fault",
                        "path=/oauth/token,times=2,status=503")
    assert outcome.code == 0, outcome.err
    assert outcome.err.count("waiting") == 1 and "503" in outcome.err


def test_the_maximum_wait_bounds_an_endpoint_that_does_not_respond(token):
    has_ended = threading.Event()
    with TokenEndpoint(lambda client: has_ended.wait()) as endpoint:
        outcome = token(endpoint.url, "--max-wait", "2s")
        has_ended.set()
    assert outcome.code == 7, outcome.err


def test_tokens_that_are_granted_expired_are_not_requested_in_a_loop(ringdown, binary):
    outcome = simulated(ringdown, binary, 'ringdown exec --platform genesys -- sleep 60; curl -s "$RINGDOWN_SIM_URL/_sim/count?path=/oauth/token"',
                        "--virtual-time", "--fault", "path=/oauth/token,expiresIn=0")
    # One request at the start, then one for each step of 10, 20 and 40 s, of which half is random.
    assert 2 <= json.loads(outcome.out)["count"] <= 6, outcome.err
    assert outcome.err.count("expires_in") == 1


def test_a_firewall_page_is_not_reported_as_a_wrong_secret(token):
    with TokenEndpoint(reply(403, b"<html>Access denied</html>", kind="text/html")) as endpoint:
        outcome = token(endpoint.url)
    assert outcome.code == 7 and "secret is wrong" not in outcome.err and "something between" in outcome.err


def test_an_extraction_survives_a_503_and_a_lost_connection_of_the_signed_link(ringdown, binary):
    script = "ringdown jobs extraction recordings --version 7 --interval 2026-11-18/2026-11-20 --platform cxone"
    whole = simulated(ringdown, binary, script, "--virtual-time")
    outcome = simulated(ringdown, binary, script, "--virtual-time", "--fault", "path=/extraction/*,nth=1,status=503",
                        "--fault", "path=/extraction/*,nth=2,cut=within", "--fault", "path=/data-extraction/v1/jobs/*,nth=1,status=404")
    assert (outcome.code, outcome.out) == (0, whole.out), outcome.err
    assert whole.out.count("\n") > 1


SECRET_FILES = {"a byte order mark": (b"\xef\xbb\xbfs3cr3t\r\n", 0), "UTF-16": ("\ufeffs3cr3t".encode("utf-16-le"), 78),
                "an assignment": (b"OAUTH_CLIENT_SECRET=s3cr3t\n", 78)}


@pytest.mark.parametrize("content, code", SECRET_FILES.values(), ids=SECRET_FILES.keys())
def test_a_secret_file_of_another_form(ringdown, tmp_path, content, code):
    path = tmp_path / "secret"
    path.write_bytes(content)
    with TokenEndpoint(reply(body=GOOD)) as endpoint:
        outcome = ringdown("token", "--platform", "custom", OAUTH_TOKEN_URL=endpoint.url, OAUTH_CLIENT_ID="x", OAUTH_CLIENT_SECRET_FILE=path)
        requests = len(endpoint.requests)
    assert outcome.code == code and requests == (code == 0), outcome.err
    assert "s3cr3t" not in outcome.err


@pytest.mark.parametrize("content", [None, b"", b"hello\n"], ids=["a directory", "an empty file", "not PEM"])
def test_a_ca_file_without_a_certificate_exits_with_78(ringdown, tmp_path, content):
    path = tmp_path / "ca.pem"
    path.mkdir() if content is None else path.write_bytes(content)
    outcome = ringdown("token", "--platform", "custom", OAUTH_TOKEN_URL="https://127.0.0.1:9/", OAUTH_CLIENT_ID="x",
                       OAUTH_CLIENT_SECRET="y", RINGDOWN_CA_FILE=path)
    assert outcome.code == 78 and "RINGDOWN_CA_FILE" in outcome.err and str(path) in outcome.err
