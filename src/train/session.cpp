#include "train/session.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <utility>

#include "core/background.hpp"
#include "core/clock.hpp"
#include "core/error.hpp"
#include "core/files.hpp"
#include "core/machine.hpp"
#include "core/text.hpp"
#include "data/locate.hpp"
#include "record/run_record.hpp"
#include "record/unreadable.hpp"
#include "train/rerun.hpp"
#include "train/run_lock.hpp"
#include "train/torch_info.hpp"

namespace laq::train {
namespace fs = std::filesystem;
namespace {

constexpr double kHeartbeatSeconds = 5;
constexpr double kSaveSeconds = 30;  // of a GPU, whose epochs may take less than a checkpoint

record::Provenance provenance(const Run& run, const SessionOptions& options) {
  record::Provenance all = record::system_provenance();
  all.config_yaml = run.yaml();
  all.config_hash = run.hash;
  all.dataset_sha256 = data::dataset_sha256(run.dataset);
  all.experiment = run.request.experiment;
  all.method = run.request.method;
  all.seed = run.request.seed;
  all.profile = run.request.profile;
  all.cpu_capability = cpu_capability();
  all.threads = options.threads;
  all.libtorch_version = libtorch_version();
  all.blas = blas_info().description;
  all.device = device_name(device_named(options.device));
  all.method_source = run.quantizer.source;
  return all;
}

class Session {
 public:
  Session(const Run& run, const SessionOptions& options)
      : run_(run), options_(options), folder_(options.runs / run.folder()) {
    const bool gpu = device_named(options.device).is_cuda();
    if (gpu || options.save_seconds) save_seconds_ = options.save_seconds.value_or(kSaveSeconds);
    make_folder(folder_);
  }

  SessionResult go() {
    SessionResult result;
    result.folder = folder_;
    const RunLock lock(folder_);
    if (lock.taken()) {
      throw Error({.what = "another process is training this run",
                   .where = folder_.string(),
                   .advice = "wait for it, or choose another --runs folder"});
    }
    record::require_run_in(folder_, run_.identity());
    sweep_temporaries(folder_);
    const auto before = record::read_status(folder_ / "status.json");
    const bool completed = before && before->state == record::State::completed;
    if (completed && options_.rerun) {
      data::require_files(run_.dataset, options_.data);
      set_aside(folder_);
    }
    // A record without a checkpoint could not be made again: it counts without its status, too.
    if (fs::exists(folder_ / "run.h5") && (completed || !fs::exists(folder_ / "checkpoint.h5"))) {
      result.other_code = completed && of_other_code(before->method_source, run_.quantizer.source);
      result.history = finished_history();
      if (completed || result.history.final_values.contains("best_epoch")) {
        result.state = record::State::completed;
        if (!completed) restore_status(result.history);
        return result;
      }
      result.history = {};
    }
    try {
      replace_file(folder_ / "config.yaml", run_.yaml());
      report(record::State::running, nullptr);
      const std::unique_ptr<Task> task = load_task(run_, options_.data);
      Training training(run_, *task,
                        {.device = device_named(options_.device),
                         .graph = options_.graph,
                         .resident = options_.resident});
      resume(training);
      report(record::State::running, &training);
      options_.on_start();
      result.state = finish(training);
      result.history = training.history();
      result.checkpoint_seconds = checkpoint_seconds_;
      report(result.state, &training,
             result.state == record::State::interrupted ? "stopped by a signal" : "");
      if (result.state == record::State::completed) drop_what_was_set_aside(folder_);
    } catch (const std::exception& error) {
      const auto* ours = dynamic_cast<const Error*>(&error);
      const bool diverged = ours && ours->kind() == Error::Kind::not_finite;
      const bool waits_for_data = dynamic_cast<const data::MissingFile*>(&error) != nullptr;
      result.state = diverged         ? record::State::diverged
                     : waits_for_data ? record::State::queued
                                      : record::State::failed;
      result.reason = reason_of(error);
      try {
        report(result.state, nullptr, result.reason);
      } catch (const Error&) {
        // The disk that made the run fail may refuse its status too; the caller has the reason.
      }
      if (ours && ours->kind() == Error::Kind::usage) throw;
    }
    return result;
  }

 private:
  record::History finished_history() const {
    try {
      return record::read_run_record(folder_ / "run.h5").history;
    } catch (const record::Unreadable&) {
      throw;
    } catch (const Error& error) {
      record::require_closed(folder_ / "run.h5");
      throw Error(
          {.what = error.what(),
           .advice = fs::exists(folder_ / "checkpoint.h5")
                         ? "move it away; the same command makes it again from the checkpoint"
                         : "restore it from a copy: there is no checkpoint to make it from; "
                           "or move it away to train anew"});
    }
  }

  void restore_status(const record::History& history) const {
    record::Status status = record::own_status(record::State::completed);
    status.epochs = run_.train.epochs;
    status.epoch = static_cast<std::int64_t>(history.epochs.rows());
    status.progress = 1;
    record::write_status(folder_ / "status.json", status);
  }

  void resume(Training& training) {
    const fs::path file = folder_ / "checkpoint.h5";
    if (fs::exists(file)) training.restore(record::CheckpointReader(file));
    first_step_ = training.position().steps;
    if (!training.done() || training.epoch_due())
      training.history().continue_by(first_step_ + 1, provenance(run_, options_));
    started_ = saved_ = Clock::now();
  }

  /// Trains, and does not leave before everything is on disk.
  record::State finish(Training& training) {
    try {
      const record::State state = train(training);
      files_.wait();
      return state;
    } catch (const std::exception&) {
      try {
        files_.wait();
        save_record(training);
      } catch (const std::exception&) {
        // What went wrong first is told.
      }
      throw;
    }
  }

  record::State train(Training& training) {
    while (true) {
      if (training.epoch_due()) {
        if (!training.finish_epoch(options_.stop)) return interrupt(training);
        unsaved_ = true;
        if (training.last_epoch_is_best()) keep_weights(training);
        if (training.done()) break;
        if (save_due()) save(training);
        options_.on_epoch(training);
      }
      if (training.done()) break;
      if (options_.stop()) return interrupt(training);
      training.advance(steps_to_checkpoint(training));
      options_.on_step(training);
      if (checkpoint_due(training)) save_files(training, false);
      heartbeat(training);
    }
    training.conclude();
    // The initial network, where it is discrete.
    const auto& method = run_.quantizer.method;
    if (training.history().epochs.rows() == 0 && (!method || method->discrete(0)))
      keep_weights(training);
    save(training);
    options_.on_epoch(training);
    return record::State::completed;
  }

  record::State interrupt(const Training& training) {
    save(training);
    return record::State::interrupted;
  }

  bool checkpoint_due(const Training& training) const {
    const CheckpointOptions& when = run_.checkpoint;
    return (when.every_steps > 0 && training.position().step_in_epoch % when.every_steps == 0) ||
           (when.every_seconds > 0 && since(saved_) >= when.every_seconds);
  }

  std::int64_t steps_to_checkpoint(const Training& training) const {
    const std::int64_t every = run_.checkpoint.every_steps;
    return every > 0 ? every - training.position().step_in_epoch % every : StepGraph::kChunk;
  }

  /// At an epoch's end.
  bool save_due() const {
    const CheckpointOptions& when = run_.checkpoint;
    return !save_seconds_ || when.every_steps > 0 || since(saved_) >= *save_seconds_ ||
           (when.every_seconds > 0 && since(saved_) >= when.every_seconds);
  }

  void save(const Training& training) {
    save_files(training, true);
    report(record::State::running, &training);
  }

  /// Of the last epoch, which is the best so far.
  void keep_weights(const Training& training) {
    if (!run_.record_best) return;
    if (save_seconds_) {
      best_ = training.weights_later();
    } else {
      record::write_best_weights(folder_ / "best.h5", training.weights());
    }
  }

  // Always in this order, whoever writes. The weights before the checkpoint: what was killed in
  // between is computed again, to the same bits. The checkpoint before the record: it holds the
  // history too, so a record that is some epochs behind is made good by a resume.
  void save_files(const Training& training, bool with_record) {
    auto by = with_record ? provenance(run_, options_) : record::Provenance();
    const auto start = Clock::now();
    files_.wait();  // until then the last copies are read
    auto blobs = save_seconds_ ? training.copied_blobs() : training.blobs();
    auto state = training.checkpoint_state();
    auto write = [this, start, with_record, blobs = std::move(blobs), state = std::move(state),
                  by = std::move(by), best = std::exchange(best_, nullptr)] {
      if (best) record::write_best_weights(folder_ / "best.h5", best());
      record::write_checkpoint(folder_ / "checkpoint.h5", blobs, state);
      checkpoint_seconds_.push_back(since(start));
      if (with_record)
        record::write_run_record(folder_ / "run.h5", by, state.history, run_.record_steps);
    };
    if (with_record) unsaved_ = false;
    if (save_seconds_) {
      files_.begin(std::move(write));
    } else {
      write();
    }
    saved_ = Clock::now();
  }

  /// Of epochs that no checkpoint will have. A resume makes them again, and the same files of them.
  void save_record(const Training& training) {
    if (!save_seconds_ || !unsaved_) return;
    if (best_) record::write_best_weights(folder_ / "best.h5", best_());
    record::write_run_record(folder_ / "run.h5", provenance(run_, options_), training.history(),
                             run_.record_steps);
  }

  void heartbeat(const Training& training) {
    if (since(reported_) > kHeartbeatSeconds) report(record::State::running, &training);
  }

  void report(record::State state, const Training* training, const std::string& reason = "") {
    record::Status status = record::own_status(state);
    status.reason = reason;
    status.epochs = run_.train.epochs;
    if (state == record::State::completed) status.method_source = run_.quantizer.source;
    if (training) {
      const Position& at = training->position();
      status.epoch = at.epoch;
      status.step = at.steps;
      const auto done = static_cast<double>(at.steps), all = static_cast<double>(at.total_steps);
      status.progress = at.progress();
      const double here = done - static_cast<double>(first_step_);
      if (here > 0) status.seconds_left = since(started_) / here * (all - done);
    }
    record::write_status(folder_ / "status.json", status);
    reported_ = Clock::now();
  }

  const Run& run_;
  const SessionOptions& options_;
  fs::path folder_;
  // When training began, and when status and checkpoint were last written.
  Clock::time_point started_ = Clock::now(), reported_ = started_, saved_ = started_;
  std::int64_t first_step_ = 0;
  std::vector<double> checkpoint_seconds_;
  // Files are written while the training goes on, so many seconds apart; nothing: at once.
  std::optional<double> save_seconds_;
  std::function<record::BestWeights()> best_;  // not yet written
  bool unsaved_ = false;                       // an epoch is not in run.h5
  Background files_;                           // last: it uses the others
};

}  // namespace

SessionResult run_session(const Run& run, const SessionOptions& options) {
  set_threads(options.threads);
  return Session(run, options).go();
}

}  // namespace laq::train
