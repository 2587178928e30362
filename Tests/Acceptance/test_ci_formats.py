"""Tokens for the next CI step, read by bash and curl and masked by an agent. `TokenFormatTests` covers the formats."""

import os
import subprocess

import pytest

from servers.tokens import GOOD, TokenEndpoint, reply

VISIBLE = [chr(code) for code in range(0x21, 0x7F)]
NASTY = ["a'b\"c", "$(id)`id`$HOME", "a%0Ab%25", "x]y;z]", "|'[n]|", "##vso[task.setvariable]x", "::add-mask::", "a=b<<c",
         "%AZP25%3B", "\\\\n\\", "''", "ghadelimiter", "A<<EOF", "-n", "##teamcity[x]", "!history!", "~+/=.-_"]


@pytest.fixture
def handed_over(token):
    """Runs `ringdown token` against a server that issues `value`."""

    def run(value, *arguments, **variables):
        with TokenEndpoint(reply(body=GOOD | {"access_token": value})) as endpoint:
            return token(endpoint.url, "--force", *arguments, **variables)

    return run


def test_bash_reads_exactly_the_token(handed_over, tmp_path):
    file = tmp_path / "file"
    for value in ["".join(VISIBLE), *NASTY]:
        file.write_text("")
        assert handed_over(value, "--format", "circleci", "--allow-unmasked", "--name", "TOKEN", BASH_ENV=file).out == ""
        assert subprocess.run(["bash", "-c", f". '{file}'; printf %s \"$TOKEN\""], capture_output=True, text=True).stdout == value


def test_curl_reads_the_token_from_its_configuration(handed_over):
    for value in ["".join(VISIBLE), "\\\\n\\", "a'b\"c", "-n"]:
        outcome = handed_over(value, "--format", "curl")
        with TokenEndpoint() as echo:
            done = subprocess.run(["curl", "--silent", "--config", "-", echo.url], input=outcome.out, capture_output=True, text=True)
            assert done.returncode == 0
            assert echo.requests[0][1]["Authorization"] == f"Bearer {value}"


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
