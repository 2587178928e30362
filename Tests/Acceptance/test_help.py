"""The help texts match the snapshot, and every example is a valid command line."""

import difflib
import os
import pathlib
import re
import shlex

import pytest

SNAPSHOT = pathlib.Path(__file__).parent / "snapshots" / "help.txt"


def commands(ringdown):
    return re.findall(r"^  ([a-z-]+) {2,}", ringdown("--help").out, re.MULTILINE)


def test_the_help_texts_match_the_snapshot(ringdown):
    lines = [("$ ringdown --help", ringdown("--help").out)]
    lines += [(f"$ ringdown {name} --help", ringdown(name, "--help").out) for name in commands(ringdown)]
    text = "\n".join(f"{line}\n{help}" for line, help in lines)
    if os.environ.get("RINGDOWN_UPDATE_SNAPSHOTS"):
        SNAPSHOT.write_text(text)
    agreed = SNAPSHOT.read_text()
    changes = "\n".join(difflib.unified_diff(agreed.splitlines(), text.splitlines(), "snapshot", "current", lineterm=""))
    assert text == agreed, f"RINGDOWN_UPDATE_SNAPSHOTS=1 Tests/Acceptance/run test_help.py accepts these changes:\n{changes}"


def test_no_help_is_wider_than_80_columns_and_every_command_has_examples(ringdown):
    for name in commands(ringdown):
        text = ringdown(name, "--help").out
        head, examples = text.split("\nExamples:\n")
        assert max(len(line) for line in head.splitlines()) <= 80, name
        assert re.match(r"  # .+\n  .*ringdown ", examples), name


def test_every_example_is_a_valid_command_line(ringdown):
    count = 0
    for name in commands(ringdown):
        examples = re.findall(r"^  (?!#)(.+)$", ringdown(name, "--help").out.split("\nExamples:\n")[1], re.MULTILINE)
        for example in examples:
            # Each part of a line that starts with the program. Nested command lines follow '--'.
            for part in re.findall(r"(?<![/\w'])ringdown ((?:[^|;&>()]|\$\()+)", example):
                try:
                    words = shlex.split(part.replace('"', "") if part.count('"') % 2 else part)
                except ValueError:
                    continue
                words = words[:words.index("--")] if "--" in words else words
                if "<" in words:
                    words = words[:words.index("<")]
                outcome = ringdown(*words, "--help")
                assert outcome.code == 0, f"{example}: {outcome.err}"
                count += 1
    assert count > 40


@pytest.mark.parametrize("columns", [40, 80, 200])
def test_help_fits_the_width_of_the_terminal(at_terminal, ringdown, columns):
    for arguments in (["--help"], ["doctor", "--help"], ["token", "--help"]):
        code, shown = at_terminal(*arguments, columns=columns)
        text = shown.split("\nExamples:")[0]
        long = [line for line in text.splitlines() if len(line) > max(columns, 40) and not line.startswith("  --") and " " in line.strip()]
        assert code == 0 and "\x1b" not in shown
        assert columns < 80 or not long, long


def test_help_in_a_pipe_is_as_wide_as_columns(ringdown):
    text = ringdown("doctor", "--help", COLUMNS="60").out.split("\nExamples:")[0]
    assert text != ringdown("doctor", "--help").out.split("\nExamples:")[0]
    assert max(len(line) for line in text.splitlines() if not line.startswith("  -")) <= 60
