"""What CI systems read out of a step's output and files, after their own sources: runner, agent, and documentation."""

import re


def github_command(line):
    """actions/runner, ActionCommand: (command, properties, data), unescaped; None for an ordinary line."""
    found = re.fullmatch(r"::([a-z-]+)(?: ([^:]*))?::(.*)", line)
    if not found:
        return None
    return found[1], found[2], found[3].replace("%0A", "\n").replace("%0D", "\r").replace("%25", "%")


def github_file(text):
    """actions/runner, FileCommandManager: names and values, or an exception for a file that it refuses."""
    values, lines = {}, text.split("\n")
    if lines.pop() != "":
        raise ValueError("the last line has no end")
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
    """azure-pipelines-agent, CommandStringConvertor: (properties, data); None for an ordinary line."""
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
    """TeamCity's service messages: (name, attributes); None for an ordinary line."""
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
    """gitlabhq, parse_dotenv_artifact_service: both sides stripped, no quotes, no blank lines; `$NAME` is expanded later."""
    values = {}
    for line in text.splitlines():
        found = re.fullmatch(r"(.*?)=(.*)", line)
        name, value = found[1].strip(), found[2].strip()
        if not re.fullmatch(r"[A-Za-z0-9_]+", name) or "$" in value:
            raise ValueError(line)
        values[name] = value
    return values
