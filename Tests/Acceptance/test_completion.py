"""Shell completions in the real shells, and manual pages in groff."""

import shutil
import subprocess

import pytest

COMMANDS = ["token", "users", "api", "simulate", "conversations", "man"]


def shell(name):
    return pytest.mark.skipif(not shutil.which(name), reason=f"{name} is not installed")


def bash(ringdown, tmp_path, *words):
    (tmp_path / "completion").write_text(ringdown("completion", "bash").out)
    program = ". ./completion; COMP_WORDS=(\"$@\"); COMP_CWORD=$(($# - 1)); _ringdown; printf '%s\\n' \"${COMPREPLY[@]}\""
    done = subprocess.run(["bash", "-c", program, "bash", *words], cwd=tmp_path, capture_output=True, text=True)
    assert done.stderr == ""
    return done.stdout.split()


def test_bash_completes_commands_options_and_values(ringdown, tmp_path):
    assert bash(ringdown, tmp_path, "ringdown", "tok") == ["token", "tokens"]
    assert set(COMMANDS) <= set(bash(ringdown, tmp_path, "ringdown", ""))
    assert bash(ringdown, tmp_path, "ringdown", "token", "--min") == ["--min-ttl"]
    assert bash(ringdown, tmp_path, "ringdown", "token", "--format", "github") == ["github-output", "github-env"]
    assert bash(ringdown, tmp_path, "ringdown", "users", "--output", "") == ["table", "json", "ndjson", "csv"]
    (tmp_path / "users.pos").touch()
    assert bash(ringdown, tmp_path, "ringdown", "users", "--resume", "users") == ["users.pos"]


@shell("fish")
def test_fish_completes_commands_and_values(ringdown, tmp_path):
    (tmp_path / "completion").write_text(ringdown("completion", "fish").out)
    def complete(line):
        done = subprocess.run(["fish", "--no-config", "-c", f"source completion; complete -C '{line}'"], cwd=tmp_path,
                              capture_output=True, text=True)
        assert done.stderr == ""
        return [line.split("\t")[0] for line in done.stdout.splitlines()]
    assert complete("ringdown tok") == ["token", "tokens"]
    assert complete("ringdown token --format github") == ["github-env", "github-output"]


@shell("zsh")
def test_zsh_loads_its_completion(ringdown, tmp_path):
    (tmp_path / "completion").write_text(ringdown("completion", "zsh").out)
    program = "autoload -Uz compinit && compinit -D -u && source ./completion && print -r -- $_comps[ringdown]"
    done = subprocess.run(["zsh", "-f", "-c", program], cwd=tmp_path, capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("_ringdown\n", "")


@shell("groff")
@pytest.mark.parametrize("command", [None, *COMMANDS])
def test_manual_pages_format_without_warnings(ringdown, command):
    page = ringdown("man", *([command] if command else [])).out
    done = subprocess.run(["groff", "-man", "-Tutf8", "-ww", "-rLL=90n"], input=page, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert "SYNOPSIS" in page and (not command or "EXAMPLES" in page)


@pytest.mark.parametrize("arguments", [["completion"], ["completion", "tcsh"], ["man", "tokne"]])
def test_an_unknown_shell_or_manual_page_is_a_usage_error(ringdown, arguments):
    outcome = ringdown(*arguments)
    assert outcome.code == 64 and outcome.out == "" and outcome.err
