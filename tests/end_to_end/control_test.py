"""`trafficd status` and `trafficd reload`, and the socket behind them as hostile or clumsy clients meet it."""
import contextlib
import json
import os
import pathlib
import re
import resource
import socket
import sqlite3
import stat
import subprocess
import unittest

import daemon
from daemon import DaemonTest, wait_for

CONFIG = """\
interval: 1h
inputs: {{ self: {{ tags: {{ site: {site} }} }} }}
outputs: {{ store: {{ plugin: sqlite, flush_interval: 0s }} }}
"""
# Something to save, again and again.
BUSY = """\
interval: 50ms
checkpoint: 100ms
inputs: { self: {} }
outputs: { store: { plugin: sqlite } }
pipelines: { main: { stages: [ { plugin: total, durable: no } ] } }
"""


class ControlTest(DaemonTest):
    def start(self, config=CONFIG.format(site="home"), **options):
        self.make_daemon(config)
        # Longer than the address of a socket can be.
        self.daemon.state = self.folder / ("long" * 40) / "state"
        self.daemon.start(**options)
        wait_for(True, "whether it listens", lambda: self.daemon.alive() and self.socket().exists())

    def socket(self):
        return self.daemon.state / "control"

    def ask(self, command, *words):
        return subprocess.run([daemon.BINARY, command, "--state", self.daemon.state, *words], capture_output=True,
                              text=True, timeout=daemon.DEADLINE)

    def connect(self):
        client = socket.socket(socket.AF_UNIX)
        self.addCleanup(client.close)
        client.settimeout(daemon.DEADLINE)
        folder = os.open(self.daemon.state, os.O_PATH)
        try:
            client.connect(f"/proc/self/fd/{folder}/control")
        finally:
            os.close(folder)
        return client

    def talk(self, line):
        """The answer; empty when the daemon hangs up."""
        client = self.connect()
        try:
            client.sendall(line)
            return client.makefile("rb").readline()
        except ConnectionError:
            return b""

    def instances(self):
        answer = json.loads(self.ask("status", "--json").stdout)
        self.assertEqual(answer["process"], self.daemon.process.pid)
        return {(each["role"], each["id"]): each for each in answer["instances"]}

    def test_status_tells_what_every_instance_did(self):
        self.start()
        wait_for(True, "whether samples are written", lambda: self.instances()["output", "store"]["samples_out"] > 0)
        now = self.instances()
        self.assertEqual(set(now), {("input", "self"), ("pipeline", "main"), ("output", "store")})
        self.assertEqual(now["output", "store"]["samples_out"], now["input", "self"]["samples_in"])
        done = self.ask("status")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertRegex(done.stdout, rf"process {self.daemon.process.pid}, generation 1, up ")
        self.assertRegex(done.stdout, r"output +store +sqlite +runs +[1-9]")

    def test_reload_says_what_came_of_it(self):
        self.start()
        for text, code, out, err in [
                (CONFIG.format(site="home"), 0, "nothing has changed; generation 1 runs on\n", ""),
                (CONFIG.format(site="away"), 0, "generation 2: input self changed\n", ""),
                ("inputs: { self: { tag: {} } }\n", 1, "", "generation 2 runs on")]:
            self.daemon.config.write_text(text)
            done = self.ask("reload")
            self.assertEqual((done.returncode, done.stdout), (code, out), done.stderr)
            self.assertIn(err, done.stderr)
        self.assertIn("trafficd.yaml:1:", done.stderr)
        self.assertEqual(self.daemon.stop(), 0, self.daemon.messages())

    def test_only_its_user_may_ask(self):
        self.start()
        self.assertEqual(stat.S_IMODE(self.socket().stat().st_mode), 0o600)

    @unittest.skipUnless(os.geteuid() == 0, "needs root to become somebody else")
    def test_somebody_else_is_refused(self):
        self.start()
        nobody = daemon.Nobody(self.folder)
        done = nobody.run("status", "--state", self.daemon.state)
        self.assertEqual(done.returncode, 2, done.stdout)
        self.assertIn("ask as its own user, or as root", done.stderr)

    def test_clients_that_make_no_sense_disturb_nobody(self):
        self.start()
        for line in [b"\n", b"{\n", b"[]\n", b"\xff\xfe\n", b'{"command": 7}\n', b'{"command": "halt"}\n',
                     b"[" * 60_000 + b"\n"]:
            self.assertIn("error", json.loads(self.talk(line)), line[:20])
        self.assertEqual(self.talk(b"x" * 200_000), b"")  # sent away
        silent = [self.connect() for _ in range(3)]
        self.assertEqual(self.ask("status").returncode, 0)
        for client in silent:
            self.assertEqual(client.recv(1), b"")  # not waited for
        self.assertEqual(self.daemon.stop(), 0, self.daemon.messages())

    def saved(self):
        """What the file of the state holds; None when it is being made."""
        try:
            database = sqlite3.connect(f"file:{self.daemon.state}/state.db?mode=ro", uri=True, timeout=5)
            try:
                return database.execute("select * from state order by 1, 2").fetchall()
            finally:
                database.close()
        except sqlite3.DatabaseError:
            return None

    def wait_for_save(self):
        before = self.saved()
        wait_for(True, "whether the state is saved", lambda: self.daemon.alive() and self.saved() not in (None, before))

    def test_somebody_always_asks_and_the_state_is_saved_all_the_same(self):
        self.start(BUSY)
        self.wait_for_save()
        # Each is given a second, so that for some time there is always one that waits.
        silent = [self.connect() for _ in range(12)]
        self.wait_for_save()
        silent[-1].setblocking(False)
        with self.assertRaises(BlockingIOError, msg="all had been sent away before the state was saved"):
            silent[-1].recv(1)

    def test_without_descriptors_commands_wait_and_the_rest_goes_on(self):
        self.start(BUSY)
        self.wait_for_save()
        process = self.daemon.process.pid
        _, most = resource.prlimit(process, resource.RLIMIT_NOFILE)
        waiting = []

        def is_short():
            used = {int(each.name) for each in pathlib.Path(f"/proc/{process}/fd").iterdir()}
            free = next(number for number in range(most) if number not in used)
            resource.prlimit(process, resource.RLIMIT_NOFILE, (free, most))
            with contextlib.suppress(BlockingIOError):  # as many wait already as may
                waiting.append(self.connect())
            return "cannot answer commands: Too many open files" in self.daemon.messages()
        wait_for(True, "whether it is short of descriptors", is_short)
        resource.prlimit(process, resource.RLIMIT_NOFILE, (most, most))
        for client in waiting:
            client.close()
        self.assertEqual(self.ask("status").returncode, 0)
        self.daemon.wait_for_message("commands are answered again")
        # It did not try again and again all the time.
        held_back = re.search(r"answered again \((\d+) complaints", self.daemon.messages())
        self.assertLess(int(held_back.group(1)) if held_back else 0, 20)

    def test_what_is_no_text_does_not_break_an_answer(self):
        self.start()
        self.daemon.stop()
        odd = os.fsencode(self.folder) + b"/odd\xff\xfename.yaml"
        with open(odd, "w") as file:
            file.write(CONFIG.format(site="home"))
        self.daemon.config = os.fsdecode(odd)
        self.daemon.start()
        wait_for(0, "whether it answers", lambda: self.daemon.alive() and self.ask("status").returncode)
        self.assertTrue(json.loads(self.ask("status", "--json").stdout)["configuration"].endswith("odd\ufffd\ufffdname.yaml"))
        with open(odd, "wb") as file:
            file.write(b"inputs: { \"\xff\": {} }\n")
        done = self.ask("reload")
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertIn("odd\ufffd\ufffdname.yaml:1:", done.stderr)

    def test_the_socket_comes_and_goes_with_the_daemon(self):
        self.start()
        self.daemon.kill()
        self.assertTrue(self.socket().exists())
        done = self.ask("status")
        self.assertEqual(done.returncode, 2)
        self.assertIn("does it run, and with this state folder?", done.stderr)
        self.daemon.start()
        wait_for(0, "whether it answers", lambda: self.daemon.alive() and self.ask("status").returncode)
        self.assertEqual(self.daemon.stop(), 0, self.daemon.messages())
        self.assertFalse(self.socket().exists())


if __name__ == "__main__":
    daemon.main()
