#include "engine/file_look.hpp"

#include <sys/stat.h>

#include "trafficd/units.hpp"

namespace trafficd {

std::string look_of(const std::string& file) {
  struct stat info {};
  if (::stat(file.c_str(), &info) != 0) return concat(file, " none;");
  return concat(file, " ", info.st_dev, " ", info.st_ino, " ", info.st_size, " ", info.st_mtim.tv_sec, ".",
                info.st_mtim.tv_nsec, ";");
}

}  // namespace trafficd
