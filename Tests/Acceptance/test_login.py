"""`ringdown login`: a user signs in with a real browser and stays signed in. Forged redirects are rejected."""

import http.client
import json
import os
import re
import signal
import subprocess
import urllib.error
import urllib.parse
import urllib.request

import pytest
from playwright.sync_api import expect

from checks import assert_discloses_nothing


@pytest.fixture
def person(simulated, tmp_path):
    """The settings of a user's account: a client without a secret, and a cache."""

    def settings(platform="genesys", *options, **more):
        prefix = platform.upper() + "_"
        variables = {name: value for name, value in simulated(*options).items()
                     if name.startswith(prefix) and not name.endswith(("SECRET", "ACCESS_KEY_ID")) or name == "RINGDOWN_SIM_URL"}
        return variables | {prefix + "GRANT": "authorization_code", "RINGDOWN_CACHE": "file", "RINGDOWN_CACHE_DIR": str(tmp_path / "cache")} | more

    return settings


class Login:
    """A running `ringdown login --no-browser` that waits for the browser."""

    def __init__(self, binary, environment, directory, arguments):
        self.process = subprocess.Popen([binary, "login", "--no-browser", *arguments], env=environment, cwd=directory, stdin=subprocess.DEVNULL,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.said = []
        while not self.said or not self.said[-1].strip().startswith("http"):
            line = self.process.stderr.readline()
            assert line, f"ringdown login exited with {self.process.wait()}: {self.said}"
            self.said.append(line)
        self.url = self.said[-1].strip()
        self.parameters = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(self.url).query))

    def come_back(self, **query):
        """Sends a forged redirect of a browser, and returns the status."""
        try:
            with urllib.request.urlopen(self.parameters["redirect_uri"] + "?" + urllib.parse.urlencode(query)) as response:
                return response.status
        except urllib.error.HTTPError as error:
            return error.code

    def end(self):
        """Returns the exit code and everything on standard error."""
        out, err = self.process.communicate(timeout=30)
        assert out == ""
        return self.process.returncode, "".join(self.said) + err


@pytest.fixture
def login(binary, clean_environment, tmp_path):
    running = []

    def start(*arguments, **variables):
        running.append(Login(binary, clean_environment | variables, tmp_path, arguments))
        return running[-1]

    yield start
    for each in running:
        each.process.kill()
        each.process.wait()


@pytest.mark.parametrize("platform", ["genesys", "cxone"])
def test_a_user_signs_in_with_a_browser_and_stays_signed_in(login, person, ringdown, browser, platform):
    variables = person(platform)
    waiting = login(**variables)
    assert waiting.parameters["code_challenge_method"] == "S256" and len(waiting.parameters["code_challenge"]) == 43
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/callback", waiting.parameters["redirect_uri"])
    page = browser.new_page()
    page.goto(waiting.url)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading")).to_have_text("Response received")
    page.close()
    code, said = waiting.end()
    assert code == 0 and "signed in" in said and "next:" not in said, said
    first = ringdown("token", **variables)
    assert first.code == 0, first.err
    # Each refresh uses the refresh token of the previous response.
    second, third = ringdown("token", "--force", **variables), ringdown("token", "--force", **variables)
    assert second.code == third.code == 0 and len({first.out, second.out, third.out}) == 3, third.err
    who = json.loads(ringdown("whoami", "--output", "json", **variables).out)
    assert "@example.com" in who["user"]
    listed = ringdown("tokens", **variables).out
    assert "(sign-in)" in listed and ringdown("cache", "verify", **variables).code == 0
    assert ringdown("revoke", **variables).code == 0
    outcome = ringdown("token", **variables)
    assert outcome.code == 4 and "no user is signed in" in outcome.err and "ringdown login" in outcome.err


def test_the_sign_in_is_stored_encrypted(login, person, browser, tmp_path, ringdown):
    variables = person()
    waiting = login(**variables)
    page = browser.new_page()
    page.goto(waiting.url)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading")).to_have_text("Response received")
    code, said = waiting.end()
    token = ringdown("token", **variables).out.strip()
    for path in (tmp_path / "cache").iterdir():
        assert token.encode() not in path.read_bytes() and path.stat().st_mode & 0o077 == 0
    assert token not in said


def test_a_client_with_a_secret_sends_the_secret_and_pkce(login, person, browser, simulated):
    variables = person()
    simulator = variables | {"GENESYS_CLIENT_SECRET": "wrong"}
    waiting = login(**simulator)
    page = browser.new_page()
    page.goto(waiting.url)
    page.get_by_role("button", name="Sign in").click()
    code, said = waiting.end()
    assert code == 4 and "authentication failed" in said
    assert_discloses_nothing(said, "wrong-secret-value")


def test_a_declined_sign_in_is_an_error(login, person, browser):
    waiting = login(**person())
    page = browser.new_page()
    page.goto(waiting.url)
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("heading")).to_have_text("Not signed in")
    code, said = waiting.end()
    assert code == 4 and "the sign-in was refused: access_denied: the user denied access" in said


def test_a_forged_redirect_is_rejected_and_login_keeps_waiting(login, person, browser):
    waiting = login(**person())
    assert waiting.come_back(code="stolen", state="guessed") == 400
    assert waiting.come_back(code="stolen") == 400
    assert waiting.come_back(state=waiting.parameters["state"][:-1], code="stolen") == 400
    with pytest.raises(urllib.error.HTTPError):
        urllib.request.urlopen(waiting.parameters["redirect_uri"].replace("/callback", "/"))
    assert waiting.process.poll() is None
    page = browser.new_page()
    page.goto(waiting.url)
    page.get_by_role("button", name="Sign in").click()
    assert waiting.end()[0] == 0


@pytest.mark.parametrize("query, reason", [
    ({"code": "made-up"}, "Code is not valid"), ({"code": "made-up", "iss": "https://evil.example"}, "RFC 9207"),
    ({}, "the response contains no code"),
    ({"error": "server_error", "error_description": "\x1b[31mred\x1b[0m"}, "server_error")])
def test_a_redirect_with_the_correct_state_but_without_a_valid_code_is_an_error(login, person, query, reason):
    waiting = login(**person("cxone"))
    assert waiting.come_back(state=waiting.parameters["state"], **query) == 200
    code, said = waiting.end()
    assert code == 4 and reason in said and "\x1b" not in said


def test_a_code_is_refused_without_the_correct_verifier(login, person):
    variables = person()
    waiting = login(**variables)
    address = urllib.parse.urlsplit(waiting.url)
    connection = http.client.HTTPConnection(address.netloc)
    people = json.load(urllib.request.urlopen(variables["RINGDOWN_SIM_URL"] + "/_sim/people"))
    form = waiting.parameters | {"decision": "allow", "username": people[0]["username"]}
    connection.request("POST", address.path, urllib.parse.urlencode(form), {"Content-Type": "application/x-www-form-urlencoded"})
    code = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(connection.getresponse().headers["Location"]).query))["code"]
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": waiting.parameters["redirect_uri"],
            "client_id": waiting.parameters["client_id"], "code_verifier": "x" * 43}
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(variables["GENESYS_LOGIN_URL"] + "/oauth/token", data=urllib.parse.urlencode(form).encode())
    assert json.load(refused.value)["error"] == "invalid_grant"


def test_login_times_out_after_the_given_timeout(ringdown, person):
    outcome = ringdown("login", "--no-browser", "--timeout", "0.2s", **person())
    assert outcome.code == 4 and "timed out waiting for the browser" in outcome.err and "ringdown login" in outcome.err


def test_login_can_be_interrupted(login, person):
    waiting = login(**person())
    waiting.process.send_signal(signal.SIGINT)
    assert waiting.process.wait(timeout=10) in (2, -signal.SIGINT, 130)


def test_login_opens_the_browser_that_the_environment_names(binary, clean_environment, person, tmp_path):
    opener = tmp_path / "opener"
    opener.write_text(f"#!/bin/sh\ncurl -s -L -o {tmp_path}/page \"$1\"\n")
    opener.chmod(0o755)
    with subprocess.Popen([binary, "login", "--timeout", "20s"], env=clean_environment | person(BROWSER=str(opener)), cwd=tmp_path,
                          stderr=subprocess.PIPE, text=True) as process:
        assert "opened the sign-in page" in process.stderr.readline()
        process.send_signal(signal.SIGTERM)


def test_a_sign_in_ended_by_the_platform_is_reported(login, person, browser, ringdown):
    variables = person()
    waiting = login(**variables)
    page = browser.new_page()
    page.goto(waiting.url)
    page.get_by_role("button", name="Sign in").click()
    assert waiting.end()[0] == 0
    request = urllib.request.Request(variables["RINGDOWN_SIM_URL"] + "/_sim/seed", data=b'{"seed":1}', method="POST")
    urllib.request.urlopen(request)
    outcome = ringdown("token", "--force", **variables)
    assert outcome.code == 4 and "the sign-in has expired" in outcome.err and "ringdown login" in outcome.err


def test_login_reports_missing_requirements(ringdown, person, simulated):
    variables = person()
    assert "RINGDOWN_CACHE" in ringdown("login", **variables | {"RINGDOWN_CACHE": "off"}).err
    assert ringdown("login", "--port", "70000", **variables).code == 64
    outcome = ringdown("login", "--platform", "custom", OAUTH_TOKEN_URL="https://a.example/t", OAUTH_CLIENT_ID="a", OAUTH_CLIENT_SECRET="b",
                       RINGDOWN_CACHE="file")
    assert outcome.code == 78 and "genesys or cxone" in outcome.err
    outcome = ringdown("token", **variables)
    assert outcome.code == 4 and "no user is signed in" in outcome.err


def sign_in(browser, waiting):
    page = browser.new_page()
    page.goto(waiting.url)
    page.get_by_role("button", name="Sign in").click()
    code, said = waiting.end()
    page.close()
    assert code == 0, said
    return said


def test_two_profiles_of_one_client_can_belong_to_different_users(login, person, browser, ringdown, clean_environment):
    variables = person()
    directory = os.path.join(clean_environment["HOME"], ".config", "ringdown")
    os.makedirs(directory)
    for name in "alice", "bob":
        with open(os.open(os.path.join(directory, name + ".env"), os.O_CREAT | os.O_WRONLY, 0o600), "w") as file:
            file.writelines(f"{key}={value}\n" for key, value in variables.items() if key.startswith("GENESYS"))
    cache = {name: value for name, value in variables.items() if name.startswith("RINGDOWN_CACHE")}
    people = [person["username"] for person in json.load(urllib.request.urlopen(variables["RINGDOWN_SIM_URL"] + "/_sim/people"))]
    for name, username in zip(["alice", "bob"], people):
        waiting = login(name, **cache)
        page = browser.new_page()
        page.goto(waiting.url)
        page.get_by_label("User name").fill(username)
        page.get_by_role("button", name="Sign in").click()
        assert waiting.end()[0] == 0
        page.close()
    for name, username in zip(["alice", "bob"], people):
        for _ in range(2):
            assert json.loads(ringdown("whoami", name, "--output", "json", **cache).out)["user"] == username
            assert ringdown("token", name, "--force", **cache).code == 0


def test_a_user_of_another_organization_is_rejected(login, person, browser, ringdown):
    variables = person(GENESYS_ORGANIZATION_ID="11111111-2222-3333-4444-555555555555")
    waiting = login(**variables)
    page = browser.new_page()
    page.goto(waiting.url)
    page.get_by_role("button", name="Sign in").click()
    code, said = waiting.end()
    assert code == 4 and "belongs to organisation" in said
    assert "no user is signed in" in ringdown("token", **variables).err


def test_a_sign_in_without_a_refresh_token_lasts_only_as_long_as_its_token(login, person, browser, ringdown):
    variables = person()
    sign_in(browser, login(**variables))
    request = urllib.request.Request(variables["RINGDOWN_SIM_URL"] + "/_sim/faults", method="POST",
                                     data=b'{"path":"/oauth/token","members":{"refresh_token":"missing"}}')
    urllib.request.urlopen(request)
    assert "returned no refresh token" in sign_in(browser, login(**variables))
    assert ringdown("token", **variables).code == 0
    assert "no user is signed in" in ringdown("token", "--force", **variables).err


def test_revoke_signs_the_user_out_and_exec_does_not(login, person, browser, ringdown):
    variables = person()
    sign_in(browser, login(**variables))
    ringdown("exec", "--", "true", **variables)
    assert ringdown("token", "--force", **variables).code == 0
    assert json.loads(ringdown("doctor", "--output", "json", **variables).out)["ok"]
    outcome = ringdown("revoke", **variables)
    assert outcome.code == 0 and "signed out" in outcome.err
    report = ringdown("doctor", "--output", "json", **variables)
    assert report.code == 4 and json.loads(report.out)["cause"]["name"] == "not-signed-in"


def test_an_unusable_cache_is_reported_before_the_sign_in_starts(ringdown, person, tmp_path):
    (tmp_path / "file").write_text("")
    outcome = ringdown("login", "--no-browser", **person() | {"RINGDOWN_CACHE_DIR": str(tmp_path / "file")})
    assert outcome.code == 78 and "http" not in outcome.err


def test_the_browser_receives_no_secret(binary, clean_environment, person, tmp_path):
    opener = tmp_path / "opener"
    opener.write_text(f"#!/bin/sh\nenv > {tmp_path}/seen.part; mv {tmp_path}/seen.part {tmp_path}/seen\n")
    opener.chmod(0o755)
    variables = clean_environment | person(BROWSER=str(opener), GENESYS_CLIENT_SECRET="do-not-show")
    with subprocess.Popen([binary, "login", "--timeout", "20s"], env=variables, cwd=tmp_path, stderr=subprocess.PIPE, text=True) as process:
        process.stderr.readline()
        while not (tmp_path / "seen").exists():
            assert process.poll() is None
        process.send_signal(signal.SIGTERM)
    assert "do-not-show" not in (tmp_path / "seen").read_text()
