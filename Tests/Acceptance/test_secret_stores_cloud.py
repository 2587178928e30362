"""Secrets in AWS Secrets Manager (moto) and Azure Key Vault (a test double): lookup, signatures, errors, non-disclosure."""

import base64
import dataclasses
import json
import os
import re
import subprocess
import uuid

import pytest

from checks import assert_discloses_nothing, assert_failed, forms_of
from conftest import CLIENT_ID, SECRET, Outcome
from servers import keyvault
from servers.hosts import Hosts
from servers.keyvault import Azure
from servers.processes import free_port
from servers.secretsmanager import ANYONE, REGION, checking, moto
from servers.tokens import GOOD, TOKEN, TokenEndpoint, reply

NAME = "gc/prod"
WHAT_OPENS_STORES = ["AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_CONTAINER_AUTHORIZATION_TOKEN", "AZURE_CLIENT_SECRET", "IDENTITY_HEADER"]


@dataclasses.dataclass
class Reading:
    """The outcome of a run, and the secrets that the token endpoint received."""

    outcome: Outcome
    arrived: list[bytes]


@pytest.fixture(scope="module")
def endpoint():
    with TokenEndpoint() as endpoint:
        yield endpoint


@pytest.fixture
def read(ringdown, endpoint):
    """Requests a token with a secret reference and --verbose, and checks that the log contains no secret."""

    def run(reference, *arguments, answer=reply(body=GOOD), **variables):
        endpoint.answer = answer
        endpoint.requests.clear()
        settings = {"OAUTH_TOKEN_URL": endpoint.url, "OAUTH_CLIENT_ID": CLIENT_ID, "OAUTH_CLIENT_AUTH": "basic-raw"}
        if reference:
            settings["OAUTH_CLIENT_SECRET"] = reference
        outcome = ringdown("token", *arguments, "--platform", "custom", "--verbose", **settings | variables)
        headers = [headers["Authorization"] for _, headers, _ in endpoint.requests]
        arrived = [base64.b64decode(header.removeprefix("Basic ")).removeprefix(f"{CLIENT_ID}:".encode()) for header in headers]
        for secret in [secret.decode(errors="replace") for secret in arrived] + [variables.get(name) for name in WHAT_OPENS_STORES]:
            if secret:
                assert_discloses_nothing(outcome.err, secret)
        return Reading(outcome, arrived)

    return run


def assert_arrived(reading, secret=SECRET):
    assert (reading.outcome.code, reading.outcome.out) == (0, TOKEN + "\n"), reading.outcome.err
    assert reading.arrived == [secret if isinstance(secret, bytes) else secret.encode()]


def assert_refused(reading, *words, setting="OAUTH_CLIENT_SECRET"):
    """Expects a configuration error that contains the setting, these words and a hint, and no token request."""
    assert_failed(reading.outcome, {78}, SECRET)
    assert reading.arrived == []
    error, _, hint = reading.outcome.err.partition("hint:")
    assert hint.strip() and re.search(rf"\b{setting}\b", error), reading.outcome.err
    for word in words:
        assert word in reading.outcome.err, reading.outcome.err


@pytest.fixture
def profile(clean_environment):
    """Writes a profile and returns its path."""

    def write(name, text):
        path = os.path.join(clean_environment["HOME"], ".config", "ringdown", name + ".env")
        os.makedirs(os.path.dirname(path), 0o700, exist_ok=True)
        with open(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600), "w") as file:
            file.write(text)
        return path

    return write


# AWS


@pytest.fixture(scope="module")
def aws(tmp_path_factory):
    with moto(tmp_path_factory.mktemp("moto")) as server:
        yield server


@pytest.fixture
def stored(aws):
    """Stores a secret, and returns its name and its ARN."""

    def store(region=REGION, **value):
        name = f"tests/{uuid.uuid4()}"
        return name, aws.client(region=region).create_secret(Name=name, **value or {"SecretString": SECRET})["ARN"]

    return store


@pytest.fixture
def from_aws(read, aws):
    """Reads from moto, which accepts any access key."""
    return lambda reference, *arguments, **variables: read(reference, *arguments, **aws.variables | ANYONE | variables)


def test_an_aws_secret_is_referenced_by_name_or_arn(from_aws, stored):
    name, arn = stored()
    assert_arrived(from_aws("aws:" + name))
    assert_arrived(from_aws("aws:" + arn))


@pytest.mark.parametrize("secret", ["x", "a" * 7000, "\"quoted\\\" \u20ac \U0001f600 {}", "aws:not-another", "-", "cmd:false"])
def test_any_stored_aws_value_is_used_literally(from_aws, stored, secret):
    assert_arrived(from_aws("aws:" + stored(SecretString=secret)[0]), secret)


def test_an_aws_name_may_contain_all_allowed_characters(from_aws, aws):
    aws.client().create_secret(Name="A/b_1+c=d.e@f-g", SecretString=SECRET)
    assert_arrived(from_aws("aws:A/b_1+c=d.e@f-g"))


def test_a_binary_aws_secret_is_sent_byte_for_byte(from_aws, stored):
    assert_arrived(from_aws("aws:" + stored(SecretBinary=SECRET.encode())[0]))
    assert_arrived(from_aws("aws:" + stored(SecretBinary=b"a\xff\xfez")[0]), b"a\xff\xfez")


@pytest.mark.parametrize("kind", ["SecretString", "SecretBinary"])
def test_a_hash_selects_a_member_of_a_json_secret(from_aws, stored, kind):
    text = json.dumps({"other": "x", "secret": SECRET, "the é": "two", "nested": {"secret": "y"}, "number": 5})
    name, arn = stored(**{kind: text.encode() if kind == "SecretBinary" else text})
    assert_arrived(from_aws(f"aws:{name}#secret"))
    assert_arrived(from_aws(f"aws:{arn}#secret"))
    assert_arrived(from_aws(f"aws:{name}#the é"), "two")
    assert_arrived(from_aws(f"aws:{name}"), text)


@pytest.mark.parametrize("text, member", [
    (json.dumps({"other": SECRET}), "secret"), (json.dumps({"secret": {"inner": SECRET}}), "secret"), (json.dumps({"secret": None}), "secret"),
    (json.dumps([SECRET]), "0"), (json.dumps(SECRET), "secret"), (SECRET, "secret"), ('{"secret":"' + SECRET, "secret"), (json.dumps({"secret": ""}), "secret"),
])
def test_a_missing_or_invalid_member_is_an_error_that_does_not_contain_the_secret(from_aws, stored, text, member):
    name, _ = stored(SecretString=text)
    assert_refused(from_aws(f"aws:{name}#{member}"), member, name)


def test_the_region_of_an_arn_takes_precedence_over_the_environment(from_aws, stored):
    for region in "us-west-2", "cn-north-1", "us-gov-west-1":
        name, arn = stored(region=region)
        assert_arrived(from_aws("aws:" + arn, AWS_REGION=REGION))
        assert_refused(from_aws("aws:" + name, AWS_REGION=REGION), "ResourceNotFoundException")


def test_aws_region_takes_precedence_over_aws_default_region(from_aws, stored):
    name, arn = stored(region="us-west-2")
    assert_arrived(from_aws("aws:" + name, AWS_REGION="us-west-2", AWS_DEFAULT_REGION=REGION))
    assert_arrived(from_aws("aws:" + name, AWS_REGION="", AWS_DEFAULT_REGION="us-west-2"))
    assert_arrived(from_aws("aws:" + arn, AWS_REGION=""))


def test_without_a_region_the_error_names_the_variable(from_aws, stored):
    assert_refused(from_aws("aws:" + stored()[0], AWS_REGION=""), "AWS_REGION")


REGIONS = ["evil.example/", "eu-west-1.evil.example#", "x@evil.example:443/", "eu west 1", "eu-west-1\r\nX: y"]


@pytest.mark.parametrize("region, place", [(region, "variable") for region in REGIONS] + [("evil.example/", "arn")])
def test_an_invalid_region_never_becomes_part_of_the_host(read, region, place):
    with Hosts() as hosts:
        reference, variable = ("aws:" + NAME, region) if place == "variable" else (f"aws:arn:aws:secretsmanager:{region}:1:secret:x", REGION)
        assert_refused(read(reference, HTTPS_PROXY=hosts.root, AWS_REGION=variable, **ANYONE))
        assert hosts.connections == []


@pytest.mark.parametrize("reference", ["aws:", "aws:#secret", "aws:arn:aws:secretsmanager::1:secret:x"])
def test_an_incomplete_aws_reference_is_an_error_before_any_request(read, reference):
    with Hosts() as hosts:
        assert_refused(read(reference, AWS_ENDPOINT_URL=hosts.root, AWS_REGION=REGION, **ANYONE))
        assert hosts.requests == []


def test_the_service_endpoint_takes_precedence_over_the_global_endpoint(from_aws, aws, stored):
    name, _ = stored()
    with Hosts() as other:
        assert_arrived(from_aws("aws:" + name, AWS_ENDPOINT_URL_SECRETS_MANAGER=aws.url, AWS_ENDPOINT_URL=other.root))
        assert_arrived(from_aws("aws:" + name, AWS_ENDPOINT_URL=aws.url + "/"))
        assert other.requests == []


@pytest.mark.parametrize("region, host", [("eu-west-1", "secretsmanager.eu-west-1.amazonaws.com"), ("cn-north-1", "secretsmanager.cn-north-1.amazonaws.com.cn")])
def test_without_an_endpoint_the_regional_host_is_used(read, authority, region, host):
    answer = reply(body={"SecretString": SECRET}, kind="application/x-amz-json-1.1")
    with Hosts(answer, authority.issue("aws-" + region, [host])) as hosts:
        assert_arrived(read("aws:" + NAME, HTTPS_PROXY=hosts.root, RINGDOWN_CA_FILE=authority.certificate, AWS_REGION=region, **ANYONE))
        assert hosts.connections == [host + ":443"]
        path, headers, body = hosts.requests[0]
        assert path == "/" and headers["Host"] == host and json.loads(body) == {"SecretId": NAME}
        assert headers["X-Amz-Target"] == "secretsmanager.GetSecretValue" and headers["Content-Type"] == "application/x-amz-json-1.1"
        assert "X-Amz-Security-Token" not in headers
        assert re.fullmatch(rf"AWS4-HMAC-SHA256 Credential={ANYONE['AWS_ACCESS_KEY_ID']}/\d{{8}}/{region}/secretsmanager/aws4_request, ?"
                            r"SignedHeaders=content-type;host;x-amz-date;x-amz-target, ?Signature=[0-9a-f]{64}", headers["Authorization"])


def test_aws_requests_over_the_network_require_tls(read):
    with Hosts() as hosts:
        assert_refused(read("aws:" + NAME, HTTP_PROXY=hosts.root, AWS_REGION=REGION, AWS_ENDPOINT_URL="http://secrets.example.com", **ANYONE),
                       "AWS_ENDPOINT_URL")
        assert hosts.requests == []


def test_a_missing_or_deleted_aws_secret_is_reported(from_aws, aws, stored):
    assert_refused(from_aws("aws:none/such"), "ResourceNotFoundException", "can't find the specified secret", "none/such")
    name, _ = stored()
    aws.client().delete_secret(SecretId=name)
    assert_refused(from_aws("aws:" + name), "InvalidRequestException")


@pytest.mark.parametrize("body, words", [
    ({"__type": "ResourceNotFoundException", "Message": "Secrets Manager can't find the specified secret."}, ["can't find the specified secret", NAME]),
    ({"__type": "com.amazonaws.secretsmanager#AccessDeniedException", "Message": "User: arn:aws:iam::1:user/x is not authorized to perform"},
     ["AccessDeniedException", "is not authorized", "secretsmanager:GetSecretValue"]),
    ({"__type": "ExpiredTokenException", "message": "The security token included in the request is expired"}, ["ExpiredTokenException", "is expired"]),
    ({"__type": "UnrecognizedClientException", "message": "The security token included in the request is invalid."}, ["AWS_ACCESS_KEY_ID"]),
    ({"__type": "DecryptionFailure", "message": "Secrets Manager can't decrypt the protected secret text"}, ["DecryptionFailure", "can't decrypt"]),
])
def test_the_aws_error_type_takes_precedence_over_the_status(read, body, words):
    for status in 400, 404, 403:
        with Hosts(reply(status, body, kind="application/x-amz-json-1.1")) as hosts:
            reading = read("aws:" + NAME, AWS_ENDPOINT_URL=hosts.root, AWS_REGION=REGION, **ANYONE)
            assert_refused(reading, *words)
            assert "#AccessDenied" not in reading.outcome.err


@pytest.mark.parametrize("status, body", [
    (200, b"nonsense"), (200, b""), (200, {}), (200, []), (200, {"SecretString": 5}), (200, {"SecretString": ""}), (200, {"SecretString": None}),
    (200, {"SecretBinary": "%%%"}), (200, {"SecretBinary": ""}), (400, b"<html>"), (400, b""), (400, {"__type": 5}), (400, b"<Code></Code>"),
])
def test_an_aws_response_without_a_secret_is_an_error(read, status, body):
    with Hosts(reply(status, body)) as hosts:
        assert_refused(read("aws:" + NAME, AWS_ENDPOINT_URL=hosts.root, AWS_REGION=REGION, **ANYONE))


SESSION_TOKEN = "IQoJb3JpZ2luX2VjEXAMPLETOKEN" * 8


@pytest.mark.parametrize("message", [
    "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method.\n\n"
    f"The Canonical String for this request should have been\n'POST\n/\n\nhost:x\nx-amz-security-token:{SESSION_TOKEN}\n\x1b[31m'" + "x" * 9000,
    f"the header {SESSION_TOKEN} is too long",
])
def test_an_aws_error_message_is_shortened_and_contains_no_credentials(read, message):
    with Hosts(reply(403, {"__type": "InvalidSignatureException", "message": message})) as hosts:
        reading = read("aws:" + NAME, AWS_ENDPOINT_URL=hosts.root, AWS_REGION=REGION, AWS_SESSION_TOKEN=SESSION_TOKEN, **ANYONE)
        assert_refused(reading, "InvalidSignatureException")
        assert SESSION_TOKEN[:40] not in reading.outcome.err


def test_a_signed_request_does_not_follow_redirects(read):
    with Hosts() as elsewhere, Hosts(reply(307, Location=elsewhere.root + "/")) as hosts:
        assert_refused(read("aws:" + NAME, AWS_ENDPOINT_URL=hosts.root, AWS_REGION=REGION, **ANYONE), "307")
        assert elsewhere.requests == []


def test_an_unreachable_aws_endpoint_is_a_configuration_error(read):
    assert_refused(read("aws:" + NAME, AWS_ENDPOINT_URL=f"http://127.0.0.1:{free_port()}", AWS_REGION=REGION, **ANYONE), "cannot read the secret from AWS")


# AWS credentials


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    with checking(tmp_path_factory.mktemp("checking"), NAME, SECRET) as keys:
        yield keys


@pytest.fixture
def signed(read, keys):
    """Reads with these credentials from moto, which checks signatures."""
    return lambda credentials, reference="aws:" + NAME, **variables: read(reference, **keys.server.variables | credentials | variables)


def test_a_request_is_signed_with_a_user_key(signed, keys):
    assert_arrived(signed(keys.user))
    assert_arrived(signed(keys.user, "aws:" + keys.arn, AWS_REGION=""))


def test_a_request_is_signed_with_a_temporary_role_key(signed, keys):
    assert_arrived(signed(keys.role))


@pytest.mark.parametrize("changes, code", [
    ({"AWS_SECRET_ACCESS_KEY": "wrong" * 8}, "SignatureDoesNotMatch"), ({"AWS_ACCESS_KEY_ID": "AKIAUNKNOWNUNKNOWN00"}, "InvalidClientTokenId"),
    ({"AWS_SESSION_TOKEN": "of-another-account"}, "InvalidClientTokenId"),
])
def test_a_refused_aws_key_is_reported_with_the_variable_to_check(signed, keys, changes, code):
    assert_refused(signed(keys.user | changes), code, "AWS_ACCESS_KEY_ID")


def test_a_role_without_its_session_token_is_refused(signed, keys):
    assert_refused(signed(keys.role | {"AWS_SESSION_TOKEN": ""}), "InvalidClientTokenId")


def test_a_missing_aws_permission_is_reported(signed, keys):
    assert_refused(signed(keys.stranger), "AccessDenied", "is not authorized to perform: secretsmanager:GetSecretValue")


@pytest.mark.parametrize("token", ["bad\r\nX-Injected: yes", "bad\nX-Injected: yes"])
def test_a_line_break_in_a_session_token_does_not_inject_a_header(read, token):
    with Hosts(reply(body={"SecretString": SECRET})) as hosts:
        assert_refused(read("aws:" + NAME, AWS_ENDPOINT_URL=hosts.root, AWS_REGION=REGION, AWS_SESSION_TOKEN=token, **ANYONE), "AWS_SESSION_TOKEN")
        assert hosts.requests == []


@pytest.mark.parametrize("variables", [{}, {"AWS_ACCESS_KEY_ID": "x"}, {"AWS_SECRET_ACCESS_KEY": "only-the-key"}, {"AWS_SESSION_TOKEN": "only-the-token"}])
def test_without_aws_credentials_the_error_names_the_variables(read, aws, variables):
    before = aws.requests()
    assert_refused(read("aws:" + NAME, **aws.variables | variables), "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
    assert aws.requests() == before


class Container(Hosts):
    """The credential endpoint of a container host. It requires the authorization token."""

    AUTHORIZATION = "Basic b2YgdGhlIGNvbnRhaW5lcg=="

    def __init__(self, credentials):
        super().__init__(self.respond)
        self.given = {"AccessKeyId": credentials["AWS_ACCESS_KEY_ID"], "SecretAccessKey": credentials["AWS_SECRET_ACCESS_KEY"],
                      "Token": credentials["AWS_SESSION_TOKEN"], "Expiration": "2099-01-01T00:00:00Z", "RoleArn": "arn:aws:iam::1:role/reader"}
        self.variables = {"AWS_CONTAINER_CREDENTIALS_FULL_URI": self.root + "/v2/credentials?id=1",
                          "AWS_CONTAINER_AUTHORIZATION_TOKEN": self.AUTHORIZATION}

    def respond(self, client):
        good = (client.command, client.path, client.headers["Authorization"]) == ("GET", "/v2/credentials?id=1", self.AUTHORIZATION)
        (reply(body=self.given) if good else reply(403, {"code": "AccessDenied", "message": "no"}))(client)


def test_container_credentials_are_used_if_the_environment_has_none(signed, keys):
    with Container(keys.role) as container:
        assert_arrived(signed(container.variables))
        assert_arrived(signed(container.variables | {"AWS_ACCESS_KEY_ID": "half"}))
        assert_arrived(signed(keys.user | container.variables))
        assert len(container.requests) == 2, "credentials in the environment take precedence"


def test_container_credentials_are_requested_without_a_proxy(signed, keys, endpoint):
    with Hosts() as proxy, Container(keys.role) as container:
        past = ",".join(f"127.0.0.1:{port}" for port in (keys.server.url.rpartition(":")[2], endpoint.server_port))
        assert_arrived(signed(container.variables, HTTP_PROXY=proxy.root, ALL_PROXY=proxy.root, NO_PROXY=past))
        assert len(container.requests) == 1 and proxy.requests == []


def test_missing_container_credentials_are_reported_without_the_token(signed, keys):
    with Container(keys.role) as container:
        assert_refused(signed(container.variables | {"AWS_CONTAINER_AUTHORIZATION_TOKEN": "wrong-one"}), "container")
        assert_refused(signed(container.variables | {"AWS_CONTAINER_AUTHORIZATION_TOKEN": ""}), "container")
        assert "Authorization" not in container.requests[-1][1]
        for given in {}, {"AccessKeyId": "x"}, {"AccessKeyId": 1, "SecretAccessKey": 2}, [], "text":
            container.given = given
            assert_refused(signed(container.variables), "container")
    assert_refused(signed(container.variables), "container")


@pytest.mark.parametrize("address", [
    "http://192.0.2.1/", "http://secrets.example.com/", "http://169.254.169.254/", "http://169.254.170.2.example.com/", "http://127.0.0.1@secrets.example.com/",
    "http://localhost.example.com/", "ftp://127.0.0.1/", "file:///etc/passwd", "127.0.0.1", "http://169.254.170.20/",
])
def test_container_credentials_require_a_local_address_or_tls(read, aws, address):
    with Hosts() as proxy:
        assert_refused(read("aws:" + NAME, HTTP_PROXY=proxy.root, HTTPS_PROXY=proxy.root, AWS_CONTAINER_CREDENTIALS_FULL_URI=address,
                            AWS_CONTAINER_AUTHORIZATION_TOKEN="of-the-container", NO_PROXY=aws.url.removeprefix("http://"), **aws.variables),
                       "AWS_CONTAINER_CREDENTIALS_FULL_URI")
        assert proxy.requests == [] and proxy.connections == []


def test_container_credentials_may_come_over_tls(signed, keys, authority, certificate):
    with Container(keys.role) as container, TokenEndpoint(container.respond, certificate) as endpoint:
        variables = container.variables | {"AWS_CONTAINER_CREDENTIALS_FULL_URI": endpoint.url.removesuffix("/oauth/token") + "/v2/credentials?id=1"}
        assert_arrived(signed(variables, RINGDOWN_CA_FILE=authority.certificate))
        assert_refused(signed(variables), "container")


# Azure


@pytest.fixture
def azure():
    with Azure(genesys=SECRET) as azure:
        yield azure


IDENTITIES = {"login": "as_client", "app": "as_app", "machine": "as_machine"}


@pytest.fixture(params=IDENTITIES)
def identity(request, azure):
    """Each of the three identities: its name and its variables."""
    return request.param, getattr(azure, IDENTITIES[request.param])


def test_an_azure_secret_is_read_by_a_client_an_app_and_a_machine(read, azure, identity):
    name, variables = identity
    assert_arrived(read(azure.reference("genesys"), **variables))
    assert azure.asked == [name, "vault"]
    assert azure.requests[1][0] == "/secrets/genesys?api-version=7.4"


@pytest.mark.parametrize("secret", ["x", "a" * 7000, "\"quoted\\\" \u20ac \U0001f600 {}", "azure:not/another", "-", "cmd:false"])
def test_any_stored_azure_value_is_used_literally(read, secret):
    with Azure(genesys=secret) as azure:
        assert_arrived(read(azure.reference("genesys"), **azure.as_machine), secret)


def test_the_newest_version_is_read_by_default(read, azure):
    versions = azure.secrets["genesys"]
    versions.append(keyvault.Version("newer"))
    assert_arrived(read(azure.reference("genesys"), **azure.as_app), "newer")
    assert_arrived(read(azure.reference(f"genesys/{versions[0].identifier}"), **azure.as_app))
    versions[1].is_enabled = False
    assert_refused(read(azure.reference("genesys"), **azure.as_app), "Forbidden", "not allowed on a disabled secret")
    assert_refused(read(azure.reference("genesys/" + "0" * 32), **azure.as_app), "SecretNotFound")


@pytest.mark.parametrize("reference", ["azure:contact-centre/genesys", "azure:https://contact-centre.vault.azure.net/secrets/genesys"])
def test_a_vault_name_and_the_default_authority_resolve_to_microsoft_hosts(read, authority, reference):
    certificate = authority.issue("azure", [keyvault.VAULT_HOSTS, keyvault.LOGIN_HOST])
    with Azure(certificate, genesys=SECRET) as azure:
        variables = azure.as_client | {"AZURE_AUTHORITY_HOST": "", "HTTPS_PROXY": azure.root, "RINGDOWN_CA_FILE": authority.certificate}
        assert_arrived(read(reference, **variables))
        assert azure.connections == ["login.microsoftonline.com:443", "contact-centre.vault.azure.net:443"]
        version = azure.secrets["genesys"][0].identifier
        assert_arrived(read(f"{reference}/{version}", **variables))
        assert azure.requests[-1][0] == f"/secrets/genesys/{version}?api-version=7.4"


@pytest.mark.parametrize("reference", [
    "azure:", "azure:vault", "azure:vault/", "azure:/genesys", "azure:vault/genesys/", "azure:vault/a/b/c", "azure:vault/gen_esys", "azure:va_ult/genesys",
    "azure:evil.example/genesys", "azure:evil.example#/genesys", "azure:evil.example?/genesys", "azure:x@evil.example/genesys", "azure:evil.example:443/genesys",
    "azure:../genesys", "azure:vault/..", "azure:vault/genesys?x", "azure:vault/genesys#member", "azure:vault/gen%2fesys", "azure:http://vault.example.com/secrets/genesys",
    "azure:ftp://127.0.0.1/secrets/genesys", "azure:https://", "azure:vault/gen esys", "azure:vault/gené",
])
def test_an_invalid_azure_reference_is_an_error_before_any_request(read, azure, reference):
    with Hosts() as proxy:
        assert_refused(read(reference, HTTPS_PROXY=proxy.root, HTTP_PROXY=proxy.root, NO_PROXY=azure.root.removeprefix("http://"), **azure.as_client))
        assert proxy.connections == [] and proxy.requests == [] and azure.asked.count("vault") == 0


def test_a_client_takes_precedence_over_an_app_and_an_app_over_a_machine(read, azure):
    everyone = azure.as_machine | azure.as_app | azure.as_client
    assert_arrived(read(azure.reference("genesys"), **everyone))
    assert_arrived(read(azure.reference("genesys"), **everyone | {"AZURE_CLIENT_SECRET": ""}))
    assert_arrived(read(azure.reference("genesys"), **everyone | {"AZURE_TENANT_ID": "", "IDENTITY_HEADER": ""}))
    assert azure.asked == ["login", "vault", "app", "vault", "machine", "vault"]


def test_the_authority_host_may_end_with_a_slash(read, azure):
    assert_arrived(read(azure.reference("genesys"), **azure.as_client | {"AZURE_AUTHORITY_HOST": azure.root + "/"}))
    assert_arrived(read(azure.reference("genesys"), **azure.as_machine | {"AZURE_POD_IDENTITY_AUTHORITY_HOST": azure.root + "/"}))


def test_a_managed_identity_is_requested_without_a_proxy(read, azure):
    with Hosts() as proxy:
        for variables in azure.as_machine, azure.as_app:
            azure.asked.clear()
            read(azure.reference("genesys"), HTTP_PROXY=proxy.root, HTTPS_PROXY=proxy.root, ALL_PROXY=proxy.root, **variables)
            assert azure.asked[0] in ("machine", "app")
        assert not any("metadata" in path or "msi" in path or keyvault.IDENTITY_HEADER in str(headers) for path, headers, _ in proxy.requests)


def test_a_missing_azure_secret_is_reported_with_its_name(read, azure):
    assert_refused(read(azure.reference("none-such"), **azure.as_app), "SecretNotFound", "was not found in this key vault", "none-such")


def test_a_token_refused_by_the_vault_is_reported(read, azure, identity):
    azure.instead["/secrets/genesys"] = keyvault.refusal(401, "Unauthorized", "AKV10032: Invalid issuer. Expected one of https://sts.windows.net/x/")
    assert_refused(read(azure.reference("genesys"), **identity[1]), "Unauthorized", "AKV10032")
    assert azure.tokens[-1] not in str(azure.requests[0])


def test_a_missing_azure_permission_is_reported_without_control_characters(read, azure):
    message = "Caller is not authorized to perform action on resource.\r\nIf role assignments were changed, wait.\r\n\x1b[31mCaller: appid=1\r\n" + "x" * 5000
    azure.instead["/secrets/genesys"] = keyvault.refusal(403, "Forbidden", message)
    assert_refused(read(azure.reference("genesys"), **azure.as_app), "Forbidden", "Caller is not authorized")


@pytest.mark.parametrize("status, body", [
    (200, b"nonsense"), (200, b""), (200, {}), (200, []), (200, {"value": 5}), (200, {"value": ""}), (200, {"value": None}), (200, {"value": {"value": SECRET}}),
    (404, b"<html>"), (400, b""), (403, {"error": "text"}), (403, {"error": {"code": 5, "message": []}}), (502, b""),
])
def test_a_vault_response_without_a_secret_is_an_error(read, azure, status, body):
    azure.instead["/secrets/genesys"] = reply(status, body)
    assert_refused(read(azure.reference("genesys"), **azure.as_app))


@pytest.mark.parametrize("variable, value, said", [
    ("AZURE_CLIENT_SECRET", "wrong&secret", "AADSTS7000215"), ("AZURE_CLIENT_ID", "unknown", "AADSTS700016"), ("AZURE_TENANT_ID", "elsewhere", "AADSTS90002"),
    ("AZURE_TENANT_ID", "../../evil?x=", "AADSTS90002"),
])
def test_a_client_refused_by_microsoft_is_reported(read, azure, variable, value, said):
    assert_refused(read(azure.reference("genesys"), **azure.as_client | {variable: value}), said)
    assert azure.asked == ["login"]


def test_a_refused_managed_identity_is_reported(read, azure):
    assert_refused(read(azure.reference("genesys"), **azure.as_app | {"IDENTITY_HEADER": "wrong-header"}))
    azure.instead["/metadata/identity/oauth2/token"] = reply(400, {"error": "invalid_request", "error_description": "Identity not found"})
    assert_refused(read(azure.reference("genesys"), **azure.as_machine), "Identity not found")
    assert "vault" not in azure.asked


BODIES = [b"nonsense", b"", {}, [], {"access_token": 5}, {"access_token": ""}, {"access_token": "x\r\nX-Injected: yes"}, {"access_token": None}]


# One function reads the responses of all three.
@pytest.mark.parametrize("identity, body", [("machine", body) for body in BODIES] + [("login", {}), ("app", {})], indirect=["identity"])
def test_an_identity_without_a_token_is_an_error_before_any_vault_request(read, azure, identity, body):
    for path in "/msi/token", "/metadata/identity/oauth2/token", f"/{keyvault.TENANT}/oauth2/v2.0/token":
        azure.instead[path] = reply(200, body)
    assert_refused(read(azure.reference("genesys"), **identity[1]))
    assert azure.asked == [identity[0]]


def test_requests_with_azure_credentials_do_not_follow_redirects(read, azure, identity):
    with Hosts() as elsewhere:
        for path in "/msi/token", "/metadata/identity/oauth2/token", f"/{keyvault.TENANT}/oauth2/v2.0/token", "/secrets/genesys":
            azure.instead = {path: reply(307, Location=elsewhere.root + path)}
            reading = read(azure.reference("genesys"), **identity[1])
            assert reading.outcome.code in (0, 78)
        assert reading.outcome.code == 78 and elsewhere.requests == []


def test_an_unreachable_azure_endpoint_is_a_configuration_error(read, azure):
    nowhere = f"http://127.0.0.1:{free_port()}"
    assert_refused(read(f"azure:{nowhere}/secrets/genesys", **azure.as_app), "cannot read the secret from Azure")
    for variables in (azure.as_client | {"AZURE_AUTHORITY_HOST": nowhere}, azure.as_app | {"IDENTITY_ENDPOINT": nowhere + "/msi/token"},
                      {"AZURE_POD_IDENTITY_AUTHORITY_HOST": nowhere}):
        assert_refused(read(azure.reference("genesys"), **variables), "Azure")


def test_an_azure_client_secret_is_sent_over_tls_only(read, azure):
    with Hosts() as proxy:
        variables = azure.as_client | {"AZURE_AUTHORITY_HOST": "http://login.example.com"}
        assert_refused(read(azure.reference("genesys"), HTTP_PROXY=proxy.root, **variables), "AZURE_AUTHORITY_HOST")
        assert proxy.requests == []


def test_the_azure_test_double_refuses_requests_outside_the_contract(azure, curl):
    def status(*arguments):
        return curl("--noproxy", "*", "--output", "/dev/null", "--write-out", "%{http_code}", *arguments).out

    token = azure.new_token()
    vault, bearer = azure.root + "/secrets/genesys", f"Authorization: Bearer {token}"
    assert status("-H", bearer, vault + "?api-version=7.4") == "200"
    assert [status("-H", bearer, vault + query) for query in ("", "?api-version=7.3", "?api-version=7.4&api-version=7.4")] == ["400"] * 3
    assert status(vault + "?api-version=7.4") == status("-H", bearer + "x", vault + "?api-version=7.4") == "401"
    login, form = f"{azure.root}/{keyvault.TENANT}/oauth2/v2.0/token", {
        "grant_type": "client_credentials", "scope": "https://vault.azure.net/.default", "client_id": keyvault.CLIENT_ID, "client_secret": keyvault.CLIENT_SECRET}
    for changes, expected in ({}, "200"), ({"scope": "https://vault.azure.net"}, "400"), ({"client_secret": "x"}, "401"), ({"resource": "x"}, "400"):
        fields = [word for name, value in (form | changes).items() for word in ("--data-urlencode", f"{name}={value}")]
        assert status(*fields, login) == expected
    machine = azure.root + "/metadata/identity/oauth2/token?api-version=2018-02-01&resource=https://vault.azure.net"
    assert status("-H", "Metadata: true", machine) == "200" and status(machine) == status("-H", "Metadata: true", machine + "/") == "400"
    app, header = azure.root + "/msi/token?resource=https%3A%2F%2Fvault.azure.net&api-version=2019-08-01", f"X-IDENTITY-HEADER: {keyvault.IDENTITY_HEADER}"
    assert status("-H", header, app) == "200" and status(app) == "401" and status("-H", header, app + "0") == "400"


# Both


@pytest.fixture(params=["aws", "azure"])
def store(request, stored, aws, azure):
    """A secret in each store: the reference, the variables for access, and a function that counts the requests."""
    if request.param == "aws":
        name, before = stored()[0], aws.requests()
        return "aws:" + name, aws.variables | ANYONE, lambda: aws.requests() - before
    return azure.reference("genesys"), azure.as_client, lambda: azure.asked.count("vault")


def test_a_reference_is_looked_up_once(read, store):
    reference, variables, count = store
    assert_arrived(read(reference, **variables))
    assert count() == 1


CALLS = """n=0; while [ $n -lt 20 ]; do curl -s -o /dev/null -w '%{http_code} ' -H "Authorization: Bearer $(cat $RINGDOWN_TOKEN_FILE)" \
"$RINGDOWN_API_URL/api/v2/tokens/me"; sleep 10; n=$((n + 1)); done"""


def test_a_reference_is_looked_up_once_for_each_token_request(ringdown, binary):
    known = []

    def answer(client):
        if client.path == "/secret":
            known.append(client.body)
        reply(body={"SecretString": known[0]})(client)

    with Hosts(answer) as hosts:
        script = ('curl -s -o /dev/null --data-raw "$GENESYS_CLIENT_SECRET" "$AWS_ENDPOINT_URL/secret"; GENESYS_CLIENT_SECRET=aws:x '
                  'exec "$R" exec --platform genesys -- sh -c "$CALLS"')
        outcome = ringdown("simulate", "--virtual-time", "--lifetime", "60s", "--", "sh", "-c", script, R=binary, CALLS=CALLS, AWS_REGION=REGION,
                           AWS_ENDPOINT_URL=hosts.root, **ANYONE)
        assert outcome.out.split() == ["200"] * 20, outcome.err
        # A changed secret in the store takes effect this way. The first token request uses the value that was just read.
        assert 4 <= [path for path, _, _ in hosts.requests].count("/") <= 15


def test_a_profile_may_contain_a_reference_and_the_store_settings(read, store, profile):
    reference, variables, _ = store
    profile("prod", f"OAUTH_CLIENT_SECRET='{reference}'\n")
    assert_arrived(read(None, "prod", **variables))
    profile("all", f"OAUTH_CLIENT_SECRET='{reference}'\n" + "".join(f"{name}='{value}'\n" for name, value in variables.items()))
    assert_arrived(read(None, "all"))


def test_a_dotenv_file_may_not_contain_a_reference(read, store, tmp_path):
    reference, variables, count = store
    (tmp_path / ".env").write_text(f"OAUTH_CLIENT_SECRET='{reference}'\n")
    assert_refused(read(None, **variables), "./.env, line 1", setting="OAUTH_CLIENT_SECRET")
    assert count() == 0


def test_a_dotenv_file_cannot_set_the_address_of_a_store(read, azure, tmp_path):
    with Hosts() as good, Hosts() as evil:
        names = ["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_SECRETS_MANAGER", "AWS_CONTAINER_CREDENTIALS_FULL_URI", "AZURE_AUTHORITY_HOST",
                 "IDENTITY_ENDPOINT"]
        (tmp_path / ".env").write_text("".join(f"{name}={evil.root}\n" for name in names))
        variables = {"HTTPS_PROXY": good.root, "AWS_REGION": REGION}  # the proxy to the real hosts, which refuses
        read("aws:" + NAME, **variables | ANYONE | {"AWS_SESSION_TOKEN": "of-the-session"})
        read("aws:" + NAME, **variables | {"AWS_CONTAINER_AUTHORIZATION_TOKEN": "of-the-container"})
        read("azure:vault/genesys", **variables | azure.as_client | {"AZURE_AUTHORITY_HOST": ""})
        read("azure:vault/genesys", **variables | azure.as_app | {"IDENTITY_ENDPOINT": ""} | azure.as_machine)
        assert evil.requests == []


def test_the_next_secret_may_be_a_reference_and_is_named_in_errors(read, store):
    reference, variables, _ = store
    refusing = reply(401, {"error": "invalid_client"})

    def answer(client):
        (reply(body={"access_token": TOKEN, "token_type": "Bearer"}) if base64.b64encode(f"{CLIENT_ID}:{SECRET}".encode()).decode()
         in client.headers["Authorization"] else refusing)(client)

    reading = read("the-old-one", answer=answer, OAUTH_CLIENT_SECRET_NEXT=reference, **variables)
    assert reading.outcome.code == 0 and reading.arrived == [b"the-old-one", SECRET.encode()], reading.outcome.err
    assert_refused(read("the-old-one", OAUTH_CLIENT_SECRET_NEXT=reference + "0", **variables), setting="OAUTH_CLIENT_SECRET_NEXT")


def test_a_private_key_may_be_in_a_store(ringdown, aws, stored, tmp_path):
    subprocess.run(["openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", tmp_path / "key"], check=True, capture_output=True)
    with TokenEndpoint() as endpoint:
        outcome = ringdown("token", "--platform", "custom", OAUTH_TOKEN_URL=endpoint.url, OAUTH_CLIENT_ID=CLIENT_ID, OAUTH_CLIENT_AUTH="private-key-jwt",
                           OAUTH_PRIVATE_KEY="aws:" + stored(SecretString=(tmp_path / "key").read_text())[0], **aws.variables | ANYONE)
        assert (outcome.code, outcome.out) == (0, TOKEN + "\n"), outcome.err
        assert "client_assertion=" in endpoint.requests[0][2]


def test_a_trace_contains_neither_the_secret_nor_store_credentials(read, store, tmp_path):
    reference, variables, _ = store
    assert_arrived(read(reference, "--trace", tmp_path / "trace.har", **variables))
    text = (tmp_path / "trace.har").read_text()
    for secret in [SECRET] + [variables[name] for name in WHAT_OPENS_STORES if name in variables]:
        for form in forms_of(secret, CLIENT_ID):
            assert form not in text


def test_init_stores_the_reference_and_not_the_secret(ringdown, store, clean_environment):
    reference, variables, _ = store
    with TokenEndpoint() as endpoint:
        variables = variables | {"OAUTH_TOKEN_URL": endpoint.url, "OAUTH_CLIENT_ID": CLIENT_ID, "OAUTH_CLIENT_SECRET": reference}
        outcome = ringdown("init", "prod", "--platform", "custom", "--from-environment", **variables)
    assert outcome.code == 0, outcome.err
    with open(os.path.join(clean_environment["HOME"], ".config/ringdown/prod.env")) as file:
        text = file.read()
    assert reference in text and SECRET not in text


def test_rotate_does_not_replace_a_reference_with_a_secret(ringdown, store, profile):
    reference, variables, _ = store
    with TokenEndpoint() as endpoint:
        path = profile("prod", f"OAUTH_TOKEN_URL={endpoint.url}\nOAUTH_CLIENT_ID={CLIENT_ID}\nOAUTH_CLIENT_SECRET='{reference}'\n")
        before = open(path).read()
        outcome = ringdown("rotate", "prod", OAUTH_CLIENT_SECRET_NEXT="the-new-one", **variables)
    assert outcome.code == 78 and "nothing was changed" in outcome.err and "OAUTH_CLIENT_SECRET" in outcome.err, outcome.err
    assert open(path).read() == before
