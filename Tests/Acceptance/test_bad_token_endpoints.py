"""Malformed responses of token endpoints: none crashes the program, floods the terminal, or discloses the secret."""

import json

import pytest

from checks import assert_discloses_nothing, assert_failed
from conftest import SECRET
from servers.tokens import GOOD, TOKEN, TokenEndpoint, reply

PAGE = b"<!DOCTYPE html><html><head><title>Sign in</title></head><body>" + b"<p>Welcome.</p>" * 2000 + b"</body></html>"


def cut_off(client):
    """Announces a longer body than it sends, then closes the connection."""
    reply(body=b'{"access_token":"half', Content_Length=9999)(client)


def hang_up(client):
    """Reads the request and closes the connection."""
    client.close_connection = True


ANSWERS = {
    "an HTML page": reply(body=PAGE, kind="text/html"),
    "an HTML page with content type JSON": reply(body=PAGE),
    "an empty body with 204": reply(204, b""),
    "a truncated JSON object": reply(body=json.dumps(GOOD).encode()[:40]),
    "bytes that are not UTF-8": reply(body=b'{"access_token":"\xff\xfe","token_type":"Bearer"}'),
    "a million opening brackets": reply(body=b"[" * 1_000_000),
    "an array": reply(body=[GOOD]),
    "a token with a second header": reply(body=GOOD | {"access_token": "a\r\nX-Injected: b"}),
    "a token with an escape sequence": reply(body=GOOD | {"access_token": "a\x1b[2Jb"}),
    "an error with status 200": reply(body={"error": "server_error"}),
    "a truncated body": cut_off,
    "a closed connection": hang_up,
    "a server error": reply(500, PAGE, kind="text/html"),
    "an unavailable server": reply(503, b"", Retry_After="1"),
    "a 404 page": reply(404, PAGE, kind="text/html"),
}


@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS.keys())
def test_a_response_without_a_token_is_an_error(token, answer):
    with TokenEndpoint(answer) as endpoint:
        outcome = token(endpoint.url)
    assert_failed(outcome, {1, 7, 78}, SECRET)
    assert endpoint.requests


@pytest.mark.parametrize("kind", ["text/plain", "text/html; charset=utf-8", "application/x-www-form-urlencoded"])
def test_a_wrong_content_type_is_accepted(token, kind):
    with TokenEndpoint(reply(body=GOOD, kind=kind)) as endpoint:
        outcome = token(endpoint.url)
    assert (outcome.code, outcome.out) == (0, TOKEN + "\n"), outcome.err
    assert_discloses_nothing(outcome.err, SECRET)


@pytest.mark.parametrize("lifetime", [{}, {"expires_in": -5}], ids=str)
def test_a_token_with_an_invalid_lifetime_is_accepted(token, lifetime):
    body = {"access_token": TOKEN, "token_type": "bearer"} | lifetime
    with TokenEndpoint(reply(body=body)) as endpoint:
        outcome = token(endpoint.url)
    assert (outcome.code, outcome.out) == (0, TOKEN + "\n"), outcome.err


def test_a_body_of_thirty_megabytes_is_not_read_completely(token):
    sent = []

    def flood(client):
        client.send_response(200)
        client.send_header("Content-Type", "application/json")
        client.end_headers()
        client.wfile.write(b'{"access_token":"')
        for _ in range(30):
            client.wfile.write(b"x" * 1_000_000)
            sent.append(1_000_000)
        client.wfile.write(b'","token_type":"Bearer","expires_in":3600}')

    with TokenEndpoint(flood) as endpoint:
        outcome = token(endpoint.url)
        assert_failed(outcome, {1, 7}, SECRET)
        assert sum(sent) < 30_000_000 * len(endpoint.requests)


def test_a_retry_after_of_one_hour_exits_with_6(token):
    with TokenEndpoint(reply(429, b"", Retry_After="3600")) as endpoint:
        assert_failed(token(endpoint.url), {6}, SECRET)


@pytest.mark.parametrize("status", [302, 307])
def test_a_redirect_is_not_followed(token, status):
    with TokenEndpoint() as other, TokenEndpoint(reply(status, b"", Location=other.url)) as endpoint:
        outcome = token(endpoint.url)
        assert other.requests == []
    assert_failed(outcome, {1, 7, 78}, SECRET)


def test_a_refused_connection_names_the_address(token):
    with TokenEndpoint() as gone:
        url = gone.url
    outcome = token(url)
    assert_failed(outcome, {7}, SECRET)
    assert f"127.0.0.1:{gone.server_port}" in outcome.err


ESCAPES = {"colour": "\x1b[31m", "title": "\x1b]0;owned\x07", "return": "\r", "C1": "\x9b2J", "zero": "\x00",
           "delete": "\x7f"}


@pytest.mark.parametrize("output", ["text", "json"])
def test_terminal_escapes_in_an_error_are_not_printed(token, output):
    body = {"error": "invalid_client", "error_description": f"before{''.join(ESCAPES.values())}after"}
    arguments = ["--output", "json"] if output == "json" else []
    with TokenEndpoint(reply(400, body)) as endpoint:
        outcome = token(endpoint.url, *arguments)
    assert_failed(outcome, {4}, SECRET)
    assert "before" in outcome.err and "after" in outcome.err


def refused(text, error="invalid_client"):
    return {"error": error, "error_description": text}


ECHOES = {
    "in the description": lambda headers, body: refused(f"bad secret {SECRET}"),
    "with the header": lambda headers, body: refused(str(headers)),
    "with the body": lambda headers, body: refused(f"cannot parse {body}", "invalid_request"),
    "as the error": lambda headers, body: {"error": SECRET},
    "on a page": lambda headers, body: f"<html><body>{headers} {body} {SECRET}</body></html>".encode(),
}


@pytest.mark.parametrize("method", ["basic", "basic-raw", "body"])
@pytest.mark.parametrize("echo", ECHOES.values(), ids=ECHOES.keys())
def test_a_secret_echoed_by_the_server_is_not_printed(token, echo, method):
    def answer(client):
        reply(400, echo(*endpoint.requests[-1][1:]))(client)

    with TokenEndpoint(answer) as endpoint:
        outcome = token(endpoint.url, "--verbose", OAUTH_CLIENT_AUTH=method)
    assert outcome.code in (1, 4)
    assert_discloses_nothing(outcome.err, SECRET)


@pytest.mark.parametrize("page", [True, False], ids=["on a page", "in the description"])
@pytest.mark.parametrize("offset", [120, 190, 245, 250, 505])
def test_a_shortened_quotation_contains_no_part_of_an_echoed_secret(token, offset, page):
    secret = "correct-horse-battery-staple-under-the-bridge"
    text = "x" * offset + secret + "y" * 600
    with TokenEndpoint(reply(500, text.encode()) if page else reply(400, refused(text))) as endpoint:
        outcome = token(endpoint.url, "--verbose", secret=secret)
    assert outcome.code in (1, 4, 7)
    assert secret[:6] not in outcome.err


def test_plain_http_is_allowed_for_loopback_only(token):
    outcome = token("http://token.example.invalid/oauth/token")
    assert_failed(outcome, {64, 78}, SECRET)
    assert "https" in outcome.err
