#pragma once
// The measurements and fields that can come through a pipeline, as far as its plugins declare them.

#include <map>
#include <set>
#include <string>
#include <vector>

#include "engine/catalog.hpp"
#include "engine/settings.hpp"

namespace trafficd {

class DeclaredNames {
 public:
  /// What the inputs of the pipeline declare.
  DeclaredNames(const Settings& settings, Catalog& catalog, const PipelineSettings& pipeline);

  /// What the next stage makes of it.
  void add_stage(const Declarations& stage);

  /// Says that a pattern fits none of them, and which was probably meant; empty when it fits one, or when an input does
  /// not know beforehand what it will emit.
  std::string fault(OptionDoc::Fits what, const std::string& pattern) const;
  /// Says which tag was probably meant when it is near one that tells things apart; attributes are not declared.
  std::string tag_fault(const std::string& key) const;

 private:
  void add(const Measurement& measurement);
  std::vector<std::string> fields() const;

  bool certain_ = true;
  std::map<std::string, std::vector<std::string>> counters_;  // by measurement
  std::set<std::string> tags_;
};

}  // namespace trafficd
