#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "analysis/claims.hpp"
#include "analysis/table.hpp"
#include "record/status.hpp"
#include "record_support.hpp"

namespace laq::sweep {
struct Plan;
}

namespace laq::analysis::test {

using record::State;
using record::test::Folder;
using record::test::holds;
using record::test::message;

/// The project's own configurations.
std::filesystem::path configs();

/// What a run that a test pretends to have finished has measured; no value is not recorded.
struct Measured {
  std::optional<double> test_error;
  std::optional<double> step_ms = {};
  std::optional<std::int64_t> best_epoch = {};
  std::optional<double> test_loss = {};
  std::optional<double> rounds = {};      ///< of its one layer
  std::optional<double> seconds = {};     ///< spent, until noon of the day of the seed
  std::vector<double> step_seconds = {};  ///< of all steps of two epochs
  std::size_t scales = 1;                 ///< of the layer with rounds
  std::optional<double> valid_error = {};
  std::string device = "cpu";
};

/// Names a job of a sweep: method, seed and, in a grid, its point; the first experiment's unless
/// one is named.
struct Which {
  std::string method;
  std::int64_t seed = 1;
  Point point = {};
  std::string experiment = {};
};

/// A sweep file and a runs folder of its own, filled by a test with records as a run writes them.
/// The data of MNIST, War and Peace and Fashion-MNIST is at hand, as far as names go.
class Bench {
 public:
  explicit Bench(std::string sweep_yaml, std::vector<std::string> words = {});

  sweep::Plan plan() const;
  std::filesystem::path run_folder(const Which& which) const;
  void complete(const Which& which, const Measured& measured);
  void complete(const Which& which, double test_error) { complete(which, Measured{test_error}); }
  /// A run that has a status but no record.
  void leave(const Which& which, State state, const std::string& reason);
  /// The same with a record of what it has measured so far.
  void write_record(const Which& which, const Measured& measured, const std::string& hash = "");

  Table table() const;
  const Folder& folder() const { return folder_; }
  std::filesystem::path runs() const { return folder_ / "runs"; }

 private:
  Folder folder_;
  std::vector<std::string> words_;
};

/// The runs of an entry without a result, and those with one.
std::vector<RunData> missing_of(const Entry& entry);
std::vector<RunData> results_of(const Entry& entry);

/// The table of a plan, and the claims that the runs of plans are judged by.
Table make_table(const sweep::Plan& plan, const std::filesystem::path& configs,
                 const Layout& layout = {});
std::vector<ClaimReport> judge_claims(const std::filesystem::path& configs,
                                      const std::vector<sweep::Plan>& plans,
                                      const ClaimQuestion& question = {});

/// The formats as they were called one by one.
inline std::string latex_of(const Table& table) {
  return render({table}, "latex");
}
inline std::string markdown_of(const Table& table) {
  return render({table}, "md");
}
inline std::string csv_of(const Table& table) {
  return render({table}, "csv");
}
inline std::string json_of(const Table& table) {
  return render({table}, "json");
}

/// The entry of a method in the first column. Fails the test when there is none.
const Entry& entry(const Table& table, const std::string& method, const Point& point = {});

}  // namespace laq::analysis::test
