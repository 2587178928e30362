"""Tokens from a real authorization server (Glewlwyd), with a client secret that contains `: + / % & = é`."""

import base64
import concurrent.futures
import datetime
import json
import stat

import pytest

from checks import assert_discloses_nothing, assert_failed
from conftest import CLIENT_ID, SECRET

RAW = {"OAUTH_CLIENT_AUTH": "basic-raw", "OAUTH_SCOPE": "one"}


def claims(token):
    payload = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))


@pytest.fixture
def cache(tmp_path):
    """Variables for a file cache in the temporary directory of the test."""
    return {"RINGDOWN_CACHE": "file", "RINGDOWN_CACHE_DIR": tmp_path / "cache"}


@pytest.mark.parametrize("arguments, status", [
    (["--user", f"{CLIENT_ID}:{SECRET}"], 200),
    (["--data", f"client_id={CLIENT_ID}", "--data-urlencode", f"client_secret={SECRET}"], 200),
    (["--user", f"{CLIENT_ID}:wrong"], 403),
])
def test_the_server_accepts_the_secret_as_these_tests_assume(glewlwyd, curl, arguments, status):
    outcome = curl("--data", "grant_type=client_credentials", "--data", "scope=one", *arguments,
                   "--output", "/dev/null", "--write-out", "%{http_code} %{size_download}", glewlwyd.url)
    assert outcome.out.split()[0] == str(status)
    assert status == 200 or outcome.out == "403 0", "the body of the refusal is not empty"


@pytest.mark.parametrize("method", ["basic-raw", "body"])
def test_the_token_is_a_jwt_on_one_line(glewlwyd, token, method):
    outcome = token(glewlwyd.url, OAUTH_SCOPE="one", OAUTH_CLIENT_AUTH=method)
    assert outcome.code == 0, outcome.err
    assert outcome.out.count("\n") == 1 and len(outcome.out.split(".")) == 3
    assert claims(outcome.out)["client_id"] == CLIENT_ID


def test_several_scopes_can_be_requested_together(glewlwyd, token):
    outcome = token(glewlwyd.url, **RAW | {"OAUTH_SCOPE": "one two"})
    assert sorted(claims(outcome.out)["scope"].split()) == ["one", "two"]


def test_the_json_format_contains_the_expiry_of_the_token(glewlwyd, token):
    answer = json.loads(token(glewlwyd.url, "--format", "json", **RAW).out)
    ends = datetime.datetime.fromisoformat(answer["expires_at"].replace("Z", "+00:00"))
    assert abs(ends.timestamp() - claims(answer["access_token"])["exp"]) < 60


def test_the_secret_can_come_from_a_file_that_ends_with_a_newline(glewlwyd, ringdown, tmp_path):
    file = tmp_path / "secret"
    file.write_text(SECRET + "\n")
    file.chmod(0o600)
    outcome = ringdown("token", "--platform", "custom", OAUTH_TOKEN_URL=glewlwyd.url, OAUTH_CLIENT_ID=CLIENT_ID,
                       OAUTH_CLIENT_SECRET_FILE=file, **RAW)
    assert (outcome.code, len(outcome.out.split("."))) == (0, 3), outcome.err


def test_a_second_call_uses_the_cache(glewlwyd, token, cache):
    before = glewlwyd.minted()
    first, second = (token(glewlwyd.url, **RAW, **cache) for _ in range(2))
    assert first.code == 0 and second == first
    assert glewlwyd.minted() == before + 1


def test_every_format_prints_the_same_cached_token(glewlwyd, token, cache):
    raw = token(glewlwyd.url, **RAW, **cache).out.strip()
    assert token(glewlwyd.url, "--format", "header", **RAW, **cache).out == f"Authorization: Bearer {raw}\n"
    assert json.loads(token(glewlwyd.url, "--format", "json", **RAW, **cache).out)["access_token"] == raw
    assert raw in token(glewlwyd.url, "--format", "env", **RAW, **cache).out


def test_each_scope_has_its_own_token(glewlwyd, token, cache):
    one, two = (token(glewlwyd.url, **RAW | {"OAUTH_SCOPE": scope}, **cache) for scope in ("one", "two"))
    assert [claims(outcome.out)["scope"] for outcome in (one, two)] == ["one", "two"]


def test_a_wrong_secret_does_not_get_the_cached_token(glewlwyd, token, cache):
    assert token(glewlwyd.url, **RAW, **cache).code == 0
    assert_failed(token(glewlwyd.url, secret="Not/it=at+all", **RAW, **cache), {4}, "Not/it=at+all")


def test_the_cache_is_private_and_contains_neither_token_nor_secret_in_plain_text(glewlwyd, token, cache):
    raw = token(glewlwyd.url, **RAW, **cache).out.strip()
    directory = cache["RINGDOWN_CACHE_DIR"]
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    files = [path for path in directory.rglob("*") if path.is_file()]
    assert files and {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}
    for path in files:
        content = path.read_bytes()
        assert raw.encode() not in content and SECRET.encode() not in content


def test_concurrent_processes_make_one_token_request(glewlwyd, token, cache):
    before = glewlwyd.minted()
    with concurrent.futures.ThreadPoolExecutor(max_workers=12) as pool:
        runs = [pool.submit(token, glewlwyd.url, **RAW, **cache) for _ in range(12)]
        outcomes = [run.result() for run in runs]
    assert {outcome.code for outcome in outcomes} == {0}
    assert len({outcome.out for outcome in outcomes}) == 1
    assert glewlwyd.minted() == before + 1


@pytest.mark.parametrize("method", ["basic-raw", "body"])
def test_a_wrong_secret_exits_with_4(glewlwyd, token, method):
    wrong = "Not/it=at+all"
    outcome = token(glewlwyd.url, secret=wrong, OAUTH_SCOPE="one", OAUTH_CLIENT_AUTH=method)
    assert_failed(outcome, {4}, wrong)
    assert_discloses_nothing(outcome.err, SECRET)


def test_an_encoding_that_the_server_does_not_accept_exits_with_4(glewlwyd, token):
    assert_failed(token(glewlwyd.url, OAUTH_SCOPE="one", OAUTH_CLIENT_AUTH="basic"), {4}, SECRET)


def test_an_unknown_scope_is_not_reported_as_an_authentication_failure(glewlwyd, token):
    outcome = token(glewlwyd.url, **RAW | {"OAUTH_SCOPE": "three"})
    assert_failed(outcome, {1, 5, 78}, SECRET)
    assert "scope" in outcome.err


def test_the_error_is_one_json_object(glewlwyd, token):
    outcome = token(glewlwyd.url, "--output", "json", secret="wrong", **RAW)
    error = json.loads(outcome.err)["error"]
    assert outcome.code == 4
    assert {"code", "message", "hint", "status", "correlationId"} <= error.keys()
    assert error["status"] == 403


@pytest.mark.parametrize("secret, code", [(SECRET, 0), ("Not/it=at+all", 4)])
def test_verbose_discloses_neither_secret_nor_token(glewlwyd, token, secret, code):
    outcome = token(glewlwyd.url, "--verbose", secret=secret, **RAW)
    assert outcome.code == code
    assert_discloses_nothing(outcome.err, secret, CLIENT_ID)
    assert not outcome.out or outcome.out.strip() not in outcome.err
