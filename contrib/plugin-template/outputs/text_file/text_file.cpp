// Appends samples to a file, a line of text each.

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "trafficd/plugin.hpp"

namespace trafficd {

namespace {

struct Config {
  std::string file = "text_file.txt";
};

Options<Config> options() {
  return Options<Config>{}.add("file", &Config::file, "Where the lines go; below the state folder when relative.");
}

/// What is sent, apart from sending it: a pure function is easy to test.
std::string encode(std::span<const Sample> batch) {
  std::string out;
  for (const Sample& sample : batch) {
    append_text(out, sample);
    out += '\n';
  }
  return out;
}

struct CloseFile {
  void operator()(std::FILE* file) const { std::fclose(file); }
};

class TextFile final : public Output {
 public:
  TextFile(const ConfigNode& node, Host& host) : config_(options().parse(node)), host_(host) {}

  static Declarations declare() { return {options().docs(), {}, {}}; }

  Status open() override {
    const std::filesystem::path path = host_.state_folder() / config_.file;
    file_.reset(std::fopen(path.c_str(), "ae"));
    if (!file_) return Status::retry(concat("cannot open '", path, "': ", std::strerror(errno)));
    std::setvbuf(file_.get(), nullptr, _IONBF, 0);
    return Status::ok();
  }

  WriteResult write(std::span<const Sample> batch) override {
    const std::string text = encode(batch);
    if (std::fwrite(text.data(), 1, text.size(), file_.get()) != text.size())
      return WriteResult::failed(Status::retry(concat("cannot write '", config_.file, "': ", std::strerror(errno))));
    return WriteResult::all(batch);
  }

  void close() noexcept override { file_.reset(); }

 private:
  const Config config_;
  Host& host_;
  std::unique_ptr<std::FILE, CloseFile> file_;
};

}  // namespace
}  // namespace trafficd

TRAFFICD_OUTPUT(text_file, trafficd::TextFile, "Appends samples to a file.")
