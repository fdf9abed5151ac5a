#include "engine/library_form.hpp"

#include <fcntl.h>
#include <link.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>
#include <optional>
#include <string_view>
#include <system_error>
#include <utility>

#include "trafficd/units.hpp"

namespace trafficd {

namespace {

using Head = ElfW(Ehdr);
using Section = ElfW(Shdr);
using Segment = ElfW(Phdr);

constexpr const char* build_it = "; a plugin is a library, built with trafficd_add_plugin";

class File {
 public:
  explicit File(const char* path) : fd_(open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)) {}
  ~File() {
    if (fd_ >= 0) close(fd_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  int descriptor() const { return fd_; }
  template <class Record>
  std::optional<Record> read(std::uint64_t offset) const {
    Record record{};
    const ssize_t size = pread(fd_, &record, sizeof record, static_cast<off_t>(offset));
    return size == static_cast<ssize_t>(sizeof record) ? std::optional(record) : std::nullopt;
  }

 private:
  const int fd_;
};

/// What stands there, when it is no regular file.
std::string_view other_kind(mode_t mode) {
  if (S_ISREG(mode)) return {};
  if (S_ISDIR(mode)) return "is a folder";
  if (S_ISFIFO(mode)) return "is a pipe (FIFO)";
  if (S_ISSOCK(mode)) return "is a socket";
  return "is a device";
}

/// `64-bit x86-64`.
std::string machine(const Head& head) {
  constexpr std::pair<int, const char*> names[] = {
      {EM_386, "x86"},     {EM_X86_64, "x86-64"}, {EM_ARM, "ARM"},    {EM_AARCH64, "AArch64"},    {EM_RISCV, "RISC-V"},
      {EM_PPC64, "POWER"}, {EM_MIPS, "MIPS"},     {EM_S390, "S/390"}, {EM_LOONGARCH, "LoongArch"}};
  constexpr unsigned char own_order = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? ELFDATA2LSB : ELFDATA2MSB;
  const auto number = head.e_ident[EI_DATA] == own_order ? head.e_machine : __builtin_bswap16(head.e_machine);
  std::string name = concat("number ", number);
  for (const auto& [known, called] : names)
    if (known == number) name = called;
  return concat(head.e_ident[EI_CLASS] == ELFCLASS64 ? "64" : "32", "-bit ", name);
}

bool same_machine(const Head& one, const Head& other) {
  return one.e_ident[EI_CLASS] == other.e_ident[EI_CLASS] && one.e_ident[EI_DATA] == other.e_ident[EI_DATA] &&
         one.e_machine == other.e_machine;
}

/// Whether all that the head speaks of lies within the file.
bool is_whole(const File& file, const Head& head, std::uint64_t size) {
  const auto within = [size](std::uint64_t offset, std::uint64_t length) {
    return offset <= size && length <= size - offset;
  };
  if (head.e_shentsize != sizeof(Section) || head.e_phentsize != sizeof(Segment)) return false;
  for (std::uint64_t i = 0; i < head.e_phnum; ++i) {
    const auto segment = file.read<Segment>(head.e_phoff + i * sizeof(Segment));
    if (!segment || !within(segment->p_offset, segment->p_filesz)) return false;
  }
  for (std::uint64_t i = 0; i < head.e_shnum; ++i) {
    const auto section = file.read<Section>(head.e_shoff + i * sizeof(Section));
    if (!section || (section->sh_type != SHT_NOBITS && !within(section->sh_offset, section->sh_size))) return false;
    // The names of all others are looked up there.
    if (i == head.e_shstrndx && section->sh_type != SHT_STRTAB) return false;
  }
  return head.e_shstrndx < head.e_shnum;
}

std::string head_fault(const File& file, std::uint64_t size) {
  if (size == 0) return "is empty: what made it was broken off; copy or build it anew";
  char magic[SELFMAG];
  if (pread(file.descriptor(), magic, sizeof magic, 0) != static_cast<ssize_t>(sizeof magic) ||
      std::memcmp(magic, ELFMAG, sizeof magic) != 0)
    return concat("does not begin as a library does", build_it);
  const auto cut_off = concat("is cut off or damaged, with ", size, " bytes; copy or build it anew");
  const auto head = file.read<Head>(0);
  if (!head) return cut_off;
  if (const auto own = File("/proc/self/exe").read<Head>(0); own && !same_machine(*head, *own))
    return concat("was built for a ", machine(*head), " machine, this daemon for a ", machine(*own),
                  " one; build the plugin for this machine");
  if (head->e_type != ET_DYN)
    return concat(head->e_type == ET_REL ? "is an object file, still to be linked" : "is a program or a core file",
                  build_it);
  return is_whole(file, *head, size) ? "" : cut_off;
}

}  // namespace

std::string form_fault(const std::filesystem::path& path) {
  struct stat info {};
  const auto unreadable = [&path] {
    return concat(path, ": cannot be read: ", std::generic_category().message(errno));
  };
  // Before it is opened too: to open a device may do something.
  if (stat(path.c_str(), &info) != 0) return unreadable();
  if (const auto kind = other_kind(info.st_mode); !kind.empty()) return concat(path, ": ", kind, build_it);
  const File file(path.c_str());
  if (file.descriptor() < 0 || fstat(file.descriptor(), &info) != 0) return unreadable();
  if (const auto kind = other_kind(info.st_mode); !kind.empty()) return concat(path, ": ", kind, build_it);
  const std::string fault = head_fault(file, static_cast<std::uint64_t>(info.st_size));
  return fault.empty() ? fault : concat(path, ": ", fault);
}

}  // namespace trafficd
