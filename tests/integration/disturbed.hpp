#pragma once

#include <cstdint>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "integration/workplace.hpp"

namespace laq::integration {

/// What is trained: an experiment of `add_tiny_models`, and one method.
struct Subject {
  std::string experiment, method;
  int threads = 1;
  std::vector<std::string> words = {};  ///< overrides
  std::string disturbed_by = {};        ///< another program than laq, called in the same way
};

/// Adds the experiments `tiny_mlp`, `tiny_vgg`, `tiny_lstm` and `tiny_layers`, whose uninterrupted
/// runs take about a second, each with an unequal last batch of evaluation.
void add_tiny_models(const Workplace& place);
/// Their names, and the methods that are tried on each: one of every kind of quantizer state.
const std::vector<std::string>& tiny_models();
const std::vector<std::string>& tried_methods();

/// A run that nothing disturbs, and the same one that is stopped and killed again and again. Errors
/// (std::runtime_error): the undisturbed run does not end well.
class Disturbed {
 public:
  Disturbed(const Workplace& place, Subject subject, std::uint64_t seed);

  /// The folders of the two.
  std::filesystem::path whole() const;
  std::filesystem::path folder() const;
  double whole_seconds() const { return whole_seconds_; }

  /// A call that goes on with the disturbed run and saves every so many steps, which is another
  /// number every time.
  Call call();

  /// Starts it and kills it at a random moment. False: it had ended by itself before.
  bool kill();
  /// Starts it and sends a signal at a random moment of its training. Nothing: it had ended before.
  std::optional<Outcome> stop(int signal_number);
  /// What is wrong with the files now, or "": one that was there and is not, or cannot be read.
  std::string fault();
  /// Lets it end and compares. The first difference, or "".
  std::string finish();

  int writing() const { return writing_; }      ///< kills that left a temporary file
  int mid_epoch() const { return mid_epoch_; }  ///< kills that left a checkpoint within an epoch
  std::mt19937_64& random() { return random_; }

 private:
  Call call_to(const std::string& runs) const;
  double moment();
  void look();

  const Workplace& place_;
  Subject subject_;
  std::mt19937_64 random_;
  double whole_seconds_ = 0;
  int writing_ = 0, mid_epoch_ = 0;
  std::set<std::string> seen_;  // files that must stay
};

/// Temporary files in a run's folder.
std::vector<std::filesystem::path> temporaries(const std::filesystem::path& run);

}  // namespace laq::integration
