"""Faults of the simulated platforms over real sockets, as seen by curl and by ringdown."""

import json
import sys

import pytest

TOKEN = """curl --silent --show-error --max-time 5 --output body --write-out '%{http_code} %{size_download}' \\
    --user "$GENESYS_CLIENT_ID:$GENESYS_CLIENT_SECRET" --data grant_type=client_credentials $GENESYS_LOGIN_URL/oauth/token"""


def shell(ringdown, *options, script, **variables):
    return ringdown("simulate", *options, "--", "sh", "-c", script, **variables)


def test_a_fault_applies_as_many_times_as_specified(ringdown, binary):
    script = f"'{binary}' token --platform genesys; echo $?; '{binary}' token --platform genesys >/dev/null; echo $?"
    outcome = shell(ringdown, "--fault", "path=/oauth/token,status=503,times=1", script=script, RINGDOWN_MAX_WAIT="0s")
    assert outcome.out.split() == ["7", "0"]


@pytest.mark.parametrize("rule, curl_error", [("cut=before", 52), ("cut=within", 18), ("contentLength=9999", 18), ("latency=9", 28)])
def test_curl_reports_a_broken_connection(ringdown, rule, curl_error):
    assert shell(ringdown, "--fault", rule, script=TOKEN).code == curl_error


RAW_CLIENT = """
import base64, os, socket
host = os.environ["GENESYS_LOGIN_URL"].removeprefix("http://")
pair = base64.b64encode(f"{os.environ['GENESYS_CLIENT_ID']}:{os.environ['GENESYS_CLIENT_SECRET']}".encode()).decode()
body, received = "grant_type=client_credentials", b""
with socket.create_connection(("127.0.0.1", int(host.split(":")[1]))) as connection:
    connection.sendall(f"POST /oauth/token HTTP/1.1\\r\\nHost: {host}\\r\\nAuthorization: Basic {pair}\\r\\n"
                       f"Content-Length: {len(body)}\\r\\n\\r\\n{body}".encode())
    try:
        while part := connection.recv(65536):
            received += part
        end = "closed"
    except ConnectionResetError:
        end = "reset"
head, _, rest = received.partition(b"\\r\\n\\r\\n")
promised = next((int(line.split(b":")[1]) for line in head.split(b"\\r\\n") if line.lower().startswith(b"content-length")), 0)
print(end, "nothing" if not received else "all" if len(rest) == promised else "half")
"""


@pytest.mark.parametrize("cut, end", [("cut", "closed"), ("reset", "reset")])
@pytest.mark.parametrize("place, part", [("before", "nothing"), ("within", "half"), ("after", "all")])
def test_a_connection_is_closed_or_reset_before_within_and_after_the_body(ringdown, cut, end, place, part):
    outcome = ringdown("simulate", "--fault", f"path=/oauth/token,{cut}={place}", "--", sys.executable, "-c", RAW_CLIENT)
    assert outcome.out.split() == [end, part], outcome.err


def test_an_empty_body_is_cut_after_the_header_fields(ringdown):
    outcome = ringdown("simulate", "--fault", "path=/oauth/token,body=empty,cut=within", "--", sys.executable, "-c", RAW_CLIENT)
    assert outcome.out.split() == ["closed", "all"], outcome.err


def test_a_body_can_be_longer_than_its_content_length(ringdown):
    show = RAW_CLIENT.replace("print(end", "print(promised, len(rest) > 100, rest[:1], end")
    outcome = ringdown("simulate", "--fault", "path=/oauth/token,contentLength=5,cut=after", "--", sys.executable, "-c", show)
    assert outcome.out.split()[:3] == ["5", "True", "b'{'"], outcome.err


def test_a_certificate_rule_in_a_file_requires_intercept(ringdown, tmp_path):
    (tmp_path / "faults.json").write_text('[{"status": 503}, {"certificate": "expired"}]')
    outcome = ringdown("simulate", "--faults", tmp_path / "faults.json", "--", "true")
    assert outcome.code == 78
    assert "faults.json, fault 2" in outcome.err and "--intercept" in outcome.err


def test_fault_options_and_a_fault_file_can_be_combined(ringdown, tmp_path):
    (tmp_path / "faults.json").write_text('[{"path": "/oauth/token", "nth": 1, "status": 429, "retryAfter": 4}]')
    outcome = shell(ringdown, "--faults", tmp_path / "faults.json", "--fault", "nth=2,body=html", "--fault", "nth=3,body=empty",
                    script=f"{TOKEN}; echo; {TOKEN}; echo; {TOKEN}; echo; {TOKEN}")
    rows = [line.split() for line in outcome.out.splitlines()]
    assert [row[0] for row in rows] == ["429", "200", "200", "200"]
    assert rows[2][1] == "0" and int(rows[3][1]) > 100


def test_an_error_in_a_fault_file_is_reported_with_its_line(ringdown, tmp_path):
    (tmp_path / "faults.json").write_text('[{"status": 503},\n {"status": "many"}]')
    outcome = ringdown("simulate", "--faults", tmp_path / "faults.json", "--", "true")
    assert outcome.code == 78
    assert "faults.json, line 2, fault 2, status: expected a whole number from 200 to 599" in outcome.err
    outcome = ringdown("simulate", "--fault", "stattus=503", "--", "true")
    assert outcome.code == 64 and "stattus" in outcome.err


def test_the_control_plane_advances_the_clock_and_counts_requests(ringdown, binary):
    script = f"""
    export RINGDOWN_CACHE=file RINGDOWN_CACHE_DIR=$PWD/cache
    token=$('{binary}' token --platform genesys)
    curl -s -X POST $RINGDOWN_SIM_URL/_sim/mark
    curl -s -o /dev/null -w '%{{http_code}} ' -H "Authorization: Bearer $token" $GENESYS_API_URL/api/v2/tokens/me
    curl -s -o /dev/null -d '{{"advance": 90000}}' $RINGDOWN_SIM_URL/_sim/clock
    curl -s -o /dev/null -w '%{{http_code}} ' -H "Authorization: Bearer $token" $GENESYS_API_URL/api/v2/tokens/me
    '{binary}' token --force --platform genesys > /dev/null && echo ok
    curl -s "$RINGDOWN_SIM_URL/_sim/count?path=/oauth/token&expect=1"
    """
    words = shell(ringdown, script=script).out.split(maxsplit=3)
    assert words[:3] == ["200", "401", "ok"]
    assert json.loads(words[3]) == {"count": 1}
