#include "engine/library_form.hpp"

#include <elf.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <fstream>
#include <sstream>

#include "catch.hpp"
#include "engine/catalog.hpp"
#include "trafficd/testing/temp_folder.hpp"

using namespace trafficd;
using namespace trafficd::testing;
namespace fs = std::filesystem;

namespace {

struct FormFixture {
  TempFolder folder;
  fs::path file = folder.path() / "inputs/x.so";
  FormFixture() { fs::create_directories(file.parent_path()); }

  /// What the catalog says to it, without the name of the file.
  std::string fault() {
    auto found = Catalog({folder.path()}).find(PluginType::input, "x");
    REQUIRE_FALSE(found.has_value());
    const std::string begin = file.string() + ": ";
    INFO(found.error());
    REQUIRE(found.error().starts_with(begin));
    return found.error().substr(begin.size());
  }
  std::string fault_of(const std::string& content) {
    folder.write("inputs/x.so", content);
    fs::permissions(file, fs::perms::owner_all);
    return fault();
  }
};

std::string library() {
  std::ifstream in(TRAFFICD_BINARY_DIR "/plugins/inputs/self.so", std::ios::binary);
  std::ostringstream all;
  all << in.rdbuf();
  return all.str();
}

/// With another value at this offset.
template <class Value>
std::string changed(std::size_t offset, Value value) {
  std::string content = library();
  std::memcpy(content.data() + offset, &value, sizeof value);
  return content;
}

const std::string build_it = "; a plugin is a library, built with trafficd_add_plugin";

}  // namespace

TEST_CASE("a whole library has no fault of form") {
  CHECK(form_fault(TRAFFICD_BINARY_DIR "/plugins/inputs/self.so") == "");
}

TEST_CASE("what is no file is told by its kind, and never waited for") {
  FormFixture f;
  SECTION("folder") {
    fs::create_directory(f.file);
    CHECK(f.fault() == "is a folder" + build_it);
  }
  SECTION("FIFO") {
    REQUIRE(mkfifo(f.file.c_str(), 0600) == 0);
    CHECK(f.fault() == "is a pipe (FIFO)" + build_it);
  }
  SECTION("socket") {
    const int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    REQUIRE(f.file.native().copy(address.sun_path, sizeof address.sun_path - 1) == f.file.native().size());
    REQUIRE(bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
    fs::permissions(f.file, fs::perms::owner_all);
    CHECK(f.fault() == "is a socket" + build_it);
    close(fd);
  }
  SECTION("nothing behind a link") {
    fs::create_symlink("/nonexistent", f.file);
    CHECK(f.fault() == "is a link to /nonexistent, which is not there; remove it, or put the library there");
  }
  SECTION("a link to itself") {
    fs::create_symlink(f.file, f.file);
    CHECK(f.fault() == "cannot be read: Too many levels of symbolic links");
  }
}

TEST_CASE("a file that is no library is told by what it is") {
  FormFixture f;
  CHECK(f.fault_of("") == "is empty: what made it was broken off; copy or build it anew");
  CHECK(f.fault_of("hello") == "does not begin as a library does" + build_it);
  CHECK(f.fault_of("x") == "does not begin as a library does" + build_it);
  CHECK(f.fault_of(changed(offsetof(Elf64_Ehdr, e_type), std::uint16_t{ET_REL})) ==
        "is an object file, still to be linked" + build_it);
  CHECK(f.fault_of(changed(offsetof(Elf64_Ehdr, e_type), std::uint16_t{ET_EXEC})) ==
        "is a program or a core file" + build_it);
}

TEST_CASE("a library that is cut off, anywhere, or damaged is told so") {
  FormFixture f;
  const std::string whole = library();
  for (const std::size_t size :
       {std::size_t{4}, std::size_t{20}, sizeof(Elf64_Ehdr), std::size_t{500}, whole.size() / 2, whole.size() - 1}) {
    INFO(size);
    CHECK(f.fault_of(whole.substr(0, size)) ==
          concat("is cut off or damaged, with ", size, " bytes; copy or build it anew"));
  }
  const std::string damaged = concat("is cut off or damaged, with ", whole.size(), " bytes; copy or build it anew");
  CHECK(f.fault_of(changed(offsetof(Elf64_Ehdr, e_shoff), std::uint64_t{0})) == damaged);
  CHECK(f.fault_of(changed(offsetof(Elf64_Ehdr, e_shoff), ~std::uint64_t{0})) == damaged);
  CHECK(f.fault_of(changed(offsetof(Elf64_Ehdr, e_shnum), std::uint16_t{0})) == damaged);
  CHECK(f.fault_of(changed(offsetof(Elf64_Ehdr, e_shstrndx), std::uint16_t{0})) == damaged);
  Elf64_Ehdr head;
  std::memcpy(&head, whole.data(), sizeof head);
  const auto section = head.e_shoff + std::size_t{head.e_shstrndx} * sizeof(Elf64_Shdr);
  CHECK(f.fault_of(changed(section + offsetof(Elf64_Shdr, sh_size), std::uint64_t{1} << 60)) == damaged);
}

TEST_CASE("a library for another machine is told with both") {
  FormFixture f;
  Elf64_Ehdr head;
  std::memcpy(&head, library().data(), sizeof head);
  const std::uint16_t other = head.e_machine == EM_AARCH64 ? EM_X86_64 : EM_AARCH64;
  const std::string fault = f.fault_of(changed(offsetof(Elf64_Ehdr, e_machine), other));
  CHECK(fault.starts_with(other == EM_AARCH64 ? "was built for a 64-bit AArch64 machine, this daemon for a 64-bit "
                                              : "was built for a 64-bit x86-64 machine, this daemon for a 64-bit "));
  CHECK(fault.ends_with("; build the plugin for this machine"));
  CHECK(f.fault_of(changed(EI_CLASS, static_cast<unsigned char>(ELFCLASS32))).starts_with("was built for a 32-bit "));
  CHECK(f.fault_of(changed(EI_DATA, static_cast<unsigned char>(ELFDATA2MSB))).starts_with("was built for a "));
  CHECK(f.fault_of(changed(offsetof(Elf64_Ehdr, e_machine), std::uint16_t{9999})).find("number 9999") !=
        std::string::npos);
}
