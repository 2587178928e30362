"""`ringdown revoke`: revokes the token on the platform and deletes it from the cache; sends no request without a token."""

import json

import pytest

from conftest import CLIENT_ID, SECRET


def run(ringdown, binary, tmp_path, script, *options):
    outcome = ringdown("simulate", *options, "--", "sh", "-c", script, R=binary, RINGDOWN_CACHE="file",
                       RINGDOWN_CACHE_DIR=tmp_path / "cache")
    return outcome


def test_a_revoked_token_is_invalid_and_the_next_token_is_new(ringdown, binary, tmp_path):
    script = ("first=$($R token --platform genesys); $R revoke --platform genesys || exit 9; "
              "curl -s -o /dev/null -w '%{http_code}\\n' -H \"Authorization: Bearer $first\" $GENESYS_API_URL/api/v2/tokens/me; "
              "second=$($R token --platform genesys); test \"$first\" != \"$second\" && echo new")
    outcome = run(ringdown, binary, tmp_path, script)
    assert outcome.out.split() == ["401", "new"], outcome.err
    assert "the token was revoked and deleted" in outcome.err


def test_without_a_token_no_request_is_sent(ringdown, binary, tmp_path):
    outcome = run(ringdown, binary, tmp_path, "$R revoke --platform genesys; curl -s $RINGDOWN_SIM_URL/_sim/count")
    assert json.loads(outcome.out) == {"count": 0} and "no token is cached" in outcome.err


def test_a_token_that_is_already_invalid_is_not_an_error(ringdown, binary, tmp_path):
    script = "$R token --platform genesys >/dev/null; sleep 3; $R revoke --platform genesys; echo $?"
    outcome = run(ringdown, binary, tmp_path, script, "--virtual-time", "--fault", "path=/api/v2/tokens/me,revokeToken=true")
    assert outcome.out == "0\n" and "was no longer valid" in outcome.err


def test_a_failed_revocation_is_an_error_and_the_cached_token_is_deleted(ringdown, binary, tmp_path):
    script = "$R token --platform genesys >/dev/null; $R revoke --platform genesys; echo $?; $R tokens | wc -l"
    outcome = run(ringdown, binary, tmp_path, script, "--fault", "path=/api/v2/tokens/me,status=503")
    code, _ = outcome.out.split()
    assert code == "7" and "deleted from the cache" in outcome.err
    outcome = run(ringdown, binary, tmp_path, "$R revoke --platform genesys")
    assert "no token is cached" in outcome.err


def test_a_token_from_the_environment_can_be_revoked(ringdown, binary, tmp_path):
    script = ("TOKEN=$($R token --platform genesys); unset GENESYS_CLIENT_ID GENESYS_CLIENT_SECRET; "
              "GENESYSCLOUD_ACCESS_TOKEN=$TOKEN $R revoke --platform genesys; "
              "curl -s -o /dev/null -w '%{http_code}' -H \"Authorization: Bearer $TOKEN\" $GENESYS_API_URL/api/v2/tokens/me")
    outcome = run(ringdown, binary, tmp_path, script)
    assert outcome.out == "401", outcome.err


def test_a_token_from_the_environment_is_revoked_instead_of_the_cached_one(ringdown, binary, tmp_path):
    script = ("cached=$($R token --platform genesys); given=$(RINGDOWN_CACHE=off $R token --platform genesys); "
              "GENESYSCLOUD_ACCESS_TOKEN=$given $R revoke --platform genesys; for token in $cached $given; do "
              "curl -s -o /dev/null -w '%{http_code} ' -H \"Authorization: Bearer $token\" $GENESYS_API_URL/api/v2/tokens/me; done; "
              "test \"$cached\" = \"$($R token --platform genesys)\" && echo kept; "
              "GENESYSCLOUD_ACCESS_TOKEN=$cached $R revoke --platform genesys; $R tokens | wc -l")
    assert run(ringdown, binary, tmp_path, script).out.split() == ["200", "401", "kept", "1"]


@pytest.mark.parametrize("options, variables", [
    (("--fault", "path=/api/v2/tokens/me,status=503"), {}), (("--fault", "path=/api/v2/tokens/me,cut=before"), {}),
    ((), {"GENESYS_REGION": "nowhere"}), ((), {"GENESYS_LOGIN_URL": "nonsense"})])
def test_warn_only_reports_failures_as_warnings(ringdown, binary, tmp_path, options, variables):
    setting = " ".join(f"{name}={value}" for name, value in variables.items())
    script = f"$R token --platform genesys >/dev/null; {setting} $R revoke --platform genesys --warn-only; echo $?"
    outcome = run(ringdown, binary, tmp_path, script, *options)
    assert outcome.out == "0\n" and "the token was not revoked" in outcome.err
    outcome = run(ringdown, binary, tmp_path, "GITHUB_ACTIONS=true; export GITHUB_ACTIONS; " + script, *options)
    assert outcome.out.startswith("::warning title=ringdown::the token was not revoked") and outcome.out.endswith("\n0\n")


def test_a_token_is_revoked_at_an_rfc_7009_endpoint(ringdown, glewlwyd, tmp_path):
    variables = {"OAUTH_TOKEN_URL": glewlwyd.url, "OAUTH_CLIENT_ID": CLIENT_ID, "OAUTH_CLIENT_SECRET": SECRET, "OAUTH_SCOPE": "one",
                 "OAUTH_CLIENT_AUTH": "basic-raw", "RINGDOWN_CACHE": "file", "RINGDOWN_CACHE_DIR": tmp_path / "cache",
                 "OAUTH_REVOCATION_URL": glewlwyd.url.replace("/token", "/revoke")}
    assert ringdown("token", "--platform", "custom", **variables).code == 0
    outcome = ringdown("revoke", "--platform", "custom", **variables)
    assert outcome.code == 0 and "the token was revoked and deleted" in outcome.err
    assert glewlwyd.log.read_text().count("revoked, origin") == 1
    assert ringdown("token", "--platform", "custom", **variables).code == 0
    outcome = ringdown("revoke", "--platform", "custom", **variables | {"OAUTH_CLIENT_AUTH": "basic"})
    assert outcome.code in (0, 4)
    wrong = variables | {"OAUTH_REVOCATION_URL": glewlwyd.url.replace("/token", "/absent")}
    ringdown("token", "--platform", "custom", **wrong)
    outcome = ringdown("revoke", "--platform", "custom", **wrong)
    assert outcome.code == 1 and "may be valid until it expires" in outcome.err


def test_a_server_without_token_revocation_is_reported(ringdown, binary, tmp_path):
    outcome = run(ringdown, binary, tmp_path, "$R token --platform cxone >/dev/null; $R revoke --platform cxone; $R tokens | wc -l")
    assert "the platform cannot revoke it" in outcome.err and outcome.out == "1\n"
