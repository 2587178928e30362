"""A forward proxy that requires a password (tinyproxy): its refusal is never reported as one of the token endpoint."""

import pytest

from checks import assert_discloses_nothing, assert_failed
from conftest import SECRET
from servers.tokens import TOKEN, TokenEndpoint, reply

RIGHT = "wanda:pa%2Dss%2Ew0rd@"  # `-` and `.` need no encoding, but a client must decode it
WRONG = "wanda:not-this@"


@pytest.fixture
def trusted(token, tls_endpoint, authority):
    """Requests a token from the TLS endpoint, with its authority trusted."""

    def run(**variables):
        return token(tls_endpoint.url, RINGDOWN_CA_FILE=authority.certificate, **variables)

    return run


@pytest.mark.parametrize("credentials, status", [(RIGHT, 200), (WRONG, 401), ("", 407)])
def test_the_proxy_answers_connect_as_these_tests_assume(tinyproxy, curl, tls_endpoint, authority, credentials, status):
    outcome = curl("--cacert", str(authority.certificate), "--proxy", f"http://{credentials}127.0.0.1:{tinyproxy()}",
                   "--data", "x", "--output", "/dev/null", "--write-out", "%{http_connect}", tls_endpoint.url)
    assert outcome.out == str(status)


@pytest.mark.parametrize("variable", ["HTTPS_PROXY", "https_proxy"])
def test_the_correct_password_is_accepted(tinyproxy, trusted, tls_endpoint, tmp_path, variable):
    port = tinyproxy()
    outcome = trusted(**{variable: f"http://{RIGHT}127.0.0.1:{port}"})
    assert (outcome.code, outcome.out) == (0, TOKEN + "\n"), outcome.err
    assert f"CONNECT 127.0.0.1:{tls_endpoint.server_port}" in (tmp_path / "tinyproxy.log").read_text()


@pytest.mark.parametrize("variable", ["HTTP_PROXY", "http_proxy"])
def test_plain_http_requests_use_the_proxy(tinyproxy, token, tmp_path, variable):
    port = tinyproxy()
    with TokenEndpoint() as endpoint:
        outcome = token(endpoint.url, **{variable: f"http://{RIGHT}127.0.0.1:{port}"})
    assert (outcome.code, outcome.out) == (0, TOKEN + "\n"), outcome.err
    assert f"POST {endpoint.url}" in (tmp_path / "tinyproxy.log").read_text()


def test_the_proxy_password_is_not_sent_to_the_endpoint(tinyproxy, trusted, tls_endpoint):
    trusted(HTTPS_PROXY=f"http://{RIGHT}127.0.0.1:{tinyproxy()}")
    (_, headers, _), = tls_endpoint.requests
    assert not any(name.lower().startswith("proxy-") for name in headers)


@pytest.mark.parametrize("credentials", [WRONG, ""], ids=["wrong password", "no password"])
def test_a_refusing_proxy_is_named(tinyproxy, trusted, tls_endpoint, credentials):
    port = tinyproxy()
    outcome = trusted(HTTPS_PROXY=f"http://{credentials}127.0.0.1:{port}")
    assert_failed(outcome, {7}, SECRET)
    assert_discloses_nothing(outcome.err, "not-this", "wanda")
    assert f"127.0.0.1:{port}" in outcome.err
    assert "proxy authentication" in outcome.err.lower()
    assert tls_endpoint.requests == []


def test_a_plain_http_request_without_the_password_names_the_proxy(tinyproxy, token):
    port = tinyproxy()
    with TokenEndpoint() as endpoint:
        outcome = token(endpoint.url, HTTP_PROXY=f"http://127.0.0.1:{port}")
    assert_failed(outcome, {7}, SECRET)
    assert f"127.0.0.1:{port}" in outcome.err and "proxy authentication" in outcome.err.lower()


def test_a_port_forbidden_by_the_proxy_is_not_reported_as_a_missing_permission(tinyproxy, trusted):
    port = tinyproxy("ConnectPort 443")  # it answers 403
    outcome = trusted(HTTPS_PROXY=f"http://{RIGHT}127.0.0.1:{port}")
    assert_failed(outcome, {7}, SECRET)
    assert "proxy" in outcome.err.lower()


def test_credentials_refused_through_the_proxy_exit_with_4(tinyproxy, trusted, tls_endpoint):
    tls_endpoint.answer = reply(401, {"error": "invalid_client"})
    assert_failed(trusted(HTTPS_PROXY=f"http://{RIGHT}127.0.0.1:{tinyproxy()}"), {4}, SECRET)


def test_an_unreachable_proxy_is_named(trusted, tls_endpoint):
    with TokenEndpoint() as gone:
        port = gone.server_port
    outcome = trusted(HTTPS_PROXY=f"http://{RIGHT}127.0.0.1:{port}")
    assert_failed(outcome, {7}, SECRET)
    assert_discloses_nothing(outcome.err, "pa-ss.w0rd", "wanda")
    assert f"127.0.0.1:{port}" in outcome.err and "proxy" in outcome.err.lower()


@pytest.mark.parametrize("exception", ["127.0.0.1", "127.0.0.0/8", "*"])
def test_no_proxy_bypasses_the_proxy(trusted, tls_endpoint, exception):
    with TokenEndpoint() as other:
        outcome = trusted(HTTPS_PROXY=f"http://127.0.0.1:{other.server_port}", NO_PROXY=exception)
        assert (outcome.code, outcome.out) == (0, TOKEN + "\n"), outcome.err
        assert other.requests == []
