#pragma once
// Golden cases: a regression is a folder with a configuration, an input and the text that must come out.
//
//   config.yaml   the plugin's block; ${CASE} is the folder of the case (a copy: it may be written to), ${OUT} a file
//   whose
//                 content counts as outcome, when it is made
//   input.txt     samples in text form; a blank line ends a batch. Lines that begin with # are commands or comments:
//                   # tick 10s         lets time pass
//                   # copy FROM TO     copies a file or a folder of the case over another
//                   # remove PATH      removes a file or a folder of the case
//                   # rename FROM TO
//                   # hide epochs      numbers the epochs as they appear, for sources whose epochs are of this machine
//                 Inputs need none: they then run for 30 s.
//   expected.txt  samples in text form, what was written to standard output and ${OUT}, and warnings and errors as
//                 `# warning: …`. TRAFFICD_UPDATE_GOLDEN=1 in the environment rewrites it.

#include <filesystem>
#include <string>
#include <vector>

#include "trafficd/descriptor.hpp"

namespace trafficd::testing {

/// Runs one case; answers an empty text when the outcome is the expected one, else what differs.
std::string run_case(const PluginDescriptor& plugin, const std::filesystem::path& folder);

/// The case folders below `plugin_folder`/cases, sorted.
std::vector<std::filesystem::path> cases_of(const std::filesystem::path& plugin_folder);

/// Runs all of them and says on standard error which gave something else: the `main` of a test. Answers its exit code;
/// a folder without cases is a failure too.
int run_cases(const PluginDescriptor& plugin, const std::filesystem::path& plugin_folder);

/// Whether expected texts are to be rewritten instead of compared.
bool update_golden();

/// What is written to standard output (the descriptor, not the stream) while this lives.
class CapturedOutput {
 public:
  CapturedOutput();
  ~CapturedOutput();
  CapturedOutput(const CapturedOutput&) = delete;
  CapturedOutput& operator=(const CapturedOutput&) = delete;
  /// Everything so far.
  std::string text() const;

 private:
  int saved_ = -1;
  int file_ = -1;
};

}  // namespace trafficd::testing
