"""Tokens for the next CI step: the parser of the CI system reads exactly the token, and the mask comes first."""

import json
import os
import random
import subprocess

import pytest

from servers import ci_parsers
from servers.tokens import GOOD, TokenEndpoint, reply

VISIBLE = [chr(code) for code in range(0x21, 0x7F)]
NASTY = ["a'b\"c", "$(id)`id`$HOME", "a%0Ab%25", "x]y;z]", "|'[n]|", "##vso[task.setvariable]x", "::add-mask::", "a=b<<c",
         "%AZP25%3B", "\\\\n\\", "''", "ghadelimiter", "A<<EOF", "-n", "##teamcity[x]", "!history!", "~+/=.-_"]


def tokens():
    source = random.Random(20261121)
    return NASTY + ["".join(source.choices(VISIBLE, k=source.randint(1, 80))) for _ in range(25)]


@pytest.fixture
def handed_over(token):
    """Runs `ringdown token` against a server that issues `value`."""

    def run(value, *arguments, **variables):
        with TokenEndpoint(reply(body=GOOD | {"access_token": value})) as endpoint:
            return token(endpoint.url, "--force", *arguments, **variables)

    return run


@pytest.mark.parametrize("value", tokens())
def test_every_ci_system_reads_exactly_the_token(handed_over, tmp_path, value):
    file = tmp_path / "file"
    for form, variable in [("github-output", "GITHUB_OUTPUT"), ("github-env", "GITHUB_ENV")]:
        file.write_text("before=1")
        outcome = handed_over(value, "--format", form, "--name", "TOKEN", **{variable: file})
        assert ci_parsers.github_command(outcome.out.removesuffix("\n")) == ("add-mask", None, value), outcome.err
        assert ci_parsers.github_file(file.read_text()) == {"before": "1", "TOKEN": value}
    outcome = handed_over(value, "--format", "azure-pipelines", "--name", "TOKEN")
    assert ci_parsers.azure_command(outcome.out.removesuffix("\n")) == ({"variable": "TOKEN", "issecret": "true"}, value)
    outcome = handed_over(value, "--format", "teamcity", "--allow-unmasked")
    assert ci_parsers.teamcity_message(outcome.out.removesuffix("\n")) == (
        "setParameter", {"name": "env.RINGDOWN_ACCESS_TOKEN", "value": value})
    file.write_text("")
    assert handed_over(value, "--format", "circleci", "--allow-unmasked", "--name", "TOKEN", BASH_ENV=file).out == ""
    assert subprocess.run(["bash", "-c", f". '{file}'; printf %s \"$TOKEN\""], capture_output=True, text=True).stdout == value
    outcome = handed_over(value, "--format", "gitlab-dotenv", "--allow-unmasked")
    if outcome.code == 0:
        assert ci_parsers.gitlab_dotenv(outcome.out) == {"RINGDOWN_ACCESS_TOKEN": value}
    else:
        assert outcome.code == 64 and "GitLab" in outcome.err and outcome.out == ""
    assert json.loads(handed_over(value, "--format", "exec-credential").out)["status"]["token"] == value
    assert json.loads(handed_over(value, "--format", "credential-process").out)["AccessToken"] == value


@pytest.mark.parametrize("value", NASTY)
def test_curl_reads_the_token_from_its_configuration(handed_over, value):
    outcome = handed_over(value, "--format", "curl")
    with TokenEndpoint() as echo:
        done = subprocess.run(["curl", "--silent", "--config", "-", echo.url], input=outcome.out, capture_output=True, text=True)
        assert done.returncode == 0
        assert echo.requests[0][1]["Authorization"] == f"Bearer {value}"


def test_each_format_matches_its_expected_output(handed_over, tmp_path):
    file = tmp_path / "file"
    golden = {
        "github-output": "::add-mask::a%25b]\n", "azure-pipelines": "##vso[task.setvariable variable=T;issecret=true]a%AZP25b%5D\n",
        "teamcity": "##teamcity[setParameter name='env.T' value='a%b|]']\n", "curl": 'header = "Authorization: Bearer a%b]"\n',
        "header": "Authorization: Bearer a%b]\n", "raw": "a%b]\n",
    }
    for form, text in golden.items():
        assert handed_over("a%b]", "--format", form, "--name", "T", "--allow-unmasked", GITHUB_OUTPUT=file).out == text


@pytest.mark.parametrize("sign,form", [("GITHUB_ACTIONS", "::add-mask::"), ("TF_BUILD", "##vso["), ("TEAMCITY_VERSION", "##teamcity[")])
def test_auto_detects_the_ci_system(handed_over, tmp_path, sign, form):
    outcome = handed_over("t0ken", "--format", "auto", "--allow-unmasked", GITHUB_OUTPUT=tmp_path / "file", **{sign: "true"})
    assert outcome.code == 0 and outcome.out.startswith(form)


@pytest.mark.parametrize("sign", ["GITLAB_CI", "CIRCLECI", "TEAMCITY_VERSION", "BITBUCKET_BUILD_NUMBER", "JENKINS_URL", "NOTHING"])
def test_a_token_that_cannot_be_masked_is_not_exported_and_an_alternative_is_suggested(handed_over, tmp_path, sign):
    outcome = handed_over("t0ken", "--format", "auto", BASH_ENV=tmp_path / "file", **{sign: "1"})
    assert outcome.code == 64 and outcome.out == "" and "t0ken" not in outcome.err
    assert "ringdown exec -- COMMAND" in outcome.err or sign == "NOTHING"
    assert not (tmp_path / "file").exists()


def test_buildkite_masks_the_token_before_it_is_printed(handed_over, tmp_path):
    agent = tmp_path / "buildkite-agent"
    agent.write_text(f"#!/bin/sh\necho \"$@\" > '{tmp_path}/arguments'; cat > '{tmp_path}/redacted'\n")
    agent.chmod(0o755)
    path = f"{tmp_path}:{os.environ['PATH']}"
    outcome = handed_over("it's", "--format", "buildkite", PATH=path)
    assert (tmp_path / "redacted").read_text() == "it's" and (tmp_path / "arguments").read_text() == "redactor add\n"
    assert outcome.out.startswith("export RINGDOWN_ACCESS_TOKEN='it'\\''s'\n")
    agent.write_text("#!/bin/sh\nexit 3\n")
    outcome = handed_over("it's", "--format", "buildkite", PATH=path)
    assert outcome.code == 64 and outcome.out == "" and "was not masked" in outcome.err
    agent.unlink()
    outcome = handed_over("it's", "--format", "buildkite", PATH=path)
    assert outcome.code == 64 and outcome.out == ""


@pytest.mark.parametrize("name", ["", "1A", "A B", "A;B", "A=B", "PATH", "LD_PRELOAD", "NODE_OPTIONS", "A\nB", "Ä"])
def test_an_invalid_or_reserved_variable_name_is_rejected(handed_over, tmp_path, name):
    outcome = handed_over("t0ken", "--format", "github-env", "--name", name, GITHUB_ENV=tmp_path / "file")
    assert outcome.code == 64 and outcome.out == "" and not (tmp_path / "file").exists()


def test_a_format_outside_its_ci_system_is_an_error(handed_over):
    outcome = handed_over("t0ken", "--format", "github-output")
    assert outcome.code == 64 and "GITHUB_OUTPUT is not set" in outcome.err and outcome.out == ""
