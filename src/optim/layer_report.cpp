#include "optim/layer_report.hpp"

#include <algorithm>
#include <cmath>

#include "kernels/report.hpp"

namespace laq::optim {

double largest_magnitude(std::span<const float> values) {
  float largest = 0;
  for (const float value : values) largest = std::max(largest, std::abs(value));
  return static_cast<double>(largest);
}

std::vector<double> histogram(std::span<const float> values, double largest) {
  std::vector<double> counts(kLatentBins);
  for (const float value : values)
    ++counts[static_cast<std::size_t>(
        kernels::bin_of(value, largest, static_cast<int>(kLatentBins)))];
  return counts;
}

std::size_t zero_level(std::span<const int> codes) {
  // With a scale of 0 every level is 0.
  auto zero = std::find(codes.begin(), codes.end(), 0);
  if (zero == codes.end()) zero = std::find(codes.begin(), codes.end(), 1);
  return zero == codes.end() ? 0 : static_cast<std::size_t>(zero - codes.begin());
}

}  // namespace laq::optim
