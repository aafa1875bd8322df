#include "quant/magnitude_bins.hpp"

#include <omp.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "core/parallel.hpp"

namespace laq::quant {
namespace {

constexpr std::size_t kBlock = 256;
constexpr std::size_t kMostBins = 16384;

LAQ_VECTORISED
void bin_block(const float* w, std::size_t n, float per_unit, int last, int negative, float* a,
               int* bins) {
  for (std::size_t i = 0; i < n; ++i) {
    a[i] = std::fabs(w[i]);
    // Compared as float: a NaN goes to the last bin, and shows in its sums.
    const float position = a[i] * per_unit;
    const int bin = position < static_cast<float>(last) ? static_cast<int>(position) : last;
    bins[i] = bin + (w[i] < 0 ? negative : 0);
  }
}

LAQ_VECTORISED
void weigh_block(const float* a, const float* d, std::size_t n, double* pairs) {
  for (std::size_t i = 0; i < n; ++i) {
    // A product, so that a curvature that is not finite shows even where the weight is 0.
    const double weight = (a[i] > 0 ? 1.0 : 0.0) * static_cast<double>(d[i]);
    pairs[2 * i] = weight;
    pairs[2 * i + 1] = weight * static_cast<double>(a[i]);
  }
}

int bins_for(std::size_t n) {
  return static_cast<int>(std::clamp(std::bit_ceil(n / 16 + 1), std::size_t{8}, kMostBins));
}

float bins_per_unit(int count, float range) {
  const float per_unit = static_cast<float>(count) / range;
  return std::isfinite(per_unit) ? per_unit : 0;  // magnitudes near the smallest float: one bin
}

}  // namespace

Mass& Mass::operator+=(const Mass& other) {
  d += other.d;
  da += other.da;
  return *this;
}

BinCounter::BinCounter(const Group& group, bool by_sign, float range)
    : by_sign_(by_sign),
      count_(bins_for(group.latent.size())),
      per_unit_(bins_per_unit(count_, range)),
      parts_(static_cast<std::size_t>(std::max(1, omp_get_max_threads()))) {
  for_chunks(group.latent.size(),
             [&](std::size_t begin, std::size_t count) { add(group, begin, count); });
}

void BinCounter::add(const Group& group, std::size_t begin, std::size_t count) {
  auto& part = parts_[static_cast<std::size_t>(omp_get_thread_num()) % parts_.size()];
  part.resize(static_cast<std::size_t>(by_sign_ ? 2 * count_ : count_));
  float a[kBlock];
  int bins[kBlock];
  alignas(sizeof(Pair)) double pairs[2 * kBlock];
  for (std::size_t at = begin; at < begin + count; at += kBlock) {
    const std::size_t length = std::min(kBlock, begin + count - at);
    const float* d = curvature_at(group, at);
    bin_block(group.latent.data() + at, length, per_unit_, count_ - 1, by_sign_ ? count_ : 0, a,
              bins);
    weigh_block(a, d, length, pairs);
    // Only the scattered addition is left to a scalar loop.
    for (std::size_t i = 0; i < length; ++i) {
      part[static_cast<std::size_t>(bins[i])] += Pair{pairs[2 * i], pairs[2 * i + 1]};
    }
  }
}

std::vector<Mass> BinCounter::masses(bool negative) const {
  std::vector<Mass> total(static_cast<std::size_t>(count_));
  for (const auto& part : parts_) {
    if (part.empty()) continue;
    const Pair* bins = part.data() + (negative ? count_ : 0);
    for (std::size_t b = 0; b < total.size(); ++b) total[b] += {bins[b][0], bins[b][1]};
  }
  return total;
}

MagnitudeBins::MagnitudeBins(const BinCounter& counted, Side side, float largest)
    : count_(counted.count()),
      per_unit_(counted.per_unit()),
      largest_(largest),
      inside_(counted.masses(counted.by_sign() && side == Side::negative)),
      from_(inside_.size() + 1) {
  for (std::size_t b = inside_.size(); b > 0; --b) {
    from_[b - 1] = from_[b];
    from_[b - 1] += inside_[b - 1];
  }
}

std::vector<std::pair<int, int>> merged(std::vector<std::pair<int, int>> ranges) {
  std::sort(ranges.begin(), ranges.end());
  std::vector<std::pair<int, int>> result;
  for (const auto& range : ranges) {
    if (!result.empty() && range.first <= result.back().second + 1) {
      result.back().second = std::max(result.back().second, range.second);
    } else {
      result.push_back(range);
    }
  }
  return result;
}

int MagnitudeBins::bin(float a) const {
  const float position = a * per_unit_;
  return position < static_cast<float>(count_ - 1) ? static_cast<int>(position) : count_ - 1;
}

std::pair<double, double> MagnitudeBins::edges(int bin) const {
  constexpr double kSlack = 1e-6;
  if (per_unit_ == 0) return {0, static_cast<double>(largest_) * (1 + kSlack)};
  const double low = bin / static_cast<double>(per_unit_);
  double high = (bin + 1) / static_cast<double>(per_unit_);
  if (bin + 1 == count_) high = std::max(high, static_cast<double>(largest_));
  return {low * (1 - kSlack), high * (1 + kSlack)};
}

std::pair<float, float> MagnitudeBins::limits(std::pair<int, int> range) const {
  return {static_cast<float>(edges(range.first).first),
          range.second + 1 < count_ ? static_cast<float>(edges(range.second).second)
                                    : std::numeric_limits<float>::infinity()};
}

}  // namespace laq::quant
