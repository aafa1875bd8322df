#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "nn/model.hpp"
#include "optim/proximal_adam.hpp"
#include "train/experiment.hpp"

namespace laq::bench {

/// A training step of an experiment of the paper with our model and optimizer, on a given batch.
class OurTraining {
 public:
  OurTraining(const std::filesystem::path& configs, const std::string& experiment,
              const std::string& method);
  void step(const at::Tensor& input, const at::Tensor& labels);
  nn::Model& model() { return *model_; }
  const optim::ProximalAdam& optimizer() const { return *optimizer_; }
  double learning_rate() const { return run_.schedule.rate(0); }

 private:
  train::Run run_;
  std::shared_ptr<nn::Model> model_;
  std::unique_ptr<optim::ProximalAdam> optimizer_;
};

}  // namespace laq::bench
