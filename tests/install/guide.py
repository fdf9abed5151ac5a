"""The blocks of docs/plugin-guide.md, and what each of them claims."""
import re


class Block:
    """A fenced block: its kind (`sh`, `text`, `cpp` …), the comment before it, if any, and its lines."""

    def __init__(self, kind, mark, text):
        self.kind, self.mark, self.text = kind, mark, text

    @property
    def file(self):
        """The file of the template that it claims to show."""
        return self.mark.removeprefix("file: ") if self.mark.startswith("file: ") else None

    @property
    def commands(self):
        """The commands that a reader types; none for what is not to be run here."""
        runs = self.kind == "sh" and not self.mark.startswith("not run: ")
        return [line.split("  #")[0].strip() for line in self.text.splitlines()] if runs else []

    def patterns(self):
        """A pattern for each line of an output, in which `…` stands for anything."""
        return [".*".join(map(re.escape, line.split("…"))) for line in self.text.splitlines()]


def blocks(guide):
    found = re.findall(r"^(?:<!-- ([^\n]*) -->\n)?```(\w+)\n(.*?)^```$", guide, re.MULTILINE | re.DOTALL)
    return [Block(kind, mark, text) for mark, kind, text in found]


def with_fresh_listings(guide, template):
    """The guide with the files of the template as they are now."""
    return re.sub(r"^(<!-- file: ([^\n]*) -->\n```\w+\n).*?^```$",
                  lambda found: f"{found[1]}{(template / found[2]).read_text()}```", guide,
                  flags=re.MULTILINE | re.DOTALL)
