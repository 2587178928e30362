"""AWS Secrets Manager on loopback, provided by moto: https://docs.getmoto.org."""

import contextlib
import dataclasses
import json
import os
import pathlib
import sys

import boto3

from servers.processes import serving

REGION = "eu-west-1"
# Accepted by servers that do not check signatures.
ANYONE = {"AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7ANYONE", "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI/K7MDENG+bPxRfiCYANYONE"}
READING = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "secretsmanager:GetSecretValue", "Resource": "*"}]})
TRUST = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": "*"}}]})


@dataclasses.dataclass
class Moto:
    """A running moto server."""

    url: str
    log: pathlib.Path

    def client(self, service="secretsmanager", region=REGION):
        return boto3.client(service, region_name=region, endpoint_url=self.url, aws_access_key_id=ANYONE["AWS_ACCESS_KEY_ID"],
                            aws_secret_access_key=ANYONE["AWS_SECRET_ACCESS_KEY"])

    def requests(self):
        """Returns the number of requests so far."""
        return self.log.read_text().count('"POST / HTTP')

    @property
    def variables(self):
        """The environment variables for clients, without credentials."""
        return {"AWS_ENDPOINT_URL": self.url, "AWS_REGION": REGION}


@contextlib.contextmanager
def moto(directory, unchecked=None):
    """Runs moto. If `unchecked` is set, moto checks signatures and permissions after this number of requests."""
    log = directory / "moto.log"
    environment = {"PATH": os.environ["PATH"], "HOME": str(directory), "LANG": "C.UTF-8", "PYTHONDONTWRITEBYTECODE": "1"}
    if unchecked:
        environment["INITIAL_NO_AUTH_ACTION_COUNT"] = str(unchecked)

    def command(port):
        return [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]

    with serving(command, log, environment=environment) as port:
        yield Moto(f"http://127.0.0.1:{port}", log)


def key_of(credentials):
    """Converts credentials from the AWS format to environment variables."""
    names = {"AWS_ACCESS_KEY_ID": "AccessKeyId", "AWS_SECRET_ACCESS_KEY": "SecretAccessKey", "AWS_SESSION_TOKEN": "SessionToken"}
    return {name: credentials[member] for name, member in names.items() if member in credentials}


@dataclasses.dataclass
class Keys:
    """Callers of a server that checks signatures: a user, a user without permissions, and a temporary role."""

    server: Moto
    arn: str
    user: dict
    stranger: dict
    role: dict


@contextlib.contextmanager
def checking(directory, name, secret):
    """Runs a moto server that checks signatures and permissions, and stores one secret."""
    with moto(directory, unchecked=9) as server:
        iam, users = server.client("iam", "us-east-1"), []
        for user in "reader", "stranger":
            iam.create_user(UserName=user)
            users.append(key_of(iam.create_access_key(UserName=user)["AccessKey"]))
        iam.put_user_policy(UserName="reader", PolicyName="reading", PolicyDocument=READING)
        role = iam.create_role(RoleName="reader", AssumeRolePolicyDocument=TRUST)["Role"]["Arn"]
        iam.put_role_policy(RoleName="reader", PolicyName="reading", PolicyDocument=READING)
        session = server.client("sts", "us-east-1").assume_role(RoleArn=role, RoleSessionName="acceptance")
        arn = server.client().create_secret(Name=name, SecretString=secret)["ARN"]
        yield Keys(server, arn, *users, key_of(session["Credentials"]))
