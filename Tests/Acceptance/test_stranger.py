"""The Swift code of the README, the guide and the examples, built and run in a package outside the repository."""

import pathlib
import re
import shutil
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


def guide_code():
    """Each code block of Documentation/Calls.md as a separate function."""
    pieces = re.findall(r"```swift\n(.*?)```", (REPOSITORY / "Documentation" / "Calls.md").read_text(), re.DOTALL)
    functions = [f"func piece{number}() async throws {{\nlet client = try APIClient(.environment)\n{piece}}}\n"
                 for number, piece in enumerate(pieces)]
    return "import Foundation\nimport Ringdown\n\n" + "\n".join(functions)


@pytest.fixture(scope="module")
def stranger(tmp_path_factory):
    """The directory of the built programs. The build directory is reused, so only the first build is slow."""
    package = tmp_path_factory.mktemp("stranger")
    manifest = (HERE / "stranger" / "Package.swift").read_text().replace("RINGDOWN_PATH", str(REPOSITORY))
    (package / "Package.swift").write_text(manifest)
    for name, code in [("Stranger", readme_code("swift")), ("TokenOnly", TOKEN_ONLY)]:
        (package / "Sources" / name).mkdir(parents=True)
        (package / "Sources" / name / "main.swift").write_text(code)
    (package / "Sources" / "OneImport").mkdir()
    shutil.copy(HERE / "stranger" / "OneImport.swift", package / "Sources" / "OneImport" / "main.swift")
    (package / "Sources" / "Guide").mkdir()
    (package / "Sources" / "Guide" / "Guide.swift").write_text(guide_code())
    for example in (REPOSITORY / "Examples" / "Swift" / "Sources").iterdir():
        shutil.copytree(example, package / "Sources" / example.name)
    scratch = REPOSITORY / ".build" / "stranger"
    command = ["swift", "build", "--package-path", package, "--scratch-path", scratch]
    built = subprocess.run(command, capture_output=True, text=True)
    assert built.returncode == 0, built.stdout[-4000:] + built.stderr[-4000:]
    return scratch / "debug"


@pytest.mark.parametrize("platform", ["genesys", "cxone"])
def test_the_readme_code_lists_all_users(ringdown, stranger, platform):
    outcome = ringdown("simulate", "--", stranger / "Stranger", RINGDOWN_PLATFORM=platform)
    assert outcome.code == 0, outcome.err
    lines = outcome.out.splitlines()
    assert lines[0].startswith("Users of Simulated")
    assert len(lines) == 251
    assert all("@example.com" in line for line in lines[1:])


def test_the_library_gets_a_token_from_a_real_server_with_special_characters_in_the_secret(clean_environment, stranger, glewlwyd):
    variables = {"OAUTH_TOKEN_URL": glewlwyd.url, "OAUTH_CLIENT_ID": CLIENT_ID, "OAUTH_CLIENT_SECRET": SECRET,
                 "OAUTH_CLIENT_AUTH": "basic-raw", "OAUTH_SCOPE": "one"}
    done = subprocess.run([stranger / "TokenOnly"], env=clean_environment | variables, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    token, lifetime, _, scope = done.stdout.split()
    assert len(token.split(".")) == 3 and lifetime == "3600.0" and scope == "one"


def test_one_import_is_enough(ringdown, stranger):
    outcome = ringdown("simulate", "--", stranger / "OneImport", RINGDOWN_PLATFORM="genesys")
    assert outcome.code == 0, outcome.out + outcome.err
    lines = outcome.out.splitlines()
    assert lines[0] == "3000 a" and lines[2] == "false" and lines[3] == "12"
    assert lines[4].startswith("200 application/json") and "notFound 404 false -" in lines


def test_the_nightly_export_writes_a_complete_day(ringdown, stranger, tmp_path):
    outcome = ringdown("simulate", "--", stranger / "NightlyExport", tmp_path / "day.ndjson", RINGDOWN_PLATFORM="genesys")
    assert outcome.code == 0, outcome.err
    assert outcome.out.startswith("96 conversations of ")
    assert len((tmp_path / "day.ndjson").read_text().splitlines()) == 96


def test_the_webhook_worker_processes_every_event(ringdown, binary, stranger):
    script = (f"'{binary}' users --output csv --limit 20 | tail -n +2 | cut -d, -f1 | sed 's/.*/{{\"user\": \"&\"}}/' | "
              f"(cat; echo nonsense) | '{stranger / 'WebhookWorker'}'")
    outcome = ringdown("simulate", "--fault", "path=/api/v2/users/*,times=2,status=429,retryAfter=0", "--", "sh", "-c", script,
                       RINGDOWN_PLATFORM="genesys")
    lines = outcome.out.splitlines()
    assert sum("@example.com" in line for line in lines) == 20, outcome.err
    assert sum(line.startswith("failed: ") for line in lines) == 1
    assert lines[-1] == "22 calls, 2 sent again"


def test_the_pipeline_step_reports_a_missing_permission(ringdown, stranger):
    outcome = ringdown("simulate", "--", stranger / "PipelineStep", RINGDOWN_PLATFORM="genesys")
    assert outcome.code == 0 and "queues can be seen" in outcome.out, outcome.out + outcome.err
    outcome = ringdown("simulate", "--fault", "path=/api/v2/routing/queues,status=403", "--", stranger / "PipelineStep",
                       RINGDOWN_PLATFORM="genesys")
    assert outcome.code == 1 and "::error::" in outcome.out and "role" in outcome.out


def test_the_manifest_of_the_examples_is_valid():
    done = subprocess.run(["swift", "package", "--package-path", REPOSITORY / "Examples" / "Swift", "--scratch-path",
                           REPOSITORY / ".build" / "examples", "describe"], capture_output=True, text=True)
    assert done.returncode == 0 and "NightlyExport" in done.stdout, done.stderr


def test_the_readme_code_has_at_most_ten_lines():
    assert len(readme_code("swift").strip().splitlines()) <= 10
    assert len(readme_code("sh").strip().splitlines()) <= 10
