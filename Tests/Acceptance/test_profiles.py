"""`ringdown init`, `ringdown profiles` and the commands that read or change profiles, with and without a terminal."""

import json
import os
import stat

import pytest


@pytest.fixture
def profiles(clean_environment):
    """The directory of the profiles."""
    return os.path.join(clean_environment["HOME"], ".config", "ringdown")


@pytest.fixture
def write(profiles):
    """Writes a profile and returns its path."""

    def run(name, text, mode=0o600):
        os.makedirs(profiles, mode=0o700, exist_ok=True)
        path = os.path.join(profiles, name + ".env")
        with open(path, "w") as file:
            file.write(text)
        os.chmod(path, mode)
        return path

    return run


HOSTS = ("GENESYS_LOGIN_URL", "GENESYS_API_URL")


def genesys_answers(simulator, secret=None, region="eu-west-1"):
    return [("[genesys]:", "\r"), ("[us-east-1]:", region + "\r"), ("Client Credentials):", simulator["GENESYS_CLIENT_ID"] + "\r"),
            ("Client secret:", (secret or simulator["GENESYS_CLIENT_SECRET"]) + "\r")]


def test_init_prompts_checks_the_credentials_and_writes_a_private_file(at_terminal, simulated, profiles, ringdown):
    simulator = simulated()
    hosts = {name: simulator[name] for name in HOSTS}
    code, shown = at_terminal("init", "prod", answers=genesys_answers(simulator), **hosts)
    assert code == 0 and "a token was granted for 24 h: Simulated Contact Centre" in shown, shown
    assert simulator["GENESYS_CLIENT_SECRET"] not in shown, "the secret was echoed"
    path = os.path.join(profiles, "prod.env")
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600 and stat.S_IMODE(os.stat(profiles).st_mode) == 0o700
    assert "ringdown whoami prod" in shown
    assert ringdown("whoami", "prod", "--environment-wins", **hosts).code == 0


def test_init_writes_no_profile_and_reports_the_reason_if_the_secret_is_refused(at_terminal, simulated, profiles):
    simulator = simulated()
    answers = genesys_answers(simulator, secret="nonsense") + [("[y/N]", "\r")]
    code, shown = at_terminal("init", "prod", answers=answers, **{name: simulator[name] for name in HOSTS})
    assert code == 4 and "authentication failed" in shown and "hint:" in shown
    assert not os.path.exists(os.path.join(profiles, "prod.env"))


def test_init_detects_the_region(at_terminal, simulated, profiles):
    simulator = simulated("--intercept")
    network = {name: simulator[name] for name in ("HTTPS_PROXY", "RINGDOWN_CA_FILE")}
    code, shown = at_terminal("init", "prod", answers=genesys_answers(simulator, region="eu-central-1"), **network)
    assert code == 0 and "the client belongs to us-east-1" in shown, shown
    assert "GENESYS_REGION=us-east-1\n" in open(os.path.join(profiles, "prod.env")).read()


def test_init_prompts_again_after_an_invalid_region(at_terminal, simulated):
    simulator = simulated()
    answers = genesys_answers(simulator)
    answers.insert(1, ("[us-east-1]:", "eu-wset-1\r"))
    code, shown = at_terminal("init", "prod", answers=answers, **{name: simulator[name] for name in HOSTS})
    assert code == 0 and "did you mean eu-west-1" in shown


@pytest.mark.parametrize("key", ["\x03", "\x04"])
def test_ctrl_c_and_ctrl_d_cancel_init(at_terminal, simulated, key):
    answers = genesys_answers(simulated())[:-1] + [("Client secret:", key)]
    code, shown = at_terminal("init", "prod", answers=answers)
    assert code == 2 and "cancelled" in shown


def test_a_secret_can_be_corrected_while_it_is_typed(at_terminal, simulated):
    simulator = simulated()
    secret = "wrong\x15" + simulator["GENESYS_CLIENT_SECRET"] + "é\x7f"
    code, shown = at_terminal("init", "prod", answers=genesys_answers(simulator, secret), **{n: simulator[n] for n in HOSTS})
    assert code == 0, shown


def test_init_without_a_terminal_requires_from_environment(ringdown, simulated, profiles):
    outcome = ringdown("init", "prod")
    assert outcome.code == 64 and "--from-environment" in outcome.err
    outcome = ringdown("init", "prod", "--platform", "cxone", "--from-environment", **simulated())
    assert outcome.code == 0, outcome.err
    text = open(os.path.join(profiles, "prod.env")).read()
    assert "CXONE_ACCESS_KEY_SECRET=" in text and text.count("====") == 1 or "====" in text


def test_init_stores_the_path_of_a_secret_file_and_not_the_secret(ringdown, simulated, profiles, tmp_path):
    simulator = simulated()
    (tmp_path / "secret").write_text(simulator.pop("GENESYS_CLIENT_SECRET") + "\n")
    outcome = ringdown("init", "prod", "--platform", "genesys", "--from-environment",
                       **simulator, GENESYS_CLIENT_SECRET_FILE="secret")
    assert outcome.code == 0, outcome.err
    text = open(os.path.join(profiles, "prod.env")).read()
    assert f"GENESYS_CLIENT_SECRET_FILE={tmp_path}/secret\n" in text and "GENESYS_CLIENT_SECRET=" not in text


def test_init_replaces_a_profile_only_with_the_replace_option(ringdown, simulated, write):
    path = write("prod", "GENESYS_CLIENT_ID=old\n")
    simulator = simulated()
    outcome = ringdown("init", "prod", "--platform", "genesys", "--from-environment", **simulator)
    assert outcome.code == 78 and "--replace" in outcome.err and open(path).read() == "GENESYS_CLIENT_ID=old\n"
    outcome = ringdown("init", "prod", "--platform", "genesys", "--from-environment", "--replace", **simulator)
    assert outcome.code == 0 and simulator["GENESYS_CLIENT_ID"] in open(path).read()


def test_a_secret_that_cannot_be_written_to_a_profile_is_rejected_with_a_hint(ringdown, profiles):
    outcome = ringdown("init", "prod", "--platform", "custom", "--from-environment", "--unchecked", OAUTH_TOKEN_URL="https://a.example/token",
                       OAUTH_CLIENT_ID="id", OAUTH_CLIENT_SECRET="it's")
    assert outcome.code == 78 and "OAUTH_CLIENT_SECRET_FILE" in outcome.err
    assert not os.path.exists(os.path.join(profiles, "prod.env"))


def test_profiles_are_listed_without_their_secrets(ringdown, write):
    write("prod", "GENESYS_CLIENT_ID=one\nGENESYS_CLIENT_SECRET=hidden\nGENESYS_REGION=eu-west-1\n")
    write("other", "CXONE_ACCESS_KEY_ID=two\nCXONE_ACCESS_KEY_SECRET=cmd:touch ran\n")
    outcome = ringdown("profiles")
    assert outcome.code == 0 and outcome.err == ""
    assert [line.split() for line in outcome.out.splitlines()] == [
        ["NAME", "PLATFORM", "REGION", "CLIENT"], ["other", "cxone", "-", "two"], ["prod", "genesys", "eu-west-1", "one"]]
    write("broken", "nonsense\n")
    outcome = ringdown("profiles", "--output", "json")
    assert outcome.code == 78 and "hidden" not in outcome.out
    assert json.loads(outcome.out)[0]["problem"].endswith("line 1: expected '=' after the variable name")


def test_a_profile_writable_by_others_is_rejected(ringdown, write):
    write("prod", "GENESYS_CLIENT_ID=one\n", mode=0o666)
    assert ringdown("token", "prod").code == 78
    assert "chmod 600" in ringdown("token", "prod").err


def test_an_unknown_profile_is_an_error_that_lists_the_profiles(ringdown, write):
    assert "no profiles exist" in ringdown("token", "prod").err
    write("staging", "")
    write("live", "")
    outcome = ringdown("token", "prod")
    assert outcome.code == 78 and "existing profiles: live, staging" in outcome.err and "ringdown init prod" in outcome.err
    assert "--platform genesys" in ringdown("token", "genesys").err


def test_settings_for_two_platforms_require_the_platform_option(ringdown, simulated):
    outcome = ringdown("token", **simulated())
    assert outcome.code == 78 and "genesys and cxone" in outcome.err and "--platform" in outcome.err


def test_the_detected_region_is_written_to_the_profile(ringdown, simulated, write):
    simulator = simulated("--intercept")
    network = {name: simulator[name] for name in ("HTTPS_PROXY", "RINGDOWN_CA_FILE")}
    head = f"# kept\r\nGENESYS_CLIENT_ID={simulator['GENESYS_CLIENT_ID']}\r\n"
    tail = f"GENESYS_CLIENT_SECRET='{simulator['GENESYS_CLIENT_SECRET']}' # kept too"
    path = write("prod", head + "export GENESYS_REGION=eu-west-1 # why\n" + tail, mode=0o640)
    outcome = ringdown("regions", "--find", "prod", **network)
    assert outcome.code == 0 and "us-east-1" in outcome.err and "eu-west-1 #" in open(path, newline="").read()
    outcome = ringdown("regions", "--find", "--store", "prod", **network)
    assert outcome.code == 0, outcome.err
    assert open(path, newline="").read() == head + "export GENESYS_REGION=us-east-1 # why\n" + tail
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o640
    assert "already has GENESYS_REGION=us-east-1" in ringdown("regions", "--find", "--store", "prod", **network).err


def test_at_a_terminal_the_command_offers_to_store_the_region(at_terminal, simulated, write):
    simulator = simulated("--intercept")
    network = {name: simulator[name] for name in ("HTTPS_PROXY", "RINGDOWN_CA_FILE")}
    text = "".join(f"{name}={simulator[name]}\n" for name in ("GENESYS_CLIENT_ID", "GENESYS_CLIENT_SECRET"))
    path = write("prod", text)
    code, _ = at_terminal("regions", "--find", "prod", answers=[("[Y/n]", "n\r")], **network)
    assert code == 0 and open(path).read() == text
    code, _ = at_terminal("regions", "--find", "prod", answers=[("[Y/n]", "\r")], **network)
    assert code == 0 and open(path).read() == text + "GENESYS_REGION=us-east-1\n"


def test_init_from_the_environment_ignores_the_dotenv_file(ringdown, tmp_path, profiles):
    (tmp_path / "private.key").write_text("of another user")
    (tmp_path / ".env").write_text(f"OAUTH_TOKEN_URL=http://127.0.0.1:9/token\nOAUTH_CLIENT_ID=x\nOAUTH_CLIENT_SECRET_FILE={tmp_path}/private.key\n")
    outcome = ringdown("init", "foo", "--platform", "custom", "--from-environment")
    assert outcome.code == 78 and "OAUTH_TOKEN_URL is not set" in outcome.err and not os.path.exists(profiles)


def test_init_from_the_environment_supports_hosts_vendor_variables_and_references(ringdown, simulated, profiles):
    simulator = simulated()
    variables = {"GENESYSCLOUD_OAUTHCLIENT_ID": simulator["GENESYS_CLIENT_ID"], "GENESYS_LOGIN_URL": simulator["GENESYS_LOGIN_URL"],
                 "GENESYSCLOUD_OAUTHCLIENT_SECRET": "cmd:echo " + simulator["GENESYS_CLIENT_SECRET"]}
    outcome = ringdown("init", "prod", "--platform", "genesys", "--from-environment", **variables, GENESYS_API_URL=simulator["GENESYS_API_URL"])
    assert outcome.code == 0, outcome.err
    text = open(os.path.join(profiles, "prod.env")).read()
    assert "GENESYS_CLIENT_SECRET='cmd:echo " in text and "GENESYS_LOGIN_URL=" in text and "GENESYS_API_URL=" in text
    assert ringdown("token", "prod").code == 0


def test_init_requests_a_token_in_the_detected_region(at_terminal, simulated, profiles):
    simulator = simulated("--intercept")
    network = {name: simulator[name] for name in ("HTTPS_PROXY", "RINGDOWN_CA_FILE")}
    answers = genesys_answers(simulator, region="eu-central-1", secret="wrong") + [("[y/N]", "\r")]
    code, shown = at_terminal("init", "prod", answers=answers, **network)
    assert code == 4 and "authentication failed" in shown and not os.path.exists(os.path.join(profiles, "prod.env"))


def test_init_without_home_is_an_error(ringdown, simulated):
    outcome = ringdown("init", "prod", "--platform", "genesys", "--from-environment", **simulated() | {"HOME": ""})
    assert outcome.code == 78 and "HOME is not set" in outcome.err


def test_control_keys_are_not_part_of_a_secret(at_terminal, simulated):
    simulator = simulated()
    secret = "\x1a\x1b[A\x1bOP" + simulator["GENESYS_CLIENT_SECRET"] + "\x1b[3~"
    code, shown = at_terminal("init", "prod", answers=genesys_answers(simulator, secret), **{n: simulator[n] for n in HOSTS})
    assert code == 0, shown


def test_doctor_warns_if_the_environment_overrides_the_profile(ringdown, simulated, write):
    simulator = simulated()
    write("prod", "GENESYS_CLIENT_ID=other\nGENESYS_CLIENT_SECRET=wrong\n")
    ignored = ringdown("doctor", "prod", "--platform", "genesys", **simulator)
    assert ignored.code != 0 and "ignored variables of the environment: GENESYS_API_URL" in ignored.out + ignored.err
    outcome = ringdown("doctor", "prod", "--platform", "genesys", "--environment-wins", **simulator)
    assert outcome.code == 0 and "are used instead of the profile's" in outcome.out and "unset GENESYS_CLIENT_ID GENESYS_CLIENT_SECRET" in outcome.out
