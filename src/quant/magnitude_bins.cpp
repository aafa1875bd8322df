#include "quant/magnitude_bins.hpp"

#include <omp.h>

#include <algorithm>
#include <bit>
#include <cmath>

#include "core/parallel.hpp"
#include "quant/passes.hpp"

namespace laq::quant {
namespace {

constexpr std::size_t kBlock = 256;
constexpr std::size_t kMostBins = 16384;

// d and d a side by side, added by one instruction.
using Pair = double __attribute__((vector_size(2 * sizeof(double))));

LAQ_VECTORISED
void bin_block(const float* w, std::size_t n, float up, float down, float per_unit, int last,
               int negative, float* a, int* bins) {
  for (std::size_t i = 0; i < n; ++i) {
    const float x = up * w[i], y = down * w[i];
    a[i] = x > y ? x : y;
    const int bin = static_cast<int>(a[i] * per_unit);
    bins[i] = (bin < last ? bin : last) + (w[i] < 0 ? negative : 0);
  }
}

LAQ_VECTORISED
void weigh_block(const float* a, const float* d, std::size_t n, Pair* pairs) {
  for (std::size_t i = 0; i < n; ++i) {
    const double weight = a[i] > 0 ? static_cast<double>(d[i]) : 0.0;
    pairs[i] = Pair{weight, weight * static_cast<double>(a[i])};
  }
}

LAQ_VECTORISED
int count_in_range(const float* w, std::size_t n, float up, float down, float low, float high) {
  int hits = 0;
  for (std::size_t i = 0; i < n; ++i) {
    const float x = up * w[i], y = down * w[i];
    const float a = x > y ? x : y;
    hits += a >= low && a <= high ? 1 : 0;
  }
  return hits;
}

int bins_for(std::size_t n) {
  return static_cast<int>(std::clamp(std::bit_ceil(n / 16 + 1), std::size_t{8}, kMostBins));
}

// Calls visit(begin, count, magnitudes, bin numbers) for blocks of the chunk that starts at
// `start`.
template <typename Visit>
void for_blocks(const Group& group, Side side, float per_unit, int last, int negative,
                std::size_t start, std::size_t length, const Visit& visit) {
  const SideFactors factors(side);
  float a[kBlock];
  int bins[kBlock];
  for (std::size_t begin = start; begin < start + length; begin += kBlock) {
    const std::size_t count = std::min(kBlock, start + length - begin);
    bin_block(group.latent.data() + begin, count, factors.up, factors.down, per_unit, last,
              negative, a, bins);
    visit(begin, count, a, bins);
  }
}

float bins_per_unit(int count, float largest) {
  const float per_unit = static_cast<float>(count) / largest;
  return std::isfinite(per_unit) ? per_unit : 0;  // magnitudes near the smallest float: one bin
}

// Σ d and Σ d a by bin number. One histogram per thread, added up in the order of the threads.
std::vector<Mass> histogram(const Group& group, Side side, int count, float per_unit,
                            int negative) {
  const std::size_t n = group.latent.size();
  const auto bins = static_cast<std::size_t>(count + negative);
  const std::size_t chunks = (n + kChunk - 1) / kChunk;
  std::vector<std::vector<Pair>> parts(
      chunks > 1 && !omp_in_parallel() ? static_cast<std::size_t>(omp_get_max_threads()) : 1);
  const auto add_chunk = [&](std::size_t c, Pair* masses) {
    for_blocks(group, side, per_unit, count - 1, negative, c * kChunk,
               std::min(kChunk, n - c * kChunk),
               [&](std::size_t begin, std::size_t length, const float* a, const int* bin) {
                 const float* d =
                     group.curvature.empty() ? unit_curvature() : group.curvature.data() + begin;
                 // Only the scattered addition is left to the scalar loop.
                 Pair block[kBlock];
                 weigh_block(a, d, length, block);
                 for (std::size_t i = 0; i < length; ++i) masses[bin[i]] += block[i];
               });
  };
  if (parts.size() == 1) {
    parts[0].resize(bins);
    for (std::size_t c = 0; c < chunks; ++c) add_chunk(c, parts[0].data());
  } else {
#pragma omp parallel num_threads(static_cast <int>(parts.size()))
    {
      auto& part = parts[static_cast<std::size_t>(omp_get_thread_num())];
      part.resize(bins);
#pragma omp for schedule(static)
      for (std::size_t c = 0; c < chunks; ++c) add_chunk(c, part.data());
    }
  }
  std::vector<Mass> total(bins);
  for (const auto& part : parts) {
    for (std::size_t b = 0; b < part.size(); ++b) total[b] += {part[b][0], part[b][1]};
  }
  return total;
}

}  // namespace

Mass& Mass::operator+=(const Mass& other) {
  d += other.d;
  da += other.da;
  return *this;
}

MagnitudeBins::MagnitudeBins(const Group& group, Side side, int count, float per_unit,
                             std::vector<Mass> inside)
    : group_(group), side_(side), count_(count), per_unit_(per_unit), inside_(std::move(inside)) {
  from_.resize(inside_.size() + 1);
  for (std::size_t b = inside_.size(); b > 0; --b) {
    from_[b - 1] = from_[b];
    from_[b - 1] += inside_[b - 1];
  }
}

MagnitudeBins::MagnitudeBins(const Group& group, Side side, float largest)
    : MagnitudeBins(group, side, bins_for(group.latent.size()),
                    bins_per_unit(bins_for(group.latent.size()), largest),
                    histogram(group, side, bins_for(group.latent.size()),
                              bins_per_unit(bins_for(group.latent.size()), largest), 0)) {}

std::pair<MagnitudeBins, MagnitudeBins> MagnitudeBins::by_sign(const Group& group, float largest) {
  const int count = bins_for(group.latent.size());
  const float per_unit = bins_per_unit(count, largest);
  std::vector<Mass> all = histogram(group, Side::both, count, per_unit, count);
  std::vector<Mass> down(all.begin() + count, all.end());
  all.resize(static_cast<std::size_t>(count));
  return {MagnitudeBins(group, Side::positive, count, per_unit, std::move(all)),
          MagnitudeBins(group, Side::negative, count, per_unit, std::move(down))};
}

int MagnitudeBins::bin(float a) const {
  const float position = a * per_unit_;
  return position < static_cast<float>(count_) ? static_cast<int>(position) : count_ - 1;
}

std::pair<double, double> MagnitudeBins::edges(int bin) const {
  constexpr double kSlack = 1e-6;
  if (per_unit_ == 0) return {0, std::numeric_limits<float>::max()};
  const double low = bin / static_cast<double>(per_unit_);
  const double high = (bin + 1) / static_cast<double>(per_unit_);
  return {low * (1 - kSlack), high * (1 + kSlack)};
}

std::vector<Weighted> MagnitudeBins::open(std::span<const std::pair<int, int>> ranges) const {
  const std::size_t n = group_.latent.size();
  const SideFactors side(side_);
  std::vector<std::vector<Weighted>> parts((n + kChunk - 1) / kChunk);
  const auto search = [&](std::size_t begin, std::size_t count, std::pair<int, int> range,
                          std::vector<Weighted>& found) {
    const float* w = group_.latent.data() + begin;
    // Wide limits find the few blocks that hold any; the bin then decides.
    const auto low = static_cast<float>(edges(range.first).first);
    const auto high = range.second + 1 < count_ ? static_cast<float>(edges(range.second).second)
                                                : std::numeric_limits<float>::infinity();
    if (count_in_range(w, count, side.up, side.down, low, high) == 0) return;
    for (std::size_t i = 0; i < count; ++i) {
      const float a = std::max(side.up * w[i], side.down * w[i]);
      if (a <= 0 || bin(a) < range.first || bin(a) > range.second) continue;
      found.push_back({a, group_.curvature.empty() ? 1.0f : group_.curvature[begin + i]});
    }
  };
  for_chunks(n, [&](std::size_t start, std::size_t length) {
    for (std::size_t begin = start; begin < start + length; begin += kBlock) {
      const std::size_t count = std::min(kBlock, start + length - begin);
      for (const auto& range : ranges) search(begin, count, range, parts[start / kChunk]);
    }
  });
  std::vector<Weighted> all;
  for (const auto& part : parts) all.insert(all.end(), part.begin(), part.end());
  std::stable_sort(all.begin(), all.end(), [](const auto& x, const auto& y) { return x.a < y.a; });
  return all;
}

}  // namespace laq::quant
