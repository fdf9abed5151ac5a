"""`trafficd replay`: recorded captures of which each frame is known, in files, pipes and compressed, whole and damaged;
on a terminal and in a pipe."""
import fcntl
import gzip
import json
import os
import pty
import select
import signal
import struct
import subprocess
import termios

import daemon
from crowd import GATEWAYS, NETWORKS, Crowd
from daemon import DaemonTest

SEED = int(os.environ.get("TRAFFICD_SEED", "20261122"))
RULES = [word for each in NETWORKS for word in ("--networks", each)] + [
    word for each in GATEWAYS for word in ("--gateways", each)]
CONFIG = """\
inputs:
  recorded: {{ plugin: pcap, file: {file}, networks: {networks}, gateways: {gateways}, protocols: yes,
              max_series: 100000, max_rows: 50000 }}
outputs:
  shown: {{ plugin: stdout, format: json }}
"""
FIELDS = ("rx_bytes", "tx_bytes", "rx_packets", "tx_packets")
ERASE = "\r\x1b[K"


def arguments(*words):
    return [daemon.BINARY, "replay", *map(str, words), "--plugins", daemon.PLUGINS]


def rows_of(answer):
    return {(row["device"], row["family"], row["scope"]): [row[name] for name in FIELDS] for row in answer["devices"]}


class ReplayTest(DaemonTest):
    def setUp(self):
        super().setUp()
        self.file = self.folder / "crowd.pcap"

    def write(self, packets=500, devices=20, seed=SEED, file=None):
        return Crowd(seed, devices).write(file or self.file, packets, 96)

    def replay(self, *words, code=0, **options):
        """Standard output; it ends with this code and, where that is 0, without a message."""
        options.setdefault("stdin", subprocess.DEVNULL)
        environment = {**os.environ, "TZ": "UTC", **options.pop("env", {})}
        self.done = subprocess.run(arguments(*words), capture_output=True, env=environment, timeout=daemon.DEADLINE,
                                   **options)
        self.messages = self.done.stderr.decode()
        self.assertEqual(self.done.returncode, code, self.messages)
        if code == 0:
            self.assertEqual(self.messages, "")
        return self.done.stdout.decode()

    def answer(self, *words, **options):
        return json.loads(self.replay("--json", *RULES, *words, **options))

    def start(self, *words, **options):
        process = subprocess.Popen(arguments(*words), **options)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process


class CountTest(ReplayTest):
    def test_every_frame_is_in_the_totals(self):
        model = self.write(packets=20_000, devices=2000)
        answer = self.answer(self.file)
        self.assertEqual(rows_of(answer), dict(model.rows))
        capture = answer["capture"]
        self.assertEqual((capture["packets"], capture["bytes"], capture["undecoded"], capture["unattributed_bytes"]),
                         (20_000, model.bytes, 0, model.nobody))
        self.assertEqual((capture["from"], capture["to"]), (1_700_000_000, 1_700_000_199))
        self.assertEqual({(row["from"], row["to"]) for row in answer["devices"]}, {(1_700_000_000, 1_700_000_199)})
        self.assertEqual({name: family["bytes"] for name, family in answer["protocols"]["udp"].items()
                          if name.startswith("ipv")}, model.ip_bytes)
        self.assertEqual((answer["remotes"], answer["http"]), ([], []))
        weights = [row["rx_bytes"] + row["tx_bytes"] for row in answer["devices"]]
        self.assertEqual(weights, sorted(weights, reverse=True))

    def test_run_counts_the_same(self):
        self.write(packets=5000, devices=300)
        config = CONFIG.format(file=self.file, networks=json.dumps(NETWORKS), gateways=json.dumps(GATEWAYS))
        with open(self.folder / "shown", "wb") as out:
            self.make_daemon(config).start(stdout=out)
            self.assertEqual(self.daemon.end(), 0, self.daemon.messages())
        last = {}
        for line in (self.folder / "shown").read_text().splitlines():
            sample = json.loads(line)
            last[sample["measurement"], *sorted(sample["tags"].items())] = sample
        samples = [sample for sample in last.values() if sample["measurement"] == "device"]
        answer = self.answer(self.file)
        self.assertEqual(rows_of(answer), rows_of({"devices": [{**each["tags"], **each["fields"]} for each in samples]}))
        for sample in last.values():
            if sample["measurement"] == "protocol":
                protocol = answer["protocols"][sample["tags"]["protocol"]]
                self.assertEqual(protocol[sample["tags"]["family"]], sample["fields"])

    def test_what_finds_no_room_is_other_and_nothing_is_lost(self):
        model = self.write(packets=5000, devices=300)
        answer = self.answer("--max-rows", 16, self.file)
        rows = rows_of(answer)
        self.assertIn("other", {device for device, family, scope in rows})
        for scope in ("internet", "local", "multicast"):
            self.assertEqual(sum(sum(row[:2]) for key, row in rows.items() if key[2] == scope),
                             sum(sum(row[:2]) for key, row in model.rows.items() if key[2] == scope))
        self.assertEqual(answer["capture"]["unattributed_bytes"], model.nobody)
        self.assertIn("16 rows were too few: raise --max-rows", self.replay("--max-rows", 16, *RULES, self.file))

    def test_a_filter_and_remote_addresses(self):
        model = self.write()
        answer = self.answer("--filter", "ip", "--remotes=3", self.file)
        self.assertEqual({row["family"] for row in answer["devices"]}, {"ipv4"})
        addresses = [row["address"] for row in answer["remotes"]]
        self.assertEqual((len(addresses), addresses[-1]), (4, "other"))
        internet = {False: 0, True: 0}
        for row in answer["devices"]:
            internet[row["scope"] == "internet"] += row["rx_bytes"] + row["tx_bytes"]
        self.assertEqual(sum(row["rx_bytes"] + row["tx_bytes"] for row in answer["remotes"]), internet[True])
        self.assertLess(answer["capture"]["packets"], model.packets)
        self.assertEqual(self.answer("--no-protocols", self.file)["protocols"], {})


class SourceTest(ReplayTest):
    def test_standard_input_and_compressed_files_are_no_different(self):
        self.write()
        packed = self.folder / "crowd.gz"
        packed.write_bytes(gzip.compress(self.file.read_bytes()))
        expected = self.answer(self.file)
        self.assertGreater(len(expected["devices"]), 10)
        self.assertEqual(self.answer(packed), expected)
        for file in (self.file, packed):
            with open(file, "rb") as stream:
                self.assertEqual(self.answer("-", stdin=stream), expected)
            self.assertEqual(self.answer("-", stdin=None, input=file.read_bytes()), expected)

    def test_several_files_are_one_recording(self):
        self.write(packets=300)
        second = self.folder / "second.pcap"
        self.write(packets=700, seed=SEED + 1, file=second)
        answer = self.answer(second, self.file)
        self.assertEqual((answer["capture"]["packets"], answer["capture"]["files"]), (1000, 2))
        self.assertEqual((answer["capture"]["from"], answer["capture"]["to"]), (1_700_000_000, 1_700_000_006))

    def test_the_span_is_that_of_the_earliest_and_the_latest_packet(self):
        """Wherever they stand, and whenever the recording begins."""
        first, second = self.folder / "first.pcap", self.folder / "second.pcap"
        noon = 1_700_000_000
        for times, more, span in [([noon, noon + 5], [noon - 7200, noon - 7000], (noon - 7200, noon + 5)),
                                  ([noon, noon + 90, noon + 30], [noon + 31], (noon, noon + 90)),
                                  ([noon, noon - 3, noon + 1], [noon - 1], (noon - 3, noon + 1)),
                                  ([0, 1, 2], [1], (0, 2)), ([0], [0], (0, 0)),
                                  ([2**31 + 5, 2**31 - 5], [2**32 - 2, 2**32 - 1], (2**31 - 5, 2**32 - 1))]:
            with self.subTest(times + more):
                self.stamp(first, times)
                self.stamp(second, more)
                for words in ([], ["--filter", "ip or not ip"]):
                    capture = self.answer(*words, first, second)["capture"]
                    self.assertEqual((capture["from"], capture["to"], capture["bad_times"]), (*span, 0))
        self.stamp(first, [0, 7])
        self.assertIn(", 7 seconds from 1970-01-01 00:00 on", self.replay(first))

    def stamp(self, file, times):
        """A capture of packets with these times, in seconds."""
        self.write(packets=len(times), file=file)
        content, at = bytearray(file.read_bytes()), 24
        for time in times:
            struct.pack_into("<I", content, at, time)
            at += 16 + struct.unpack_from("<I", content, at + 8)[0]
        file.write_bytes(content)

    def test_what_is_damaged_or_missing_is_told_and_the_rest_is_read(self):
        self.write(packets=100)
        cut = self.folder / "cut.pcap"
        cut.write_bytes(self.file.read_bytes()[:-10])
        (self.folder / "text").write_text("no capture at all, and much longer than the head of one")
        answer = self.answer(cut, self.folder / "nowhere\x1b[1m", self.folder / "text", self.file, code=3)
        self.assertEqual(len(self.messages.splitlines()), 3, self.messages)
        self.assertIn("trafficd replay: '" + str(cut) + "' is damaged at byte ", self.messages)
        self.assertIn("nowhere?[1m' is skipped: ", self.messages)
        self.assertIn("text' is skipped: ", self.messages)
        capture = answer["capture"]
        self.assertEqual((capture["packets"], capture["files"], capture["damaged_files"], capture["skipped_files"]),
                         (199, 4, 1, 2))

    def test_where_nothing_can_be_read_nothing_is_shown(self):
        (self.folder / "empty").touch()
        self.assertEqual(self.replay("--json", self.folder / "nowhere", self.folder / "empty", code=2), "")
        self.assertEqual(len(self.messages.splitlines()), 2, self.messages)

    def test_a_capture_without_packets(self):
        for packets, words in [(0, []), (100, ["--filter", "host 203.0.113.250"])]:
            self.write(packets=packets)
            self.assertEqual(self.replay(*words, self.file), "no packets\n")
            answer = self.answer(*words, self.file)
            self.assertEqual((answer["devices"], answer["protocols"]), ([], {}))
            capture = answer["capture"]
            self.assertNotIn("from", capture)
            self.assertEqual([capture[key] for key in ("packets", "bytes", "undecoded", "unattributed_bytes")], [0] * 4)

    def test_wrong_arguments(self):
        self.write()
        for words, expected in [(["--filter", "foo bar"], "--filter: is no filter"),
                                (["--networks", "10.0.0.1/8"], "--networks: '10.0.0.1/8' has bits"),
                                (["--gateways", "x"], "--gateways: 'x' is no hardware address"),
                                (["--max-rows", "15"], "--max-rows: give 16 or more"),
                                (["--limit", "-1"], "--limit: give 0 or more"),
                                (["--remotes=many"], "--remotes: "),
                                (["--remotes="], "'--remotes=' gives no value"),
                                (["--http="], "'--http=' gives no value"),
                                (["--zone", "Nowhere/At_All"], "Nowhere/At_All"),
                                (["--json", "--limit", "3"], "--limit excludes --json"),
                                (["-", "-"], "FILE: standard input can be read once")]:
            with self.subTest(words):
                self.assertEqual(self.replay(*words, self.file, code=1), "")
                self.assertIn(expected, self.messages)
                self.assertEqual(len(self.messages.splitlines()), 1, self.messages)

    def test_nothing_is_written(self):
        self.write()
        home = self.folder / "home"
        home.mkdir()
        self.replay(self.file, cwd=home, env={"HOME": str(home), "STATE_DIRECTORY": str(home)})
        self.assertEqual(list(home.iterdir()), [])


class PageTest(ReplayTest):
    def test_a_line_for_each_device(self):
        self.write(devices=30)
        lines = self.replay("--limit", 3, *RULES, self.file, env={"COLUMNS": "100", "LC_ALL": "C"}).splitlines()
        self.assertEqual(lines[0].split(), ["device", "total", "down", "up", "local", "multicast"])
        self.assertTrue(lines[1].endswith("#") or lines[1].endswith("-"), lines[1])
        self.assertRegex(lines[4], r"^\d+ more ")
        self.assertRegex(lines[-2], r"^500 packets, .*, 4 seconds from 2023-11-14 22:13 on$")
        self.assertRegex(lines[-1], "^.* of it belong to no device: ")
        shown = self.replay("--detail", "--limit", 0, *RULES, self.file)
        self.assertNotIn(" more", shown)
        self.assertNotIn("\x1b", shown)
        self.assertIn("protocol  family", shown)

    def test_a_reader_that_has_seen_enough(self):
        self.write(packets=20_000, devices=2000)
        reading, writing = os.pipe()
        os.close(reading)
        process = self.start("--detail", "--limit", 0, self.file, stdout=writing, stderr=subprocess.PIPE)
        os.close(writing)
        self.assertEqual(process.stderr.read(), b"")
        process.stderr.close()
        self.assertEqual(process.wait(daemon.DEADLINE), 0)

    def test_a_reader_that_is_slow(self):
        """Where whoever started us made the pipe one that nobody waits for."""
        self.write(packets=20_000, devices=2000)
        reading, writing = os.pipe()
        os.set_blocking(writing, False)
        fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, 4096)
        process = self.start("--json", self.file, stdout=writing, stderr=subprocess.PIPE)
        os.close(writing)
        with open(reading, "rb") as page:
            room = lambda: 4096 - struct.unpack("i", fcntl.ioctl(page, termios.FIONREAD, bytes(4)))[0]
            daemon.wait_for(0, "room in the pipe", room)
            self.assertEqual(json.loads(page.read())["capture"]["packets"], 20_000)
        self.assertEqual(process.stderr.read(), b"")
        process.stderr.close()
        self.assertEqual(process.wait(daemon.DEADLINE), 0)

    def test_a_page_that_cannot_be_written(self):
        self.write()
        with open("/dev/full", "w") as full:
            process = self.start(self.file, stdout=full, stderr=subprocess.PIPE)
            self.assertIn(b"could not write to standard output", process.stderr.read())
            process.stderr.close()
            self.assertEqual(process.wait(daemon.DEADLINE), 2)


class PluginTest(ReplayTest):
    """With an input in the place of `pcap` that does as the names of the files say."""

    FAKE = ("--plugins", f"{daemon.TEST_PLUGINS}/replay")

    def test_requests_and_what_is_not_known(self):
        answer = json.loads(self.replay(*self.FAKE, "--json", "--http=81,82", "x"))
        self.assertEqual([(row["server"], row["section"], row["requests"], row["clients"]) for row in answer["http"]],
                         [("192.0.2.1:82", "/a\x1b[1m", 164, 2), ("192.0.2.1:81", "/a\x1b[1m", 162, 2)])
        self.assertEqual((answer["odd"], answer["devices"]), ([{"place": "here"}], []))
        answer = json.loads(self.replay(*self.FAKE, "--json", "--http", "x"))
        self.assertEqual([row["requests"] for row in answer["http"]], [16160, 160])
        self.assertNotIn("\x1b", self.replay(*self.FAKE, "--http", "x"))
        self.replay(*self.FAKE, "--http=many", "x", code=1)
        self.assertIn("trafficd replay: --http: ", self.messages)

    def test_what_it_cannot_do(self):
        for word, code, expected in [("throw", 2, "could not be made: thrown ?[1m by the constructor"),
                                     ("live", 2, "does not read recordings"), ("closed", 3, "it does not open"),
                                     ("fail", 3, "it cannot go on"), ("break", 3, "thrown while it ran"),
                                     ("nonsense", 3, "samples of no use are missing (1)")]:
            with self.subTest(word):
                shown = self.replay(*self.FAKE, word, code=code)
                self.assertEqual(shown != "", code == 3)
                self.assertIn(expected, self.messages)
                self.assertEqual(len(self.messages.splitlines()), 1, self.messages)


class WaitingTest(ReplayTest):
    """What goes on while it reads: standard input is a pipe that the test holds."""

    def begin(self, *words, **options):
        ours, its = pty.openpty()
        self.addCleanup(os.close, ours)
        process = self.start("-", *words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=its,
                             env={**os.environ, "TERM": "xterm", "LC_ALL": "C"}, **options)
        os.close(its)
        self.addCleanup(process.stdout.close)
        self.said = ""
        self.terminal = ours
        return process

    def listen(self, until=None):
        """To the terminal, to its end or until something was said."""
        while until is None or until not in self.said:
            ready, _, _ = select.select([self.terminal], [], [], daemon.DEADLINE)
            self.assertTrue(ready, f"nothing more was said after {self.said!r}")
            try:
                more = os.read(self.terminal, 4096).decode()
            except OSError:  # nobody has it open any more
                more = ""
            if not more:
                self.assertIsNone(until, self.said)
                return
            self.said += more

    def test_a_terminal_shows_how_far_it_is_and_is_left_clean(self):
        self.write(packets=100)
        process = self.begin("--json")
        self.listen("reading  0 B")
        process.stdin.write(self.file.read_bytes())
        process.stdin.close()
        shown = process.stdout.read()
        self.listen()
        self.assertEqual(process.wait(daemon.DEADLINE), 0)
        self.assertTrue(self.said.startswith(ERASE + "reading "), self.said)
        self.assertTrue(self.said.endswith(ERASE), self.said)
        self.assertNotIn(b"\x1b", shown)
        self.assertEqual(json.loads(shown)["capture"]["packets"], 100)

    def test_a_message_takes_the_place_of_the_line(self):
        process = self.begin("nowhere.pcap", cwd=self.folder)
        self.listen("reading  0 B")
        process.stdin.write(b"no capture, whatever it is that is read here")
        process.stdin.close()
        process.stdout.read()
        self.listen()
        self.assertEqual(process.wait(daemon.DEADLINE), 2)
        self.assertIn(ERASE + "trafficd replay: 'standard input' is skipped: ", self.said)
        self.assertIn("nowhere.pcap' is skipped: ", self.said)

    def test_a_signal_ends_the_reading_and_what_was_read_is_shown(self):
        self.write(packets=100)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            with self.subTest(number):
                process = self.begin("--json")
                process.stdin.write(self.file.read_bytes())
                process.stdin.flush()
                self.listen("reading ")
                process.send_signal(number)
                capture = json.loads(process.stdout.read())["capture"]
                self.listen()
                self.assertEqual(process.wait(daemon.DEADLINE), 130)
                self.assertIn(ERASE + "trafficd replay: stopped: this is what was read by then", self.said)
                # How far it came by then is left to the machine.
                self.assertIn(capture["packets"], range(101))
                process.stdin.close()

    def test_a_signal_that_is_ignored_stays_so(self):
        self.write(packets=100)
        process = self.begin("--json", preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN))
        self.listen("reading ")
        process.send_signal(signal.SIGINT)
        process.stdin.write(self.file.read_bytes())
        process.stdin.close()
        self.assertEqual(json.loads(process.stdout.read())["capture"]["packets"], 100)
        self.listen()
        self.assertEqual(process.wait(daemon.DEADLINE), 0)


if __name__ == "__main__":
    daemon.main()
