"""Invalid command lines: the error names the mistake and the closest valid word; exit code 64, no standard output."""

import os
import re
import subprocess

import pytest

from checks import assert_short_and_printable


@pytest.fixture(scope="module")
def options(binary):
    """All options of all commands: (command, name, name of the value or None)."""

    def text(*arguments):
        return subprocess.run([binary, *arguments], capture_output=True, text=True, timeout=30).stdout

    found = []
    for command in re.findall(r"^  ([a-z-]+) {2,}", text("--help"), re.MULTILINE):
        section = text(command, "--help").split("\nOptions:\n")[1].split("\n\n")[0]
        found += [(command, name, value or None) for name, value in re.findall(r"^ +(?:-\w, )? *--([a-z-]+)(?: ([A-Z-]+))?", section, re.MULTILINE)]
    assert len(found) > 150
    return found


def refused(outcome):
    assert outcome.code == 64 and outcome.out == "", outcome
    assert_short_and_printable(outcome.err)
    assert "hint: " in outcome.err
    return outcome.err


def test_a_missing_or_empty_value_is_rejected(ringdown, options):
    for command, name, value in options:
        if value:
            assert f"--{name} requires a value: {value}" in refused(ringdown(command, f"--{name}"))
            assert f"--{name} is empty" in refused(ringdown(command, f"--{name}="))
        elif name not in ("help", "insecure"):
            assert f"--{name} takes no value" in refused(ringdown(command, f"--{name}=yes"))


def test_a_repeated_option_is_rejected(ringdown, options):
    values = {"NUMBER": "1", "DURATION": "1s"}
    for command, name, value in options:
        if name in ("help", "fault", "assume", "field", "header", "scenarios", "client"):  # these may be repeated
            continue
        if value:
            choice = re.search(rf"--{name} {value} .*?\(([a-z0-9-]+)", " ".join(ringdown(command, "--help").out.split()))
            one = [f"--{name}", values.get(value) or (choice[1] if choice else "x")]
        else:
            one = [f"--{name}"]
        outcome = ringdown(command, *one, *one)
        assert outcome.code == 64, (command, name, outcome)
        assert f"--{name} is given twice" in outcome.err or "cannot be" in outcome.err, (command, name, outcome.err)


def test_a_value_of_the_wrong_type_is_rejected(ringdown, options):
    count = 0
    for command, name, value in options:
        if value in ("NUMBER", "DURATION", "FORMAT") and name != "version":
            assert f"--{name} cannot be '@nonsense'" in refused(ringdown(command, f"--{name}", "@nonsense"))
            count += 1
    assert count > 40


def test_an_unknown_option_is_rejected_with_the_closest_name(ringdown, options):
    names = {(command, name) for command, name, _ in options}
    for command, name, value in options:
        if len(name) > 4 and (command, name[:-1]) not in names:
            message = refused(ringdown(command, f"--{name[:-1]}"))
            assert f"unknown option '--{name[:-1]}'" in message and "did you mean --" in message, (command, name, message)


@pytest.mark.parametrize("word, meant", [("tokens-why", None), ("toekn", "token"), ("docter", "doctor"), ("user", "users"), ("intt", "init")])
def test_an_unknown_command_is_rejected_with_the_closest_name(ringdown, word, meant):
    message = refused(ringdown(word))
    assert f"unknown command '{word}'" in message
    assert not meant or f"'ringdown {meant}'" in message


SECRET = "eL5Al1oWh-AKo7jxuIGcNsf31rnKE6tcXM1BY8GHjyB"


@pytest.mark.parametrize("arguments", [["--client-secret", SECRET], [f"--client-secret={SECRET}"], ["--password", SECRET], ["--access-token", SECRET]])
def test_a_secret_as_an_argument_is_rejected_and_not_printed(ringdown, arguments):
    message = refused(ringdown("token", *arguments))
    assert "every user of this machine can read secrets in arguments" in message and "_FILE" in message and SECRET not in message


@pytest.mark.parametrize("arguments", [[SECRET], ["prod", SECRET]])
def test_a_secret_in_place_of_a_profile_is_not_printed(ringdown, arguments):
    outcome = ringdown("token", *arguments)
    assert outcome.code in (64, 78) and SECRET not in outcome.err


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
