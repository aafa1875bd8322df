#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "analysis/claims.hpp"
#include "analysis_support.hpp"
#include "core/files.hpp"
#include "sweep/plan.hpp"

namespace laq::analysis::test {

/// The project's configurations with other claims.
class Claims {
 public:
  explicit Claims(const std::string& claims) {
    std::filesystem::copy(configs(), folder_ / "configs", std::filesystem::copy_options::recursive);
    replace_file(folder_ / "configs" / "claims.yaml",
                 "level: 0.95\nmargins: {test_error: 0.03, test_loss: 0.01}\nclaims:\n" + claims);
  }
  std::vector<ClaimReport> judge(const std::vector<sweep::Plan>& plans) const {
    return judge_claims(folder_ / "configs", plans);
  }
  Claim first(const Bench& bench) const { return judge({bench.plan()}).at(0).claims.at(0); }

 private:
  Folder folder_;
};

/// A file with one claim that makes this comparison.
inline std::string one(const std::string& comparison, const std::string& more = "") {
  return "  - name: c\n    text: A claim\n" + more + "    compare: [" + comparison + "]\n";
}

/// Seeds 1, 2, … of a method with these errors.
inline void fill(Bench& bench, const std::string& method, const std::vector<double>& errors,
                 const std::string& experiment = "mnist") {
  for (std::size_t i = 0; i < errors.size(); ++i) {
    bench.complete(Which{method, static_cast<std::int64_t>(i) + 1, {}, experiment}, errors[i]);
  }
}

}  // namespace laq::analysis::test
