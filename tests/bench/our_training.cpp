#include "bench/our_training.hpp"

#include <ATen/ATen.h>

#include "config/reader.hpp"
#include "train/loss.hpp"

namespace laq::bench {

OurTraining::OurTraining(const std::filesystem::path& configs, const std::string& experiment,
                         const std::string& method)
    : run_(train::resolve(configs, {experiment, method, "paper", 1, {}})) {
  config::Reader section(run_.tree.find("model"), "model");
  model_ = nn::make_model(section, {run_.dataset.shape, run_.dataset.classes}, 1);
  optimizer_ =
      std::make_unique<optim::ProximalAdam>(model_->layers(), run_.quantizer, run_.train.adam);
}

void OurTraining::step(const at::Tensor& input, const at::Tensor& labels) {
  train::squared_hinge(model_->forward(input), labels).backward();
  optimizer_->step(learning_rate());
}

}  // namespace laq::bench
