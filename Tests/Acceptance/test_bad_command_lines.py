"""Command lines in unusual surroundings: closed standard streams, closed pipes, a secret in place of a profile."""

import os
import subprocess

import pytest

SECRET = "eL5Al1oWh-AKo7jxuIGcNsf31rnKE6tcXM1BY8GHjyB"


def test_a_secret_in_place_of_a_profile_is_not_printed(ringdown):
    for arguments in [[SECRET], ["prod", SECRET]]:
        outcome = ringdown("token", *arguments)
        assert outcome.code in (64, 78) and outcome.out == "" and SECRET not in outcome.err


@pytest.mark.parametrize("closing", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_closed_standard_streams_cause_neither_a_crash_nor_a_stray_file(binary, clean_environment, tmp_path, closing):
    done = subprocess.run(["bash", "-c", f"'{binary}' simulate -- '{binary}' whoami --platform genesys {closing}"], env=clean_environment,
                          cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert done.returncode in (0, 1) and "rror:" not in done.stderr and "atal" not in done.stderr
    assert sorted(os.listdir(tmp_path)) == ["home"]


@pytest.mark.parametrize("command", ["regions", "--help", "man", "users --platform genesys --output csv", "doctor --platform genesys",
                                     "api --platform genesys GET /api/v2/users --paginate --output ndjson", "completion bash"])
def test_a_closed_pipe_causes_no_error_message(binary, clean_environment, tmp_path, command):
    done = subprocess.run(["bash", "-c", f"'{binary}' simulate --users 20000 -- '{binary}' {command} | head -1"], env=clean_environment,
                          cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0 and done.stderr == "" and done.stdout.count("\n") == 1
