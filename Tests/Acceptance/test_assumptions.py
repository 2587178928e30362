"""What is not known of the platforms is a switch, and every switch is in the documentation."""

import pathlib
import re

import pytest

PAGE = (pathlib.Path(__file__).parents[2] / "Documentation/Simulator.md").read_text()
DOCUMENTED = dict(re.findall(r"^\| `([a-z-]+)` \| `([^`]+)` \| ", PAGE, re.MULTILINE))
SOURCE = (pathlib.Path(__file__).parents[2] / "Sources/RingdownSimulator/Assumption.swift").read_text()


def test_the_page_lists_them_all():
    assert set(DOCUMENTED) == set(re.findall(r'^    case \w+ = "([a-z-]+)"$', SOURCE, re.MULTILINE))


@pytest.mark.parametrize("name, standard", DOCUMENTED.items())
def test_what_the_page_calls_the_standard_is_one(ringdown, name, standard):
    assert f'"{standard}", "' in SOURCE
    assert ringdown("simulate", "--assume", f"{name}={standard}", "--", "true").code == 0


@pytest.mark.parametrize("text, expected", [("job-secnds=1", "job-seconds=…"), ("job-seconds=x", "from 0 to 86400"), ("x", "NAME=VALUE")])
def test_a_mistake_is_told_with_what_was_meant(ringdown, text, expected):
    outcome = ringdown("simulate", "--assume", text, "--", "true")
    assert outcome.code == 64 and expected in outcome.err


def test_an_assumption_reaches_a_program(ringdown, binary):
    script = f"GENESYS_CLIENT_SECRET=wrong '{binary}' token --platform genesys; curl -s -o /dev/null -w '%{{http_code}}' " \
        "-u $GENESYS_CLIENT_ID:wrong -d grant_type=client_credentials $GENESYS_LOGIN_URL/oauth/token"
    outcome = ringdown("simulate", "--assume", "genesys-wrong-secret-status=401", "--", "sh", "-c", script)
    assert outcome.out == "401" and "answered 401 (invalid_client" in outcome.err


@pytest.mark.parametrize("options, region, area", [((), "us-east-1", "na1"), (("--region", "eu-west-1", "--area", "eu1"), "eu-west-1", "eu1"),
                                                   (("--region", "mypurecloud.de"), "eu-central-1", "na1")])
def test_the_organisations_live_where_one_says(ringdown, binary, options, region, area):
    script = f"'{binary}' whoami --platform genesys && '{binary}' whoami --platform cxone"
    for intercept in [(), ("--intercept",)]:
        outcome = ringdown("simulate", *intercept, *options, "--", "sh", "-c", script)
        assert outcome.code == 0, outcome.err
        assert re.findall(r"^region +(\S+)$", outcome.out, re.MULTILINE) == [region, area]


def test_there_is_no_other_region_and_no_other_area(ringdown):
    for option, hint in [("--region", "ringdown regions"), ("--area", "na1, na2")]:
        outcome = ringdown("simulate", option, "mars", "--", "true")
        assert outcome.code == 64 and "'mars'" in outcome.err and hint in outcome.err
