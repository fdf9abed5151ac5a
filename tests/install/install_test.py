"""What `cmake --install` gives an author of plugins elsewhere: docs/plugin-guide.md, done as it says, against an install
in a temporary folder. No network; the only build is that of the template."""
import os
import pathlib
import re
import shlex
import signal
import subprocess
import tempfile
import time
import unittest

import guide

SOURCE = pathlib.Path(__file__).parents[2]
BUILD = os.environ.get("TRAFFICD_BUILD", "")
CMAKE = os.environ.get("CMAKE", "cmake")
GUIDE = SOURCE / "docs" / "plugin-guide.md"
TEMPLATE = SOURCE / "contrib" / "plugin-template"
DEADLINE = 300.0
EXAMPLES = {"input": "counter_file", "stage": "mute", "output": "text_file"}


class InstallTest(unittest.TestCase):
    """One install and one walk through the guide for all tests: the build is what takes time."""

    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.folder = pathlib.Path(folder.name)
        cls.prefix = cls.folder / "usr"
        cls.project = cls.folder / "my-plugins"
        old = os.umask(0o022)  # the daemon refuses what others can write
        cls.addClassCleanup(os.umask, old)
        cls.environment = {**os.environ, "CMAKE_PREFIX_PATH": str(cls.prefix), "LC_ALL": "C.UTF-8",
                           # The folder has another name each time; for ccache it must not.
                           "CCACHE_BASEDIR": str(cls.folder), "CCACHE_NOHASHDIR": "1",
                           "PATH": f"{cls.prefix}/bin:{pathlib.Path(CMAKE).parent}:{os.environ['PATH']}"}
        for name in ("DESTDIR", "CMAKE_GENERATOR", "CMAKE_BUILD_TYPE", "TRAFFICD_UPDATE_GOLDEN"):
            cls.environment.pop(name, None)
        cls.blocks = guide.blocks(GUIDE.read_text())
        cls.run_in(cls.folder, CMAKE, "--install", BUILD, "--prefix", cls.prefix)
        cls.walk()

    @classmethod
    def run_in(cls, folder, *words, code=0):
        """Its output and messages; fails when it ends with another code."""
        done = subprocess.run([str(word) for word in words], cwd=folder, env=cls.environment, text=True,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              timeout=DEADLINE)
        if done.returncode != code:
            command = shlex.join(map(str, words))
            raise AssertionError(f"{command}: exit code {done.returncode}, not {code}:\n{done.stdout}")
        return done.stdout

    @classmethod
    def walk(cls):
        """Does what the guide says, in order, and holds what came out against what it says comes out."""
        folder, output, done = cls.folder, "", []
        for block in cls.blocks:
            if block.commands:
                output = ""
            for command in block.commands:
                command = command.replace("/usr/local", str(cls.prefix))
                command = command.replace("sudo cmake --install build", f"cmake --install build --prefix {cls.prefix}")
                words = shlex.split(command)
                if words[0] == "cd":
                    folder = folder / words[1]
                elif words[:2] == ["trafficd", "run"]:
                    output += cls.run_daemon(folder, words, folder / words[-1] / "text_file.txt")
                else:
                    output += cls.run_in(folder, *words)
                done.append(words[0])
            if block.kind == "text" and not block.file:
                for pattern in block.patterns():
                    assert re.search(f"^{pattern}$", output, re.MULTILINE), f"no line '{pattern}' in:\n{output}"
        assert {"cp", "cmake", "ctest", "trafficd"} <= set(done), done
        assert folder == cls.project, folder

    @classmethod
    def run_daemon(cls, folder, words, output):
        """Runs until something is in the output's file, then ends it as Ctrl-C does; answers its log."""
        log = cls.folder / "log"
        with open(log, "w") as file:
            daemon = subprocess.Popen(words, cwd=folder, env=cls.environment, stdin=subprocess.DEVNULL, stdout=file,
                                      stderr=subprocess.STDOUT)
        try:
            end = time.monotonic() + DEADLINE
            while daemon.poll() is None and time.monotonic() < end:
                if output.exists() and output.read_text().endswith("\n"):
                    break
                time.sleep(0.02)  # between two looks; nothing depends on its length
            daemon.send_signal(signal.SIGINT)
            code = daemon.wait(DEADLINE)
        finally:
            daemon.kill()
        assert code == 0 and output.exists(), f"it ended with {code}, {output} is {output.exists()}:\n{log.read_text()}"
        return log.read_text()

    def test_the_guide_shows_the_files_of_the_template(self):
        text = GUIDE.read_text()
        fresh = guide.with_fresh_listings(text, TEMPLATE)
        if os.environ.get("TRAFFICD_UPDATE_GOLDEN") == "1":
            GUIDE.write_text(fresh)
            text = fresh
        self.assertEqual(text, fresh, "TRAFFICD_UPDATE_GOLDEN=1 rewrites the listings")
        shown = [block.file for block in self.blocks if block.file]
        for kind, name in EXAMPLES.items():
            self.assertIn(f"{kind}s/{name}/{name}.cpp", shown)
        for block in self.blocks:
            if not block.file:
                self.assertIn(block.kind, ("sh", "text", "cmake"), f"nothing checks this block:\n{block.text}")

    def test_guide_and_template_are_for_this_sdk(self):
        descriptor = (self.prefix / "include/trafficd/descriptor.hpp").read_text()
        number = re.search(r"^#define TRAFFICD_SDK (\d+)$", descriptor, re.MULTILINE).group(1)
        text = GUIDE.read_text()
        self.assertIn(f"For **SDK {number}**", text)
        for place in (text, (TEMPLATE / "CMakeLists.txt").read_text()):
            self.assertEqual(re.findall(r"find_package\(trafficd (\d+) REQUIRED\)", place), [number])
        library = self.prefix / "lib" / "libtrafficd_sdk.so"
        self.assertEqual(os.readlink(library), f"libtrafficd_sdk.so.{number}")

    def test_the_packages_of_the_guide_are_those_that_the_build_installs(self):
        install = next(block for block in self.blocks if block.mark.startswith("not run: "))
        known = (SOURCE / "contrib/scripts/packages.sh").read_text().split()
        self.assertEqual(set(install.text.split()) - set(known), set())

    def test_another_sdk_is_refused_before_anything_is_built(self):
        folder = self.folder / "other"
        folder.mkdir()
        (folder / "CMakeLists.txt").write_text("cmake_minimum_required(VERSION 3.25)\nproject(other LANGUAGES NONE)\n"
                                               "find_package(trafficd 999 REQUIRED)\n")
        said = " ".join(self.run_in(folder, "cmake", "-B", "build", "-G", "Ninja", code=1).split())
        self.assertIn('"trafficd" that is compatible with requested version "999"', said)
        self.assertRegex(said, r"trafficdConfig\.cmake, version: \d+( |$)")

    def test_a_project_needs_no_more_than_the_guide_says(self):
        folder = self.folder / "least"
        folder.mkdir()
        least = next(block.text for block in self.blocks if block.kind == "cmake")
        # Called like a macro that GNU's C++ has.
        least += "trafficd_add_plugin(stage linux SOURCES linux.cpp)\n"
        (folder / "CMakeLists.txt").write_text(least)
        (folder / "modem.cpp").write_text((self.project / "inputs/modem/modem.cpp").read_text())
        beyond = (self.project / "stages/mute/mute.cpp").read_text().replace("mute", "linux")
        beyond = beyond.replace("namespace trafficd {", "namespace trafficd {\nvoid engine();", 1)
        beyond = beyond.replace("override {", "override {\n    engine();", 1)
        (folder / "linux.cpp").write_text(beyond)
        self.run_in(folder, "cmake", "-B", "build", "-G", "Ninja")
        self.run_in(folder, "cmake", "--build", "build", "--target", "input_modem")
        said = self.run_in(folder, "trafficd", "describe", "input/modem", "--plugins", "build/plugins")
        self.assertIn("What is counted", said)
        said = self.run_in(folder, "cmake", "--build", "build", "--target", "stage_linux", code=1)
        self.assertIn("undefined reference to `trafficd::engine()'", said)

    def test_the_refusals_of_the_guide_are_those_of_the_daemon(self):
        daemon = "".join((SOURCE / "core/engine" / f"{name}.cpp").read_text()
                         for name in ("catalog", "library_form", "load_trial", "graph"))
        table = GUIDE.read_text().split("| It says | Do |\n|---|---|\n")[1].split("\n\n")[0]
        said = [words for line in table.splitlines() for words in re.findall("`([^`]+)`", line.split("|")[1])]
        self.assertGreater(len(said), 7)
        for words in said:
            self.assertIn(" ".join(words.split()[:3]), daemon)

    def test_a_case_that_gives_something_else_fails(self):
        expected = self.project / "inputs/counter_file/cases/basic/expected.txt"
        good = expected.read_text()
        expected.write_text(good.replace("1024c", "1025c"))
        self.addCleanup(expected.write_text, good)
        said = self.run_in(self.project, "build/input_counter_file_cases", code=1)
        self.assertIn("basic: line 3", said)

    def test_a_plugin_that_breaks_a_rule_fails(self):
        sample = self.project / "inputs/counter_file/sample.yaml"
        good = sample.read_text()
        self.addCleanup(sample.write_text, good)
        sample.write_text(good.replace("name: rx_bytes", "nam: rx_bytes"))
        said = self.run_in(self.project, "build/input_counter_file_contract", code=1)
        self.assertIn("sample.yaml: is refused: test.yaml:4:1: unknown option 'nam', did you mean 'name'?\n", said)
        self.assertNotIn("throws", said)
        sample.unlink()
        said = self.run_in(self.project, "build/input_counter_file_contract", code=1)
        self.assertEqual(said, "its folder lacks sample.yaml\n")

    def test_a_plugin_exports_two_symbols_and_needs_no_path(self):
        for kind, name in EXAMPLES.items():
            library = self.prefix / "lib/trafficd/plugins" / f"{kind}s" / f"{name}.so"
            symbols = self.run_in(self.folder, "nm", "-D", "--defined-only", "--extern-only", "--format=just-symbols",
                                  library)
            own = [symbol for symbol in symbols.split() if not symbol.startswith("_Z")]
            self.assertEqual(len(own), 2, own)
            self.assertIn("trafficd_plugin_v1", own)
            self.assertNotIn(str(self.folder), self.run_in(self.folder, "readelf", "-d", library))

    def test_the_installed_daemon_loads_what_was_installed(self):
        for kind, name in EXAMPLES.items():
            self.assertIn(name, self.run_in(self.folder, "trafficd", "describe", f"{kind}/{name}"))
        folder = self.folder / "installed"
        folder.mkdir()
        (folder / "count").write_text("7\n")
        config = (self.project / "trafficd.yaml").read_text()
        config = re.sub("^plugin_path:.*\n", "", config, flags=re.MULTILINE)
        config = re.sub("file: /sys/.*/rx_bytes", f"file: {folder}/count", config)
        (folder / "trafficd.yaml").write_text(config)
        self.run_in(folder, "trafficd", "check", "trafficd.yaml")
        written = folder / "state" / "text_file.txt"
        self.run_daemon(folder, ["trafficd", "run", "trafficd.yaml", "--state", "state"], written)
        for line in written.read_text().splitlines():
            self.assertRegex(line, r"^loopback/modem,name=rx_bytes count=7c \d{19} -$")

    def test_stripped_plugins_load_too(self):
        folder = self.folder / "stripped"
        self.run_in(self.project, "cmake", "--install", "build", "--prefix", folder, "--strip")
        said = self.run_in(self.folder, "trafficd", "describe", "mute", "--plugins", folder / "lib/trafficd/plugins")
        self.assertIn("unwanted", said)


if __name__ == "__main__":
    unittest.main()
