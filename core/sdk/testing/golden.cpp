#include "trafficd/testing/golden.hpp"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <map>
#include <sstream>
#include <stdexcept>
#include <system_error>

#include "trafficd/testing/bench.hpp"
#include "trafficd/units.hpp"

namespace trafficd::testing {

namespace fs = std::filesystem;

namespace {

[[noreturn]] void fail(const char* what) { throw std::system_error(errno, std::generic_category(), what); }

void replace_all(std::string& text, std::string_view from, std::string_view to) {
  for (std::size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size()))
    text.replace(at, from.size(), to);
}

std::vector<std::string> words_of(const std::string& line) {
  std::istringstream in(line);
  std::vector<std::string> words;
  for (std::string word; in >> word;) words.push_back(word);
  return words;
}

/// One case on its way: a private copy of the folder, and the instance.
class CaseRun {
 public:
  CaseRun(const PluginDescriptor& plugin, const fs::path& source) : plugin_(plugin), case_(work_.path() / "case") {
    fs::copy(source, case_, fs::copy_options::recursive | fs::copy_options::copy_symlinks);
    std::string config = read_file(case_ / "config.yaml");
    replace_all(config, "${CASE}", case_.string());
    replace_all(config, "${OUT}", out_file().string());
    bench_.emplace(plugin, config, HostSettings{.state_folder = work_.path() / "state"});
    fs::create_directory(work_.path() / "state");
  }

  std::string outcome() {
    std::string printed;
    {
      const CapturedOutput captured;
      play(fs::exists(case_ / "input.txt") ? read_file(case_ / "input.txt") : "# tick 30s\n");
      bench_->close();
      printed = captured.text();
    }
    std::string text = (hide_epochs_ ? number_epochs() : bench_->text()) + printed;
    if (fs::exists(out_file())) text += read_file(out_file());
    for (const RecordingLogger::Line& line : bench_->log().lines())
      if (line.level >= Level::warning)
        text += concat(line.level == Level::error ? "# error: " : "# warning: ", line.message, '\n');
    replace_all(text, case_.string(), "${CASE}");
    replace_all(text, work_.path().string(), "${WORK}");
    return text;
  }

 private:
  fs::path out_file() const { return work_.path() / "out"; }

  void play(const std::string& script) {
    std::istringstream in(script);
    std::string batch;
    for (std::string line; std::getline(in, line);) {
      if (line.empty() || line.front() == '#') {
        deliver(batch);
        if (!line.empty()) obey(words_of(line.substr(1)));
      } else {
        batch += line + '\n';
      }
    }
    deliver(batch);
  }

  void deliver(std::string& batch) {
    if (batch.empty()) return;
    switch (plugin_.type) {
      case PluginType::stage: bench_->process(batch); break;
      case PluginType::output: note(bench_->write(batch)); break;
      case PluginType::input: throw std::runtime_error("an input takes no samples: remove them from input.txt");
    }
    batch.clear();
  }

  void note(const WriteResult& result) {
    if (!result.status) bench_->log().error("write failed: " + result.status.message());
    if (!result.rejected.empty())
      bench_->log().warning(concat(result.rejected.size(), " rejected: ", result.reject_reason));
  }

  void obey(const std::vector<std::string>& words) {
    const std::string command = words.empty() ? "" : words[0];
    if (command == "tick" && words.size() == 2) {
      const Result<Duration> time = parse_duration(words[1]);
      if (!time) throw std::runtime_error("tick: " + time.error());
      if (const Status status = bench_->advance(*time); !status) bench_->log().error(status.message());
    } else if (command == "copy" && words.size() == 3) {
      fs::copy(case_ / words[1], case_ / words[2],
               fs::copy_options::recursive | fs::copy_options::copy_symlinks | fs::copy_options::overwrite_existing);
    } else if (command == "remove" && words.size() == 2) {
      if (fs::remove_all(case_ / words[1]) == 0) throw std::runtime_error("remove: there is no " + words[1]);
    } else if (command == "rename" && words.size() == 3) {
      fs::rename(case_ / words[1], case_ / words[2]);
    } else if (command == "hide" && words.size() == 2 && words[1] == "epochs") {
      hide_epochs_ = true;
    }
  }

  /// Epochs as 1, 2, 3 in the order in which they come: which samples share a life stays visible.
  std::string number_epochs() {
    std::map<std::uint64_t, std::uint64_t> numbers;
    Batch samples = bench_->samples();
    for (Sample& sample : samples)
      if (sample.epoch != 0) sample.epoch = numbers.try_emplace(sample.epoch, numbers.size() + 1).first->second;
    return to_text(samples);
  }

  const PluginDescriptor& plugin_;
  const TempFolder work_;
  const fs::path case_;
  std::optional<Bench> bench_;
  bool hide_epochs_ = false;
};

/// The first line in which the texts differ.
std::string first_difference(const std::string& expected, const std::string& outcome) {
  std::istringstream left(expected), right(outcome);
  for (int number = 1;; ++number) {
    std::string a, b;
    const bool has_a = static_cast<bool>(std::getline(left, a)), has_b = static_cast<bool>(std::getline(right, b));
    if (!has_a && !has_b) return "only the line feed at the end differs";
    if (a != b || has_a != has_b)
      return concat("line ", number, "\n  expected: ", has_a ? a : "(nothing)",
                    "\n  got:      ", has_b ? b : "(nothing)");
  }
}

}  // namespace

bool update_golden() {
  const char* wanted = std::getenv("TRAFFICD_UPDATE_GOLDEN");
  return wanted && std::string_view(wanted) == "1";
}

std::vector<fs::path> cases_of(const fs::path& plugin_folder) {
  std::vector<fs::path> cases;
  if (fs::is_directory(plugin_folder / "cases"))
    for (const auto& entry : fs::directory_iterator(plugin_folder / "cases"))
      if (entry.is_directory()) cases.push_back(entry.path());
  std::ranges::sort(cases);
  return cases;
}

std::string run_case(const PluginDescriptor& plugin, const fs::path& folder) {
  std::string outcome;
  try {
    outcome = CaseRun(plugin, folder).outcome();
  } catch (const std::exception& error) {
    return concat("the case did not run: ", error.what());
  }
  const fs::path file = folder / "expected.txt";
  if (update_golden()) {
    write_file(file, outcome);
    return {};
  }
  if (!fs::exists(file)) return "there is no expected.txt; make it with TRAFFICD_UPDATE_GOLDEN=1 and read it";
  const std::string expected = read_file(file);
  return expected == outcome ? "" : first_difference(expected, outcome);
}

int run_cases(const PluginDescriptor& plugin, const fs::path& plugin_folder) {
  const std::vector<fs::path> cases = cases_of(plugin_folder);
  if (cases.empty()) std::fprintf(stderr, "there is no case below '%s'\n", (plugin_folder / "cases").c_str());
  bool good = !cases.empty();
  for (const fs::path& folder : cases) {
    const std::string difference = run_case(plugin, folder);
    if (difference.empty()) continue;
    good = false;
    std::fprintf(stderr, "%s: %s\n", folder.c_str(), difference.c_str());
  }
  return good ? 0 : 1;
}

CapturedOutput::CapturedOutput() {
  std::fflush(stdout);
  std::string name = (fs::temp_directory_path() / "trafficd-captured-XXXXXX").string();
  file_ = ::mkstemp(name.data());
  if (file_ < 0) fail("cannot make a temporary file");
  ::unlink(name.c_str());
  saved_ = ::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
  if (saved_ < 0 || ::dup2(file_, STDOUT_FILENO) < 0) fail("cannot redirect standard output");
}

CapturedOutput::~CapturedOutput() {
  std::fflush(stdout);
  ::dup2(saved_, STDOUT_FILENO);
  ::close(saved_);
  ::close(file_);
}

std::string CapturedOutput::text() const {
  std::fflush(stdout);
  std::string text;
  char piece[4096];
  ssize_t got;
  while ((got = ::pread(file_, piece, sizeof piece, static_cast<off_t>(text.size()))) > 0)
    text.append(piece, static_cast<std::size_t>(got));
  if (got < 0) fail("cannot read back standard output");
  return text;
}

}  // namespace trafficd::testing
