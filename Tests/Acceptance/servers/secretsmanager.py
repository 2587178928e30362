"""AWS Secrets Manager as moto serves it: https://docs.getmoto.org, on loopback."""

import contextlib
import dataclasses
import json
import os
import pathlib
import sys

import boto3

from servers.processes import serving

REGION = "eu-west-1"
# What whoever checks no signature takes.
ANYONE = {"AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7ANYONE", "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI/K7MDENG+bPxRfiCYANYONE"}
READING = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "secretsmanager:GetSecretValue", "Resource": "*"}]})
TRUST = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": "*"}}]})


@dataclasses.dataclass
class Moto:
    """A server, and what it is filled with."""

    url: str
    log: pathlib.Path

    def client(self, service="secretsmanager", region=REGION):
        return boto3.client(service, region_name=region, endpoint_url=self.url, aws_access_key_id=ANYONE["AWS_ACCESS_KEY_ID"],
                            aws_secret_access_key=ANYONE["AWS_SECRET_ACCESS_KEY"])

    def requests(self):
        """How many there were so far."""
        return self.log.read_text().count('"POST / HTTP')

    @property
    def variables(self):
        """What a program needs to ask it, but for credentials."""
        return {"AWS_ENDPOINT_URL": self.url, "AWS_REGION": REGION}


@contextlib.contextmanager
def moto(directory, unchecked=None):
    """Runs moto; with a number, signatures and permissions are checked after so many requests."""
    log = directory / "moto.log"
    environment = {"PATH": os.environ["PATH"], "HOME": str(directory), "LANG": "C.UTF-8", "PYTHONDONTWRITEBYTECODE": "1"}
    if unchecked:
        environment["INITIAL_NO_AUTH_ACTION_COUNT"] = str(unchecked)

    def command(port):
        return [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]

    with serving(command, log, environment=environment) as port:
        yield Moto(f"http://127.0.0.1:{port}", log)


def key_of(credentials):
    """Credentials as AWS gives them, as variables."""
    names = {"AWS_ACCESS_KEY_ID": "AccessKeyId", "AWS_SECRET_ACCESS_KEY": "SecretAccessKey", "AWS_SESSION_TOKEN": "SessionToken"}
    return {name: credentials[member] for name, member in names.items() if member in credentials}


@dataclasses.dataclass
class Keys:
    """Who asks a server that checks signatures: a user, a user who may nothing, and a role for a while."""

    server: Moto
    arn: str
    user: dict
    stranger: dict
    role: dict


@contextlib.contextmanager
def checking(directory, name, secret):
    """Runs a moto that checks signatures and permissions, and holds one secret."""
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
