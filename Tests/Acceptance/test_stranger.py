"""The README's ten lines of Swift, compiled and run by a package of a stranger's outside the repository."""

import pathlib
import re
import subprocess

import pytest

from conftest import CLIENT_ID, SECRET

HERE = pathlib.Path(__file__).parent
REPOSITORY = HERE.parent.parent

TOKEN_ONLY = """
import Ringdown

let client = try APIClient(.environment)
let token = try await client.token()
print(token.value.reveal(), token.lifetime, token.scope ?? "-")
"""


def readme_code(language):
    return re.search(rf"```{language}\n(.*?)```", (REPOSITORY / "README.md").read_text(), re.DOTALL).group(1)


@pytest.fixture(scope="module")
def stranger(tmp_path_factory):
    """The directory of the stranger's programs, built; its build directory is kept, so that only the first time is slow."""
    package = tmp_path_factory.mktemp("stranger")
    manifest = (HERE / "stranger" / "Package.swift").read_text().replace("RINGDOWN_PATH", str(REPOSITORY))
    (package / "Package.swift").write_text(manifest)
    for name, code in [("Stranger", readme_code("swift")), ("TokenOnly", TOKEN_ONLY)]:
        (package / "Sources" / name).mkdir(parents=True)
        (package / "Sources" / name / "main.swift").write_text(code)
    scratch = REPOSITORY / ".build" / "stranger"
    command = ["swift", "build", "--package-path", package, "--scratch-path", scratch]
    built = subprocess.run(command, capture_output=True, text=True)
    assert built.returncode == 0, built.stdout[-4000:] + built.stderr[-4000:]
    return scratch / "debug"


@pytest.mark.parametrize("platform", ["genesys", "cxone"])
def test_the_lines_of_the_readme_list_everybody(ringdown, stranger, platform):
    outcome = ringdown("simulate", "--", stranger / "Stranger", RINGDOWN_PLATFORM=platform)
    assert outcome.code == 0, outcome.err
    lines = outcome.out.splitlines()
    assert lines[0].startswith("Users of Simulated")
    assert len(lines) == 251
    assert all("@example.com" in line for line in lines[1:])


def test_the_library_gets_a_token_from_a_real_server_with_a_difficult_secret(clean_environment, stranger, glewlwyd):
    variables = {"OAUTH_TOKEN_URL": glewlwyd.url, "OAUTH_CLIENT_ID": CLIENT_ID, "OAUTH_CLIENT_SECRET": SECRET,
                 "OAUTH_CLIENT_AUTH": "basic-raw", "OAUTH_SCOPE": "one"}
    done = subprocess.run([stranger / "TokenOnly"], env=clean_environment | variables, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    token, lifetime, _, scope = done.stdout.split()
    assert len(token.split(".")) == 3 and lifetime == "3600.0" and scope == "one"


def test_the_readme_is_short_enough():
    assert len(readme_code("swift").strip().splitlines()) <= 10
    assert len(readme_code("sh").strip().splitlines()) <= 10
