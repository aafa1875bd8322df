#pragma once

#include <cmath>
#include <string>
#include <vector>

#include "core/random.hpp"
#include "quant/group.hpp"

namespace laq::test {

/// Random weights and curvature of a group, owned here.
struct RandomGroup {
  std::vector<float> w, d;

  /// `shape`: normal | uniform | bimodal | laplace | sparse | equal | mixed. d spans `decades`
  /// powers of ten.
  RandomGroup(std::size_t n, std::uint64_t seed, const std::string& shape = "normal",
              double decades = 2)
      : w(n), d(n) {
    RandomStream stream(seed, "test group " + shape);
    for (std::size_t i = 0; i < n; ++i) {
      const double x = stream.normal();
      double value = 0.3 * x;
      if (shape == "uniform") value = 2 * stream.uniform() - 1;
      if (shape == "bimodal") value = (x < 0 ? -1 : 1) * (0.5 + 0.02 * stream.normal());
      if (shape == "laplace") value = (x < 0 ? 0.1 : -0.1) * std::log(1 - stream.uniform());
      if (shape == "sparse") value = stream.uniform() < 0.7 ? 0 : x;
      if (shape == "mixed") value = stream.uniform() < 0.7 ? 0.1 * x : 0.3 * x;
      if (shape == "equal") value = x < 0 ? -0.25 : 0.25;
      w[i] = static_cast<float>(value);
      d[i] = static_cast<float>(std::pow(10.0, decades * (stream.uniform() - 1)));
    }
  }

  quant::Group group() const { return {w, d, {}, {}}; }
  std::vector<double> weights() const { return {w.begin(), w.end()}; }
  std::vector<double> curvature() const { return {d.begin(), d.end()}; }
};

inline const std::vector<std::string>& group_shapes() {
  static const std::vector<std::string> shapes = {"normal",  "uniform", "bimodal",
                                                  "laplace", "sparse",  "equal"};
  return shapes;
}

}  // namespace laq::test
