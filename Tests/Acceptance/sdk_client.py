"""Uses the simulator through the vendor's own Python SDK, and prints what it got as one JSON object."""

import json
import os
import urllib.request

from PureCloudPlatformClientV2 import ApiClient, TokensApi, UsersApi
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
result = {
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
