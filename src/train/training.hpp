#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "nn/model.hpp"
#include "optim/proximal_adam.hpp"
#include "record/best_weights.hpp"
#include "record/checkpoint.hpp"
#include "record/history.hpp"
#include "train/experiment.hpp"
#include "train/resident_data.hpp"
#include "train/staging.hpp"
#include "train/step_graph.hpp"
#include "train/task.hpp"

namespace laq::train {

/// Where a training is.
struct Position {
  std::int64_t epoch = 0;          ///< finished epochs
  std::int64_t step_in_epoch = 0;  ///< finished steps of the present one
  std::int64_t steps_per_epoch = 0;
  std::int64_t steps = 0;        ///< finished in all
  std::int64_t total_steps = 0;  ///< to do in all

  /// 0 … 1
  double progress() const {
    if (total_steps <= 0) return 1;
    return static_cast<double>(steps) / static_cast<double>(total_steps);
  }
};

/// How a training is carried out. On one device nothing of it changes what is computed.
struct Execution {
  c10::Device device = at::kCPU;
  bool graph = true;  ///< on a GPU, capture the step where the rule allows it
  /// Whether the data lie on the device, as far as they fit, and steps are handed to it several at
  /// a time. Nothing: on a GPU.
  std::optional<bool> resident = {};
};

/// The state of one training: model, optimizer, position, history. The loop around it decides when
/// to save.
class Training {
 public:
  /// Initial weights and data order are functions of the run's seed, whatever the device. `task`
  /// outlives the training.
  Training(const Run& run, const Task& task, const Execution& execution = {});

  bool done() const { return position_.steps >= position_.total_steps; }
  /// Steps, each of one batch: gather, forward at ŵ, backward, ProximalAdam. One of them, or where
  /// the data is resident several, but no more than `most`, and none of the next epoch.
  void advance(std::int64_t most = 1);
  /// Whether the present epoch's steps are all done (or the run's), so that `finish_epoch` is due.
  bool epoch_due() const;
  /// Evaluates, and adds a row to the history. False: `stop` said so, and nothing has changed.
  /// Error (not_finite): the loss was not.
  bool finish_epoch(const Stop& stop = [] { return false; });
  /// Sets the history's final values from the epoch that is best by the run's metric on the
  /// validation part (the latest of equals) among those with a discrete ŵ. Error (not_finite):
  /// without an epoch, the initial network's loss was not.
  void conclude();

  /// How far ŵ was from its levels at the end of an epoch, a row of the history: the largest of
  /// the layers' `LayerReport::relaxation`. 0 of methods that are always discrete.
  double relaxation_at(std::size_t row) const;
  /// Whether the last finished epoch is that which `conclude` would choose now.
  bool last_epoch_is_best() const;
  /// The network as it is: ŵ, codes, scales and all else. Between `finish_epoch` and the next step,
  /// where the optimizer's codes are those of ŵ.
  record::BestWeights weights() const;
  /// The same of now, made whenever it is called, from copies.
  std::function<record::BestWeights()> weights_later() const;

  const Position& position() const { return position_; }
  const record::History& history() const { return history_; }
  record::History& history() { return history_; }
  nn::Model& model() { return *model_; }

  /// Everything from which the run goes on bitwise as if it had not stopped. Views of this object's
  /// memory.
  std::vector<record::Blob> blobs() const;
  /// The same, but of copies that stay as they are until the next call.
  std::vector<record::Blob> copied_blobs() const;
  record::CheckpointState checkpoint_state() const;
  /// Errors: the checkpoint is of another run or lacks something.
  void restore(const record::CheckpointReader& checkpoint);

 private:
  void begin_epoch();
  void work();
  void wait_for_steps() const;
  std::function<record::BestWeights()> weights_later(bool copy) const;
  double train_loss(const float* losses) const;
  /// The best epoch's row of the history, the latest of equals, among those with a discrete ŵ;
  /// nothing before the first.
  std::optional<std::size_t> best_row() const;
  /// Of validation and test part; nothing when stopped. Error (not_finite): a loss was not.
  std::optional<std::pair<Score, Score>> scores(const Stop& stop) const;
  std::vector<std::pair<std::string, at::Tensor>> tensors() const;

  const Run& run_;
  const Task& task_;
  std::shared_ptr<nn::Model> model_;
  std::unique_ptr<optim::ProximalAdam> optimizer_;
  std::unique_ptr<StepGraph> graph_;
  ResidentData resident_;
  Staging staging_;
  Batch staged_;  // for the next step, where the training part is not resident
  Position position_;
  record::History history_;
  std::vector<std::int64_t> order_;         // of the present epoch
  at::Tensor batches_;                      // the same, steps × batch, next to a resident part
  at::Tensor next_;                         // the step's number in its epoch, on the device
  at::Tensor losses_;                       // of the present epoch's steps, on the device
  at::Tensor seconds_;                      // likewise, double
  mutable std::vector<at::Tensor> saved_;   // what the last blobs are views of
  mutable std::vector<at::Tensor> copies_;  // likewise the last copied ones
};

}  // namespace laq::train
