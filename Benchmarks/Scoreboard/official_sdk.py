"""The vendor's SDK, PureCloudPlatformClientV2, with the client credentials grant as in its README.

`get_client_credentials_token` is called once; later calls use the same ApiClient. The SDK refreshes only tokens of the
authorization code grant. The README logs in at startup; this client logs in on first use. No shim: the SDK derives the
token endpoint from the API's host.
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
