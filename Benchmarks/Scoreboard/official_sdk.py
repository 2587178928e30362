"""The vendor's SDK, PureCloudPlatformClientV2, with the client credentials grant as its README has it.

`get_client_credentials_token` is called once and the ApiClient used from then on; the SDK refreshes tokens of the
authorization code grant only. The README logs in when the program starts; here the first to need the token does.
No shim: the SDK finds the token endpoint below the API's host.
"""

import os

from PureCloudPlatformClientV2 import ApiClient, TokensApi
from PureCloudPlatformClientV2.rest import ApiException

from adapter import API_URL, run


class OfficialSDK:
    def __init__(self):
        self.client = ApiClient(host=API_URL)

    def token(self):
        if not self.client.access_token:
            self.client.get_client_credentials_token(os.environ["GENESYS_CLIENT_ID"],
                                                     os.environ["GENESYS_CLIENT_SECRET"])
        return self.client.access_token

    def call(self, url):
        self.token()
        try:
            TokensApi(self.client).get_tokens_me()
        except ApiException as error:
            return error.status
        return 200


run(OfficialSDK)
