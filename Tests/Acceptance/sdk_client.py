"""Calls the simulator through the vendor's Python SDK and prints the results as one JSON object.

The argument `limit` selects the calls beyond the rate limit of 5 calls. Without an argument, all other calls are made.
"""

import json
import os
import sys
import time
import types
import urllib.parse
import urllib.request

import urllib3
from PureCloudPlatformClientV2 import (AnalyticsApi, ApiClient, AsyncConversationQuery, ConversationQuery, OAuthApi,
                                       OrganizationApi, PagingSpec, RoutingApi, SCIMApi, TokensApi, UsersApi)
from PureCloudPlatformClientV2.rest import ApiException, RESTClientObject

HOST = os.environ["GENESYS_API_URL"]
CLIENT_ID, SECRET = os.environ["GENESYS_CLIENT_ID"], os.environ["GENESYS_CLIENT_SECRET"]
INTERVAL = "2026-11-01T00:00:00.000Z/2026-11-02T00:00:00.000Z"
responses = []


def record(method, url, status, headers, body):
    responses.append({"method": method, "path": urllib.parse.urlsplit(url).path, "status": status,
                      "headers": {name.lower(): value for name, value in headers.items()},
                      "body": json.loads(body) if body else None, "model": None})


def recording(request, deserialize):
    """Wrappers for two functions of the SDK that also record every raw response and its model."""

    def request_and_record(self, method, url, **rest):
        try:
            response = request(self, method, url, **rest)
        except ApiException as error:
            record(method, url, error.status, error.headers, error.body)
            raise
        record(method, url, response.status, response.getheaders(), response.data)
        return response

    def deserialize_and_record(self, response, model):
        responses[-1]["model"] = model
        return deserialize(self, response, model)

    return request_and_record, deserialize_and_record


RESTClientObject.request, ApiClient.deserialize = recording(RESTClientObject.request, ApiClient.deserialize)


def control(path, body=None):
    """Sends a GET, or a POST with a body, to the simulator's control plane."""
    request = urllib.request.Request(f"{os.environ['RINGDOWN_SIM_URL']}/_sim/{path}",
                                     data=None if body is None else json.dumps(body).encode())
    with urllib.request.urlopen(request) as answer:
        return json.loads(answer.read() or "null")


def log_in(identifier=CLIENT_ID, secret=SECRET):
    """Returns a client with a new token."""
    return ApiClient(host=HOST).get_client_credentials_token(identifier, secret)


def refusal(call):
    """The status, body and headers of the ApiException that a call raises."""
    try:
        call()
    except ApiException as error:
        return {"status": error.status, "body": json.loads(error.body),
                "headers": {name.lower(): value for name, value in error.headers.items()}}
    return {"status": 200, "body": None}


def listing(users, page_size):
    """All users, page by page, with the loop that callers of the SDK write."""
    pages, number, count = [], 1, 1
    while number <= count:
        page = users.get_users(page_size=page_size, page_number=number)
        pages.append({"number": page.page_number, "size": page.page_size, "total": page.total,
                      "users": [[user.id, user.name, user.email, user.state] for user in page.entities]})
        number, count = number + 1, page.page_count
    return pages


def conversations(analytics):
    """All conversations of a day, from the pages of the synchronous query."""
    found, number = [], 1
    while True:
        query = ConversationQuery()
        query.interval, query.paging = INTERVAL, PagingSpec()
        query.paging.page_size, query.paging.page_number = 40, number
        page = analytics.post_analytics_conversations_details_query(query)
        if not page.conversations:
            return found, page.total_hits
        found += page.conversations
        number += 1


def submitted(analytics):
    query = AsyncConversationQuery()
    query.interval = INTERVAL
    return analytics.post_analytics_conversations_details_jobs(query).job_id


def job(analytics):
    """The same conversations from an asynchronous job. Advances the simulator's clock instead of waiting."""
    identifier = submitted(analytics)
    states = [analytics.get_analytics_conversations_details_job(identifier).state]
    control("clock", {"advance": 10})
    states.append(analytics.get_analytics_conversations_details_job(identifier).state)
    found, cursor = [], None
    while True:
        arguments = {"page_size": 40} | ({"cursor": cursor} if cursor else {})
        page = analytics.get_analytics_conversations_details_job_results(identifier, **arguments)
        found += page.conversations
        cursor = page.cursor
        if not cursor:
            return [conversation.conversation_id for conversation in found], states


def cancelled(analytics):
    """The state of a cancelled job, and the error response for its results."""
    identifier = submitted(analytics)
    analytics.delete_analytics_conversations_details_job(identifier)
    return (analytics.get_analytics_conversations_details_job(identifier).state,
            refusal(lambda: analytics.get_analytics_conversations_details_job_results(identifier)))


def forbidden(client):
    """The error response for a client without permissions."""
    control("client", {"permissions": []})
    try:
        return refusal(lambda: OAuthApi(client).get_oauth_clients())
    finally:
        control("client", {"permissions": None})


def revoked(client):
    """The error response for a token that was just deleted."""
    TokensApi(client).head_tokens_me()
    TokensApi(client).delete_tokens_me()
    return refusal(lambda: TokensApi(client).get_tokens_me())


def everything():
    client = log_in()
    users, analytics, scim = UsersApi(client), AnalyticsApi(client), SCIMApi(client)
    token = TokensApi(client).get_tokens_me()
    details, total = conversations(analytics)
    job_ids, states = job(analytics)
    cancelled_state, cancelled_results = cancelled(analytics)
    scim_pages = [scim.get_scim_v2_users(start_index=1 + 100 * number, count=100) for number in range(3)]
    by100 = listing(users, 100)
    first = users.get_user(by100[0]["users"][0][0])
    availability = analytics.get_analytics_conversations_details_jobs_availability()
    return {
        "queues": [queue.name for queue in RoutingApi(client).get_routing_queues().entities],
        "skills": [skill.name for skill in RoutingApi(client).get_routing_skills(page_size=100).entities],
        "organizationName": OrganizationApi(client).get_organizations_me().name,
        "oauthClients": [item.name for item in OAuthApi(client).get_oauth_clients().entities],
        "conversations": [item.conversation_id for item in details], "totalHits": total,
        "agents": [item.participants[1].participant_name for item in details],
        "job": job_ids, "states": states, "cancelledState": cancelled_state, "cancelledResults": cancelled_results,
        "available": availability.data_availability_date.isoformat(),
        "scim": [user.id for page in scim_pages for user in page.resources], "scimTotal": scim_pages[0].total_results,
        "oldScim": [user.id for user in scim.get_scim_users().resources],
        "badCount": refusal(lambda: scim.get_scim_v2_users(count="many")),
        "badInterval": refusal(lambda: analytics.post_analytics_conversations_details_query(ConversationQuery())),
        "badJob": refusal(lambda: analytics.post_analytics_conversations_details_jobs(AsyncConversationQuery())),
        "badPage": refusal(lambda: users.get_users(page_size=100_000)),
        "by100": by100,
        "by25": listing(users, 25),
        "first": [first.id, first.name, first.email, first.state],
        "organization": {"id": token.organization.id, "name": token.organization.name},
        "client": token.o_auth_client.id,
        "me": refusal(lambda: users.get_users_me()),
        "unknownUser": refusal(lambda: users.get_user("00000000-0000-4000-8000-000000000000")),
        "forbidden": forbidden(client),
        "revoked": revoked(log_in()),
        "wrongSecret": refusal(lambda: log_in(secret="not-" + SECRET)),
        "unknownClient": refusal(lambda: log_in("unknown-client")),
        "noToken": refusal(lambda: UsersApi(ApiClient(host=HOST)).get_users()),
    }


def limit():
    """Calls beyond the limit. The SDK waits and retries, first with a stopped clock, then with a moving clock."""
    in_vain, waits = [], []

    def wait(seconds):
        waits.append(seconds)
        control("clock", {"advance": seconds})

    control("clock", {"scale": 0})
    tokens = TokensApi(log_in())
    urllib3.util.retry.time = types.SimpleNamespace(sleep=in_vain.append, time=time.time)
    calls = [refusal(tokens.get_tokens_me) for _ in range(6)]
    urllib3.util.retry.time.sleep = wait
    calls.append(refusal(tokens.get_tokens_me))
    return {"calls": calls, "waitsInVain": in_vain, "waits": waits}


result = {"limit": limit, "everything": everything}[sys.argv[1] if len(sys.argv) > 1 else "everything"]()
print(json.dumps(result | {"responses": responses, "journal": control("journal")}))
