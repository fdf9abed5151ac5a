"""`trafficd report` as people and scripts meet it: pages and pipes, days of which zone, a history that is not there."""
import json
import os
import pathlib
import shutil
import sqlite3
import subprocess
import tempfile
import unittest

import daemon

CONFIG = "inputs: { self: {} }\noutputs: { history: { plugin: sqlite } }\n"
INSTANCES = ["--measurement", "self_instance"]


class ReportTest(daemon.DaemonTest):
    @classmethod
    def setUpClass(cls):
        """One history for all: what the daemon counted of itself in its first moments."""
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        writer = daemon.Daemon(folder.name, CONFIG)
        cls.addClassCleanup(writer.kill)
        writer.start()
        daemon.wait_for(True, "whether there is a sample",
                        lambda: writer.alive() and bool(writer.ask_history("select 1 from series")))
        assert writer.stop() == 0, writer.messages()
        cls.state = writer.state

    def report(self, *words, code=0, file=None, state=None, **environment):
        words = [*words, "--file", file] if file else [*words, "--state", state or self.state]
        done = subprocess.run([daemon.BINARY, "report", *map(str, words)], capture_output=True, text=True,
                              timeout=daemon.DEADLINE, env={"LANG": "C.UTF-8", "HOME": "/", **environment})
        self.assertEqual(done.returncode, code, done.stderr)
        return done

    def refusal(self, *words, code=1, **others):
        done = self.report(*words, code=code, **others)
        self.assertEqual(done.stdout, "")
        self.assertEqual(done.stderr.count("\n"), 1, done.stderr)
        return done.stderr.removeprefix("trafficd report: ").strip()

    def test_a_pipe_gets_no_bars_and_all_columns(self):
        bars, missing = "█", "no room here for"
        pipe = self.report(*INSTANCES).stdout
        self.assertNotIn(bars, pipe)
        self.assertNotIn("\x1b", pipe)
        self.assertIn("last_duration (last)", pipe)
        self.assertNotIn(missing, pipe)
        page = self.report(*INSTANCES, COLUMNS="200").stdout
        self.assertIn(bars, page)
        self.assertNotIn("\x1b", page)
        self.assertIn(missing, self.report(*INSTANCES, COLUMNS="60").stdout)

    def test_gauges_for_programs(self):
        rows = json.loads(self.report(*INSTANCES, "--match", "id=self", "--json").stdout)
        self.assertEqual(len(rows), 1)
        self.assertEqual(rows[0]["instance"], "self")
        for part in ("", "_min", "_max", "_last"):
            self.assertIn("queue_limit" + part, rows[0])
        head = self.report(*INSTANCES, "--csv").stdout.splitlines()[0].split(",")
        self.assertTrue(set(rows[0]) >= set(head) - {"plugin"}, head)

    def test_what_there_is(self):
        listed = json.loads(self.report("--list", "--json").stdout)
        self.assertIn("self_instance", [entry["measurement"] for entry in listed])
        self.assertTrue(all(entry["series"] > 0 and entry["from"] <= entry["to"] for entry in listed), listed)
        self.assertTrue(self.report("--list", "--csv").stdout.startswith("measurement,series,from,to\n"))
        self.assertRegex(self.report("--list").stdout, r"self_instance +\d+  \d{4}-\d\d-\d\d \d\d:\d\d  \d{4}-")
        self.assertIn("did you mean 'self_instance'? it has: ", self.refusal("--measurement", "self_instanc"))

    def test_rates(self):
        self.assertIsInstance(json.loads(self.report(*INSTANCES, "--rate", "--json").stdout), list)
        self.assertIn("--rate", self.refusal("--rate", "month"))
        self.assertIn("--rate", self.refusal("--rate", "--since", "1h"))

    def test_questions_that_make_no_sense(self):
        for words in (["day", "--doubtful"], ["--all", "--doubtful"]):
            self.assertIn("excludes --doubtful", self.refusal(*words))
        for limit in ("0", "-1", "x"):
            self.assertRegex(self.refusal("--limit", limit), "--limit: .*1 or more")
        for option in ("--state", "--file"):
            done = subprocess.run([daemon.BINARY, "report", option, ""], capture_output=True, text=True,
                                  timeout=daemon.DEADLINE, check=False)
            self.assertEqual(done.returncode, 1)
            self.assertIn(f"{option} is empty", done.stderr)

    def test_a_reader_that_has_seen_enough(self):
        def ends(stdout):
            done = subprocess.run([daemon.BINARY, "report", *INSTANCES, "--state", self.state], stdout=stdout,
                                  stderr=subprocess.PIPE, text=True, timeout=daemon.DEADLINE, check=False)
            return done.returncode, done.stderr

        reader, writer = os.pipe()
        os.close(reader)
        self.assertEqual(ends(writer), (0, ""))
        os.close(writer)
        with open("/dev/full", "w", encoding="utf-8") as full:
            code, message = ends(full)
        self.assertEqual(code, 2)
        self.assertIn("No space left on device", message)

    def test_the_day_that_a_bill_begins(self):
        self.assertRegex(self.report("month", *INSTANCES, "--start-day", "15").stdout, r"\d{4}-\d\d-15 – (\d{4}-)?\d\d-14")
        self.assertRegex(self.report("month", *INSTANCES, "--start-day", "last").stdout,
                         r"\d{4}-\d\d-(28|29|30|31) – (\d{4}-)?\d\d-(27|28|29|30)")
        for day in ("0", "32", "x", "1x", ""):
            self.assertEqual(self.refusal("month", *INSTANCES, "--start-day", day), "write --start-day as 1 to 31, or last")
        self.assertEqual(self.refusal("day", *INSTANCES, "--start-day", "2"),
                         "--start-day is for months: trafficd report month --start-day 2")

    def test_a_zone_is_never_another_one_without_a_word(self):
        self.assertIn("--zone is empty", self.refusal(*INSTANCES, "--zone", ""))
        self.assertIn("did you mean 'Europe/Berlin'?", self.refusal(*INSTANCES, "--zone", "Europe/Berln"))
        self.assertRegex(self.report(*INSTANCES, TZ="Europe/Berln").stderr,
                         r"^trafficd report: days are counted in \S+, as \$TZ is of no use: unknown time zone "
                         r"'Europe/Berln'; did you mean 'Europe/Berlin'\?\n$")
        for environment in ({"TZ": "Europe/Berlin"}, {"TZ": ":Europe/Berlin"}, {"TZ": "UTC"}, {}):
            self.assertEqual(self.report(*INSTANCES, **environment).stderr, "", environment)
        self.assertEqual(self.report(*INSTANCES, "--zone", "UTC", TZ="x").stderr, "")

    def test_edges_that_moved_are_told_beside_the_answer(self):
        """In the file the minutes are made to end long before now, as they do after two weeks."""
        file = self.folder / "copy.db"
        shutil.copy(self.state / "traffic.db", file)
        database = sqlite3.connect(file)
        database.execute("update tier set kept_from = 4000000000 where bucket = 60")
        database.execute("update series set first_seen = 1")
        database.commit()
        database.close()
        edges = ["--since", "2025-06-01 12:08", "--until", "2025-06-01 12:09"]
        done = self.report(*INSTANCES, *edges, "--json", "--zone", "UTC", file=file)
        self.assertEqual(done.stdout, "[]\n")
        self.assertEqual(done.stderr,
                         "trafficd report: --since 2025-06-01 12:08 was moved to 2025-06-01 12:00: the history keeps "
                         "that time in coarser steps\n"
                         "trafficd report: --until 2025-06-01 12:09 was moved to 2025-06-01 12:15: the history keeps "
                         "that time in coarser steps\n")
        table = self.report(*INSTANCES, *edges, "--zone", "UTC", file=file)
        self.assertEqual(table.stderr, "")
        self.assertIn("\n--since 2025-06-01 12:08 was moved", table.stdout)

    def test_no_history_there(self):
        folder = self.folder
        wrong = folder / "traffic.db"
        self.assertIn("start 'trafficd run' first", self.refusal(code=2, file=wrong))
        self.assertEqual(self.refusal(code=2, file=folder),
                         f"'{folder}' is a folder; give --state {folder}, or with --file the history in it")
        wrong.mkdir()
        self.assertIn(f"'{wrong}' is a folder; choose", self.refusal(code=2, state=folder))
        wrong.rmdir()
        (folder / "notes.db").write_text("not a database\n")
        (folder / "empty.db").touch()
        self.assertIn("is a text and not a history", self.refusal(code=2, file=folder / "notes.db"))
        self.assertIn("empty.db' is empty", self.refusal(code=2, file=folder / "empty.db"))
        shutil.copy(self.state / "traffic.db", folder / "metered.db")
        self.assertEqual(self.refusal(code=2, file=wrong),
                         f"there is no history at '{wrong}', but beside it metered.db: give --file {folder}/metered.db")
        self.report(*INSTANCES, file=folder / "metered.db")

    @unittest.skipUnless(os.geteuid() == 0, "needs root to become somebody else")
    def test_a_history_that_this_user_may_not_read(self):
        nobody = daemon.Nobody(self.folder)
        place = self.folder / "place"
        place.mkdir()
        file = pathlib.Path(shutil.copy(self.state / "traffic.db", place))
        for path, mode, words in [(file, 0o600, "may not be read by this user"),
                                  (place, 0o700, "give this user access to the folder")]:
            path.chmod(mode)
            done = nobody.run("report", *INSTANCES, "--file", file)
            self.assertEqual(done.returncode, 2, done.stderr)
            self.assertIn(words, done.stderr)


if __name__ == "__main__":
    daemon.main()
