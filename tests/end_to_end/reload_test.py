"""SIGHUP: what is the same in the new configuration runs on untouched, the rest is exchanged, and nothing is lost.

TRAFFICD_RELOADS=50 makes the long form."""
import contextlib
import json
import os
import pathlib
import resource
import signal
import subprocess

import daemon
import network
from daemon import wait_for, whole_lines
from network_case import NetworkCase, minus

RELOADS = int(os.environ.get("TRAFFICD_RELOADS", "12"))
CONFIG = """\
interval: 50ms
checkpoint: 200ms
stop_deadline: 2s
plugin_path: [ "{plugins}" ]
inputs:
  net: {{ plugin: interface, match: ["lan*"]{net} }}
  self: {{ interval: 200ms }}{inputs}
pipelines:
  main:
    inputs: [net, self]
    stages: [{stages}]
    outputs: [store, stable, changing{more}]
outputs:
  store: {{ plugin: sqlite, flush_interval: 50ms }}
  stable: {{ plugin: receiver, file: "{folder}/stable" }}
  changing: {{ plugin: receiver, file: "{folder}/changing", manner: {manner}, flush_interval: {flush},
              spool: {{ mode: {spool} }} }}{outputs}
"""
USUAL = {"net": "", "inputs": "", "stages": "", "more": "", "flush": "0s", "spool": "off", "outputs": "",
         "manner": "works"}
THREADS = {"in net", "in self", "pipe main", "out store", "keep store", "out stable", "keep stable", "out changing"}


class ReloadTest(NetworkCase):
    def begin(self):
        self.network.add("lan0")
        self.make_daemon(self.config(), self.network.near)
        self.daemon.start_and_wait("lan0")
        return self.kernel("lan0")

    def config(self, **changes):
        return CONFIG.format(plugins=daemon.TEST_PLUGINS, folder=self.folder, **{**USUAL, **changes})

    def reload(self, config):
        """Answers what the daemon says to it."""
        before = self.answers()
        self.daemon.config.write_text(config)
        self.daemon.process.send_signal(signal.SIGHUP)
        wait_for(True, "the answer to the reload", lambda: self.daemon.alive() and len(self.answers()) > len(before))
        return self.answers()[-1]

    def answers(self):
        return [line.split("reload: ", 1)[1] for line in self.daemon.messages().splitlines() if "reload: " in line]

    def threads(self):
        """Name to number, once every instance has its threads; a thread that was made anew has another number. Threads
        without a name of their own come and go: what makes an instance, what a sanitizer adds."""
        wait_for(True, "the threads of all instances", lambda: THREADS <= self.named_threads().keys())
        return self.named_threads()

    def named_threads(self):
        tasks, names = pathlib.Path(f"/proc/{self.daemon.process.pid}/task"), {}
        for task in tasks.iterdir():
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                names[(task / "comm").read_text().strip()] = task.name
        names.pop("trafficd", None)
        return names

    def sockets(self):
        descriptors = pathlib.Path(f"/proc/{self.daemon.process.pid}/fd")
        return {each.name: os.readlink(each) for each in descriptors.iterdir() if "socket" in os.readlink(each)}

    def received(self, name):
        """All samples, in a fixed order."""
        return sorted(whole_lines(self.folder / name))

    def generation(self):
        return self.daemon.ask_history("select value_last from self_plugin_by_minute where name = 'generation' "
                                       "order by unix desc limit 1")

    def test_a_bad_file_changes_nothing(self):
        start = self.begin()
        threads = self.threads()
        for bad, words in [("inputs: [\n", "trafficd.yaml:"), (self.config(net=", mach: [x]"), "did you mean 'match'?"),
                           (self.config(more=", none"), "there is no output 'none'")]:
            self.assertEqual(self.reload(bad),
                             f"{self.daemon.config} has faults and was not taken; generation 1 runs on")
            self.assertIn(words, self.daemon.messages())
        self.assertEqual(self.threads(), threads)
        self.network.send("lan0", 10, 700)
        self.expect("lan0", minus(self.kernel("lan0"), start))
        self.assertEqual(self.reload(self.config()), "nothing has changed, generation 1 runs on")
        self.assertEqual(self.daemon.stop(), 0, self.daemon.messages())

    def test_what_is_the_same_runs_on(self):
        start = self.begin()
        threads, sockets = self.threads(), self.sockets()
        self.assertEqual(self.reload(self.config(flush="10ms")), "generation 2: output changing changed")
        now = self.threads()
        self.assertNotEqual(now.pop("out changing"), threads.pop("out changing"))
        self.assertEqual(now, threads)
        self.assertEqual(self.sockets(), sockets)
        self.assertEqual(self.reload(self.config(flush="10ms", net=", tags: { site: home }", more=", lines",
                                                 outputs="\n  lines: { plugin: stdout }")),
                         "generation 3: input net changed, pipeline main with other inputs or outputs, output lines new")
        now = self.threads()
        self.assertNotEqual(now["in net"], threads["in net"])
        for name in ("in self", "pipe main", "out store", "keep store", "out stable"):
            self.assertEqual(now[name], threads[name], name)
        self.assertEqual(self.reload(self.config(stages="{ plugin: total }")),
                         "generation 4: input net changed, pipeline main changed, output changing changed, "
                         "output lines gone")
        self.assertEqual(self.threads()["out store"], threads["out store"])
        self.network.send("lan0", 10, 700)
        self.expect("lan0", minus(self.kernel("lan0"), start))
        wait_for((4,), "the generation in the daemon's own numbers", self.generation)
        self.assertEqual(self.daemon.stop(), 0, self.daemon.messages())

    def test_many_reloads_under_load_lose_nothing(self):
        start = self.begin()
        forms = [{"flush": "10ms"}, {"net": ", tags: { site: home }"}, {"stages": "{ plugin: rate, drop: no }"},
                 {"spool": "always"}, {"more": ", lines", "outputs": "\n  lines: { plugin: stdout }"}, {},
                 {"inputs": "\n  again: { plugin: self, interval: 100ms }"}, {"spool": "on_failure", "flush": "50ms"}]
        with network.Traffic(self.network, "lan0"):
            for number in range(RELOADS):
                self.assertIn(f"generation {number + 2}:", self.reload(self.config(**forms[number % len(forms)])))
        self.reload(self.config())
        self.expect("lan0", minus(self.kernel("lan0"), start))
        self.assertEqual(self.daemon.stop(), 0, self.daemon.messages())
        self.assertNotIn("lost", self.daemon.messages())
        self.assertEqual(self.received("changing"), self.received("stable"))

    def test_an_output_that_hangs_is_left_behind(self):
        self.network.add("lan0")
        self.make_daemon(self.config(manner="hangs"), self.network.near).start_and_wait("lan0")
        self.daemon.config.write_text(self.config())
        done = subprocess.run([daemon.BINARY, "reload", "--state", self.daemon.state], capture_output=True, text=True,
                              timeout=daemon.DEADLINE)  # answered, however long it took
        self.assertEqual((done.returncode, done.stdout), (0, "generation 2: output changing changed\n"), done.stderr)
        self.assertIn("output changing has not ended in time and is left behind", self.daemon.messages())
        wait_for(True, "whether its successor writes", lambda: self.daemon.alive() and self.received("changing") != [])
        self.assertEqual(self.daemon.stop(), 3)
        self.assertIn("output changing still runs and is left behind", self.daemon.messages())
        self.assertEqual(set(self.received("changing")), set(self.received("stable")))

    def test_what_waits_is_taken_over_with_and_without_a_spool(self):
        self.network.add("lan0")
        self.make_daemon(self.config(manner="refuses"), self.network.near).start_and_wait("lan0")
        for manner, spool in [("refuses", "on_failure"), ("refuses", "off"), ("works", "off")]:
            seen = len(self.received("stable"))
            wait_for(True, "whether more came", lambda: len(self.received("stable")) > seen + 20)
            self.assertIn("generation", self.reload(self.config(manner=manner, spool=spool)))
        self.assertEqual(self.daemon.stop(), 0, self.daemon.messages())
        self.assertEqual(self.received("changing"), self.received("stable"))

    def status(self):
        """What `status` says: (how each instance fares, those that were left behind)."""
        done = subprocess.run([daemon.BINARY, "status", "--json", "--state", self.daemon.state], capture_output=True,
                              text=True, timeout=daemon.DEADLINE, check=True)
        answer = json.loads(done.stdout)
        return {each["id"]: each["condition"] for each in answer["instances"]}, answer["left_behind"]

    def start_with_a_hanging_input(self):
        self.network.add("lan0")
        stuck = "\n  stuck: {{ plugin: hanging, tags: {{ site: {} }} }}"
        self.make_daemon(self.config(inputs=stuck.format("home")), self.network.near).start_and_wait("lan0")
        self.daemon.wait_for_message("[stuck] hangs")
        return self.config(inputs=stuck.format("away"))

    def test_an_input_that_hangs_is_left_behind(self):
        self.assertEqual(self.reload(self.start_with_a_hanging_input()), "generation 2: input stuck changed")
        conditions, left = self.status()
        self.assertEqual((conditions["stuck"], left), ("runs", ["input stuck"]))
        self.assertEqual(self.reload(self.config()), "generation 3: input stuck gone")
        conditions, left = self.status()
        self.assertEqual((conditions["stuck"], left), ("left behind", ["input stuck", "input stuck"]))
        self.assertEqual(self.daemon.stop(), 3)

    def test_a_stop_during_a_reload_does_not_wait_for_what_hangs(self):
        changed = self.start_with_a_hanging_input()
        self.daemon.config.write_text(changed)
        self.daemon.send_signal(signal.SIGHUP)
        self.daemon.process.send_signal(signal.SIGTERM)
        self.daemon.wait_for_message("reload: not taken, for the daemon is asked to stop")

        def ended():
            self.daemon.process.send_signal(signal.SIGTERM)  # so that the stop does not wait either
            return self.daemon.process.poll()
        wait_for(3, "the exit code", ended)
        self.assertIn("input stuck still runs and is left behind", self.daemon.messages())

    def test_an_instance_without_a_thread_has_failed_and_is_tried_again(self):
        self.begin()
        process = self.daemon.process.pid
        pages = int(pathlib.Path(f"/proc/{process}/statm").read_text().split()[0])
        size = pages * resource.getpagesize()
        if size > 1 << 40:
            return  # a sanitizer's memory cannot be limited
        _, most = resource.prlimit(process, resource.RLIMIT_AS)
        # Less than the stack of a thread.
        resource.prlimit(process, resource.RLIMIT_AS, (size + (2 << 20), most))
        changed = self.config(inputs="\n  more: { plugin: self, interval: 100ms }")
        self.assertEqual(self.reload(changed), "generation 2: input more new")
        self.assertIn("more could not start, the next reload tries again", self.daemon.messages())
        self.assertEqual(self.status()[0]["more"], "failed")
        resource.prlimit(process, resource.RLIMIT_AS, (most, most))
        self.assertEqual(self.reload(changed), "generation 3: input more begun again")
        self.assertEqual(self.status()[0]["more"], "runs")
        self.assertEqual(self.daemon.stop(), 0, self.daemon.messages())

    def test_a_successor_has_room_for_all_its_series(self):
        start = self.begin()
        for site in ("one", "two"):
            self.assertIn("input net changed", self.reload(self.config(net=f", max_series: 1, tags: {{ site: {site} }}")))
        self.network.send("lan0", 10, 700)
        self.expect("lan0", minus(self.kernel("lan0"), start))
        self.assertNotIn("more than 1 series", self.daemon.messages())

    def test_signals_too_early_and_twice(self):
        self.network.add("lan0")
        self.make_daemon(self.config(), self.network.near)
        self.daemon.start()
        wait_for(True, "whether it takes signals", self.takes_signals)
        for _ in range(5):
            self.daemon.process.send_signal(signal.SIGHUP)
        self.daemon.wait_for_sample("lan0")
        wait_for(True, "the reload", lambda: "reload: nothing has changed" in self.daemon.messages())
        self.assertEqual(self.daemon.stop(), 0, self.daemon.messages())

    def takes_signals(self):
        status = pathlib.Path(f"/proc/{self.daemon.process.pid}/status").read_text()
        blocked = next(line for line in status.splitlines() if line.startswith("SigBlk:"))
        return int(blocked.split()[1], 16) >> (signal.SIGHUP - 1) & 1 == 1


if __name__ == "__main__":
    daemon.main(network.why_not())
