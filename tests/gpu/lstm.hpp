#pragma once

#include <ATen/ATen.h>
#include <c10/core/GradMode.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "nn/lstm.hpp"

namespace laq::test {

struct LstmSize {
  std::int64_t steps, batch, units, vocabulary;
};

/// The LSTM on a GPU against the CPU's, hidden states and gradients, with and without clipping, and
/// against itself: prints the largest difference and returns what is wrong.
inline std::vector<std::string> compare_lstm() {
  std::vector<std::string> faults;
  double worst = 0;
  // One kernel for all steps, or (other units, more rows than there are processors) one a step.
  const std::vector<LstmSize> sizes = {{1, 3, 512, 5},     {100, 100, 512, 87}, {7, 37, 512, 40},
                                       {20, 50, 256, 30},  {12, 13, 33, 7},     {9, 200, 512, 20},
                                       {30, 100, 128, 50}, {5, 1, 512, 11}};
  for (const auto& [steps, batch, units, vocabulary] : sizes) {
    for (const double bound : {0.0, 0.02}) {
      at::manual_seed(7);
      const double spread = 0.5 / std::sqrt(static_cast<double>(units));
      const std::vector<std::vector<std::int64_t>> shapes = {
          {4 * units, vocabulary}, {4 * units, units}, {4 * units}, {4 * units}};
      std::vector<at::Tensor> weights;
      for (const auto& shape : shapes) weights.push_back(at::randn(shape) * spread);
      const at::Tensor characters = at::randint(vocabulary, {steps, batch}, at::kLong),
                       to_hidden = at::randn({steps, batch, units});
      const auto outcome = [&](const at::Device& device) {
        std::vector<at::Tensor> here;
        for (const auto& weight : weights)
          here.push_back(weight.to(device, at::kFloat, false, true).requires_grad_());
        const nn::LstmWeights all{here[0], here[1], here[2], here[3]};
        const at::Tensor hidden = nn::one_hot_lstm(characters.to(device), all, bound);
        hidden.backward(to_hidden.to(device));
        std::vector<at::Tensor> found{hidden.detach().cpu()};
        for (const auto& weight : here) found.push_back(weight.grad().cpu());
        const c10::NoGradGuard no_gradient;
        found.push_back(nn::one_hot_lstm(characters.to(device), all, bound).cpu());
        return found;
      };
      const auto expected = outcome(at::kCPU), found = outcome(at::kCUDA),
                 again = outcome(at::kCUDA);
      const std::string which =
          fmt::format("LSTM of {} units, {} steps x {}, bound {}", units, steps, batch, bound);
      for (std::size_t i = 0; i < found.size(); ++i) {
        const double largest = std::max(expected[i].abs().max().item<double>(), 1e-30);
        const double away = (found[i] - expected[i]).abs().max().item<double>() / largest;
        worst = std::max(worst, away);
        if (!(away < 1e-4))
          faults.push_back(fmt::format("{}: result {} is off by {:.1e}", which, i, away));
        if (!found[i].equal(again[i])) faults.push_back(which + ": does not repeat its bits");
      }
      if (!found.back().equal(found.front()))
        faults.push_back(which + ": other hidden states without gradients");
    }
  }
  fmt::print("the LSTM differs from the CPU's by up to {:.1e} of the largest value\n", worst);
  return faults;
}

}  // namespace laq::test
