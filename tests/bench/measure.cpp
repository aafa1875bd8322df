#include "bench/measure.hpp"

#include <algorithm>
#include <chrono>

namespace laq::bench {
namespace {

double quantile(std::vector<double> values, double fraction) {
  std::sort(values.begin(), values.end());
  return values[static_cast<std::size_t>(fraction * static_cast<double>(values.size() - 1) + 0.5)];
}

}  // namespace

double Timing::median() const {
  return quantile(milliseconds, 0.5);
}
double Timing::low() const {
  return quantile(milliseconds, 0.25);
}
double Timing::high() const {
  return quantile(milliseconds, 0.75);
}

double clock_now() {
  const std::chrono::duration<double, std::milli> now =
      std::chrono::steady_clock::now().time_since_epoch();
  return now.count();
}

std::vector<Timing> alternate(const std::vector<Candidate>& candidates, int rounds, int warm_up,
                              const std::function<double()>& now) {
  std::vector<Timing> timings;
  for (const auto& candidate : candidates) timings.push_back({candidate.name, {}});
  for (int round = -warm_up; round < rounds; ++round) {
    for (std::size_t i = 0; i < candidates.size(); ++i) {
      const double start = now();
      candidates[i].run();
      const double spent = now() - start;
      if (round >= 0) timings[i].milliseconds.push_back(spent);
    }
  }
  return timings;
}

double ratio(const Timing& candidate, const Timing& base) {
  std::vector<double> ratios;
  for (std::size_t i = 0; i < base.milliseconds.size(); ++i) {
    ratios.push_back(candidate.milliseconds[i] / base.milliseconds[i]);
  }
  return quantile(ratios, 0.5);
}

}  // namespace laq::bench
