"""`ringdown init`, `profiles`, and what finds and changes profiles: at a real terminal, and without one."""

import json
import os
import stat

import pytest


@pytest.fixture
def profiles(clean_environment):
    """Where profiles are."""
    return os.path.join(clean_environment["HOME"], ".config", "ringdown")


@pytest.fixture
def write(profiles):
    """Writes a profile, and gives its path."""

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


def test_init_asks_checks_and_writes_a_file_for_its_owner_alone(at_terminal, simulated, profiles, ringdown):
    simulator = simulated()
    hosts = {name: simulator[name] for name in HOSTS}
    code, shown = at_terminal("init", "prod", answers=genesys_answers(simulator), **hosts)
    assert code == 0 and "a token was granted for 24 h: Simulated Contact Centre" in shown, shown
    assert simulator["GENESYS_CLIENT_SECRET"] not in shown, "a secret is typed without echo"
    path = os.path.join(profiles, "prod.env")
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600 and stat.S_IMODE(os.stat(profiles).st_mode) == 0o700
    assert "ringdown whoami prod" in shown
    assert ringdown("whoami", "prod", **hosts).code == 0


def test_init_writes_nothing_when_the_secret_is_refused_and_says_why(at_terminal, simulated, profiles):
    simulator = simulated()
    answers = genesys_answers(simulator, secret="nonsense") + [("[y/N]", "\r")]
    code, shown = at_terminal("init", "prod", answers=answers, **{name: simulator[name] for name in HOSTS})
    assert code == 4 and "authentication failed" in shown and "hint:" in shown
    assert not os.path.exists(os.path.join(profiles, "prod.env"))


def test_init_finds_the_region_by_itself(at_terminal, simulated, profiles):
    simulator = simulated("--intercept")
    network = {name: simulator[name] for name in ("HTTPS_PROXY", "RINGDOWN_CA_FILE")}
    code, shown = at_terminal("init", "prod", answers=genesys_answers(simulator, region="eu-central-1"), **network)
    assert code == 0 and "the client belongs to us-east-1" in shown, shown
    assert "GENESYS_REGION=us-east-1\n" in open(os.path.join(profiles, "prod.env")).read()


def test_a_mistyped_region_is_asked_for_again(at_terminal, simulated):
    simulator = simulated()
    answers = genesys_answers(simulator)
    answers.insert(1, ("[us-east-1]:", "eu-wset-1\r"))
    code, shown = at_terminal("init", "prod", answers=answers, **{name: simulator[name] for name in HOSTS})
    assert code == 0 and "did you mean eu-west-1" in shown


@pytest.mark.parametrize("key", ["\x03", "\x04"])
def test_init_is_left_with_ctrl_c_and_ctrl_d_and_the_terminal_shows_what_is_typed_again(at_terminal, simulated, key):
    answers = genesys_answers(simulated())[:-1] + [("Client secret:", key)]
    code, shown = at_terminal("init", "prod", answers=answers)
    assert code == 2 and "cancelled" in shown


def test_corrections_while_a_secret_is_typed_count(at_terminal, simulated):
    simulator = simulated()
    secret = "wrong\x15" + simulator["GENESYS_CLIENT_SECRET"] + "é\x7f"
    code, shown = at_terminal("init", "prod", answers=genesys_answers(simulator, secret), **{n: simulator[n] for n in HOSTS})
    assert code == 0, shown


def test_init_without_a_terminal_wants_the_environment(ringdown, simulated, profiles):
    outcome = ringdown("init", "prod")
    assert outcome.code == 64 and "--from-environment" in outcome.err
    outcome = ringdown("init", "prod", "--platform", "cxone", "--from-environment", **simulated())
    assert outcome.code == 0, outcome.err
    text = open(os.path.join(profiles, "prod.env")).read()
    assert "CXONE_ACCESS_KEY_SECRET=" in text and text.count("====") == 1 or "====" in text


def test_a_secret_in_a_file_stays_there(ringdown, simulated, profiles, tmp_path):
    simulator = simulated()
    (tmp_path / "secret").write_text(simulator.pop("GENESYS_CLIENT_SECRET") + "\n")
    outcome = ringdown("init", "prod", "--platform", "genesys", "--from-environment",
                       **simulator, GENESYS_CLIENT_SECRET_FILE="secret")
    assert outcome.code == 0, outcome.err
    text = open(os.path.join(profiles, "prod.env")).read()
    assert f"GENESYS_CLIENT_SECRET_FILE={tmp_path}/secret\n" in text and "GENESYS_CLIENT_SECRET=" not in text


def test_a_profile_is_replaced_only_when_that_is_said(ringdown, simulated, write):
    path = write("prod", "GENESYS_CLIENT_ID=old\n")
    simulator = simulated()
    outcome = ringdown("init", "prod", "--platform", "genesys", "--from-environment", **simulator)
    assert outcome.code == 78 and "--replace" in outcome.err and open(path).read() == "GENESYS_CLIENT_ID=old\n"
    outcome = ringdown("init", "prod", "--platform", "genesys", "--from-environment", "--replace", **simulator)
    assert outcome.code == 0 and simulator["GENESYS_CLIENT_ID"] in open(path).read()


def test_a_secret_that_no_file_can_carry_is_refused_with_the_way_out(ringdown, profiles):
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
    assert json.loads(outcome.out)[0]["problem"].endswith("line 1: '=' was expected after nonsense")


def test_a_profile_that_others_can_write_is_not_used(ringdown, write):
    write("prod", "GENESYS_CLIENT_ID=one\n", mode=0o666)
    assert ringdown("token", "prod").code == 78
    assert "chmod 600" in ringdown("token", "prod").err


def test_a_profile_that_does_not_exist_is_an_error_with_the_list(ringdown, write):
    assert "there is none at all" in ringdown("token", "prod").err
    write("staging", "")
    write("live", "")
    outcome = ringdown("token", "prod")
    assert outcome.code == 78 and "there are: live, staging" in outcome.err and "ringdown init prod" in outcome.err
    assert "--platform genesys" in ringdown("token", "genesys").err


def test_two_platforms_and_none_chosen_is_an_error(ringdown, simulated):
    outcome = ringdown("token", **simulated())
    assert outcome.code == 78 and "genesys and cxone" in outcome.err and "--platform" in outcome.err


def test_the_region_that_was_found_is_written_into_the_profile(ringdown, simulated, write):
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
    assert "set already" in ringdown("regions", "--find", "--store", "prod", **network).err


def test_at_a_terminal_storing_the_region_is_offered(at_terminal, simulated, write):
    simulator = simulated("--intercept")
    network = {name: simulator[name] for name in ("HTTPS_PROXY", "RINGDOWN_CA_FILE")}
    text = "".join(f"{name}={simulator[name]}\n" for name in ("GENESYS_CLIENT_ID", "GENESYS_CLIENT_SECRET"))
    path = write("prod", text)
    code, _ = at_terminal("regions", "--find", "prod", answers=[("[Y/n]", "n\r")], **network)
    assert code == 0 and open(path).read() == text
    code, _ = at_terminal("regions", "--find", "prod", answers=[("[Y/n]", "\r")], **network)
    assert code == 0 and open(path).read() == text + "GENESYS_REGION=us-east-1\n"


def test_init_from_the_environment_believes_no_file_that_merely_lies_there(ringdown, tmp_path, profiles):
    (tmp_path / "private.key").write_text("of somebody else")
    (tmp_path / ".env").write_text(f"OAUTH_TOKEN_URL=http://127.0.0.1:9/token\nOAUTH_CLIENT_ID=x\nOAUTH_CLIENT_SECRET_FILE={tmp_path}/private.key\n")
    outcome = ringdown("init", "foo", "--platform", "custom", "--from-environment")
    assert outcome.code == 78 and "OAUTH_TOKEN_URL is not set" in outcome.err and not os.path.exists(profiles)


def test_init_from_the_environment_keeps_hosts_names_of_the_vendor_and_references(ringdown, simulated, profiles):
    simulator = simulated()
    variables = {"GENESYSCLOUD_OAUTHCLIENT_ID": simulator["GENESYS_CLIENT_ID"], "GENESYS_LOGIN_URL": simulator["GENESYS_LOGIN_URL"],
                 "GENESYSCLOUD_OAUTHCLIENT_SECRET": "cmd:echo " + simulator["GENESYS_CLIENT_SECRET"]}
    outcome = ringdown("init", "prod", "--platform", "genesys", "--from-environment", **variables, GENESYS_API_URL=simulator["GENESYS_API_URL"])
    assert outcome.code == 0, outcome.err
    text = open(os.path.join(profiles, "prod.env")).read()
    assert "GENESYS_CLIENT_SECRET='cmd:echo " in text and "GENESYS_LOGIN_URL=" in text and "GENESYS_API_URL=" in text
    assert ringdown("token", "prod").code == 0


def test_init_asks_for_a_token_in_the_region_that_it_found(at_terminal, simulated, profiles):
    simulator = simulated("--intercept")
    network = {name: simulator[name] for name in ("HTTPS_PROXY", "RINGDOWN_CA_FILE")}
    answers = genesys_answers(simulator, region="eu-central-1", secret="wrong") + [("[y/N]", "\r")]
    code, shown = at_terminal("init", "prod", answers=answers, **network)
    assert code == 4 and "authentication failed" in shown and not os.path.exists(os.path.join(profiles, "prod.env"))


def test_without_a_home_there_is_no_place_for_profiles(ringdown, simulated):
    outcome = ringdown("init", "prod", "--platform", "genesys", "--from-environment", **simulated() | {"HOME": ""})
    assert outcome.code == 78 and "HOME is not set" in outcome.err


def test_keys_that_type_no_character_do_not_get_into_a_secret(at_terminal, simulated):
    simulator = simulated()
    secret = "\x1a\x1b[A\x1bOP" + simulator["GENESYS_CLIENT_SECRET"] + "\x1b[3~"
    code, shown = at_terminal("init", "prod", answers=genesys_answers(simulator, secret), **{n: simulator[n] for n in HOSTS})
    assert code == 0, shown


def test_a_profile_that_the_environment_replaces_is_a_warning_of_the_doctor(ringdown, simulated, write):
    simulator = simulated()
    write("prod", "GENESYS_CLIENT_ID=other\nGENESYS_CLIENT_SECRET=wrong\n")
    outcome = ringdown("doctor", "prod", "--platform", "genesys", **simulator)
    assert outcome.code == 0 and "are used in place of the profile's" in outcome.out and "unset GENESYS_CLIENT_ID GENESYS_CLIENT_SECRET" in outcome.out
