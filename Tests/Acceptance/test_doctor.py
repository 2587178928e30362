"""`ringdown doctor` distinguishes the causes of failures, on the simulator and on real servers and proxies."""

import base64
import json
import re
import urllib.request

import pytest

from checks import assert_discloses_nothing
from conftest import CLIENT_ID, SECRET
from servers.processes import free_port


@pytest.fixture
def doctor(ringdown):
    """Runs the doctor: (exit code, name of the cause, next step, findings by check)."""

    def run(*arguments, **variables):
        outcome = ringdown("doctor", *arguments, "--output", "json", **variables)
        report = json.loads(outcome.out)
        cause = report["cause"] or {}
        findings = {}
        for finding in report["findings"]:
            findings.setdefault(finding["check"], []).append((finding["level"], finding["text"]))
        assert outcome.err == "" and report["ok"] == (outcome.code == 0)
        for name, value in variables.items():
            if name.endswith("SECRET"):
                assert_discloses_nothing(outcome.out, str(value))
        return outcome.code, cause.get("name"), cause.get("next", ""), findings

    return run


@pytest.fixture
def genesys(doctor, simulated):
    """Runs the doctor on a Genesys Cloud account of a new simulator."""

    def run(*arguments, options=(), prepare=lambda simulator: None, **changes):
        simulator = {name: value for name, value in simulated(*options).items() if not name.startswith("CXONE")}
        prepare(simulator)
        variables = simulator | {name: change(simulator) if callable(change) else change for name, change in changes.items()}
        return doctor(*arguments, **variables)

    return run


def control(simulator, path, body=None):
    request = urllib.request.Request(simulator["RINGDOWN_SIM_URL"] + "/_sim/" + path, data=json.dumps(body or {}).encode(), method="POST")
    urllib.request.urlopen(request).read()


def test_a_healthy_account_passes_every_check_on_both_platforms(doctor, simulated):
    simulator = simulated()
    for platform in "genesys", "cxone":
        code, cause, _, findings = doctor("--platform", platform, **simulator)
        assert (code, cause) == (0, None)
        assert {level for rows in findings.values() for level, _ in rows} == {"ok"}
        assert {"settings", "dns", "tcp", "clock", "token", "api", "organisation", "roles", "permission", "cache", "broker"} <= set(findings)


def test_each_check_is_one_line_followed_by_the_cause_and_the_next_command(ringdown, simulated):
    outcome = ringdown("doctor", "--platform", "genesys", **simulated() | {"GENESYS_CLIENT_SECRET": "nonsense"})
    lines = outcome.out.splitlines()
    assert outcome.code == 4 and outcome.err == "" and "\x1b" not in outcome.out
    assert all(re.match(r"(ok|warning|FAILURE) +[a-z ]+ ", line) for line in lines[:-3])
    assert lines[-3] == "" and lines[-2].startswith("Most likely: the client secret is wrong") and lines[-1].startswith("Next: ")


def test_wrong_region(doctor, simulated, tmp_path, clean_environment):
    simulator = simulated("--intercept")
    variables = {name: value for name, value in simulator.items() if not name.startswith("CXONE")}
    code, cause, following, _ = doctor(**variables | {"GENESYS_REGION": "eu-west-1"})
    assert (code, cause, following) == (4, "wrong-region", "export GENESYS_REGION=us-east-1")


def test_wrong_organization(genesys):
    code, cause, _, findings = genesys(GENESYS_ORGANIZATION_ID="11111111-2222-3333-4444-555555555555")
    assert (code, cause) == (4, "wrong-organization") and findings["organisation"][0][0] == "failure"


def test_unknown_client(doctor, simulated):
    variables = {name: value for name, value in simulated("--intercept").items() if not name.startswith("CXONE")}
    code, cause, following, _ = doctor(**variables | {"GENESYS_CLIENT_ID": "6f3a0000-0000-0000-0000-000000000000"})
    assert (code, cause, following) == (4, "unknown-client", "check GENESYS_CLIENT_ID")


def test_client_id_with_quotes(genesys):
    assert genesys(GENESYS_CLIENT_ID=lambda s: f'"{s["GENESYS_CLIENT_ID"]}"')[1] == "mangled-client-id"


def test_wrong_secret(genesys):
    code, cause, _, findings = genesys(GENESYS_CLIENT_SECRET="nonsense-of-some-length")
    assert (code, cause) == (4, "wrong-secret") and findings["token"][0][0] == "failure"


@pytest.mark.parametrize("mangle, mistake", [
    (lambda secret: secret + " ", "white space"), (lambda secret: "\t" + secret, "U+0009"), (lambda secret: secret + "\r\n", "U+000D"),
    (lambda secret: f'"{secret}"', "quotes"), (lambda secret: f"'{secret}'", "quotes"), (lambda secret: secret + "\\n", "characters"),
    (lambda secret: base64.b64encode(secret.encode()).decode(), "Base64"),
    (lambda secret: base64.b64encode(b"the-id:" + secret.encode()).decode(), "'id:secret'"),
    (lambda secret: "".join(f"%{byte:02X}" for byte in secret.encode()), "percent-encoded"),
])
def test_mangled_secret(ringdown, simulated, mangle, mistake):
    simulator = simulated("--secret-encoding", "raw")
    variables = simulator | {"GENESYS_CLIENT_SECRET": mangle(simulator["GENESYS_CLIENT_SECRET"])}
    outcome = ringdown("doctor", "--platform", "genesys", "--output", "json", **variables)
    cause = json.loads(outcome.out)["cause"]
    assert (outcome.code, cause["name"]) == (4, "mangled-secret") and mistake in cause["text"], cause
    assert_discloses_nothing(outcome.out + outcome.err, simulator["GENESYS_CLIENT_SECRET"])


def test_truncated_access_key_secret(doctor, simulated):
    simulator = simulated()
    code, cause, _, _ = doctor("--platform", "cxone", **simulator | {"CXONE_ACCESS_KEY_SECRET": simulator["CXONE_ACCESS_KEY_SECRET"].rstrip("=")})
    assert (code, cause) == (4, "mangled-secret")


def test_wrong_access_key(doctor, simulated):
    assert doctor("--platform", "cxone", **simulated() | {"CXONE_ACCESS_KEY_SECRET": "nonsense"})[:2] == (4, "wrong-access-key")


def test_secret_in_an_encoding_that_the_server_does_not_accept(doctor, glewlwyd):
    variables = {"OAUTH_TOKEN_URL": glewlwyd.url, "OAUTH_CLIENT_ID": CLIENT_ID, "OAUTH_CLIENT_SECRET": SECRET}
    code, cause, following, _ = doctor("--platform", "custom", **variables, OAUTH_SCOPE="one")
    assert (code, cause, following) == (4, "wrong-encoding", "set OAUTH_CLIENT_AUTH=basic-raw")
    code, cause, _, _ = doctor("--platform", "custom", **variables, OAUTH_SCOPE="one", OAUTH_CLIENT_AUTH="basic-raw")
    assert (code, cause) == (0, None)


@pytest.mark.parametrize("state", ["inactive", "disabled"])
def test_disabled_client(genesys, state):
    assert genesys(prepare=lambda s: control(s, "client", {"state": state}))[:2] == (4, "disabled-client")


def test_missing_role(genesys):
    code, cause, _, findings = genesys("--call", "/api/v2/routing/queues", prepare=lambda s: control(s, "client", {"permissions": []}))
    assert (code, cause) == (5, "missing-role") and "routing:queue:view" in findings["call"][0][1]


def test_revoked_token_from_the_environment(ringdown, genesys):
    token = {}

    def prepare(simulator):
        token["value"] = ringdown("token", "--platform", "genesys", **simulator).out.strip()
        ringdown("revoke", "--platform", "genesys", GENESYSCLOUD_ACCESS_TOKEN=token["value"], GENESYS_API_URL=simulator["GENESYS_API_URL"])
        for name in "GENESYS_CLIENT_ID", "GENESYS_CLIENT_SECRET":
            del simulator[name]

    assert genesys(prepare=prepare, GENESYSCLOUD_ACCESS_TOKEN=lambda s: token["value"])[:2] == (4, "revoked-token")


def test_revoked_token_in_the_cache_is_a_warning(ringdown, simulated, doctor):
    simulator = simulated() | {"RINGDOWN_CACHE": "file"}
    token = ringdown("token", "--platform", "genesys", **simulator).out.strip()
    assert doctor("--platform", "genesys", **simulator)[3]["cached token"][0][0] == "ok"
    request = urllib.request.Request(simulator["GENESYS_API_URL"] + "/api/v2/tokens/me", method="DELETE", headers={"Authorization": "Bearer " + token})
    urllib.request.urlopen(request)
    code, cause, following, findings = doctor("--platform", "genesys", **simulator)
    assert (code, cause, following) == (0, "revoked-token", "ringdown token --force --platform genesys") and findings["cached token"][0][0] == "warning"


def test_skewed_clock(genesys):
    code, cause, following, findings = genesys(options=("--fault", "dateSkew=7200"))
    assert (code, cause) == (0, "clock") and findings["clock"][0][0] == "warning" and re.match("(2 h|1 h 59 min) behind", findings["clock"][0][1])
    assert "set the clock" in following


def test_small_clock_skew_is_accepted(genesys):
    assert genesys(options=("--fault", "dateSkew=30"))[3]["clock"][0][0] == "ok"


def test_login_rate_limit(genesys, ringdown):
    def prepare(simulator):
        ringdown("token", "--platform", "genesys", **simulator)

    code, cause, following, _ = genesys(options=("--logins-per-minute", "1"), prepare=prepare)
    assert (code, cause) == (6, "login-rate-limit") and "wait a minute" in following


@pytest.mark.parametrize("fault", ["path=/oauth/token,body=html", "path=/oauth/token,status=403,body=html"])
def test_proxy_that_answers_in_place_of_the_server(genesys, fault):
    assert genesys(options=("--fault", fault))[:2] in ((7, "answered-by-proxy"),)


def test_user_only_endpoint(genesys):
    code, cause, following, _ = genesys("--call", "/api/v2/users/me")
    assert (code, cause) == (1, "user-only") and "/api/v2/tokens/me" in following


def test_cxone_without_an_access_key(doctor, simulated):
    variables = {name: value for name, value in simulated().items() if "ACCESS_KEY" not in name and not name.startswith("GENESYS")}
    code, cause, following, _ = doctor(**variables)
    assert (code, cause) == (4, "no-access-key") and "CXONE_ACCESS_KEY_ID" in following


def test_untrusted_corporate_authority(doctor, simulated):
    variables = {name: value for name, value in simulated("--intercept").items() if name.startswith("GENESYS") or name == "HTTPS_PROXY"}
    code, cause, following, findings = doctor(**variables)
    assert (code, cause) == (7, "untrusted-authority") and "RINGDOWN_CA_FILE" in following
    assert "token" not in findings, "no secret is sent to an untrusted host"


def test_untrusted_authority_is_named(ringdown, tls_endpoint, mitmproxy):
    outcome = ringdown("doctor", "--platform", "custom", OAUTH_TOKEN_URL=tls_endpoint.url, OAUTH_CLIENT_ID="id", OAUTH_CLIENT_SECRET="secret",
                       HTTPS_PROXY=mitmproxy.url)
    assert outcome.code == 7 and "issued by 'mitmproxy'" in outcome.out
    assert not [headers for _, headers, body in tls_endpoint.requests if body or "authorization" in map(str.lower, headers)]


def test_expired_certificate(doctor, simulated):
    variables = {name: value for name, value in simulated("--intercept", "--fault", "certificate=expired").items() if not name.startswith("CXONE")}
    assert doctor(**variables)[:2] == (7, "expired-certificate")


def test_unknown_host_and_unreachable_host(doctor):
    variables = {"OAUTH_CLIENT_ID": "id", "OAUTH_CLIENT_SECRET": "secret"}
    code, cause, following, _ = doctor(OAUTH_TOKEN_URL="https://nowhere.invalid/token", **variables)
    assert (code, cause) == (7, "name-resolution") and "getent hosts nowhere.invalid" in following
    code, cause, following, _ = doctor(OAUTH_TOKEN_URL=f"https://127.0.0.1:{free_port()}/token", **variables)
    assert (code, cause) == (7, "unreachable") and "HTTPS_PROXY" in following


def test_proxy_that_requires_a_password(doctor, tls_endpoint, tinyproxy):
    code, cause, following, _ = doctor(OAUTH_TOKEN_URL=tls_endpoint.url, OAUTH_CLIENT_ID="id", OAUTH_CLIENT_SECRET="secret",
                                       HTTPS_PROXY=f"http://127.0.0.1:{tinyproxy()}")
    assert (code, cause) == (7, "proxy-authentication") and "USER:PASSWORD" in following


def test_missing_or_invalid_settings(doctor):
    code, cause, following, findings = doctor()
    assert (code, cause) == (78, "configuration") and list(findings) == ["settings"]
    assert doctor(GENESYS_CLIENT_ID="id", GENESYS_CLIENT_SECRET="secret", GENESYS_REGION="eu-wset-1")[0] == 78


def test_unusable_cache_is_a_warning(doctor, simulated, tmp_path):
    (tmp_path / "file").write_text("")
    code, _, _, findings = doctor("--platform", "genesys", **simulated() | {"RINGDOWN_CACHE": "file", "RINGDOWN_CACHE_DIR": tmp_path / "file"})
    assert code == 0 and findings["cache"][0][0] == "warning"


def test_outage_of_the_token_endpoint_and_of_the_api(genesys):
    assert genesys(options=("--fault", "path=/oauth/token,status=503"))[:2] == (7, "unreachable")
    assert genesys(options=("--fault", "path=/api/v2/tokens/me,status=503"))[:2] == (7, "api-unreachable")
