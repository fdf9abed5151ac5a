#include "program.hpp"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "catch.hpp"
#include "trafficd/testing/temp_folder.hpp"

namespace trafficd::exec {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

/// A folder of which nobody but us can write anything, with a script.
struct Place {
  testing::TempFolder folder;
  fs::path script = folder.write("bin/script", "#!/bin/sh\n");
  Place() {
    ::chmod(script.c_str(), 0755);
    ::chmod(script.parent_path().c_str(), 0755);
  }
  std::string found(const std::string& name, const std::string& path = "") const {
    const auto file = find_program(name, path);
    return file ? *file : file.error();
  }
};

bool has(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

/// What the program would find under `name`; `-` when it is not there.
std::string variable(const std::vector<std::string>& all, const std::string& name) {
  std::string value = "-";
  for (const std::string& each : all)
    if (each.starts_with(name + '=')) {
      CHECK(value == "-");
      value = each.substr(name.size() + 1);
    }
  return value;
}

}  // namespace

TEST_CASE("a program is found by its path or its name") {
  const Place place;
  const std::string bin = place.script.parent_path();
  CHECK(place.found(place.script) == place.script);
  CHECK(place.found("script", "/nowhere:relative::" + bin + ":/usr/bin") == place.script);
  CHECK(has(place.found("script", "/nowhere"), "no program 'script' in PATH (/nowhere); give its absolute path"));
  CHECK(has(place.found("script", ""), "no program 'script'"));
}

TEST_CASE("what cannot be run is told in one line") {
  const Place place;
  CHECK(has(place.found("/no/such/program"), "cannot run '/no/such/program': No such file"));
  CHECK(has(place.found("/etc"), "is not a file"));
  ::chmod(place.script.c_str(), 0644);
  CHECK(has(place.found(place.script), "is not executable; 'chmod +x' it"));
}

TEST_CASE("a program that others could exchange is not run") {
  const Place place;
  const fs::path bin = place.script.parent_path();
  const auto refused = [&](const fs::path& path, unsigned mode) {
    const unsigned before =
        fs::status(path).permissions() == fs::perms::none ? 0 : static_cast<unsigned>(fs::status(path).permissions());
    ::chmod(path.c_str(), mode);
    const std::string fault = place.found(place.script);
    ::chmod(path.c_str(), before);
    return has(fault, "others than its owner can write '" + path.string() + "'");
  };
  CHECK(refused(place.script, 0757));
  CHECK(refused(place.script, 0775));
  CHECK(refused(bin, 0757));
  CHECK(refused(bin, 01777));  // who can write the folder can put another file there
  CHECK(refused(place.folder.path(), 0757));
  CHECK_FALSE(refused(place.folder.path(), 01777));  // on the way the sticky bit is enough

  const fs::path link = place.folder.path() / "link";
  fs::create_symlink(place.script, link);
  CHECK(place.found(link) == link);
  ::chmod(bin.c_str(), 0757);
  CHECK(has(place.found(link), "can write '" + bin.string() + "'"));
}

TEST_CASE("a program of another user is not run") {
  if (::geteuid() != 0) return;  // only root can give a file away
  const Place place;
  REQUIRE(::chown(place.script.c_str(), 65534, 65534) == 0);
  CHECK(has(place.found(place.script), "belongs to another user"));
}

TEST_CASE("the program sees little of our environment") {
  ::setenv("TRAFFICD_TEST_SECRET", "hunter2", 1);
  ::setenv("LC_TIME", "de_DE", 1);
  Config config;
  config.environment = {{"PYTHONUNBUFFERED", ""}, {"TOKEN", "a=b"}};
  const auto all = program_environment(config, "wifi", 1500ms);
  CHECK(variable(all, "TRAFFICD_TEST_SECRET") == "-");
  CHECK(variable(all, "LC_TIME") == "de_DE");
  CHECK(variable(all, "PATH") == ::getenv("PATH"));
  CHECK(variable(all, "TRAFFICD_ID") == "wifi");
  CHECK(variable(all, "TRAFFICD_INTERVAL") == "1.5");
  CHECK(variable(all, "TOKEN") == "a=b");
  CHECK(variable(all, "PYTHONUNBUFFERED") == "");
  CHECK(variable(program_environment({}, "wifi", 10s), "TRAFFICD_INTERVAL") == "10");
  CHECK(variable(program_environment({}, "wifi", 10s), "PYTHONUNBUFFERED") == "1");
  ::unsetenv("TRAFFICD_TEST_SECRET");
  ::unsetenv("LC_TIME");
}

}  // namespace trafficd::exec
