"""The command lines that users read in help texts and documentation."""

import pathlib
import re

ROOT = pathlib.Path(__file__).parents[2]
PAGES = ["README.md", *sorted(f"Documentation/{path.name}" for path in (ROOT / "Documentation").glob("*.md"))]


def of_help(text):
    """The examples in the help text of a command."""
    return re.findall(r"^  (?!#)(.+)$", text.split("\nExamples:\n")[1], re.MULTILINE)


def of_page(name):
    """The lines with the program in the shell blocks of a page. Lines that end in a backslash are joined."""
    blocks = re.findall(r"^```sh\n(.*?)^```", (ROOT / name).read_text(), re.MULTILINE | re.DOTALL)
    lines = "".join(blocks).replace("\\\n", " ").splitlines()
    return [line for line in lines if re.search(r"\bringdown\b", line) and not line.startswith("#")]
