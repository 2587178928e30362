"""Every undocumented platform behaviour can be overridden, and every override is documented."""

import pathlib
import re

import pytest

PAGE = (pathlib.Path(__file__).parents[2] / "Documentation/Simulator.md").read_text()
DOCUMENTED = dict(re.findall(r"^\| `([a-z-]+)` \| `([^`]+)` \| ", PAGE, re.MULTILINE))
SOURCE = (pathlib.Path(__file__).parents[2] / "Sources/RingdownSimulator/Assumption.swift").read_text()


def test_the_documentation_lists_every_assumption():
    assert set(DOCUMENTED) == set(re.findall(r'^    case \w+ = "([a-z-]+)"$', SOURCE, re.MULTILINE))


@pytest.mark.parametrize("name, standard", DOCUMENTED.items())
def test_the_documented_default_is_the_default_in_the_code(ringdown, name, standard):
    assert f'"{standard}", "' in SOURCE
    assert ringdown("simulate", "--assume", f"{name}={standard}", "--", "true").code == 0


@pytest.mark.parametrize("text, expected", [("job-secnds=1", "job-seconds=…"), ("job-seconds=x", "from 0 to 86400"), ("x", "NAME=VALUE")])
def test_an_unknown_name_or_value_is_reported_with_the_closest_match(ringdown, text, expected):
    outcome = ringdown("simulate", "--assume", text, "--", "true")
    assert outcome.code == 64 and expected in outcome.err


def test_an_assumption_changes_the_response(ringdown, binary):
    script = f"GENESYS_CLIENT_SECRET=wrong '{binary}' token --platform genesys; curl -s -o /dev/null -w '%{{http_code}}' " \
        "-u $GENESYS_CLIENT_ID:wrong -d grant_type=client_credentials $GENESYS_LOGIN_URL/oauth/token"
    outcome = ringdown("simulate", "--assume", "genesys-wrong-secret-status=401", "--", "sh", "-c", script)
    assert outcome.out == "401" and "returned 401 (invalid_client" in outcome.err


@pytest.mark.parametrize("options, region, area", [((), "us-east-1", "na1"), (("--region", "eu-west-1", "--area", "eu1"), "eu-west-1", "eu1"),
                                                   (("--region", "mypurecloud.de"), "eu-central-1", "na1")])
def test_region_and_area_select_the_location_of_the_organisation(ringdown, binary, options, region, area):
    script = f"'{binary}' whoami --platform genesys && '{binary}' whoami --platform cxone"
    for intercept in [(), ("--intercept",)]:
        outcome = ringdown("simulate", *intercept, *options, "--", "sh", "-c", script)
        assert outcome.code == 0, outcome.err
        assert re.findall(r"^region +(\S+)$", outcome.out, re.MULTILINE) == [region, area]


def test_an_unknown_region_or_area_is_a_usage_error(ringdown):
    for option, hint in [("--region", "ringdown regions"), ("--area", "na1, na2")]:
        outcome = ringdown("simulate", option, "mars", "--", "true")
        assert outcome.code == 64 and "'mars'" in outcome.err and hint in outcome.err
