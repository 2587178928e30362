"""`ringdown revoke`: the token ends at the platform, no process takes it up again, and nothing is asked for that is not there."""

import json


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


def test_cxone_has_no_such_call(ringdown, binary, tmp_path):
    script = "$R token --platform cxone >/dev/null; $R revoke --platform cxone; $R revoke --platform cxone"
    outcome = run(ringdown, binary, tmp_path, script)
    assert outcome.code == 0 and "has no call" in outcome.err and "no token is cached" in outcome.err


def test_a_token_from_elsewhere_can_be_ended_too(ringdown, binary, tmp_path):
    script = ("TOKEN=$($R token --platform genesys); unset GENESYS_CLIENT_ID GENESYS_CLIENT_SECRET; "
              "GENESYSCLOUD_ACCESS_TOKEN=$TOKEN $R revoke --platform genesys; "
              "curl -s -o /dev/null -w '%{http_code}' -H \"Authorization: Bearer $TOKEN\" $GENESYS_API_URL/api/v2/tokens/me")
    outcome = run(ringdown, binary, tmp_path, script)
    assert outcome.out == "401", outcome.err
