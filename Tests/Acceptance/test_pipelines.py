"""The pipelines in Examples/Pipelines and the action, run like in the CI systems, against the simulator with real host names."""

import dataclasses
import hashlib
import json
import os
import pathlib
import platform
import re
import shlex
import subprocess
import sys
import tarfile
import urllib.request

import pytest
import yaml

from servers import ci_runners
from servers.tokens import TokenEndpoint, reply

ROOT = pathlib.Path(__file__).parents[2]
PIPELINES = ROOT / "Examples/Pipelines"
SYSTEMS = {
    "github-actions.yml": ci_runners.GitHub, "azure-pipelines.yml": ci_runners.Azure, "buildkite.yml": ci_runners.Buildkite,
    "gitlab-ci.yml": ci_runners.GitLab, "circleci.yml": ci_runners.CircleCI,
    "bitbucket-pipelines.yml": ci_runners.Bitbucket, "Jenkinsfile": ci_runners.Jenkins,
}
MASKING = ["github-actions.yml", "azure-pipelines.yml", "buildkite.yml"]
SCHEMAS = {name: name.removesuffix(".yml") for name in SYSTEMS if name.endswith(".yml")} | {
    "github-actions.yml": "github-workflows", "circleci.yml": "circle-ci", "../../action.yml": "github-actions"}

# Calls the API with the token like a deployment, and records the token and the environment.
DEPLOY = """#!/bin/bash
printf %s "$GENESYSCLOUD_ACCESS_TOKEN" > ../token
env > ../environment
echo "with $(sed "{filter}" ../token)"
code=$(curl -s -o /dev/null -w '%{{http_code}}' -H @- https://api.mypurecloud.com/api/v2/tokens/me \\
    <<< "Authorization: Bearer $GENESYSCLOUD_ACCESS_TOKEN")
echo "the API answered $code"
[[ $code == 200 ]] {ending}
"""


@dataclasses.dataclass
class Simulator:
    """A running simulator: the network settings for clients, and the variables and secrets that a CI system would store."""

    network: dict
    store: dict
    control: str

    def count(self, path):
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        return json.load(opener.open(f"{self.control}/_sim/count?path={path}"))["count"]


@pytest.fixture
def simulator(simulated):
    """Starts simulators with --intercept and additional options."""

    def start(*options):
        variables = simulated("--intercept", *options)
        store = {name: value for name, value in variables.items() if re.match("(GENESYS|CXONE)_.*(ID|SECRET)$", name)}
        network = {name: value for name, value in variables.items() if re.search("(?i)proxy$|_CA_|^SSL_CERT_FILE", name)}
        return Simulator(network, store, variables["RINGDOWN_SIM_URL"])

    return start


@pytest.fixture
def agent(binary, clean_environment, tmp_path):
    """The environment of a CI agent, with or without the program in PATH."""

    def make(network, has_ringdown=True):
        directories = [path for path in os.environ["PATH"].split(":") if not (pathlib.Path(path) / "ringdown").exists()]
        path = ":".join([str(binary.parent)] * has_ringdown + directories)
        return {name: clean_environment[name] for name in ("HOME", "LANG")} | {"PATH": path} | network

    return make


@pytest.fixture
def job(simulator, agent, tmp_path):
    """Runs a pipeline in a checkout with a deploy.sh that ends with `ending`. Returns the finished job and the simulator."""

    def run(name, *options, ending="", prints=False, has_ringdown=True, source=None, store={}, platform="GENESYS", **variables):
        live = simulator(*options)
        workspace = tmp_path / "workspace"
        workspace.mkdir(exist_ok=True)
        (workspace / "deploy.sh").write_text(DEPLOY.format(ending=ending, filter="" if prints else "d"))
        (workspace / "deploy.sh").chmod(0o755)
        environment = agent(live.network, has_ringdown) | {key: str(value) for key, value in variables.items()}
        source = source or (PIPELINES / name).read_text()
        kept = {key: value for key, value in live.store.items() if key.startswith(platform)} | store
        return SYSTEMS[name](source, tmp_path, environment, kept).run(), live

    return run


@pytest.fixture
def answer_to(curl):
    """Returns the status of an API call with a token."""

    def call(live, token):
        return curl("-o", "/dev/null", "-w", "%{http_code}", "-H", f"Authorization: Bearer {token}",
                    "https://api.mypurecloud.com/api/v2/tokens/me", **live.network).out

    return call


@pytest.mark.parametrize("name", SCHEMAS)
def test_every_file_matches_the_schema_of_its_ci_system(name):
    command = [sys.executable, "-m", "check_jsonschema", "--regex-variant", "nonunicode", "--builtin-schema"]
    done = subprocess.run([*command, f"vendor.{SCHEMAS[name]}", PIPELINES / name], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("name", SYSTEMS)
def test_no_script_contains_a_secret(name, tmp_path):
    store = {"GENESYS_CLIENT_ID": "the-client", "GENESYS_CLIENT_SECRET": "the-secret"}
    runner = SYSTEMS[name]((PIPELINES / name).read_text(), tmp_path, {"PATH": "/nowhere"}, store)
    assert any("deploy.sh" in step.script for step in runner.steps)
    for step in runner.steps:
        assert "${{" not in step.script and runner.script(step) == step.script, "the CI system would expand an expression"
        assert not re.search(r"(?i)\$[({]{0,2}[\w.-]*(secret|token)", step.script)
    assert all(value not in (PIPELINES / name).read_text() for value in store.values())


@pytest.mark.parametrize("name", SYSTEMS)
def test_a_job_deploys_with_one_token_and_without_the_secret_and_revokes_the_token(job, answer_to, tmp_path, name):
    done, live = job(name)
    assert [code for code, _ in done.codes] == [0] * len(done.steps), done.shown
    assert "the API answered 200" in done.shown and "the token was revoked and deleted" in done.shown
    token = (tmp_path / "token").read_text()
    assert token not in done.shown
    assert live.store["GENESYS_CLIENT_SECRET"] not in done.shown + (tmp_path / "environment").read_text()
    assert answer_to(live, token) == "401"
    assert live.count("/oauth/token") == 1
    # Jobs may share the cache of the agent, unless each job has its own container.
    assert not any((tmp_path / "home").iterdir()) or name in ("circleci.yml", "bitbucket-pipelines.yml")


@pytest.mark.parametrize("name", MASKING)
def test_a_printed_token_is_masked_in_the_log(job, tmp_path, name):
    done, _ = job(name, prints=True)
    assert "with ***" in done.shown and (tmp_path / "token").read_text() not in done.shown


# A runner sees only a code other than 0: one system that runs `ringdown exec` and one that runs the script are killed.
@pytest.mark.parametrize("name, ending", [(name, "&& exit 3") for name in SYSTEMS]
                         + [("gitlab-ci.yml", "&& kill -9 $$"), ("github-actions.yml", "&& kill -9 $$")])
def test_a_failed_deployment_fails_the_job_and_the_token_is_revoked(job, answer_to, tmp_path, name, ending):
    done, live = job(name, ending=ending)
    assert done.has_failed and "the API answered 200" in done.shown
    assert answer_to(live, (tmp_path / "token").read_text()) == "401", done.shown


@pytest.mark.parametrize("name", SYSTEMS)
def test_without_a_token_nothing_is_deployed_and_revoke_succeeds(job, tmp_path, name):
    done, _ = job(name, store={"GENESYS_CLIENT_SECRET": "another"})
    assert done.has_failed and not (tmp_path / "token").exists()
    assert [code for code, step in done.codes if step.condition == "always"] in ([], [0]), done.shown


@pytest.mark.parametrize("name", SYSTEMS)
def test_a_failed_revocation_does_not_fail_the_job(job, name):
    done, live = job(name, "--fault", "path=/api/v2/tokens/me,method=DELETE,status=503")
    assert [code for code, _ in done.codes] == [0] * len(done.steps), done.shown
    assert "503" in done.shown


def test_the_documentation_lists_every_pipeline():
    page = (ROOT / "Documentation/Pipelines.md").read_text()
    linked = set(re.findall(r"\]\(\.\./Examples/Pipelines/([\w.-]+)\)", page))
    assert linked == set(SYSTEMS) == {path.name for path in PIPELINES.iterdir()}


# The action, in a workflow of one step.


def workflow(*, reference="v0.1.0", environment={}, **inputs):
    step = {"id": "genesys", "uses": f"{ci_runners.HERE}@{reference}", "env": environment,
            "with": {name.replace("_", "-"): value for name, value in ({"platform": "genesys"} | inputs).items()}}
    return yaml.safe_dump({"jobs": {"deploy": {"steps": [step]}}})


GENESYS = {"client_id": "${{ vars.GENESYS_CLIENT_ID }}", "client_secret": "${{ secrets.GENESYS_CLIENT_SECRET }}"}
CXONE = {"platform": "cxone", "region": "na1", "client_id": "${{ vars.CXONE_CLIENT_ID }}",
         "client_secret": "${{ secrets.CXONE_CLIENT_SECRET }}", "access_key_id": "${{ vars.CXONE_ACCESS_KEY_ID }}",
         "access_key_secret": "${{ secrets.CXONE_ACCESS_KEY_SECRET }}"}


@pytest.fixture
def action(job):
    """Runs the action with inputs."""

    def run(*options, job_options={}, **inputs):
        platform = inputs.get("platform", "genesys").upper()
        return job("github-actions.yml", *options, source=workflow(**inputs), **{"platform": platform} | job_options)

    return run


def test_the_action_returns_a_masked_token_for_either_platform_and_stores_none(action, answer_to, tmp_path):
    done, live = action(**GENESYS)
    token = done.outputs["genesys"]["token"]
    assert done.masks == [token] and answer_to(live, token) == "200"
    done, live = action(**CXONE)
    token = done.outputs["genesys"]["token"]
    assert done.masks == [token] and token.count(".") == 2 and token not in done.shown
    assert live.count("/oauth/token") == 0 and not done.has_failed
    assert not any((tmp_path / "home").iterdir())


def test_settings_without_an_input_come_from_the_environment_of_the_step(action):
    pair = {"GENESYS_CLIENT_ID": GENESYS["client_id"], "GENESYS_CLIENT_SECRET": GENESYS["client_secret"]}
    assert not action(environment=pair)[0].has_failed
    done, _ = action(environment=pair | {"GENESYS_ORGANIZATION_ID": "another"})
    assert done.has_failed and "GENESYS_ORGANIZATION_ID" in done.shown and done.outputs["genesys"] == {}
    # An input takes precedence over the environment.
    done, _ = action(**GENESYS, region="eu-west-1", environment={"GENESYS_REGION": "us-east-1"})
    assert done.has_failed and "eu-west-1" in done.shown


def test_a_token_below_the_minimum_validity_is_an_error(action):
    done, _ = action("--lifetime", "60s", **GENESYS, min_ttl="45m")
    assert done.has_failed and done.outputs["genesys"] == {}


@pytest.mark.parametrize("platform", ["", "custom", "$(touch ran)", "genesys\n::add-mask::x"])
def test_an_unknown_platform_is_an_error_annotation(action, platform):
    done, _ = action(**GENESYS | {"platform": platform})
    assert done.has_failed and done.shown == "::error title=ringdown::invalid platform: the input must be genesys or cxone\n"


def test_secrets_are_passed_to_the_program_only_in_its_environment(action, tmp_path):
    (tmp_path / "tools").mkdir()
    stand_in = tmp_path / "tools/ringdown"
    stand_in.write_text("#!/bin/bash\ncd $NOTES; printf '%s\\n' \"$@\" > arguments; env > variables; echo \"$OLDPWD\" > place\n")
    stand_in.chmod(0o755)
    path = f"{stand_in.parent}:{os.environ['PATH']}"
    secrets = {"access_key_secret": "c$(id)'\"", "client_secret": "a b`id`\\"}
    done, _ = action(**CXONE | secrets, min_ttl="30m", job_options={"PATH": path, "NOTES": tmp_path})
    assert (tmp_path / "arguments").read_text().split() == "token --format github-output --name token --min-ttl 30m".split()
    variables = (tmp_path / "variables").read_text().splitlines()
    assert {line for line in variables if any(secret in line for secret in secrets.values())} == {
        f"CXONE_{name.upper()}={secret}" for name, secret in secrets.items()}
    # A .env file of the checkout is not read.
    assert (tmp_path / "place").read_text().strip() != str(tmp_path / "workspace") and done.shown == ""


# The action if the program is not in PATH.

VERSION = re.search(r'"([0-9.]+)"', (ROOT / "Sources/Ringdown/Version.swift").read_text())[1]


@dataclasses.dataclass
class Releases:
    """A release server for the files in `files`."""

    url: str
    files: pathlib.Path
    asked: list

    def directory(self, tag):
        return self.files / ci_runners.HERE / "releases/download" / tag

    def put(self, binary, ran, version=VERSION, tag=None):
        """Creates a release whose program records that it ran, then runs the program under test."""
        directory = self.directory(tag or f"v{version}")
        name = f"ringdown-{version}-{platform.system().lower()}-{platform.machine()}"
        program = directory / name / "bin/ringdown"
        program.parent.mkdir(parents=True)
        program.write_text(f"#!/bin/sh\ntouch {shlex.quote(str(ran))}\nexec {shlex.quote(str(binary))} \"$@\"\n")
        program.chmod(0o755)
        archive = directory / f"{name}.tar.gz"
        with tarfile.open(archive, "w:gz") as file:
            file.add(directory / name, name)
        sums = directory / "SHA256SUMS"
        sums.write_text(f"{hashlib.sha256(archive.read_bytes()).hexdigest()}  {archive.name}\n{'0' * 64}  other.deb\n")
        return archive, sums


@pytest.fixture
def releases(tmp_path):
    files = tmp_path / "releases"

    def answer(client):
        path = files / client.path.lstrip("/")
        (reply(body=path.read_bytes(), kind="application/octet-stream") if path.is_file() else reply(404))(client)

    with TokenEndpoint(answer) as server:
        yield Releases(server.url.removesuffix("/oauth/token"), files, server.requests)


@pytest.fixture
def download(action, releases):
    """Runs the action on a runner without the program, and returns the finished job."""

    def run(server=None, **inputs):
        return action(**GENESYS | inputs, job_options={"has_ringdown": False, "GITHUB_SERVER_URL": server or releases.url})[0]

    return run


@pytest.mark.parametrize("reference", [f"v{VERSION}", VERSION, "v0", "main", "8f1f1bb6b1c1c9e0d6f6a3c3f0d5b0a4e2d1c0b9"])
def test_the_program_is_downloaded_from_the_release_of_the_action(download, releases, binary, tmp_path, reference):
    releases.put(binary, tmp_path / "ran", tag=VERSION if reference == VERSION else None)
    done = download(reference=reference)
    assert not done.has_failed and done.masks == [done.outputs["genesys"]["token"]], done.shown
    assert (tmp_path / "ran").exists() and len(releases.asked) == 2


@pytest.mark.parametrize("version", ["9.8.7", "v9.8.7"])
def test_another_version_can_be_selected(download, releases, binary, tmp_path, version):
    releases.put(binary, tmp_path / "ran", version="9.8.7")
    assert not download(version=version).has_failed and (tmp_path / "ran").exists()


def test_later_steps_can_use_the_downloaded_distribution(job, releases, release, answer_to, tmp_path):
    subprocess.run([ROOT / "Scripts/make-distribution", release, releases.directory(f"v{VERSION}")], check=True, cwd=ROOT,
                   capture_output=True)
    source = re.sub("(?<=ringdown@)v[0-9.]+", f"v{VERSION}", (PIPELINES / "github-actions.yml").read_text())
    done, live = job("github-actions.yml", source=source, has_ringdown=False, GITHUB_SERVER_URL=releases.url)
    assert [code for code, _ in done.codes] == [0, 0, 0], done.shown
    assert answer_to(live, (tmp_path / "token").read_text()) == "401"


def changed(archive, sums):
    archive.write_bytes(archive.read_bytes() + b"\0")


def unnamed(archive, sums):
    sums.write_text(f"{'0' * 64}  other.deb\n")


def twice(archive, sums):
    sums.write_text(sums.read_text() + f"{'0' * 64}  {archive.name}\n")


def malformed(archive, sums):
    sums.write_text(f"0000  {archive.name}\n")


def without(archive, sums):
    sums.unlink()


def nothing(archive, sums):
    archive.unlink()


@pytest.mark.parametrize("damage,reason", [
    (changed, "checksum mismatch"), (unnamed, "no checksum, or several"), (twice, "no checksum, or several"),
    (malformed, "no checksum, or several"), (without, "cannot download"), (nothing, "cannot download")])
def test_an_archive_with_a_missing_or_wrong_checksum_is_not_run(download, releases, binary, tmp_path, damage, reason):
    damage(*releases.put(binary, tmp_path / "ran"))
    done = download()
    assert done.has_failed and re.search(f"^::error title=ringdown::.*{reason}", done.shown, re.M), done.shown
    assert not (tmp_path / "ran").exists() and done.outputs["genesys"] == {} and done.masks == []


@pytest.mark.parametrize("sum", ["0" * 64, "nonsense", "0"])
def test_an_archive_that_does_not_match_the_sha256_input_is_not_run(download, releases, binary, tmp_path, sum):
    archive, _ = releases.put(binary, tmp_path / "ran")
    assert download(sha256=sum).has_failed and not (tmp_path / "ran").exists()
    assert not download(sha256=hashlib.sha256(archive.read_bytes()).hexdigest()).has_failed


@pytest.mark.parametrize("version", ["../../../evil/x/releases/download/v0.1.0", "latest", "v1", "1.2.3\n", "$(touch ran)"])
def test_an_invalid_version_is_rejected_before_any_request(download, releases, version):
    done = download(version=version)
    assert done.has_failed and "write it as 0.1.0" in done.shown and releases.asked == []


@pytest.mark.parametrize("server", ["http://releases.example", "http://127.0.0.1.releases.example", "ftp://127.0.0.1:21",
                                    "http://127.0.0.1:80@releases.example"])
def test_plain_http_downloads_are_allowed_from_loopback_only(download, releases, server):
    done = download(server)
    assert done.has_failed and "is plain HTTP" in done.shown and releases.asked == []


def test_a_local_action_has_no_release_to_download(download, releases, monkeypatch):
    monkeypatch.setattr(ci_runners.GitHub, "repository", "")
    done = download()
    assert done.has_failed and "not on the PATH" in done.shown and releases.asked == []
