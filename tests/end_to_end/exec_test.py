"""The exec input with programs as they come: they die, flood, write half lines and will not end. What they counted is
counted exactly, and nothing of them is left behind."""
import os
import pathlib
import signal

import daemon
from daemon import wait_for, whole_lines

CONFIG = """\
interval: 1s
inputs:
  program:
    plugin: exec
    command: [ "{program}" ]
    environment: {{ FOLDER: "{folder}" }}
    restart: 10ms
    {options}
outputs:
  history: {{ plugin: sqlite, flush_interval: 50ms }}
  screen: {{ plugin: stdout }}
"""

# Every program says who it is, so that a test can look for it when the daemon is gone.
START = """\
#!/usr/bin/env python3
import os, signal, sys, time
folder = os.environ["FOLDER"]
with open(folder + "/pids", "a") as pids:
    print(os.getpid(), file=pids)
lives = len(open(folder + "/pids").readlines())
def say(*words):
    print(*words, flush=True)
"""

LIVES = 6


def state_of(pid):
    """The letter of the kernel; empty when there is no such process."""
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return ""


class ExecTest(daemon.DaemonTest):
    def run_program(self, script, options="", start=START):
        self.program = self.folder / "program"
        self.program.write_text(start + script)
        self.program.chmod(0o755)
        self.make_daemon(CONFIG.format(program=self.program, folder=self.folder, options=options))
        self.screen = self.folder / "screen"
        with open(self.screen, "wb") as screen:
            self.daemon.start(stdout=screen)

    def pids(self):
        file = self.folder / "pids"
        return [int(line) for line in file.read_text().split()] if file.exists() else []

    def lines(self):
        """Series and fields of every sample."""
        return [" ".join(line.split(" ")[:2]) for line in whole_lines(self.screen)]

    def wait_for_line(self, line):
        wait_for(True, f"whether '{line}' came", lambda: self.daemon.alive() and line in self.lines())

    def wait_until_gone(self):
        for pid in self.pids():
            wait_for(True, f"whether {pid} is gone", lambda: state_of(pid) in ("", "Z"))

    def total(self, field):
        return self.daemon.ask_history(f"select sum({field}) from downloads_by_minute")

    def test_a_counter_with_named_lives_is_exact_over_all_of_them(self):
        self.run_program(f"""
for n in range(0, 1000 * lives, 7):
    say(f"x/downloads,user=anna n={{n}}c {{time.time_ns()}} {{os.getpid():x}}*")
if lives < {LIVES}:
    os.kill(os.getpid(), signal.SIGKILL)
say("x/all done=1g", time.time_ns(), "-")
signal.pause()
""", "format: text")
        self.wait_for_line("program/all,source=x done=1g")
        self.assertEqual(self.daemon.stop(), 0)
        self.assertEqual(self.total("n"), (sum(range(0, 1000 * life, 7)[-1] for life in range(1, LIVES + 1)),))

    def test_a_counter_that_goes_on_is_exact_over_restarts_of_program_and_daemon(self):
        self.run_program(f"""
file = folder + "/count"
n = int(open(file).read()) if os.path.exists(file) else 500
for _ in range(200):
    n += 3
    open(file, "w").write(str(n))
    say(f"downloads,user=anna n={{n}}i")
if lives % {LIVES} != 0:
    os.kill(os.getpid(), signal.SIGKILL)
say(f"all done={{lives}}i")
signal.pause()
""", "counters: [ n ]")
        self.wait_for_line(f"program/all done={LIVES}g")
        self.assertEqual(self.daemon.stop(), 0)
        with open(self.screen, "ab") as screen:
            self.daemon.start(stdout=screen)
        self.wait_for_line(f"program/all done={2 * LIVES}g")
        self.assertEqual(self.daemon.stop(), 0)
        # The very first reading only sets the mark.
        self.assertEqual(self.total("n"), (3 * (200 * 2 * LIVES - 1),))

    def test_restarts_leave_neither_zombies_nor_open_files(self):
        self.run_program('say(f"m n={lives}i")\nsys.exit(lives > 1)\n')
        descriptors = pathlib.Path("/proc") / str(self.daemon.process.pid) / "fd"
        self.wait_for_line("program/m n=2g")
        before = len(list(descriptors.iterdir()))
        self.wait_for_line("program/m n=7g")
        self.assertLessEqual(len(list(descriptors.iterdir())), before + 6)  # it may just have been started
        self.assertEqual([pid for pid in self.pids()[:-1] if state_of(pid)], [])
        self.daemon.wait_for_message("one that prints and ends wants 'mode: poll'")
        self.daemon.wait_for_message("ended with code 1")

    def test_a_flood_is_held_back_and_nothing_of_it_is_lost(self):
        self.run_program("""
n = 0
while True:
    n += 1
    say(f"downloads n={n}i")
""", "counters: [ n ]\n    max_lines: 500")
        self.daemon.wait_for_message("more than 500 lines within a second: the program has to wait")
        self.assertEqual(self.daemon.stop(), 0)
        numbers = [int(line.rpartition("=")[2][:-1]) for line in self.lines()]
        self.assertEqual(numbers, list(range(1, len(numbers) + 1)))
        self.wait_until_gone()

    def test_half_lines_are_put_together_and_hostile_ones_passed_over(self):
        self.run_program(r"""
out = sys.stdout.buffer
for piece in (b"m n=1", b"2i", b"\nm", b" n=13i\n\xff\x00\x1b[2J\n", b"x" * 100000, b"\nm n=14", b"i\nm n=1"):
    out.write(piece)
    out.flush()
    time.sleep(0.02)  # so that they come apart; no matter if they do not
sys.stderr.write("\x1b[31mit hurts\n")
os.kill(os.getpid(), signal.SIGKILL) if lives == 1 else signal.pause()
""")
        self.daemon.wait_for_message("standard error: ?[31mit hurts")
        self.daemon.wait_for_message("ended by SIGKILL")
        self.daemon.wait_for_message("a line is no sample")
        self.daemon.wait_for_message("a line is longer than 'max_line' (64KiB)")
        wait_for(6, "how many lines came", lambda: len(self.lines()))
        self.assertEqual(self.lines(), ["program/m n=12g", "program/m n=13g", "program/m n=14g"] * 2)

    def test_the_last_total_comes_after_the_stop(self):
        self.run_program("""
def end(*_):
    say("m n=99i")
    sys.exit(0)
signal.signal(signal.SIGTERM, end)
say("m n=1i")
while True:
    signal.pause()
""")
        self.wait_for_line("program/m n=1g")
        self.assertEqual(self.daemon.stop(), 0)
        self.assertEqual(self.lines()[-1], "program/m n=99g")

    def test_a_program_that_will_not_end_is_killed_with_its_children(self):
        self.run_program("""
signal.signal(signal.SIGTERM, signal.SIG_IGN)
if os.fork() == 0:
    with open(folder + "/pids", "a") as pids:
        print(os.getpid(), file=pids)
    say("m child=1i")
while True:
    signal.pause()
""", "stop_timeout: 100ms")
        self.wait_for_line("program/m child=1g")
        self.assertEqual(len(self.pids()), 2)
        self.assertEqual(self.daemon.stop(), 0)
        self.wait_until_gone()

    def test_a_killed_daemon_leaves_no_program_behind(self):
        self.run_program("""
for number in range(1, signal.NSIG):
    if number not in (signal.SIGKILL, signal.SIGSTOP, 32, 33):
        signal.signal(number, signal.SIG_IGN)
say("m n=1i")
while True:
    time.sleep(1000)
""")
        self.wait_for_line("program/m n=1g")
        self.daemon.kill()
        self.wait_until_gone()

    def test_one_that_floods_when_it_should_end_is_killed(self):
        """Its ten seconds would be enough for millions of lines, all of them in memory."""
        self.run_program("""
signal.signal(signal.SIGTERM, lambda *ignored: open(folder + "/asked", "w"))
say("m n=0i")
while not os.path.exists(folder + "/asked"):
    time.sleep(0.001)
lines = b"".join(b"m n=%di\\n" % i for i in range(1, 2001))
while True:
    os.write(1, lines)
""", "stop_timeout: 10s")
        self.wait_for_line("program/m n=0g")
        self.assertEqual(self.daemon.stop(), 0, self.daemon.messages())
        self.assertLess(len(self.lines()), 40_000)
        self.assertIn("program/m n=2000g", "".join(self.lines()))

    def test_it_sees_none_of_the_daemons_secrets(self):
        os.environ["BROKER_PASSWORD"] = "hunter2"
        self.addCleanup(os.environ.pop, "BROKER_PASSWORD")
        self.run_program("""
say(f"env,id={os.environ['TRAFFICD_ID']} n={int('BROKER_PASSWORD' in os.environ)}i,s={os.environ['TRAFFICD_INTERVAL']}")
signal.pause()
""")
        self.wait_for_line("program/env,id=program n=0g,s=1.0g")

    def test_the_example_in_python_works(self):
        source = pathlib.Path(__file__).resolve().parents[2] / "plugins" / "inputs" / "exec" / "example.py"
        self.run_program(source.read_text(), 'counters: [ "[rt]x_*", retransmitted ]', start="")
        for protocol in ("tcp", "udp"):
            wait_for(True, f"whether there is {protocol}", lambda: self.daemon.alive() and any(
                line.startswith(f"program/transport,protocol={protocol} rx_packets=") for line in self.lines()))
        self.assertIn("c,", self.lines()[-1])
        self.assertNotIn("standard error", self.daemon.messages())


if __name__ == "__main__":
    daemon.main()
