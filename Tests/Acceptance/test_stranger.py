"""The README's ten lines of Swift, compiled and run by a package of a stranger's outside the repository."""

import os
import pathlib
import re
import subprocess

import pytest

HERE = pathlib.Path(__file__).parent
REPOSITORY = HERE.parent.parent


def readme_code(language):
    return re.search(rf"```{language}\n(.*?)```", (REPOSITORY / "README.md").read_text(), re.DOTALL).group(1)


@pytest.fixture(scope="module")
def stranger(tmp_path_factory):
    """The stranger's program, built; its build directory is kept, so that only the first time is slow."""
    package = tmp_path_factory.mktemp("stranger")
    manifest = (HERE / "stranger" / "Package.swift").read_text().replace("RINGDOWN_PATH", str(REPOSITORY))
    (package / "Package.swift").write_text(manifest)
    (package / "Sources" / "Stranger").mkdir(parents=True)
    (package / "Sources" / "Stranger" / "main.swift").write_text(readme_code("swift"))
    scratch = REPOSITORY / ".build" / "stranger"
    command = ["swift", "build", "--package-path", package, "--scratch-path", scratch]
    built = subprocess.run(command, capture_output=True, text=True)
    assert built.returncode == 0, built.stdout[-4000:] + built.stderr[-4000:]
    return scratch / "debug" / "Stranger"


@pytest.mark.parametrize("platform", ["genesys", "cxone"])
def test_the_lines_of_the_readme_list_everybody(ringdown, stranger, platform):
    outcome = ringdown("simulate", "--", stranger, RINGDOWN_PLATFORM=platform)
    assert outcome.code == 0, outcome.err
    lines = outcome.out.splitlines()
    assert lines[0].startswith("Users of Simulated")
    assert len(lines) == 251
    assert all("@example.com" in line for line in lines[1:])


def test_the_readme_is_short_enough():
    assert len(readme_code("swift").strip().splitlines()) <= 10
    assert len(readme_code("sh").strip().splitlines()) <= 10
