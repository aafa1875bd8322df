#include "support/reference_solvers.hpp"

#include <algorithm>
#include <cmath>

namespace laq::test {
namespace {

int nearest_code(double x, const quant::LevelSet& levels) {
  int best = 0;
  for (int j = 1; j <= levels.k(); ++j) {
    // strictly nearer: a weight on a threshold goes to the smaller magnitude
    if (std::abs(std::abs(x) - levels.level(j)) < std::abs(std::abs(x) - levels.level(best)))
      best = j;
  }
  return x < 0 ? -best : best;
}

// |w| on a side, 0 for the other sign.
double magnitude(double w, quant::Side side) {
  if (side == quant::Side::both) return std::abs(w);
  return std::max(side == quant::Side::positive ? w : -w, 0.0);
}

}  // namespace

double objective_of(const std::vector<double>& w, const std::vector<double>& d,
                    const quant::LevelSet& levels, const std::vector<int>& codes, double alpha) {
  double sum = 0;
  for (std::size_t i = 0; i < w.size(); ++i) {
    const double error = w[i] - alpha * levels.level(codes[i]);
    sum += d[i] * error * error;
  }
  return sum;
}

double minimum_over_all_codes(const std::vector<double>& w, const std::vector<double>& d,
                              const quant::LevelSet& levels) {
  const int low = -levels.k();
  std::vector<int> codes(w.size(), low);
  double best = 0;
  for (std::size_t i = 0; i < w.size(); ++i) best += d[i] * w[i] * w[i];
  while (true) {
    double dqw = 0, dqq = 0;
    for (std::size_t i = 0; i < w.size(); ++i) {
      dqw += d[i] * levels.level(codes[i]) * w[i];
      dqq += d[i] * levels.level(codes[i]) * levels.level(codes[i]);
    }
    if (dqw > 0) best = std::min(best, objective_of(w, d, levels, codes, dqw / dqq));
    std::size_t digit = 0;
    while (digit < codes.size()) {
      codes[digit] += levels.has_zero() || codes[digit] != -1 ? 1 : 2;
      if (codes[digit] <= levels.k()) break;
      codes[digit++] = low;
    }
    if (digit == codes.size()) return best;
  }
}

double minimum_over_breakpoints(const std::vector<double>& w, const std::vector<double>& d,
                                const quant::LevelSet& levels) {
  struct Breakpoint {
    long double alpha;
    std::size_t weight;
    int below;  // code when α is smaller
  };
  std::vector<Breakpoint> points;
  long double total = 0;
  for (std::size_t i = 0; i < w.size(); ++i) {
    total += static_cast<long double>(d[i]) * w[i] * w[i];
    for (int j = 1; j <= levels.k() && w[i] != 0; ++j) {
      const double midpoint = (levels.level(j) + levels.level(j - 1)) / 2;
      points.push_back({std::abs(w[i]) / static_cast<long double>(midpoint), i, j});
    }
  }
  std::sort(points.begin(), points.end(), [](auto& x, auto& y) { return x.alpha > y.alpha; });
  long double dqw = 0, dqq = 0, gain = 0;
  for (const auto& point : points) {  // downwards from all-zero codes
    const long double q = levels.level(point.below), before = levels.level(point.below - 1);
    dqw += d[point.weight] * (q - before) * std::abs(w[point.weight]);
    dqq += d[point.weight] * (q * q - before * before);
    gain = std::max(gain, dqw * dqw / dqq);
  }
  return static_cast<double>(total - gain);
}

double alternate(const std::vector<double>& w, const std::vector<double>& d,
                 const quant::LevelSet& levels, quant::Side side, std::vector<int>& codes,
                 int& rounds) {
  double alpha = 0;
  for (rounds = 1; rounds <= 10; ++rounds) {
    double dqw = 0, dqq = 0;
    for (std::size_t i = 0; i < w.size(); ++i) {
      dqw += d[i] * levels.level(codes[i]) * w[i];
      dqq += d[i] * levels.level(codes[i]) * levels.level(codes[i]);
    }
    const double before = alpha;
    alpha = dqq > 0 ? dqw / dqq : 0;
    for (std::size_t i = 0; i < w.size(); ++i) {
      const double x = w[i] < 0 ? -magnitude(w[i], side) : magnitude(w[i], side);
      codes[i] = alpha > 0 ? nearest_code(x / alpha, levels) : 0;
    }
    if (rounds > 1 && std::abs(alpha - before) < 1e-6) return alpha;
  }
  rounds = 10;
  return alpha;
}

std::vector<int> twn_codes(const std::vector<double>& w, const quant::LevelSet& levels,
                           quant::Side side) {
  std::vector<int> codes(w.size());
  for (const quant::Side averaged : {quant::Side::both, side}) {
    double mean = 0;
    for (const double x : w) mean += magnitude(x, averaged) / static_cast<double>(w.size());
    bool any = false;
    for (std::size_t i = 0; i < w.size(); ++i) {
      codes[i] = magnitude(w[i], side) > 0.7 * mean ? (w[i] < 0 ? -levels.k() : levels.k()) : 0;
      any = any || codes[i] != 0;
    }
    if (any) break;
  }
  return codes;
}

}  // namespace laq::test
