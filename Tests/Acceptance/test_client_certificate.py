"""A token endpoint that requires a client certificate."""

import pytest

from checks import assert_failed
from conftest import SECRET
from servers.certificates import Authority
from servers.tokens import TOKEN, TokenEndpoint


@pytest.fixture(scope="module")
def clients(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("clients") / "ca", "Acceptance clients")


@pytest.fixture
def strict(certificate, clients):
    """A token endpoint that accepts only client certificates of the `clients` authority."""
    with TokenEndpoint(certificate=certificate, client_authority=clients.certificate) as endpoint:
        yield endpoint


def test_the_endpoint_requires_a_certificate(strict, curl, authority, clients):
    certificate, key = clients.issue("curl")
    trusting = ["--cacert", str(authority.certificate), "--data", "x", "--output", "/dev/null", strict.url]
    assert curl(*trusting).code in (35, 55, 56)
    assert curl("--cert", str(certificate), "--key", str(key), *trusting).code == 0


def test_a_trusted_certificate_is_accepted(strict, token, authority, clients):
    certificate, key = clients.issue("known")
    outcome = token(strict.url, RINGDOWN_CA_FILE=authority.certificate, RINGDOWN_CLIENT_CERT=certificate,
                    RINGDOWN_CLIENT_KEY=key)
    assert (outcome.code, outcome.out) == (0, TOKEN + "\n"), outcome.err


def test_a_request_without_a_certificate_is_refused(strict, token, authority):
    outcome = token(strict.url, RINGDOWN_CA_FILE=authority.certificate)
    assert_failed(outcome, {7}, SECRET)
    assert strict.requests == []


def test_a_certificate_of_another_authority_is_refused(strict, token, authority):
    certificate, key = authority.issue("stranger")
    outcome = token(strict.url, RINGDOWN_CA_FILE=authority.certificate, RINGDOWN_CLIENT_CERT=certificate,
                    RINGDOWN_CLIENT_KEY=key)
    assert_failed(outcome, {7}, SECRET)
    assert strict.requests == []


def test_a_key_that_does_not_match_the_certificate_is_an_error(strict, token, authority, clients):
    certificate, _ = clients.issue("one")
    _, key = clients.issue("other")
    outcome = token(strict.url, RINGDOWN_CA_FILE=authority.certificate, RINGDOWN_CLIENT_CERT=certificate,
                    RINGDOWN_CLIENT_KEY=key)
    assert_failed(outcome, {7, 78}, SECRET)
    assert strict.requests == []
