"""Uses the simulator through the vendor's own Python SDK, and prints what it got as one JSON object."""

import json
import os
import urllib.request

from PureCloudPlatformClientV2 import (AnalyticsApi, ApiClient, AsyncConversationQuery, ConversationQuery, OAuthApi,
                                       OrganizationApi, PagingSpec, RoutingApi, SCIMApi, TokensApi, UsersApi)
from PureCloudPlatformClientV2.rest import ApiException

HOST = os.environ["GENESYS_API_URL"]
CLIENT_ID, SECRET = os.environ["GENESYS_CLIENT_ID"], os.environ["GENESYS_CLIENT_SECRET"]


def refusal(call):
    """The status and the body of the ApiException that a call must raise."""
    try:
        call()
    except ApiException as error:
        return {"status": error.status, "body": json.loads(error.body)}
    return {"status": 200, "body": None}


def listing(users, page_size):
    """All users, page by page, as the SDK's users have to write it."""
    pages, number, count = [], 1, 1
    while number <= count:
        page = users.get_users(page_size=page_size, page_number=number)
        pages.append({"number": page.page_number, "size": page.page_size, "total": page.total,
                      "users": [[user.id, user.name, user.email, user.state] for user in page.entities]})
        number, count = number + 1, page.page_count
    return pages


client = ApiClient(host=HOST).get_client_credentials_token(CLIENT_ID, SECRET)
users = UsersApi(client)
token = TokensApi(client).get_tokens_me()
analytics, scim = AnalyticsApi(client), SCIMApi(client)
INTERVAL = "2026-11-01T00:00:00.000Z/2026-11-02T00:00:00.000Z"


def conversations():
    """Every conversation of a day, by pages of the synchronous query."""
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


def job():
    """The same by a job, with the simulator's clock moved instead of waiting."""
    query = AsyncConversationQuery()
    query.interval = INTERVAL
    identifier = analytics.post_analytics_conversations_details_jobs(query).job_id
    states = [analytics.get_analytics_conversations_details_job(identifier).state]
    clock = urllib.request.Request(os.environ["RINGDOWN_SIM_URL"] + "/_sim/clock", data=b'{"advance": 10}')
    urllib.request.urlopen(clock).read()
    states.append(analytics.get_analytics_conversations_details_job(identifier).state)
    found, cursor = [], None
    while True:
        arguments = {"page_size": 40} | ({"cursor": cursor} if cursor else {})
        page = analytics.get_analytics_conversations_details_job_results(identifier, **arguments)
        found += page.conversations
        cursor = page.cursor
        if not cursor:
            return [conversation.conversation_id for conversation in found], states


details, total = conversations()
job_ids, states = job()
scim_pages = [scim.get_scim_v2_users(start_index=1 + 100 * number, count=100) for number in range(3)]
result = {
    "queues": [queue.name for queue in RoutingApi(client).get_routing_queues().entities],
    "organizationName": OrganizationApi(client).get_organizations_me().name,
    "oauthClients": [item.name for item in OAuthApi(client).get_oauth_clients().entities],
    "conversations": [item.conversation_id for item in details], "totalHits": total,
    "agents": [item.participants[1].participant_name for item in details],
    "job": job_ids, "states": states,
    "scim": [user.id for page in scim_pages for user in page.resources], "scimTotal": scim_pages[0].total_results,
    "badInterval": refusal(lambda: analytics.post_analytics_conversations_details_query(ConversationQuery())),
    "by100": listing(users, 100),
    "by25": listing(users, 25),
    "organization": {"id": token.organization.id, "name": token.organization.name},
    "client": token.o_auth_client.id,
    "me": refusal(lambda: users.get_users_me()),
    "wrongSecret": refusal(lambda: ApiClient(host=HOST).get_client_credentials_token(CLIENT_ID, "not-" + SECRET)),
    "unknownClient": refusal(lambda: ApiClient(host=HOST).get_client_credentials_token("nobody", SECRET)),
    "noToken": refusal(lambda: UsersApi(ApiClient(host=HOST)).get_users()),
}
with urllib.request.urlopen(os.environ["RINGDOWN_SIM_URL"] + "/_sim/journal") as journal:
    result["journal"] = json.load(journal)
print(json.dumps(result))
