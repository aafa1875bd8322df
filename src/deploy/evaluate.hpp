#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "data/locate.hpp"
#include "runtime/laq.h"
#include "train/character_model.hpp"

namespace laq::deploy {

/// A file of `export_packed`, opened by the runtime.
class PackedModel {
 public:
  /// Errors: a file that cannot be used, and why.
  PackedModel(const std::filesystem::path& file, int threads);

  laq_model* get() const { return model_.get(); }
  laq_info info() const { return laq_describe(model_.get()); }
  const std::filesystem::path& file() const { return file_; }
  /// One of the metadata's texts as JSON. Error: it is not there.
  nlohmann::json metadata(const char* key) const;
  /// Error unless the runtime's functions did what they were asked.
  void require(int result) const;

 private:
  std::filesystem::path file_;
  std::unique_ptr<laq_model, void (*)(laq_model*)> model_;
};

/// An answer that a rounding could change, by its place in the test part from 0.
struct CloseAnswer {
  std::int64_t place = 0;
  double lead = 0;  ///< of the highest score over the second
};

/// What the test part of a dataset gives.
struct Evaluation {
  std::string dataset;
  std::int64_t answers = 0, wrong = 0;    ///< pictures, or characters
  double loss = 0;                        ///< mean
  std::vector<CloseAnswer> closest = {};  ///< the five with the smallest lead, ascending
  /// Recorded by the run at the file's epoch; empty: nothing is known of this dataset.
  std::map<std::string, double> recorded;

  double error() const;  ///< percent
  bool has_record() const {
    return recorded.contains("test_error") && recorded.contains("test_loss");
  }
  /// How many answers more are wrong than recorded; nothing is recorded: 0.
  std::int64_t difference() const;
  /// At most one in 10 000 may be decided otherwise by rounding.
  bool as_recorded() const;
};

/// `dataset`: empty for the one that the model was trained on. Errors: a dataset that does not fit
/// the model; of its files.
Evaluation evaluate(const PackedModel& model, const std::filesystem::path& configs,
                    const std::string& dataset, const data::DataPaths& paths);

/// As `train::continue_text`. Error: the file does not read characters.
std::string sample(const PackedModel& model, const std::string& prompt,
                   const train::SampleOptions& options);

}  // namespace laq::deploy
