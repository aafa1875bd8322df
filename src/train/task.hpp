#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "data/image_set.hpp"
#include "data/locate.hpp"
#include "nn/model.hpp"
#include "train/loss.hpp"

namespace laq::train {

struct Run;
class ResidentPart;

/// A network's input and what it should say to it: as `Loss` and `nn::Model::forward` want them.
struct Batch {
  at::Tensor input, target;
};

/// A batch of the host's on a device; to a GPU without waiting for it.
Batch to_device(const Batch& batch, c10::Device device);

/// What is to be learned: rows (pictures, or segments of text) in three parts, of which batches are
/// made, and the loss.
class Task {
 public:
  explicit Task(Loss loss) : loss_(loss) {}
  virtual ~Task() = default;

  virtual nn::Shape shape() const = 0;
  virtual std::int64_t rows(data::Part part) const = 0;
  /// Error: a row out of range.
  virtual Batch gather(data::Part part, std::span<const std::int64_t> rows) const = 0;
  /// Rows that are evaluated at a time.
  virtual std::int64_t evaluation_rows() const = 0;
  /// What a checkpoint needs for its weights to be of use without the data.
  virtual std::map<std::string, std::string> texts() const { return {}; }

  /// The dimension of a batch's input along which the rows lie. A target of several answers a row
  /// is laid out as the input is.
  virtual std::int64_t row_dimension() const { return 0; }

  /// Whether `augment` does anything.
  virtual bool augments() const { return false; }
  /// Changes a training batch by random draws of a run's seed and step, where the task does so.
  virtual void augment(Batch&, std::uint64_t /*seed*/, std::uint64_t /*step*/) const {}
  /// What the inputs were made with, by name: the `mean` that pictures are without.
  virtual std::map<std::string, at::Tensor> input_statistics() const { return {}; }

  /// Mean over the outputs.
  at::Tensor loss(const at::Tensor& output, const at::Tensor& target) const {
    return train::loss(loss_, output, target);
  }

 private:
  Loss loss_;
};

/// Mean loss and share of wrong answers (percent) of a model on a part of the data.
struct Score {
  double loss = 0;
  double error = 0;
};

/// Whether to leave off; asked now and then.
using Stop = std::function<bool()>;

/// In evaluation mode, without gradients, in the order of the data.
Score evaluate(nn::Model& model, const Task& task, data::Part part);
/// The same; nothing when `stop` said so, which is asked after every batch. `resident`: the part on
/// the model's device, where it is there. A GPU is waited for once.
std::optional<Score> evaluate(nn::Model& model, const Task& task, data::Part part, const Stop& stop,
                              const ResidentPart* resident = nullptr);

/// Reads the run's data. Errors: of the files; (usage) a batch that does not fit the data.
std::unique_ptr<Task> load_task(const Run& run, const data::DataPaths& paths);

}  // namespace laq::train
