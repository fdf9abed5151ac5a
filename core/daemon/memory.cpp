#include "daemon/memory.hpp"

#include <link.h>
#include <malloc.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>

namespace trafficd {

namespace {

/// Lets go of the loaded segments of one object that are never written: nothing in them can differ from the file.
int release_object(dl_phdr_info* info, std::size_t, void*) {
  const auto page = static_cast<ElfW(Addr)>(sysconf(_SC_PAGESIZE));
  for (int i = 0; i < info->dlpi_phnum; ++i) {
    const ElfW(Phdr)& segment = info->dlpi_phdr[i];
    if (segment.p_type != PT_LOAD || (segment.p_flags & PF_W) != 0) continue;
    const ElfW(Addr) begin = (info->dlpi_addr + segment.p_vaddr + page - 1) / page * page;
    const ElfW(Addr) end = (info->dlpi_addr + segment.p_vaddr + segment.p_memsz) / page * page;
    // The kernel's own page has no file behind it and refuses; that is as good.
    if (begin < end) madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED);
  }
  return 0;
}

}  // namespace

void use_few_arenas() { mallopt(M_ARENA_MAX, 1); }

void release_start_up_memory() {
  malloc_trim(0);
  dl_iterate_phdr(release_object, nullptr);
}

}  // namespace trafficd
