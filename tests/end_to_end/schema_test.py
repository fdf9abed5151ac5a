"""`trafficd describe --schema` as an editor uses it: a validator of its own agrees with `trafficd check` on what is good."""
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

import daemon

try:
    import jsonschema
    import yaml
except ImportError:
    # Another python stands before Debian's, whose packages these are.
    if os.path.realpath(sys.executable) == os.path.realpath("/usr/bin/python3"):
        raise
    os.execv("/usr/bin/python3", ["/usr/bin/python3", "-B", *sys.argv])

ROOT = pathlib.Path(__file__).resolve().parents[2]
FRAME = "inputs: { net: { plugin: interface%s } }\noutputs: { a: { plugin: sqlite%s } }\n%s"


class Yaml12(yaml.SafeLoader):
    """As editors read: `yes` and `no` are words, and 017 is no octal number."""


Yaml12.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag not in ("tag:yaml.org,2002:bool",
                                                                        "tag:yaml.org,2002:timestamp")]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()}
Yaml12.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile("^(true|false)$"), list("tf"))


def frame(on_input="", on_output="", rest=""):
    return FRAME % (on_input, on_output, rest)


GOOD = [
    frame(),
    frame(', match: ["eth*", wlan0], interval: 1m30s, tags: { site: home, floor: 2 }'),
    frame(", match: eth0, log: debug, max_series: 5, on_start_error: exit"),
    frame("", ", spool: { mode: always, max_size: 1MiB, max_age: 2d }, batch_size: 10"),
    frame("", ", tiers: [ { bucket: 1m, keep: 2w }, { bucket: 15m, keep: 1y } ]"),
    frame("", ", file: '${HOME}/x.db'"),
    frame("", "", "interval: 200ms\n"),
    frame("", "", "pipelines: { p: { inputs: [net], stages: [ { plugin: rate, drop: yes } ], outputs: [a] } }\n"),
    frame("", "", "pipelines: { p: { outputs: { to: a, when: { measurement: 'interface*' } } } }\n"),
    "inputs: { interface: }\noutputs: { stdout: { format: json } }\n",
]

BAD = [
    frame("", "", "intervall: 10s\n"),
    frame(", mtach: eth0"),
    frame(", interval: 10"),
    frame(", log: loud"),
    frame(", max_series: many"),
    frame(", max_series: -1"),
    frame(", tags: { 'not a name': x }"),
    frame(", tags: [a]"),
    frame("", ", spool: { mode: sometimes }"),
    frame("", ", spool: { max_size: big }"),
    frame("", ", spool: 16MiB"),
    frame("", ", tiers: [ { bucket: 1m, kept: 2w } ]"),
    frame("", ", batch_size: 0"),
    frame("", "", "pipelines: { p: { inputs: [] } }\n"),
    frame("", "", "pipelines: { p: { stages: [ { plugin: nosuch } ] } }\n"),
    frame("", "", "pipelines: { p: { outputs: [ { too: a } ] } }\n"),
    "inputs: { net: { plugin: interfaces } }\noutputs: { a: { plugin: sqlite } }\n",
    "inputs: { net: { plugin: sqlite } }\noutputs: { a: { plugin: sqlite } }\n",
    "inputs: { net: {} }\noutputs: { a: { plugin: sqlite } }\n",
    "inputs: { net: { plugin: interface } }\n",
    "inputs: []\noutputs: { a: { plugin: sqlite } }\n",
    "inputs: { interface: { format: json } }\noutputs: { stdout: }\n",
]


class SchemaTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        shown = subprocess.run([daemon.BINARY, "describe", "--schema", "--plugins", daemon.PLUGINS],
                               capture_output=True, text=True, check=True, timeout=daemon.DEADLINE)
        cls.schema = json.loads(shown.stdout)
        # Draft 7 as well: not every editor knows the newer one.
        cls.validators = [kind(cls.schema) for kind in (jsonschema.Draft202012Validator, jsonschema.Draft7Validator)]

    def faults(self, text):
        """What each validator has against it, read as YAML 1.1 and 1.2."""
        return [[f"{error.json_path}: {error.message}" for error in validator.iter_errors(yaml.load(text, loader))]
                for validator in self.validators for loader in (yaml.SafeLoader, Yaml12)]

    def test_it_is_a_schema(self):
        for validator in self.validators:
            validator.check_schema(self.schema)

    def test_what_ships_fits(self):
        files = [ROOT / "config/trafficd.yaml", *sorted(ROOT.glob("config/examples/*.yaml"))]
        self.assertGreater(len(files), 3)
        for path in files:
            for faults in self.faults(path.read_text()):
                self.assertEqual(faults, [], path)

    def test_it_agrees_with_check(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder, "trafficd.yaml")
            for text, good in [(text, True) for text in GOOD] + [(text, False) for text in BAD]:
                path.write_text(text)
                done = daemon.run_to_end("check", path, folder)
                self.assertEqual(done.returncode, 0 if good else 1, text + done.stderr)
                for faults in self.faults(text):
                    self.assertEqual(faults == [], good, f"{text}{faults}")

    def test_every_option_has_a_description(self):
        def options(schema):
            for name, option in schema.get("properties", {}).items():
                yield name, option
                yield from options(option)
        for kind, schema in [("", self.schema), *self.schema["$defs"].items()]:
            if "_" in kind:  # input_interface and the like
                for name, option in options(schema):
                    self.assertTrue(option.get("description"), f"{kind}.{name}")


if __name__ == "__main__":
    daemon.main()
