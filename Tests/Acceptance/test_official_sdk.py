"""The vendor's own Python SDK, unchanged, works against `ringdown simulate`."""

import json
import os
import pathlib
import subprocess
import sys
import uuid

import pytest

SCRIPT = pathlib.Path(__file__).with_name("sdk_client.py")


@pytest.fixture(scope="module")
def seen(binary, tmp_path_factory):
    """What the SDK got, and in `cli` what `ringdown users` got from the same simulator."""
    home = tmp_path_factory.mktemp("sdk")
    both = 'set -e; "$0" "$1" > sdk.json; "$2" users --platform genesys --output json > cli.json'
    done = subprocess.run([binary, "simulate", "--", "sh", "-c", both, sys.executable, SCRIPT, binary], cwd=home,
                          env={"PATH": os.environ["PATH"], "HOME": str(home), "LANG": "C.UTF-8",
                               "RINGDOWN_CACHE": "off"}, capture_output=True, text=True, timeout=180)
    assert done.returncode == 0, done.stderr
    return json.loads((home / "sdk.json").read_text()) | {"cli": json.loads((home / "cli.json").read_text())}


def ids(pages):
    return [user[0] for page in pages for user in page["users"]]


def test_it_lists_every_user_once(seen):
    assert len(set(ids(seen["by100"]))) == len(ids(seen["by100"])) >= 250


def test_users_have_a_uuid_a_name_an_address_and_a_state(seen):
    for page in seen["by100"]:
        for identifier, name, email, state in page["users"]:
            assert str(uuid.UUID(identifier)) == identifier
            assert name and "@" in email and state == "active"


@pytest.mark.parametrize("listing, size", [("by100", 100), ("by25", 25)])
def test_pages_are_full_numbered_and_agree_on_the_total(seen, listing, size):
    pages = seen[listing]
    assert [page["number"] for page in pages] == list(range(1, len(pages) + 1))
    assert {page["total"] for page in pages} == {len(ids(pages))}
    assert {page["size"] for page in pages} == {size}
    assert {len(page["users"]) for page in pages[:-1]} == {size}
    assert pages[-1]["users"]


def test_the_order_does_not_depend_on_the_page_size(seen):
    assert ids(seen["by25"]) == ids(seen["by100"])


def test_the_command_line_lists_the_same_users_as_the_sdk(seen):
    assert sorted(user["id"] for user in seen["cli"]) == sorted(ids(seen["by100"]))


def test_the_token_names_its_organization_and_its_client(seen):
    assert seen["organization"]["id"] and seen["organization"]["name"]
    assert seen["client"]


def test_users_me_needs_a_user(seen):
    assert seen["me"]["status"] == seen["me"]["body"]["status"] == 400
    assert seen["me"]["body"]["code"] == "not.a.user"


@pytest.mark.parametrize("case, text", [
    ("wrongSecret", "authentication failed"),
    ("unknownClient", "client not found"),
])
def test_refused_credentials_are_a_400_with_invalid_client(seen, case, text):
    assert seen[case]["status"] == 400
    assert seen[case]["body"] == {"error": "invalid_client", "description": text, "error_description": text}


def test_a_request_without_a_token_is_a_401(seen):
    assert seen["noToken"]["status"] == 401
    assert seen["noToken"]["body"]["code"] in ("authentication.required", "bad.credentials")


def test_the_journal_holds_each_request_of_the_sdk(seen):
    steps = [(entry["method"], entry["path"].partition("?")[0], entry["status"]) for entry in seen["journal"]]
    assert [status for method, path, status in steps if path == "/oauth/token"] == [200, 400, 400]
    assert steps.count(("GET", "/api/v2/users", 200)) == len(seen["by100"]) + len(seen["by25"])
    assert steps.count(("GET", "/api/v2/users/me", 400)) == 1
    assert all({"time", "host", "client", "reason"} <= entry.keys() for entry in seen["journal"])


def test_queues_clients_and_the_organization_parse_into_the_sdks_models(seen):
    assert len(seen["queues"]) == 12 and len(seen["oauthClients"]) == 1
    assert seen["organizationName"] == seen["organization"]["name"]


def test_the_query_and_the_job_bring_the_same_conversations_each_once(seen):
    assert len(set(seen["conversations"])) == len(seen["conversations"]) == seen["totalHits"] == 96
    assert sorted(seen["job"]) == sorted(seen["conversations"])
    assert all(seen["agents"])
    assert seen["states"] == ["QUEUED", "FULFILLED"]


def test_scim_lists_the_same_people_as_the_users(seen):
    assert len(seen["scim"]) == seen["scimTotal"]
    assert sorted(seen["scim"]) == sorted(ids(seen["by100"]))


def test_a_query_without_an_interval_is_the_platforms_400(seen):
    assert seen["badInterval"]["status"] == seen["badInterval"]["body"]["status"] == 400
    assert seen["badInterval"]["body"]["code"]
