"""Client authentication without a secret: a signed assertion (RFC 7523) and a certificate (RFC 8705)."""

import base64
import json
import subprocess
import time
import urllib.parse

import pytest

from checks import assert_failed
from servers.certificates import Authority
from servers.tokens import TOKEN, TokenEndpoint

KINDS = {"RS256": ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"], "ES256": ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"]}


@pytest.fixture
def key(tmp_path):
    """Creates a private key and returns its path."""

    def make(options, name="key.pem"):
        path = tmp_path / name
        subprocess.run(["openssl", "genpkey", *options, "-out", path], check=True, capture_output=True)
        path.chmod(0o600)
        return path

    return make


@pytest.fixture
def ask(ringdown):
    def run(endpoint, key, **variables):
        settings = {"OAUTH_TOKEN_URL": endpoint.url, "OAUTH_CLIENT_ID": "the-client", "OAUTH_CLIENT_AUTH": "private-key-jwt"}
        return ringdown("token", "--platform", "custom", **settings | ({"OAUTH_PRIVATE_KEY_FILE": key} if key else {}) | variables)

    return run


def decoded(part):
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def der(raw):
    """Converts an ECDSA signature from the concatenated numbers r and s to the DER format of OpenSSL."""
    numbers = b""
    for number in raw[:32], raw[32:]:
        number = number.lstrip(b"\0") or b"\0"
        number = (b"\0" if number[0] & 0x80 else b"") + number
        numbers += b"\x02" + bytes([len(number)]) + number
    return b"\x30" + bytes([len(numbers)]) + numbers


@pytest.mark.parametrize("algorithm", KINDS)
def test_the_assertion_is_signed_and_names_the_client_the_server_and_the_time(ask, key, tmp_path, algorithm):
    path = key(KINDS[algorithm])
    seen = set()
    with TokenEndpoint() as endpoint:
        for _ in range(8):  # ECDSA signatures vary, and so do the lengths of their numbers
            outcome = ask(endpoint, path, OAUTH_PRIVATE_KEY_ID="key-7")
            assert (outcome.code, outcome.out) == (0, TOKEN + "\n"), outcome.err
            _, headers, body = endpoint.requests[-1]
            form = dict(urllib.parse.parse_qsl(body))
            assert "Authorization" not in headers and form["client_assertion_type"] == "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
            assert form["grant_type"] == "client_credentials" and form["client_id"] == "the-client"
            head, claims, signature = form["client_assertion"].split(".")
            assert json.loads(decoded(head)) == {"alg": algorithm, "typ": "JWT", "kid": "key-7"}
            claims = json.loads(decoded(claims))
            assert claims["iss"] == claims["sub"] == "the-client" and claims["aud"] == endpoint.url
            assert abs(claims["iat"] - time.time()) < 60 and claims["exp"] - claims["iat"] == 120
            seen.add(claims["jti"])
            raw = decoded(signature)
            (tmp_path / "signature").write_bytes(der(raw) if algorithm == "ES256" else raw)
            (tmp_path / "text").write_text(form["client_assertion"].rpartition(".")[0])
            subprocess.run(["openssl", "pkey", "-in", path, "-pubout", "-out", tmp_path / "public.pem"], check=True)
            subprocess.run(["openssl", "dgst", "-sha256", "-verify", tmp_path / "public.pem", "-signature", tmp_path / "signature", tmp_path / "text"],
                           check=True, capture_output=True)
    assert len(seen) == 8, "an assertion was used twice"


@pytest.mark.parametrize("options", [["-algorithm", "ED25519"], ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384"]])
def test_an_unsupported_key_type_is_rejected_before_any_request(ask, key, options):
    with TokenEndpoint() as endpoint:
        outcome = ask(endpoint, key(options))
        assert outcome.code == 1 and "neither RSA nor P-256" in outcome.err and not endpoint.requests


@pytest.mark.parametrize("text", ["", "nonsense", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"])
def test_an_unreadable_key_is_an_error_that_does_not_print_the_key(ask, tmp_path, text):
    path = tmp_path / "key.pem"
    path.write_text(text)
    with TokenEndpoint() as endpoint:
        outcome = ask(endpoint, path)
        assert outcome.code in (1, 78) and ("cannot read the private key" in outcome.err or "is empty" in outcome.err) and not endpoint.requests
        assert_failed(outcome, {1, 78}, "nonsense")


def test_a_missing_key_names_the_setting(ask):
    with TokenEndpoint() as endpoint:
        outcome = ask(endpoint, None)
        assert outcome.code == 78 and "OAUTH_PRIVATE_KEY_FILE is not set" in outcome.err


def test_a_client_certificate_replaces_the_secret(ringdown, certificate, authority, tmp_path_factory):
    clients = Authority(tmp_path_factory.mktemp("clients") / "ca", "Acceptance clients")
    own, private = clients.issue("the-client")
    with TokenEndpoint(certificate=certificate, client_authority=clients.certificate) as endpoint:
        settings = {"OAUTH_TOKEN_URL": endpoint.url, "OAUTH_CLIENT_ID": "the-client", "OAUTH_CLIENT_AUTH": "mtls",
                    "RINGDOWN_CA_FILE": authority.certificate}
        outcome = ringdown("token", "--platform", "custom", **settings, RINGDOWN_CLIENT_CERT=own, RINGDOWN_CLIENT_KEY=private)
        assert (outcome.code, outcome.out) == (0, TOKEN + "\n"), outcome.err
        _, headers, body = endpoint.requests[-1]
        assert "Authorization" not in headers and dict(urllib.parse.parse_qsl(body)) == {"grant_type": "client_credentials", "client_id": "the-client"}
        outcome = ringdown("token", "--platform", "custom", **settings)
        assert outcome.code == 78 and "RINGDOWN_CLIENT_CERT is not set" in outcome.err
