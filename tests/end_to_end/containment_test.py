"""Plugins that throw or talk nonsense: each is told and counted, and all that is healthy beside them counts every byte."""
import json
import signal
import subprocess

import daemon
import network
import network_case
from daemon import wait_for

INPUTS = {"throws": "collect is beyond me", "throws_a_number": "", "throws_at_open": "open is beyond me", "no_series": "",
          "too_few_fields": "", "too_many_fields": ""}
STAGES = {"throws": "process is beyond me", "throws_a_number": "", "throws_at_open": "open is beyond me", "no_series": "",
          "no_fields": ""}
OUTPUTS = {"throws": "write is beyond me", "throws_a_number": "", "throws_at_open": "open is beyond me",
           "more_than_all": "which cannot be", "rejects_others": "which cannot be", "fatal": "write is beyond me"}


def config():
    lines = [f"plugin_path: [{daemon.TEST_PLUGINS}]", "interval: 200ms", "inputs:",
             "  net: { plugin: interface, match: ['lan*'] }"]
    lines += [f"  in_{fault}: {{ plugin: faulty, fault: {fault} }}" for fault in INPUTS]
    lines += ["outputs:", "  store: { plugin: sqlite, flush_interval: 200ms }"]
    lines += [f"  out_{fault}: {{ plugin: faulty, fault: {fault}, spool: {{ mode: off }} }}" for fault in OUTPUTS]
    lines += ["pipelines:", f"  all: {{ outputs: [store, {', '.join('out_' + fault for fault in OUTPUTS)}] }}"]
    lines += [f"  by_{fault}: {{ inputs: [net], stages: [ {{ plugin: faulty, fault: {fault} }} ], outputs: [store] }}"
              for fault in STAGES]
    return "\n".join(lines) + "\n"


class ContainmentTest(network_case.NetworkCase):
    def status(self):
        done = subprocess.run([daemon.BINARY, "status", "--json", "--state", self.daemon.state], capture_output=True,
                              text=True, timeout=daemon.DEADLINE)
        assert done.returncode == 0, done.stderr
        return {each["id"]: each for each in json.loads(done.stdout)["instances"]}

    def trouble(self, name):
        """What went wrong with it, by what the daemon counted: errors and lost samples."""
        each = self.status()[name]
        return each["errors"] + sum(loss["samples"] for loss in each.get("losses", [])) + each.get("rejected", 0)

    def test_the_rest_counts_every_byte(self):
        self.network.add("lan0")
        [begin] = self.run_daemon("lan0", interval="", config=config().replace("{", "{{").replace("}", "}}"))
        for _ in range(20):
            self.network.send("lan0", 500, 100)
        moved = network_case.minus(self.kernel("lan0"), begin)
        self.expect("lan0", moved)
        for fault, words in INPUTS.items():
            wait_for(True, f"whether input {fault} is counted", lambda: self.trouble(f"in_{fault}") > 0)
            self.assertIn(words, self.daemon.messages())
        for fault, words in STAGES.items():
            wait_for(True, f"whether stage {fault} is counted", lambda: self.trouble(f"by_{fault}/faulty") > 0)
            self.assertIn(words, self.daemon.messages())
        for fault, words in OUTPUTS.items():
            wait_for(True, f"whether output {fault} is counted", lambda: self.trouble(f"out_{fault}") > 0)
            self.assertIn(words, self.daemon.messages())
        self.assertEqual(self.daemon.stop(), 0, self.daemon.messages())
        self.assertEqual(self.daemon.report("lan0"), network_case.minus(self.kernel("lan0"), begin))


class HangingTest(daemon.DaemonTest):
    """One that hangs where the daemon itself has to wait for it: while it is loaded, made or destroyed."""

    def config(self, fault, more=""):
        return (f"plugin_path: [{daemon.TEST_PLUGINS}]\ninterval: 100ms\ninputs: {{ self: {more} }}\n"
                f"outputs:\n  out: {{ plugin: faulty, fault: {fault} }}\n"
                f"  good: {{ plugin: receiver, file: '{self.folder}/good' }}\n")

    def refused(self, config):
        """Reloads; answers the faults."""
        self.daemon.config.write_text(config)
        done = subprocess.run([daemon.BINARY, "reload", "--state", self.daemon.state], capture_output=True, text=True,
                              timeout=daemon.DEADLINE)
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertTrue(self.daemon.alive())
        return done.stderr

    def test_one_that_hangs_while_it_is_destroyed(self):
        self.make_daemon(self.config("hangs_at_its_end"))
        self.daemon.start()
        self.daemon.wait_for_message("starts with")
        self.assertEqual(self.daemon.stop(), 3, self.daemon.messages())
        self.assertIn("a plugin does not let go", self.daemon.messages())

    def test_one_that_hangs_while_it_is_made(self):
        for verb in ("run", "check"):
            config = self.folder / "bad.yaml"
            config.write_text(self.config("hangs_at_its_beginning"))
            done = daemon.run_to_end(verb, config, self.folder / "state")
            self.assertEqual(done.returncode, 1, done.stderr)
            self.assertIn(f"{config}:5:8: outputs.out: the plugin does not return from its constructor", done.stderr)

    def test_a_reload_to_one_that_hangs_while_it_is_made(self):
        self.make_daemon(self.config("none"))
        self.daemon.start()
        self.daemon.wait_for_message("starts with")
        self.assertIn("outputs.out: the plugin does not return from its constructor",
                      self.refused(self.config("hangs_at_its_beginning")))
        self.assertIn("generation 1 runs on", self.daemon.messages())
        good = self.folder / "good"
        seen = len(daemon.whole_lines(good))
        wait_for(True, "whether the rest runs on", lambda: self.daemon.alive() and len(daemon.whole_lines(good)) > seen)
        self.daemon.send_signal(signal.SIGHUP)
        self.assertEqual(self.daemon.stop(), 3, self.daemon.messages())  # while it waits for the same again
        self.assertEqual(self.daemon.messages().count("output out still runs and is left behind"), 2)

    def test_a_reload_to_one_that_would_end_the_process(self):
        self.make_daemon(self.config("none"))
        self.daemon.start()
        self.daemon.wait_for_message("starts with")
        self.assertIn("inputs/aborting.so: ends the process while it is loaded (signal 6, Aborted)",
                      self.refused(self.config("none", ", bad: { plugin: aborting }")))
        self.assertEqual(self.daemon.stop(), 0, self.daemon.messages())


if __name__ == "__main__":
    daemon.main(network.why_not())
