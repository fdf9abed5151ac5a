#include "engine/catalog.hpp"

#include <unistd.h>

#include <cstdlib>
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

struct Declaring final : PollInput {
  Declaring(const ConfigNode&, Host&) {}
  static Declarations declare() { return {}; }
  Status collect(Batch&) override { return Status::ok(); }
};

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

TEST_CASE("of two plugins of one name the first is taken; that an installed one is not is told") {
  PluginFolder first, second;
  first.copy("self", self_plugin);
  second.copy("self", self_plugin);
  const auto refusals = [](const std::vector<fs::path>& named, const std::vector<fs::path>& installed) {
    Catalog catalog(named, installed);
    std::vector<std::string> told;
    CHECK(catalog.all(told).size() == 1);
    return told;
  };
  const fs::path one = first.folder.path(), two = second.folder.path();
  CHECK(refusals({}, {one, two}) ==
        std::vector{concat(two, "/inputs/self.so: the name is taken: ", one, "/inputs/self.so is the input plugin ",
                           "'self'; rename or remove one, or put a folder first with plugin_path")});
  CHECK(refusals({one}, {two}).empty());
  CHECK(refusals({one, two}, {}).empty());
  CHECK(refusals({one}, {two, one}).empty());
  CHECK(refusals({}, {one, one / "inputs/.."}).empty());

  // The second is not even looked at.
  fs::permissions(second.inputs, fs::perms::others_write, fs::perm_options::add);
  CHECK(Catalog({one}, {two}).find(PluginType::input, "self").has_value());
  CHECK_FALSE(Catalog({two}, {one}).find(PluginType::input, "self").has_value());
}

TEST_CASE("unknown plugins: the nearest name, or what there is") {
  PluginFolder f;
  f.copy("self", self_plugin);
  CHECK(has(f.fault("selv"), "did you mean 'self'?"));
  CHECK(has(f.fault("quite_different"), "there are: self"));
}

TEST_CASE("what is not ours is refused before any of its code runs") {
  PluginFolder f;
  for (const char* name : {"aborts", "other_sdk", "other_build", "debug_containers", "no_entry", "unresolved"})
    f.refused(name);
  const std::string sdk = std::to_string(TRAFFICD_SDK), folder = f.inputs.string();
  CHECK(has(f.fault("aborts"), folder + "/aborts.so: is not a plugin: it lacks the symbol 'trafficd_sdk_" + sdk));
  const std::string number = f.fault("other_sdk"), build = f.fault("other_build"), missing = f.fault("unresolved");
  INFO(number << '\n' << build << '\n' << missing);
  CHECK(has(number, folder + "/other_sdk.so: was built for SDK 999, build gcc_cxx11_plain; this daemon has SDK " + sdk +
                        ", build gcc_cxx11_"));
  CHECK(has(build, folder + "/other_build.so: was built for SDK " + sdk +
                       ", build gcc_other_plain; this daemon has SDK " + sdk + ", build gcc_cxx11_"));
  CHECK(has(f.fault("debug_containers"), "was built for SDK " + sdk + ", build gcc_cxx11debug_"));
  CHECK(has(f.fault("no_entry"), folder + "/no_entry.so: lacks the symbol 'trafficd_plugin_v1'"));
  CHECK(missing == folder + "/unresolved.so: cannot be loaded: undefined symbol: _Z20in_a_missing_libraryv");
  for (const std::string& fault : {number, build, missing}) CHECK(fault.find('\n') == std::string::npos);
}

TEST_CASE("a wrong descriptor is refused with both sides' numbers") {
  PluginFolder f;
  for (const char* name : {"misnamed", "other_size", "no_descriptor", "incomplete"}) f.refused(name);
  CHECK(has(f.fault("misnamed"), "misnamed.so: calls itself 'another'"));
  CHECK(has(f.fault("other_size"), "other_size.so: its descriptor has 8 bytes and SDK " + std::to_string(TRAFFICD_SDK) +
                                       ", this daemon's has "));
  CHECK(has(f.fault("no_descriptor"), "no_descriptor.so: gives no descriptor"));
  CHECK(has(f.fault("incomplete"), "incomplete.so: its descriptor is not complete"));
}

TEST_CASE("two plugins in one library, or parts for two SDKs, are refused") {
  PluginFolder f;
  for (const char* name : {"two_marks", "two_plugins"}) f.refused(name);
  const std::string folder = f.inputs.string(), marks = f.fault("two_marks");
  INFO(marks);
  CHECK(has(marks, folder + "/two_marks.so: its parts were built for different trafficds ("));
  CHECK(has(marks, "SDK 999, build gcc_cxx11_plain"));
  CHECK(has(f.fault("two_plugins"), folder + "/two_plugins.so: holds several plugins ("));
  CHECK(has(f.fault("two_plugins"), "input 'one'"));
  CHECK(has(f.fault("two_plugins"), "output 'other'"));
}

TEST_CASE("a library that would end the process while it is loaded is refused") {
  PluginFolder f;
  for (const char* name : {"aborts_while_loaded", "exits_while_loaded", "throws_while_loaded"}) f.refused(name);
  const std::string folder = f.inputs.string();
  CHECK(f.fault("aborts_while_loaded") ==
        folder + "/aborts_while_loaded.so: ends the process while it is loaded (signal 6, Aborted)");
  CHECK(f.fault("exits_while_loaded") ==
        folder + "/exits_while_loaded.so: ends the process while it is loaded (exit code 0)");
  CHECK(has(f.fault("throws_while_loaded"), folder + "/throws_while_loaded.so: "));
}

TEST_CASE("what came with the daemon is loaded without a trial, and nothing else") {
  PluginFolder own, other;
  own.refused("exits_elsewhere");
  other.refused("exits_elsewhere");
  REQUIRE(setenv("TRAFFICD_TEST_PROCESS", std::to_string(getpid()).c_str(), 1) == 0);
  const fs::path one = own.folder.path(), two = other.folder.path();
  const auto fault = [](Catalog catalog) {
    auto found = catalog.find(PluginType::input, "exits_elsewhere");
    return found ? "found" : found.error();
  };
  const std::string refused = "exits_elsewhere.so: ends the process while it is loaded (exit code 7)";
  CHECK(fault(Catalog({}, {two / "none", one})) == concat(own.inputs, '/', refused));
  CHECK(fault(Catalog({two}, {one})) == concat(other.inputs, '/', refused));
  CHECK(fault(Catalog({one}, {one})) == concat(own.inputs, '/', refused));  // put beside what came with it
  fs::copy(own.inputs / "exits_elsewhere.so", own.inputs / "self.so");
  const auto came_with_it = Catalog({}, {one}).find(PluginType::input, "self");
  REQUIRE_FALSE(came_with_it);
  CHECK(has(came_with_it.error(), "self.so: calls itself 'exits_elsewhere'"));
  fs::remove(own.inputs / "exits_elsewhere.so");
  fs::create_symlink(other.inputs / "exits_elsewhere.so", own.inputs / "exits_elsewhere.so");
  CHECK(fault(Catalog({}, {one})) == concat(other.inputs, '/', refused));
}

TEST_CASE("a plugin that throws when it is asked what it declares is refused") {
  PluginFolder f;
  f.refused("declares_nothing_good");
  CHECK(
      f.fault("declares_nothing_good") ==
      concat(f.inputs, "/declares_nothing_good.so: cannot say what it declares: unexpected error of an unknown type"));
}

TEST_CASE("what was refused is looked at again when that is asked for") {
  PluginFolder f;
  f.folder.write("inputs/self.so", "hello");
  Catalog catalog({f.folder.path()});
  CHECK_FALSE(catalog.find(PluginType::input, "self").has_value());
  fs::remove(f.inputs / "self.so");
  f.copy("self", self_plugin);
  CHECK_FALSE(catalog.find(PluginType::input, "self").has_value());
  catalog.look_again();
  CHECK(catalog.find(PluginType::input, "self").has_value());
}

TEST_CASE(
    "what is put into a folder later is found when it is looked at again, and another file in its place is told") {
  PluginFolder f;
  Catalog catalog({f.folder.path()});
  f.copy("self", self_plugin);
  CHECK_FALSE(catalog.find(PluginType::input, "self").has_value());
  catalog.look_again();
  REQUIRE(catalog.find(PluginType::input, "self").has_value());
  CHECK(catalog.outdated().empty());
  f.copy("fresh", self_plugin);
  fs::rename(f.inputs / "fresh.so", f.inputs / "self.so");
  CHECK(catalog.outdated() == std::vector<std::string>{f.inputs / "self.so"});
  fs::rename(f.inputs / "self.so", f.inputs / "other.so");
  fs::create_symlink("other.so", f.inputs / "self.so");
  CHECK(catalog.outdated().size() == 1);
}

TEST_CASE("of a library that was loaded and refused, another file is not taken for it") {
  PluginFolder f;
  f.refused("misnamed");
  Catalog catalog({f.folder.path()});
  REQUIRE_FALSE(catalog.find(PluginType::input, "misnamed").has_value());
  f.copy("fresh", self_plugin);
  fs::rename(f.inputs / "fresh.so", f.inputs / "misnamed.so");
  catalog.look_again();
  const auto found = catalog.find(PluginType::input, "misnamed");
  REQUIRE_FALSE(found.has_value());
  CHECK(has(found.error(), "misnamed.so: is another file than the one that was loaded; start the daemon again"));
}

TEST_CASE("a plugin is asked only once what it declares") {
  static int asked = 0;
  PluginDescriptor descriptor = describe_plugin<Declaring>("declaring", "");
  descriptor.declare = [] { return ++asked, Declarations{{}, {}, "Once."}; };
  Catalog catalog{{}};
  catalog.add(&descriptor);
  for (int i = 0; i < 2; ++i) {
    catalog.look_again();
    const auto found = catalog.find(PluginType::input, "declaring");
    REQUIRE(found.has_value());
    CHECK((*found)->declared.notes == "Once.");
  }
  CHECK(asked == 1);
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
