"""`ringdown revoke`: the token ends at the platform, no process takes it up again, and nothing is asked for that is not there."""

import json

import pytest

from conftest import CLIENT_ID, SECRET


def run(ringdown, binary, tmp_path, script, *options):
    outcome = ringdown("simulate", *options, "--", "sh", "-c", script, R=binary, RINGDOWN_CACHE="file",
                       RINGDOWN_CACHE_DIR=tmp_path / "cache")
    return outcome


def test_a_revoked_token_is_over_and_the_next_one_is_new(ringdown, binary, tmp_path):
    script = ("first=$($R token --platform genesys); $R revoke --platform genesys || exit 9; "
              "curl -s -o /dev/null -w '%{http_code}\\n' -H \"Authorization: Bearer $first\" $GENESYS_API_URL/api/v2/tokens/me; "
              "second=$($R token --platform genesys); test \"$first\" != \"$second\" && echo new")
    outcome = run(ringdown, binary, tmp_path, script)
    assert outcome.out.split() == ["401", "new"], outcome.err
    assert "revoked and forgotten" in outcome.err


def test_nothing_is_requested_to_be_revoked(ringdown, binary, tmp_path):
    outcome = run(ringdown, binary, tmp_path, "$R revoke --platform genesys; curl -s $RINGDOWN_SIM_URL/_sim/count")
    assert json.loads(outcome.out) == {"count": 0} and "no token is cached" in outcome.err


def test_a_token_that_is_over_is_no_error(ringdown, binary, tmp_path):
    script = "$R token --platform genesys >/dev/null; sleep 3; $R revoke --platform genesys; echo $?"
    outcome = run(ringdown, binary, tmp_path, script, "--virtual-time", "--fault", "path=/api/v2/tokens/me,revokeToken=true")
    assert outcome.out == "0\n" and "over already" in outcome.err


def test_a_platform_that_fails_leaves_the_token_forgotten_and_says_so(ringdown, binary, tmp_path):
    script = "$R token --platform genesys >/dev/null; $R revoke --platform genesys; echo $?; $R tokens | wc -l"
    outcome = run(ringdown, binary, tmp_path, script, "--fault", "path=/api/v2/tokens/me,status=503")
    code, _ = outcome.out.split()
    assert code == "7" and "forgotten here" in outcome.err
    outcome = run(ringdown, binary, tmp_path, "$R revoke --platform genesys")
    assert "no token is cached" in outcome.err


def test_a_token_from_elsewhere_can_be_ended_too(ringdown, binary, tmp_path):
    script = ("TOKEN=$($R token --platform genesys); unset GENESYS_CLIENT_ID GENESYS_CLIENT_SECRET; "
              "GENESYSCLOUD_ACCESS_TOKEN=$TOKEN $R revoke --platform genesys; "
              "curl -s -o /dev/null -w '%{http_code}' -H \"Authorization: Bearer $TOKEN\" $GENESYS_API_URL/api/v2/tokens/me")
    outcome = run(ringdown, binary, tmp_path, script)
    assert outcome.out == "401", outcome.err


def test_a_token_that_is_given_is_ended_in_place_of_the_cached_one(ringdown, binary, tmp_path):
    script = ("cached=$($R token --platform genesys); given=$(RINGDOWN_CACHE=off $R token --platform genesys); "
              "GENESYSCLOUD_ACCESS_TOKEN=$given $R revoke --platform genesys; for token in $cached $given; do "
              "curl -s -o /dev/null -w '%{http_code} ' -H \"Authorization: Bearer $token\" $GENESYS_API_URL/api/v2/tokens/me; done; "
              "test \"$cached\" = \"$($R token --platform genesys)\" && echo kept; "
              "GENESYSCLOUD_ACCESS_TOKEN=$cached $R revoke --platform genesys; $R tokens | wc -l")
    assert run(ringdown, binary, tmp_path, script).out.split() == ["200", "401", "kept", "1"]


@pytest.mark.parametrize("options, variables", [
    (("--fault", "path=/api/v2/tokens/me,status=503"), {}), (("--fault", "path=/api/v2/tokens/me,cut=before"), {}),
    ((), {"GENESYS_REGION": "nowhere"}), ((), {"GENESYS_LOGIN_URL": "nonsense"})])
def test_at_the_end_of_a_job_nothing_fails_it(ringdown, binary, tmp_path, options, variables):
    setting = " ".join(f"{name}={value}" for name, value in variables.items())
    script = f"$R token --platform genesys >/dev/null; {setting} $R revoke --platform genesys --warn-only; echo $?"
    outcome = run(ringdown, binary, tmp_path, script, *options)
    assert outcome.out == "0\n" and "the token was not revoked" in outcome.err
    outcome = run(ringdown, binary, tmp_path, "GITHUB_ACTIONS=true; export GITHUB_ACTIONS; " + script, *options)
    assert outcome.out.startswith("::warning title=ringdown::the token was not revoked") and outcome.out.endswith("\n0\n")


def test_a_server_with_rfc_7009_ends_the_token(ringdown, glewlwyd, tmp_path):
    variables = {"OAUTH_TOKEN_URL": glewlwyd.url, "OAUTH_CLIENT_ID": CLIENT_ID, "OAUTH_CLIENT_SECRET": SECRET, "OAUTH_SCOPE": "one",
                 "OAUTH_CLIENT_AUTH": "basic-raw", "RINGDOWN_CACHE": "file", "RINGDOWN_CACHE_DIR": tmp_path / "cache",
                 "OAUTH_REVOCATION_URL": glewlwyd.url.replace("/token", "/revoke")}
    assert ringdown("token", "--platform", "custom", **variables).code == 0
    outcome = ringdown("revoke", "--platform", "custom", **variables)
    assert outcome.code == 0 and "revoked and forgotten" in outcome.err
    assert glewlwyd.log.read_text().count("revoked, origin") == 1
    assert ringdown("token", "--platform", "custom", **variables).code == 0
    outcome = ringdown("revoke", "--platform", "custom", **variables | {"OAUTH_CLIENT_AUTH": "basic"})
    assert outcome.code in (0, 4)
    wrong = variables | {"OAUTH_REVOCATION_URL": glewlwyd.url.replace("/token", "/absent")}
    ringdown("token", "--platform", "custom", **wrong)
    outcome = ringdown("revoke", "--platform", "custom", **wrong)
    assert outcome.code == 1 and "may be valid until it ends" in outcome.err


def test_a_server_without_a_way_to_end_a_token_is_said(ringdown, binary, tmp_path):
    outcome = run(ringdown, binary, tmp_path, "$R token --platform cxone >/dev/null; $R revoke --platform cxone; $R tokens | wc -l")
    assert "has no way to end it" in outcome.err and outcome.out == "1\n"
