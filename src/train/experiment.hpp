#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "config/reader.hpp"
#include "config/tree.hpp"
#include "data/augment.hpp"
#include "data/image_set.hpp"
#include "data/text_data.hpp"
#include "nn/size.hpp"
#include "optim/adam_options.hpp"
#include "optim/schedule.hpp"
#include "quant/quantizer.hpp"
#include "record/run_identity.hpp"
#include "train/loss.hpp"

namespace laq::train {

/// What a user asks for: names of YAML files below the configuration folder, and overrides on top.
struct RunRequest {
  std::string experiment;
  std::string method = "full";
  std::string profile = "paper";
  std::int64_t seed = 1;
  std::vector<config::Override> overrides;
};

struct Profile {
  std::string name;
  std::string title;
  std::string note;  ///< how it differs from the paper's protocol
  bool paper_protocol = false;
};

/// `train:` without the schedule.
struct TrainOptions {
  std::int64_t epochs = 0;
  std::int64_t batch = 0;
  std::int64_t max_steps = 0;   ///< stop after so many steps; 0: never
  std::int64_t time_steps = 0;  ///< characters in a segment of text
  Loss loss = Loss::squared_hinge;
  double clip_at_steps = 0;  ///< of a recurrent network, as `nn::Model` takes it
  optim::AdamOptions adam;
};

/// `checkpoint:`: when to save besides the end of every epoch; 0: never. Changes no outcome, so it
/// is no part of the hash.
struct CheckpointOptions {
  std::int64_t every_steps = 0;
  double every_seconds = 0;
};

/// A run that is completely specified: experiment ← model ← profile ← method ← what the experiment
/// says for this method ← overrides, read and checked.
struct Run {
  RunRequest request;
  std::string method_title;  ///< as it ran: `MethodTitle::of`
  Profile profile;
  data::DatasetSpec dataset;
  data::ImageLimits limits;         ///< of pictures
  data::Augmentation augmentation;  ///< likewise
  std::int64_t characters = 0;      ///< only the first so many of a text; 0: all
  config::Tree tree;                ///< merged; `model:` is read again when the model is made
  TrainOptions train;
  CheckpointOptions checkpoint;
  // `record:`, no part of the hash.
  bool record_steps = true;  ///< whether run.h5 has /steps
  bool record_best = true;   ///< whether best.h5 is written
  optim::Schedule schedule;
  quant::Quantization quantizer;
  nlohmann::json
      canonical;     ///< everything that can change the outcome, with defaults, but the seed
  std::string hash;  ///< SHA-256 of the canonical form
  std::vector<config::KeyFacts> keys;  ///< all that were read

  record::RunIdentity identity() const;
  /// Below the runs folder.
  std::filesystem::path folder() const { return identity().folder(); }
  data::TextCut text_cut() const { return {train.batch, train.time_steps, characters}; }
  /// How large its network is.
  nn::Size model_size() const;
  /// Pictures or characters that an epoch learns from, as far as can be said without the files.
  double samples_per_epoch() const;
  /// Of these, what one step takes.
  double samples_per_step() const;
  /// The resolved configuration as YAML, with the names it was made from in comments.
  std::string yaml() const;
};

/// Reads and checks everything about a run but the data files. Errors (usage): a name without a
/// file (with the nearest one), a YAML file that cannot be read, unknown or wrong keys,
/// combinations without meaning.
Run resolve(const std::filesystem::path& configs, const RunRequest& request);

/// Loads `<configs>/<folder>/<name>.yaml`, or `name` itself when it is a path to a YAML file.
/// `extends:` lists files (relative to `configs`, without .yaml) that it is laid on.
config::Tree load_named(const std::filesystem::path& configs, const std::string& folder,
                        const std::string& name);

}  // namespace laq::train
