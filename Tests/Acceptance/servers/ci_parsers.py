"""Parsers for the output and files of a step, modelled on the sources and documentation of the CI systems."""

import re


def github_command(line):
    """Returns the unescaped (command, properties, data), or None for an ordinary line. Source: actions/runner, ActionCommand."""
    found = re.fullmatch(r"::([a-z-]+)(?: ([^:]*))?::(.*)", line)
    if not found:
        return None
    return found[1], found[2], found[3].replace("%0A", "\n").replace("%0D", "\r").replace("%25", "%")


def github_file(text):
    """Returns names and values, or raises an exception for an invalid file. Source: actions/runner, FileCommandManager."""
    values, lines = {}, text.split("\n")
    if lines.pop() != "":
        raise ValueError("the last line has no line break")
    while lines:
        line = lines.pop(0)
        equals, heredoc = line.find("="), line.find("<<")
        if equals >= 0 and (heredoc < 0 or equals < heredoc):
            name, value = line.split("=", 1)
        elif heredoc >= 0:
            name, delimiter = line.split("<<", 1)
            end = lines.index(delimiter)
            value, lines = "\n".join(lines[:end]), lines[end + 1:]
        else:
            raise ValueError("Invalid format: " + line)
        values[name] = value
    return values


def azure_command(line):
    """Returns (properties, data), or None for an ordinary line. Source: azure-pipelines-agent, CommandStringConvertor."""
    found = re.fullmatch(r"##vso\[task\.setvariable ([^\]]*)\](.*)", line)
    if not found:
        return None

    def plain(text):
        for escape, character in [("%3B", ";"), ("%0D", "\r"), ("%0A", "\n"), ("%5D", "]"), ("%AZP25", "%")]:
            text = text.replace(escape, character)
        return text

    properties = dict(pair.split("=", 1) for pair in found[1].split(";") if pair)
    return {name: plain(value) for name, value in properties.items()}, plain(found[2])


def teamcity_message(line):
    """Returns the (name, attributes) of a TeamCity service message, or None for an ordinary line."""
    found = re.fullmatch(r"##teamcity\[(\w+) (.*)\]", line)
    if not found:
        return None
    attributes, rest = {}, found[2]
    while rest:
        part = re.match(r"(\w+)='((?:[^'|\[\]]|\|.)*)' ?", rest)
        if not part:
            raise ValueError("not a service message: " + rest)
        plain = {"|'": "'", "|n": "\n", "|r": "\r", "||": "|", "|[": "[", "|]": "]"}
        attributes[part[1]] = re.sub(r"\|.", lambda escape: plain[escape[0]], part[2])
        rest = rest[part.end():]
    return found[1], attributes


def gitlab_dotenv(text):
    """Returns names and values: both sides stripped, no quotes, no blank lines. GitLab expands `$NAME` later.

    Source: gitlabhq, parse_dotenv_artifact_service.
    """
    values = {}
    for line in text.splitlines():
        found = re.fullmatch(r"(.*?)=(.*)", line)
        name, value = found[1].strip(), found[2].strip()
        if not re.fullmatch(r"[A-Za-z0-9_]+", name) or "$" in value:
            raise ValueError(line)
        values[name] = value
    return values
