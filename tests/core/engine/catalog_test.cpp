#include "engine/catalog.hpp"

#include <unistd.h>

#include <filesystem>

#include "catch.hpp"
#include "trafficd/testing/temp_folder.hpp"

using namespace trafficd;
using namespace trafficd::testing;
namespace fs = std::filesystem;

namespace {

struct PluginFolder {
  TempFolder folder;
  fs::path inputs = folder.path() / "inputs";
  PluginFolder() { fs::create_directories(inputs); }

  void copy(const std::string& name, const fs::path& from) {
    fs::copy_file(from, inputs / (name + ".so"));
    fs::permissions(inputs / (name + ".so"), fs::perms::owner_all);
  }
  void refused(const std::string& name) { copy(name, fs::path(TRAFFICD_REFUSED_LIBRARIES) / (name + ".so")); }
  std::string fault(const std::string& name) {
    auto found = Catalog({folder.path()}).find(PluginType::input, name);
    return found ? "found" : found.error();
  }
};

const fs::path self_plugin = TRAFFICD_BINARY_DIR "/plugins/inputs/self.so";

bool has(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("a good library is listed without loading, then loaded by name") {
  PluginFolder f;
  f.copy("self", self_plugin);
  Catalog catalog({f.folder.path(), "/nonexistent"});
  CHECK(catalog.names(PluginType::input) == std::vector<std::string>{"self"});
  const auto found = catalog.find(PluginType::input, "self");
  REQUIRE(found.has_value());
  CHECK(std::string((*found)->name) == "self");
  CHECK((*found)->make_input != nullptr);
  CHECK((*found)->make_output == nullptr);
}

TEST_CASE("unknown plugins: the nearest name, or what there is") {
  PluginFolder f;
  f.copy("self", self_plugin);
  CHECK(has(f.fault("selv"), "did you mean 'self'?"));
  CHECK(has(f.fault("quite_different"), "there are: self"));
}

TEST_CASE("what is not ours is refused before any of its code runs") {
  PluginFolder f;
  f.refused("aborts");
  f.refused("other_sdk");
  CHECK(has(f.fault("aborts"), "aborts.so: is not a plugin: it lacks the symbol 'trafficd_sdk_"));
  const std::string other = f.fault("other_sdk");
  INFO(other);
  CHECK(has(other, "was built for 'trafficd_sdk_999_gcc_cxx11_plain', this daemon is 'trafficd_sdk_"));
}

TEST_CASE("a wrong descriptor is refused with both sides' numbers") {
  PluginFolder f;
  for (const char* name : {"misnamed", "other_size", "no_entry", "incomplete"}) f.refused(name);
  CHECK(has(f.fault("misnamed"), "misnamed.so: calls itself 'another'"));
  CHECK(has(f.fault("other_size"), "its descriptor has 8 bytes and SDK"));
  CHECK(has(f.fault("no_entry"), "no_entry.so: cannot be loaded:"));
  CHECK(has(f.fault("incomplete"), "incomplete.so: its descriptor is not complete"));
}

TEST_CASE("a file that is no library, or is not there, is refused") {
  PluginFolder f;
  f.folder.write("inputs/text.so", "hello");
  f.folder.write("inputs/empty.so", "");
  fs::create_symlink("/nonexistent", f.inputs / "dangling.so");
  for (const char* name : {"text", "empty", "dangling"}) {
    INFO(name);
    CHECK(has(f.fault(name), std::string(name) + ".so: "));
  }
}

TEST_CASE("a library or folder that others can write is refused") {
  PluginFolder f;
  f.copy("self", self_plugin);
  fs::permissions(f.inputs / "self.so", fs::perms::others_write, fs::perm_options::add);
  CHECK(has(f.fault("self"), "self.so: others than its owner can write it"));
  fs::permissions(f.inputs / "self.so", fs::perms::owner_all);
  fs::permissions(f.inputs, fs::perms::group_write, fs::perm_options::add);
  CHECK(has(f.fault("self"), "inputs: others than its owner can write it"));
  fs::permissions(f.inputs, fs::perms::owner_all);
  CHECK(f.fault("self") == "found");
}

TEST_CASE("a folder on the way to a library that others can exchange is refused") {
  PluginFolder f;
  const fs::path outer = f.folder.path();
  f.copy("self", self_plugin);
  fs::permissions(outer, fs::perms::group_write, fs::perm_options::add);
  CHECK(has(f.fault("self"), outer.filename().string() + ": others than its owner can write it"));
  // As in /tmp, others cannot rename what is not theirs.
  fs::permissions(outer, fs::perms::sticky_bit | fs::perms::others_write, fs::perm_options::add);
  CHECK(f.fault("self") == "found");
  // They could still put a library beside ours.
  fs::permissions(f.inputs, fs::perms::sticky_bit | fs::perms::others_write, fs::perm_options::add);
  CHECK(has(f.fault("self"), "inputs: others than its owner can write it"));
}

TEST_CASE("a link is followed first: what counts is where the library really stands") {
  PluginFolder f;
  const fs::path open = f.folder.path() / "open";
  fs::create_directories(open);
  fs::copy_file(self_plugin, open / "self.so");
  fs::permissions(open / "self.so", fs::perms::owner_all);
  fs::create_symlink(open / "self.so", f.inputs / "self.so");
  CHECK(f.fault("self") == "found");
  fs::permissions(open, fs::perms::others_write, fs::perm_options::add);
  CHECK(has(f.fault("self"), "open: others than its owner can write it"));
}

TEST_CASE("a library or folder of another user is refused") {
  if (geteuid() != 0) {
    WARN("not root, so nothing can be given away");
    return;
  }
  PluginFolder f;
  f.copy("self", self_plugin);
  for (const fs::path& path : {f.folder.path(), f.inputs, f.inputs / "self.so"}) {
    REQUIRE(chown(path.c_str(), 65534, 65534) == 0);
    CHECK(has(f.fault("self"), path.filename().string() + ": belongs to another user"));
    REQUIRE(chown(path.c_str(), 0, 0) == 0);
  }
}

TEST_CASE("a library in the wrong kind's folder is refused") {
  PluginFolder f;
  fs::create_directories(f.folder.path() / "outputs");
  fs::copy_file(self_plugin, f.folder.path() / "outputs/self.so");
  fs::permissions(f.folder.path() / "outputs/self.so", fs::perms::owner_all);
  auto found = Catalog({f.folder.path()}).find(PluginType::output, "self");
  REQUIRE_FALSE(found.has_value());
  CHECK(has(found.error(), "is of the kind 'input'; move it to the folder 'inputs'"));
}
