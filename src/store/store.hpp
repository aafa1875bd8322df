#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "record/run_record.hpp"
#include "record/status.hpp"
#include "sweep/plan.hpp"

namespace laq::store {

/// A run's folder, as far as it can be believed.
struct Stored {
  std::filesystem::path folder;
  std::optional<record::Status> status;  ///< none: not started
  record::State state = record::State::queued;
  std::string reason;  ///< why it is not completed, or why its record is of no use
  /// Also of a run that is not completed. None: not there, or of no use.
  std::shared_ptr<const record::RunRecord> record;
  bool misplaced = false;  ///< what is there is of another run than the folder's name says

  /// Its status says so, and its record is of use.
  bool completed() const { return state == record::State::completed && record != nullptr; }
  /// The state; "unreadable" where it is said to be completed and its record is of no use.
  std::string state_words() const;
};

/// The runs below folders, each read once, by one rule: a record is believed when it is whole, is
/// of the run that its folder's name says, and, once completed, has a finite value of its metric.
class Store {
 public:
  /// What is in this folder. Never an error.
  const Stored& at(const std::filesystem::path& folder);
  /// The same for a planned run, which must also be the one that is planned.
  Stored of(const sweep::Job& job);
  /// Tells a job its state, as `PlanRequest::look` has it.
  void look(sweep::Job& job);

 private:
  std::map<std::filesystem::path, Stored> runs_;
};

/// What lies below a folder, also behind links, each once.
struct Found {
  std::vector<std::filesystem::path> runs;   ///< folders with a status, a record or both
  std::vector<std::filesystem::path> plans;  ///< the frozen plans: sweep-NAME/plan.json
  /// What cannot be looked into, and why.
  std::vector<std::pair<std::filesystem::path, std::string>> closed;
};
Found walk(const std::filesystem::path& top);

/// A path without links, as far as it is there.
std::filesystem::path real_path(const std::filesystem::path& path);

/// The leaves of a configuration by their dotted keys; a list is one value.
std::map<std::string, std::string> leaves(const nlohmann::json& configuration);

}  // namespace laq::store
