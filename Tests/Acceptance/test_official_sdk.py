"""The vendor's Python SDK works unchanged against `ringdown simulate`."""

import ast
import importlib
import inspect
import json
import os
import pathlib
import re
import subprocess
import sys
import uuid

import pytest

SCRIPT = pathlib.Path(__file__).with_name("sdk_client.py")

# The required members of every model that the simulator returns. A model that is not listed is a failure.
# This set follows the public definition of the API. The classes of this SDK do not contain it, but the vendor's pages on
# the models do: required members are not marked "[optional]" (github.com/MyPureCloud/platform-client-sdk-dotnet,
# build/docs/<Model>.md, read in versions up to 275.0.0).
REQUIRED = {
    "OAuthClient": {"name", "authorizedGrantType"},
    "OrgOAuthClient": {"name", "authorizedGrantType"},
    "Organization": {"version"},
    "RoleDivision": {"roleId", "divisionId"},
    "RoutingSkill": {"name"},
    "User": {"version"},
} | dict.fromkeys([
    "AcwSettings", "AnalyticsConversation", "AnalyticsConversationAsyncQueryResponse",
    "AnalyticsConversationQueryResponse", "AnalyticsConversationSegment", "AnalyticsConversationWithoutAttributes",
    "AnalyticsParticipant", "AnalyticsParticipantWithoutAttributes", "AnalyticsSession", "AsyncQueryResponse",
    "AsyncQueryStatus", "Chat", "Contact", "DataAvailabilityResponse", "Division", "ErrorBody", "NamedEntity",
    "OAuthClientEntityListing", "Queue", "QueueEntityListing", "ScimEmail", "ScimError", "ScimMetadata",
    "ScimUserListResponse", "ScimV2User", "SkillEntityListing", "TokenInfo", "UserEntityListing",
], set())
# Members that are optional in the definition, but that clients cannot do without.
PAGED = {"entities", "pageSize", "pageNumber", "total", "pageCount"}
NEEDED = {
    "AnalyticsConversation": {"conversationId", "conversationStart", "participants"},
    "AnalyticsConversationQueryResponse": {"totalHits"},  # past the last page there are no conversations
    "AnalyticsConversationAsyncQueryResponse": {"conversations"},
    "AnalyticsConversationSegment": {"segmentType", "segmentStart"},
    "AnalyticsConversationWithoutAttributes": {"conversationId", "conversationStart", "participants"},
    "AnalyticsParticipant": {"participantId", "purpose", "sessions"},
    "AnalyticsParticipantWithoutAttributes": {"participantId", "purpose", "sessions"},
    "AnalyticsSession": {"sessionId", "mediaType", "segments"},
    "AsyncQueryResponse": {"jobId"},
    "AsyncQueryStatus": {"state", "submissionDate", "expirationDate"},
    "DataAvailabilityResponse": {"dataAvailabilityDate"},
    "Division": {"id"},
    "ErrorBody": {"message", "code", "status", "contextId"},
    "NamedEntity": {"id"},
    "OAuthClient": {"id"},
    "OAuthClientEntityListing": PAGED,
    "OrgOAuthClient": {"id"},
    "Organization": {"id", "name"},
    "Queue": {"id", "name"},
    "QueueEntityListing": PAGED,
    "RoutingSkill": {"id"},
    "ScimEmail": {"value"},
    "ScimError": {"schemas", "status"},  # RFC 7644, section 3.12
    "ScimMetadata": {"resourceType", "location"},  # RFC 7643, section 3.1
    "ScimUserListResponse": {"schemas", "totalResults", "startIndex", "itemsPerPage", "Resources"},  # RFC 7644, 3.4.2
    "ScimV2User": {"schemas", "id", "userName", "meta"},  # RFC 7643, sections 3 and 4.1
    "SkillEntityListing": PAGED,
    "TokenInfo": {"organization", "OAuthClient"},
    "User": {"id", "name"},
    "UserEntityListing": PAGED,
}
# The date format in the docstrings of the SDK: yyyy-MM-ddTHH:mm:ss[.mmm]Z.
PRIMITIVES = {
    "str": lambda value: isinstance(value, str),
    "int": lambda value: type(value) is int,
    "float": lambda value: type(value) in (int, float),
    "bool": lambda value: isinstance(value, bool),
    "datetime": lambda value: bool(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z", str(value))),
}


def complaints(models, kind, value, where):
    """Differences between a JSON value and the SDK's models: unknown members, missing members, and wrong types."""
    if item_kind := re.fullmatch(r"list\[(.*)\]", kind):
        if not isinstance(value, list):
            yield f"{where}: {value!r:.60} is not a list"
            return
        for item in value:
            yield from complaints(models, item_kind[1], item, where)
    elif item_kind := re.fullmatch(r"dict\(str, (.*)\)", kind):
        if not isinstance(value, dict):
            yield f"{where}: {value!r:.60} is not an object"
            return
        for item in value.values():
            yield from complaints(models, item_kind[1], item, where)
    elif kind in PRIMITIVES:
        if not PRIMITIVES[kind](value):
            yield f"{where}: {value!r:.60} is not of type {kind}"
    elif not isinstance(value, dict):
        yield f"{where}: {value!r:.60} is not of type {kind}"
    else:
        model = getattr(models, kind)()
        attributes = {name: attribute for attribute, name in model.attribute_map.items()}
        for name in sorted((REQUIRED[kind] | NEEDED.get(kind, set())) - value.keys()):
            yield f"{kind}.{name}: missing"
        for name, item in value.items():
            if name not in attributes:
                yield f"{kind}.{name}: unknown"
                continue
            allowed = allowed_values(model, attributes[name])
            if allowed and item not in allowed:
                yield f"{kind}.{name}: {item!r:.60} is not one of {allowed}"
            yield from complaints(models, model.swagger_types[attributes[name]], item, f"{kind}.{name}")


def allowed_values(model, attribute):
    """The values of an enumeration, which the SDK contains only in its setters."""
    setter = inspect.getsource(getattr(type(model), attribute).fset)
    found = re.search(r"allowed_values = (\[.*\])$", setter, re.MULTILINE)
    return ast.literal_eval(found[1]) if found else None


def model_of(response):
    """The model of a response: the SDK's choice or, for errors, which have none in the SDK, that of the API definition."""
    if response["status"] < 400 or response["path"] == "/oauth/token":
        return response["model"]
    return "ScimError" if response["status"] == 400 and "/scim/" in response["path"] else "ErrorBody"


@pytest.fixture(scope="module")
def models():
    return importlib.import_module("PureCloudPlatformClientV2.models")


@pytest.fixture(scope="module")
def simulated(binary, tmp_path_factory):
    """Runs a command under the simulator in a new directory, and returns the directory."""

    def run(*arguments):
        home = tmp_path_factory.mktemp("sdk")
        done = subprocess.run([binary, "simulate", *arguments], cwd=home,
                              env={"PATH": os.environ["PATH"], "HOME": str(home), "LANG": "C.UTF-8",
                                   "RINGDOWN_CACHE": "off"}, capture_output=True, text=True, timeout=180)
        assert done.returncode == 0, done.stderr
        return home

    return run


@pytest.fixture(scope="module")
def seen(simulated, binary):
    """The results of the SDK and, in `cli`, of `ringdown users` with the same simulator."""
    both = 'set -e; "$0" "$1" > sdk.json; "$2" users --platform genesys --output json > cli.json'
    home = simulated("--", "sh", "-c", both, sys.executable, SCRIPT, binary)
    return json.loads((home / "sdk.json").read_text()) | {"cli": json.loads((home / "cli.json").read_text())}


@pytest.fixture(scope="module")
def limited(simulated):
    """The results of the SDK with a limit of five calls per minute for each token."""
    home = simulated("--calls-per-minute", "5", "--", "sh", "-c", '"$0" "$1" limit > sdk.json', sys.executable, SCRIPT)
    return json.loads((home / "sdk.json").read_text())


def ids(pages):
    return [user[0] for page in pages for user in page["users"]]


def test_the_sdk_lists_every_user_once(seen):
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


def test_users_me_requires_a_user_context(seen):
    assert seen["me"]["status"] == seen["me"]["body"]["status"] == 400
    assert seen["me"]["body"]["code"] == "not.a.user"


@pytest.mark.parametrize("case, text", [
    ("wrongSecret", "authentication failed"),
    ("unknownClient", "client not found"),
])
def test_refused_credentials_return_400_with_invalid_client(seen, case, text):
    assert seen[case]["status"] == 400
    assert seen[case]["body"] == {"error": "invalid_client", "description": text, "error_description": text}


def test_a_request_without_a_token_returns_401(seen):
    assert seen["noToken"]["status"] == 401
    assert seen["noToken"]["body"]["code"] in ("authentication.required", "bad.credentials")


def test_the_journal_contains_every_request_of_the_sdk(seen):
    steps = [(entry["method"], entry["path"].partition("?")[0], entry["status"]) for entry in seen["journal"]]
    assert [status for method, path, status in steps if path == "/oauth/token"] == [200, 200, 400, 400]
    assert steps.count(("GET", "/api/v2/users", 200)) == len(seen["by100"]) + len(seen["by25"])
    assert steps.count(("GET", "/api/v2/users/me", 400)) == 1
    assert steps == [(response["method"], response["path"], response["status"]) for response in seen["responses"]]
    assert all({"time", "host", "client", "reason"} <= entry.keys() for entry in seen["journal"])


def test_queues_clients_and_the_organization_parse_into_the_sdks_models(seen):
    assert len(seen["queues"]) == 12 and len(seen["skills"]) == 40 and len(seen["oauthClients"]) == 1
    assert seen["organizationName"] == seen["organization"]["name"]


def test_the_query_and_the_job_return_each_conversation_once(seen):
    assert len(set(seen["conversations"])) == len(seen["conversations"]) == seen["totalHits"] == 96
    assert sorted(seen["job"]) == sorted(seen["conversations"])
    assert all(seen["agents"])
    assert seen["states"] == ["QUEUED", "FULFILLED"]
    assert seen["available"]


def test_a_cancelled_job_has_the_state_cancelled_and_no_results(seen):
    assert seen["cancelledState"] == "CANCELLED"
    assert seen["cancelledResults"]["status"] == 400


def test_scim_lists_the_same_users(seen):
    assert len(seen["scim"]) == seen["scimTotal"]
    assert sorted(seen["scim"]) == sorted(ids(seen["by100"]))
    assert seen["oldScim"] == seen["scim"][:25]


@pytest.mark.parametrize("case, status, code", [
    ("badInterval", 400, "invalid.value"),
    ("badJob", 400, "invalid.value"),
    ("badPage", 400, "invalid.value"),
    ("revoked", 401, "bad.credentials"),
    ("forbidden", 403, "missing.permissions"),
    ("unknownUser", 404, "not.found"),
])
def test_an_invalid_request_returns_the_error_code_of_the_platform(seen, case, status, code):
    assert seen[case]["status"] == seen[case]["body"]["status"] == status
    assert seen[case]["body"]["code"] == code
    assert seen[case]["body"]["contextId"] == seen[case]["headers"]["inin-correlation-id"]


def test_scim_errors_have_the_scim_format(seen):
    assert seen["badCount"]["status"] == int(seen["badCount"]["body"]["status"]) == 400
    assert seen["badCount"]["body"]["schemas"] == ["urn:ietf:params:scim:api:messages:2.0:Error"]


def test_a_single_user_is_the_same_as_in_the_list(seen):
    assert seen["first"] == seen["by100"][0]["users"][0]


# The models of the SDK.

def test_every_response_matches_its_sdk_model(seen, limited, models):
    found = []
    for response in seen["responses"] + limited["responses"]:
        if kind := model_of(response):
            found += complaints(models, kind, response["body"], kind)
    assert sorted(set(found)) == []


def test_the_responses_cover_every_model_of_the_simulator(seen):
    assert {model_of(response) for response in seen["responses"]} == {
        "AnalyticsConversationAsyncQueryResponse", "AnalyticsConversationQueryResponse", "AsyncQueryResponse",
        "AsyncQueryStatus", "DataAvailabilityResponse", "ErrorBody", "OAuthClientEntityListing", "Organization",
        "QueueEntityListing", "ScimError", "ScimUserListResponse",
            "SkillEntityListing", "TokenInfo", "User", "UserEntityListing", None}


def test_only_tokens_and_empty_responses_have_no_model(seen, limited):
    for response in seen["responses"] + limited["responses"]:
        if model_of(response) is None and response["path"] != "/oauth/token":
            assert response["body"] is None


def test_a_token_response_has_exactly_the_three_members_of_the_sdks(seen):
    for response in seen["responses"]:
        if (response["path"], response["status"]) == ("/oauth/token", 200):
            kinds = {name: type(value) for name, value in response["body"].items()}
            assert kinds == {"access_token": str, "token_type": str, "expires_in": int}


def test_every_response_has_a_unique_correlation_id(seen):
    identifiers = [response["headers"]["inin-correlation-id"] for response in seen["responses"]]
    assert len(set(identifiers)) == len(identifiers)


@pytest.mark.parametrize("change, complaint", [
    ({"nickname": "x"}, "User.nickname: unknown"),
    ({"version": None}, "User.version: None is not of type int"),
    ({"version": True}, "User.version: True is not of type int"),
    ({"name": 5}, "User.name: 5 is not of type str"),
    ({"acdAutoAnswer": "false"}, "User.acdAutoAnswer: 'false' is not of type bool"),
    ({"state": "Active"}, "User.state: 'Active' is not one of ['active', 'inactive', 'deleted']"),
    ({"dateLastLogin": "2026-11-01 08:00"}, "User.dateLastLogin: '2026-11-01 08:00' is not of type datetime"),
    ({"addresses": {}}, "User.addresses: {} is not a list"),
    ({"addresses": [{"address": 5}]}, "Contact.address: 5 is not of type str"),
    ({"division": "Home"}, "User.division: 'Home' is not of type Division"),
    ({"division": {"name": "Home"}}, "Division.id: missing"),
])
def test_the_comparison_with_the_models_finds_differences(models, change, complaint):
    user = {"id": "1", "name": "Ada", "version": 1}
    assert list(complaints(models, "User", user, "")) == []
    assert list(complaints(models, "User", user | change, "")) == [complaint]


def test_the_comparison_with_the_models_finds_missing_members(models):
    assert list(complaints(models, "User", {"id": "1", "name": "Ada"}, "")) == ["User.version: missing"]
    assert list(complaints(models, "ErrorBody", {}, "")) == [
        f"ErrorBody.{name}: missing" for name in ("code", "contextId", "message", "status")]


# The rate limit.

def test_calls_within_the_limit_are_counted(limited):
    assert [response["headers"]["inin-ratelimit-count"] for response in limited["responses"]
            if response["path"] == "/api/v2/tokens/me"] == ["1", "2", "3", "4", "5", "5", "1"]


def test_beyond_the_limit_the_sdk_raises_a_429_with_its_code_and_headers(limited):
    assert [call["status"] for call in limited["calls"]] == [200] * 5 + [429, 200]
    refused = limited["calls"][5]
    assert (refused["body"]["status"], refused["body"]["code"]) == (429, "too.many.requests.retry.after")
    assert refused["body"]["message"] == "Rate limit exceeded the maximum. Retry the request in [60] seconds"
    names = ["retry-after", "inin-ratelimit-count", "inin-ratelimit-allowed", "inin-ratelimit-reset"]
    assert [refused["headers"].get(name) for name in names] == ["60", "5", "5", "60"]


def test_the_sdk_waits_for_retry_after_ten_times_before_it_raises(limited):
    assert limited["waitsInVain"] == [60] * 10
    assert limited["waits"] == [60]


def test_the_journal_contains_the_internal_retries_of_the_sdk(limited):
    calls = [(entry["status"], entry["reason"]) for entry in limited["journal"] if entry["path"] == "/api/v2/tokens/me"]
    assert calls == [(200, "valid token")] * 5 + [(429, "rate limit exceeded")] * 12 + [(200, "valid token")]
