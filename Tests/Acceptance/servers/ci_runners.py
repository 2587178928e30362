"""Models of CI systems: how they read a pipeline file, set the environment of a step, and mask its output."""

import dataclasses
import pathlib
import re
import subprocess
import tempfile

import yaml

from servers import ci_parsers

HERE = "OWNER/ringdown"  # the repository of the action in the snippets


@dataclasses.dataclass
class Step:
    """A shell script and its condition. `variables` are not expanded yet."""

    script: str
    variables: dict = dataclasses.field(default_factory=dict)
    condition: str = "success"
    id: str = ""
    decides: bool = True  # whether a failure of the step fails the job


class Runner:
    """Runs the steps of one job. `environment` is the agent's; `store` holds the variables and secrets of the CI system."""

    shell = ["bash", "-eo", "pipefail", "-c"]
    sign = {}

    def __init__(self, source, directory, environment, store):
        self.source, self.directory, self.store = source, directory, store
        self.workspace, self.temporary = directory / "workspace", pathlib.Path(tempfile.mkdtemp(dir=directory))
        self.environment = environment | {"CI": "true", **self.sign}
        self.masks, self.codes, self.shown = [], [], ""
        self.steps = self.read()

    def read(self):
        """The steps of the only job in the file."""
        raise NotImplementedError

    def variables(self, step):
        """The environment variables of a step, in addition to the agent's."""
        return step.variables

    def wants(self, step):
        return step.condition == "always" or not self.has_failed

    def heed(self, step, line):
        """Interprets a line of output. Returns False if the line is not shown."""
        return True

    def finished(self, step):
        """Reads the files that a step wrote."""

    def script(self, step):
        """The script that is passed to the shell."""
        return step.script

    def command(self, script):
        return [*self.shell, script]

    @property
    def has_failed(self):
        return any(code for code, step in self.codes if step.decides)

    def run(self):
        """Runs the steps whose conditions hold. Returns self, with the exit codes in `codes` and the log in `shown`."""
        for step in self.steps:
            if not self.wants(step):
                continue
            environment = self.environment | self.variables(step)
            done = subprocess.run(self.command(self.script(step)), env=environment, cwd=self.workspace, text=True, timeout=60,
                                  stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
            for line in done.stdout.splitlines():
                if self.heed(step, line):
                    for mask in self.masks:
                        line = line.replace(mask, "***")
                    self.shown += line + "\n"
            self.finished(step)
            self.codes.append((done.returncode, step))
        return self


class GitHub(Runner):
    """Also runs the composite action of this repository like the real runner: its steps, with its inputs."""

    shell = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c"]
    sign = {"GITHUB_ACTIONS": "true"}
    root = pathlib.Path(__file__).parents[3]
    job = "deploy"
    repository = HERE

    def read(self):
        job = yaml.safe_load(self.source)["jobs"][self.job]
        self.outputs = {}
        self.environment |= {"RUNNER_TEMP": str(self.temporary), **job.get("env", {})}
        for name in ("GITHUB_OUTPUT", "GITHUB_PATH"):
            self.environment[name] = str(self.temporary / name)
        return [step for raw in job["steps"] for step in self.expanded(raw)]

    def expanded(self, raw):
        if "run" in raw:
            return [Step(raw["run"], raw.get("env", {}), raw.get("if", "success"), raw.get("id", ""))]
        action, reference = raw["uses"].split("@")
        if action != HERE:
            return []
        document = yaml.safe_load((self.root / "action.yml").read_text())
        given = raw.get("with", {})
        assert set(given) <= set(document["inputs"]), given
        [inner] = document["runs"]["steps"]
        assert document["outputs"]["token"]["value"] == "${{ steps.%s.outputs.token }}" % inner["id"]
        assert inner["shell"] == "bash"
        inputs = {name: given.get(name, described.get("default", "")) for name, described in document["inputs"].items()}
        context = {f"inputs.{name}": value for name, value in inputs.items()}
        context |= {"github.action_repository": self.repository, "github.action_ref": reference}
        variables = {name: self.value(text, context) for name, text in inner["env"].items()}
        # The last two variables are empty, as in the real runner: actions/runner, issue 2473.
        variables |= raw.get("env", {})
        variables |= {"GITHUB_ACTION_PATH": str(self.root), "GITHUB_ACTION_REPOSITORY": "", "GITHUB_ACTION_REF": ""}
        return [Step(inner["run"], variables, raw.get("if", "success"), raw.get("id", ""))]

    def value(self, text, context=None):
        known = {f"{kind}.{name}": value for kind in ("vars", "secrets") for name, value in self.store.items()}
        for step, outputs in self.outputs.items():
            known |= {f"steps.{step}.outputs.{name}": value for name, value in outputs.items()}
        if context is not None:
            # Expressions that do not belong to the action are expanded when the step runs.
            return re.sub(r"\$\{\{ ([\w.-]+) \}\}", lambda found: str(context.get(found[1], found[0])), text)
        return re.sub(r"\$\{\{ ([\w.-]+) \}\}", lambda found: known.get(found[1], ""), text)

    def variables(self, step):
        return {name: self.value(str(text)) for name, text in step.variables.items()}

    def wants(self, step):
        terms = [term.strip() for term in step.condition.split("&&")]
        held = [{"always()": True, "success": not self.has_failed}.get(term, self.value("${{ %s }}" % term)) for term in terms]
        return all(held) and (not self.has_failed or "always()" in terms)

    def heed(self, step, line):
        command = ci_parsers.github_command(line)
        if command and command[0] == "add-mask":
            self.masks.append(command[2])
            return False
        return True

    def finished(self, step):
        for name in ("GITHUB_OUTPUT", "GITHUB_PATH"):
            path = self.temporary / name
            text = path.read_text() if path.exists() else ""
            path.unlink(missing_ok=True)
            if name == "GITHUB_OUTPUT":
                self.outputs[step.id] = ci_parsers.github_file(text)
            for line in text.splitlines() if name == "GITHUB_PATH" else []:
                self.environment["PATH"] = f"{line}:{self.environment['PATH']}"


class Azure(Runner):
    shell = ["bash", "--noprofile", "--norc", "-c"]
    sign = {"TF_BUILD": "True"}

    def read(self):
        document = yaml.safe_load(self.source)
        self.known, self.secret = {}, set()
        for variable in document["variables"]:
            if "group" in variable:
                self.known |= {"client-id": self.store["GENESYS_CLIENT_ID"], "client-secret": self.store["GENESYS_CLIENT_SECRET"]}
                self.secret.add("client-secret")
            else:
                self.known[variable["name"]] = variable["value"]
        return [Step(raw["bash"], raw.get("env", {}), raw.get("condition", "success()").removesuffix("()"))
                for raw in document["steps"]]

    def expand(self, text):
        return re.sub(r"\$\(([\w.-]+)\)", lambda found: self.known.get(found[1], found[0]), text)

    def script(self, step):
        return self.expand(step.script)

    def variables(self, step):
        plain = {name.upper().replace(".", "_"): value for name, value in self.known.items() if name not in self.secret}
        return plain | {name: self.expand(text) for name, text in step.variables.items()}

    def heed(self, step, line):
        command = ci_parsers.azure_command(line)
        if not command:
            return True
        properties, value = command
        self.known[properties["variable"]] = value
        if properties.get("issecret") == "true":
            self.secret.add(properties["variable"])
            self.masks.append(value)
        return False


class Buildkite(Runner):
    shell = ["bash", "-e", "-c"]
    sign = {"BUILDKITE": "true"}

    def read(self):
        document = yaml.safe_load(self.source)
        [step] = document["steps"]
        # Buildkite would expand a variable on upload and store its value with the build.
        assert not re.search(r"(?<!\$)\$(?!\$)", self.source.split("\nenv:", 1)[1])
        secrets = {name: self.store[name] for name in step["secrets"]}
        tools = self.temporary / "tools"
        tools.mkdir()
        (tools / "buildkite-agent").write_text(f'#!/bin/sh\n[ "$*" = "redactor add" ] && cat >> {self.temporary}/redacted\n')
        (tools / "buildkite-agent").chmod(0o755)
        self.environment["PATH"] = f"{tools}:{self.environment['PATH']}"
        return [Step(step["command"].replace("$$", "$"), document["env"] | secrets)]

    def heed(self, step, line):
        redacted = self.temporary / "redacted"
        self.masks = [redacted.read_text()] if redacted.exists() else []
        return True


class GitLab(Runner):
    sign = {"GITLAB_CI": "true", "CI_JOB_ID": "4711"}

    def read(self):
        job = yaml.safe_load(self.source)["deploy"]
        known = self.environment | self.store
        variables = {name: re.sub(r"\$(\w+)", lambda found: known[found[1]], text) for name, text in job["variables"].items()}
        # The snippet uses a path in /tmp. Replace it with the temporary directory of the job.
        variables = {name: re.sub("^/tmp/", f"{self.temporary}/", text) for name, text in variables.items()}
        return [Step("\n".join(job["script"]), self.store | variables),
                Step("\n".join(job["after_script"]), self.store | variables, "always", decides=False)]


class CircleCI(Runner):
    sign = {"CIRCLECI": "true"}

    def read(self):
        document = yaml.safe_load(self.source)
        [workflow] = document["workflows"]["deploy"]["jobs"]
        assert workflow["deploy"]["context"] == "genesys"
        job = document["jobs"]["deploy"]
        self.environment["BASH_ENV"] = str(self.temporary / "bash-env")
        pathlib.Path(self.environment["BASH_ENV"]).touch()
        runs = [raw["run"] for raw in job["steps"] if raw != "checkout"]
        runs = [{"command": run} if isinstance(run, str) else run for run in runs]
        return [Step(run["command"], self.store | job["environment"], run.get("when", "success")) for run in runs]


class Bitbucket(Runner):
    sign = {"BITBUCKET_BUILD_NUMBER": "7"}
    shell = ["bash", "-e", "-c"]

    def read(self):
        [step] = [item["step"] for item in yaml.safe_load(self.source)["pipelines"]["branches"]["main"]]
        variables = self.store | {"GENESYS_REGION": "us-east-1"}
        return [Step("\n".join(step["script"]), variables),
                Step("\n".join(step["after-script"]), variables, "always", decides=False)]


class Jenkins(Runner):
    """Parses only the Groovy syntax of the snippet: environment assignments, and `sh` in `withCredentials`."""

    sign = {"JENKINS_URL": "http://127.0.0.1/"}
    shell = ["sh", "-xe", "-c"]

    def read(self):
        known = {"WORKSPACE_TMP": str(self.temporary)}
        plain = dict(re.findall(r"^ +([A-Z_]+) = '([^']*)'", self.source, re.M))
        for name, text in re.findall(r'^ +([A-Z_]+) = "([^"]*)"', self.source, re.M):
            plain[name] = re.sub(r"\$\{(\w+)\}", lambda found: known[found[1]], text)
        bound = re.compile(r"withCredentials\(\[usernamePassword\(credentialsId: 'genesys', usernameVariable: '(\w+)',\s+"
                           r"passwordVariable: '(\w+)'\)\]\) \{\s+sh '([^']*)'")
        end, steps = self.source.index("post {"), []
        for found in bound.finditer(self.source):
            credentials = {found[1]: self.store["GENESYS_CLIENT_ID"], found[2]: self.store["GENESYS_CLIENT_SECRET"]}
            steps.append(Step(found[3], plain | credentials, "always" if found.start() > end else "success"))
        assert len(steps) == len(re.findall(r"\bsh\b", re.sub(r"//.*|\.sh", "", self.source))), "an `sh` step was not parsed"
        return steps
