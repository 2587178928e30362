"""A test double for Azure Key Vault and for the three services that issue tokens for it.

It implements only what Azure/azure-rest-api-specs (Key Vault 7.4, secrets.json) and Microsoft's pages on the client
credentials flow and on managed identities describe. No available emulator covers all of it. As a proxy, it answers in
place of the real hosts.
"""

import base64
import dataclasses
import json
import re
import time
import urllib.parse
import uuid

from servers.hosts import Hosts
from servers.tokens import reply

RESOURCE = "https://vault.azure.net"
TENANT = "8f6c7ab5-3a1b-4f0e-9b53-acceptance00"
CLIENT_ID = "0d3a1f6e-client"
CLIENT_SECRET = "c8Q~of+the/cl%ent=&é"
IDENTITY_HEADER = "853b9a84-5bfa-4b22-a3f3-0b9a43d9ad8a"
LOGIN_HOST = "login.microsoftonline.com"
VAULT_HOSTS = "*.vault.azure.net"


@dataclasses.dataclass
class Version:
    value: str
    is_enabled: bool = True
    identifier: str = dataclasses.field(default_factory=lambda: uuid.uuid4().hex)


def once(text):
    """Returns the names and values of a form or query, or None if it is malformed or contains a name twice."""
    try:
        pairs = urllib.parse.parse_qsl(text, keep_blank_values=True, strict_parsing=True)
    except ValueError:
        return None
    return dict(pairs) if len(dict(pairs)) == len(pairs) else None


def is_asked_for(query, version):
    """Whether a query requests a token for the vault from a managed identity. The query may name the identity."""
    values = once(query) or {}
    return values.pop("client_id", CLIENT_ID) == CLIENT_ID and values == {"api-version": version, "resource": RESOURCE}


def refusal(status, code, message, **headers):
    """An error response in the format of Key Vault."""
    return reply(status, {"error": {"code": code, "message": message}}, **headers)


def login_refusal(status, error, description):
    """An error response in the format of Microsoft Entra ID."""
    return reply(status, {"error": error, "error_description": f"{description} Trace ID: 0 Correlation ID: 0",
                          "error_codes": [int(re.search(r"\d+", description)[0])]})


class Azure(Hosts):
    """`secrets` holds the versions of each secret, the newest last. A response in `instead` replaces the default for its path."""

    def __init__(self, certificate=None, **secrets):
        super().__init__(self.respond, certificate)
        self.secrets = {name.replace("_", "-"): [Version(value)] for name, value in secrets.items()}
        self.tokens, self.instead, self.asked = [], {}, []

    def reference(self, name):
        return f"azure:{self.root}/secrets/{name}"

    @property
    def as_client(self):
        """The variables of a client with a secret."""
        return {"AZURE_TENANT_ID": TENANT, "AZURE_CLIENT_ID": CLIENT_ID, "AZURE_CLIENT_SECRET": CLIENT_SECRET,
                "AZURE_AUTHORITY_HOST": self.root}

    @property
    def as_app(self):
        """The variables that App Service and Functions set for their programs."""
        return {"IDENTITY_ENDPOINT": self.root + "/msi/token", "IDENTITY_HEADER": IDENTITY_HEADER}

    @property
    def as_machine(self):
        """The variable with the address of the identity endpoint of a virtual machine."""
        return {"AZURE_POD_IDENTITY_AUTHORITY_HOST": self.root}

    def respond(self, client):
        path, _, query = client.path.partition("?")
        routes = [("POST", "/[^/]+/oauth2/v2.0/token", re.escape(LOGIN_HOST), self.login),
                  ("GET", "/msi/token", "", self.app), ("GET", "/metadata/identity/oauth2/token", "", self.machine),
                  ("GET", "/secrets(/.*)?", r"[0-9a-zA-Z-]{3,24}\.vault\.azure\.net", self.vault)]
        for method, pattern, host, answer in routes:
            if method == client.command and re.fullmatch(pattern, path) and (not client.host or re.fullmatch(host, client.host)):
                if client.host and client.headers["Host"] != client.host:
                    return reply(400)(client)
                self.asked.append(answer.__name__)
                return (self.instead.get(path) or answer(client, path, query))(client)
        return reply(404)(client)

    def new_token(self):
        """Issues a token for the vault: long, with three parts separated by dots, like a real token."""
        head = base64.urlsafe_b64encode(json.dumps({"typ": "JWT", "alg": "RS256"}).encode()).decode().rstrip("=")
        self.tokens.append(f"{head}.{uuid.uuid4().hex * 20}.{uuid.uuid4().hex}")
        return self.tokens[-1]

    def login(self, client, path, query):
        form = once(client.body)
        if query or client.headers["Content-Type"] != "application/x-www-form-urlencoded" or "Authorization" in client.headers or not form:
            return login_refusal(400, "invalid_request", "AADSTS900144: The request body must contain a form.")
        if path.split("/")[1] != TENANT:
            return login_refusal(400, "invalid_request", "AADSTS90002: Tenant not found. Check to make sure you have the correct tenant ID.")
        if form.get("grant_type") != "client_credentials":
            return login_refusal(400, "unsupported_grant_type", "AADSTS70003: The app requested an unsupported grant type.")
        if form.get("scope") != RESOURCE + "/.default":
            return login_refusal(400, "invalid_scope", "AADSTS1002012: The provided value for scope is not valid.")
        if form.get("client_id") != CLIENT_ID:
            return login_refusal(400, "unauthorized_client", "AADSTS700016: Application was not found in the directory.")
        if form.get("client_secret") != CLIENT_SECRET:
            return login_refusal(401, "invalid_client", "AADSTS7000215: Invalid client secret provided. Ensure the secret being sent in the "
                                 "request is the client secret value, not the client secret ID.")
        if set(form) != {"grant_type", "scope", "client_id", "client_secret"}:
            return login_refusal(400, "invalid_request", "AADSTS90014: The form has what it should not have.")
        return reply(body={"token_type": "Bearer", "expires_in": 3599, "ext_expires_in": 3599, "access_token": self.new_token()})

    def app(self, client, path, query):
        if client.headers["X-IDENTITY-HEADER"] != IDENTITY_HEADER:
            return reply(401, {"statusCode": 401, "message": "The identity header is missing or wrong."})
        if not is_asked_for(query, "2019-08-01"):
            return reply(400, {"statusCode": 400, "message": "The query must name api-version and resource."})
        return reply(body={"access_token": self.new_token(), "expires_on": str(int(time.time()) + 86399), "resource": RESOURCE,
                           "token_type": "Bearer", "client_id": CLIENT_ID})

    def machine(self, client, path, query):
        if client.headers["Metadata"] != "true":
            return reply(400, {"error": "invalid_request", "error_description": "Required metadata header not specified"})
        if {"X-Forwarded-For", "Via"} & set(client.headers):
            return reply(400, {"error": "invalid_request", "error_description": "The request came through a proxy"})
        if not is_asked_for(query, "2018-02-01"):
            return reply(400, {"error": "invalid_request", "error_description": "The query must name api-version and resource"})
        now = int(time.time())
        return reply(body={"access_token": self.new_token(), "client_id": CLIENT_ID, "expires_in": "86399", "ext_expires_in": "86399",
                           "expires_on": str(now + 86399), "not_before": str(now), "resource": RESOURCE, "token_type": "Bearer"})

    def vault(self, client, path, query):
        if client.headers.get("Authorization", "").removeprefix("Bearer ") not in self.tokens:
            challenge = f'Bearer authorization="https://login.windows.net/{TENANT}", resource="{RESOURCE}"'
            return refusal(401, "Unauthorized", "AKV10000: Request is missing a Bearer or PoP token.", WWW_Authenticate=challenge)
        if once(query) != {"api-version": "7.4"}:
            return refusal(400, "BadParameter", "api-version must be specified")
        found = re.fullmatch("/secrets/([0-9a-zA-Z-]+)(?:/([0-9a-f]{32}))?", path)
        if not found:
            return refusal(400, "BadParameter", "The request URI contains an invalid name or version.")
        name, identifier = found.groups()
        for version in reversed(self.secrets.get(name, [])):
            if identifier in (None, version.identifier):
                if not version.is_enabled:
                    return reply(403, {"error": {"code": "Forbidden", "message": "Operation get is not allowed on a disabled secret.",
                                                 "innererror": {"code": "SecretDisabled"}}})
                now = int(time.time())
                return reply(body={"value": version.value, "id": f"https://{client.headers['Host']}/secrets/{name}/{version.identifier}",
                                   "contentType": "text/plain", "tags": {"value": "of a tag"},
                                   "attributes": {"enabled": True, "created": now, "updated": now,
                                                  "recoveryLevel": "Recoverable+Purgeable", "recoverableDays": 90}})
        return refusal(404, "SecretNotFound", f"A secret with (name/id) {name} was not found in this key vault. If you recently deleted this "
                       "secret you may be able to recover it using the correct recovery command. For help resolving this issue, please see "
                       "https://go.microsoft.com/fwlink/?linkid=2125182")
