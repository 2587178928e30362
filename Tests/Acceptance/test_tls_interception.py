"""A proxy that intercepts TLS (mitmproxy), as in corporate networks: requests succeed only if its authority is trusted."""

import subprocess

import pytest

from checks import assert_failed
from conftest import SECRET
from servers.tokens import TOKEN

VARIABLES = ["RINGDOWN_CA_FILE", "SSL_CERT_FILE", "CURL_CA_BUNDLE"]


@pytest.fixture
def through(token, tls_endpoint, mitmproxy):
    """Requests a token through the proxy."""

    def run(**variables):
        return token(tls_endpoint.url, HTTPS_PROXY=mitmproxy.url, **variables)

    return run


def test_the_proxy_signs_with_its_own_authority_and_offers_http2(curl, tls_endpoint, mitmproxy, authority):
    def versions(trusted):
        return curl("--cacert", str(trusted), "--proxy", mitmproxy.url, "--data", "x", "--output", "/dev/null",
                    "--write-out", "%{http_code} %{http_version}", tls_endpoint.url)

    assert versions(mitmproxy.authority).out == "200 2"
    assert versions(authority.certificate).code == 60


@pytest.mark.parametrize("variable", VARIABLES)
def test_the_authority_of_the_proxy_can_be_set_as_a_file(through, tls_endpoint, mitmproxy, variable):
    outcome = through(**{variable: mitmproxy.authority})
    assert (outcome.code, outcome.out) == (0, TOKEN + "\n"), outcome.err
    assert len(tls_endpoint.requests) == 1


def test_the_authority_of_the_proxy_can_be_set_as_a_directory(through, mitmproxy, tmp_path):
    directory = tmp_path / "authorities"
    directory.mkdir()
    (directory / "proxy.pem").write_bytes(mitmproxy.authority.read_bytes())
    subprocess.run(["openssl", "rehash", directory], check=True)
    outcome = through(SSL_CERT_DIR=directory)
    assert (outcome.code, outcome.out) == (0, TOKEN + "\n"), outcome.err


def test_a_token_request_uses_http_1_1_even_if_the_proxy_offers_http_2(through, tls_endpoint, mitmproxy):
    through(RINGDOWN_CA_FILE=mitmproxy.authority)
    assert f"POST {tls_endpoint.url} HTTP/1.1" in mitmproxy.requests()


def test_without_the_authority_of_the_proxy_nothing_is_sent(through, tls_endpoint):
    outcome = through()
    assert_failed(outcome, {7}, SECRET)
    assert "certificate" in outcome.err.lower()
    assert tls_endpoint.requests == []


@pytest.mark.parametrize("variable", VARIABLES)
def test_with_another_authority_nothing_is_sent(through, tls_endpoint, authority, variable):
    outcome = through(**{variable: authority.certificate})
    assert_failed(outcome, {7}, SECRET)
    assert "certificate" in outcome.err.lower()
    assert tls_endpoint.requests == []


def test_a_missing_authority_file_is_a_configuration_error(through, tmp_path):
    outcome = through(RINGDOWN_CA_FILE=tmp_path / "absent.pem")
    assert_failed(outcome, {78}, SECRET)
    assert "absent.pem" in outcome.err
