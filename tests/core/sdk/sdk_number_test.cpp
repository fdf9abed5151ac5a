// The SDK number and the headers belong together: whoever changes what a plugin sees bumps TRAFFICD_SDK, and plugins
// are rebuilt. core/sdk/digest holds the number and the digest of the headers, comments and white space taken out.

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <vector>

#include "catch.hpp"
#include "trafficd/descriptor.hpp"

namespace fs = std::filesystem;

namespace {

std::string code_of(const fs::path& file) {
  std::ifstream in(file);
  std::string all, line;
  while (std::getline(in, line)) {
    // A line comment ends the line; text literals with slashes do not occur in the headers.
    line = line.substr(0, line.find("//"));
    std::erase_if(line, [](unsigned char c) { return std::isspace(c) != 0 || c == '\\'; });
    all += line;
  }
  return all;
}

std::string digest_of_headers() {
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(TRAFFICD_SOURCE_DIR "/core/sdk/include/trafficd"))
    files.push_back(entry.path());
  std::ranges::sort(files);
  std::string all;
  for (const fs::path& file : files) all += file.filename().string() + code_of(file);
  std::ostringstream out;
  out << TRAFFICD_SDK << ' ' << std::hex << trafficd::make_epoch({all});
  return out.str();
}

}  // namespace

TEST_CASE("the SDK number changes with the SDK") {
  const fs::path file = TRAFFICD_SOURCE_DIR "/core/sdk/digest";
  const std::string now = digest_of_headers();
  if (std::getenv("TRAFFICD_UPDATE_GOLDEN")) std::ofstream(file) << now << '\n';
  std::string kept;
  std::getline(std::ifstream(file), kept);
  INFO(
      "SDK headers changed: bump TRAFFICD_SDK in descriptor.hpp if a plugin can see it, then run this test with "
      "TRAFFICD_UPDATE_GOLDEN=1");
  CHECK(kept == now);
}
