#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "data/locate.hpp"
#include "record/history.hpp"
#include "record/status.hpp"
#include "train/experiment.hpp"
#include "train/training.hpp"

namespace laq::train {

/// What a run needs to know that cannot change its outcome.
struct SessionOptions {
  std::filesystem::path runs = "results/runs";
  data::DataPaths data;
  int threads = 1;
  std::string device = "cpu";         ///< as `device_named` takes it
  bool graph = true;                  ///< capture the step in a CUDA graph
  std::optional<bool> resident = {};  ///< as of `Execution`
  /// Seconds between what is saved at the ends of epochs while the training goes on. Nothing: 30 on
  /// a GPU; on the CPU every epoch is on disk before the next one begins.
  std::optional<double> save_seconds = {};
  bool rerun = false;  ///< a finished run is set aside and made anew
  /// Called when data and checkpoint are read: from here on there is something to save.
  std::function<void()> on_start = [] {};
  /// Asked before every step and after every batch of an evaluation; true saves a checkpoint and
  /// ends the session as `interrupted`.
  Stop stop = [] { return false; };
  /// Called after every step; on a GPU after several were handed to it.
  std::function<void(const Training&)> on_step = [](const Training&) {};
  /// Called after every epoch, on the CPU when it is on disk.
  std::function<void(const Training&)> on_epoch = [](const Training&) {};
};

struct SessionResult {
  record::State state = record::State::failed;
  std::string reason;
  std::filesystem::path folder;
  record::History history;
  std::vector<double> checkpoint_seconds;  ///< what each checkpoint took
  bool other_code = false;  ///< it was finished by other code of its method, and not made anew
};

/// Carries one run as far as it goes: makes its folder, resumes from its checkpoint when there is
/// one, trains, and after every epoch replaces checkpoint.h5, run.h5 and status.json (the first
/// more often where `Run::checkpoint` says so), and best.h5 when the epoch is the best so far. On a
/// GPU it does so at an epoch's end every now and then, and while the training goes on. A
/// completed run is returned as it is, unless it is to be made anew. A run that fails or diverges
/// says so in its status and in the result; it does not throw. One whose data is not at hand stays
/// `queued`, with the reason. Errors: the folder cannot be made or holds another run, the run is
/// being trained by another process, or data and checkpoint cannot be used.
SessionResult run_session(const Run& run, const SessionOptions& options);

}  // namespace laq::train
