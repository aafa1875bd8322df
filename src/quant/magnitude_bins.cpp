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

LAQ_VECTORISED
void bin_block(const float* w, std::size_t n, float up, float down, float per_unit, int last,
               float* a, int* bins) {
  for (std::size_t i = 0; i < n; ++i) {
    const float x = up * w[i], y = down * w[i];
    a[i] = x > y ? x : y;
    const int bin = static_cast<int>(a[i] * per_unit);
    bins[i] = bin < last ? bin : last;
  }
}

LAQ_VECTORISED
int count_in_range(const int* bins, std::size_t n, int first, int last) {
  int hits = 0;
  for (std::size_t i = 0; i < n; ++i) hits += bins[i] >= first && bins[i] <= last ? 1 : 0;
  return hits;
}

int bins_for(std::size_t n) {
  return static_cast<int>(std::clamp(std::bit_ceil(n / 16 + 1), std::size_t{8}, kMostBins));
}

// Calls visit(begin, count, magnitudes, bin numbers) for blocks of the chunk that starts at
// `start`.
template <typename Visit>
void for_blocks(const Group& group, Side side, float per_unit, int last, std::size_t start,
                std::size_t length, const Visit& visit) {
  const float up = side == Side::negative ? -1.0f : 1.0f;
  const float down = side == Side::both ? -1.0f : 0.0f;
  float a[kBlock];
  int bins[kBlock];
  for (std::size_t begin = start; begin < start + length; begin += kBlock) {
    const std::size_t count = std::min(kBlock, start + length - begin);
    bin_block(group.latent.data() + begin, count, up, down, per_unit, last, a, bins);
    visit(begin, count, a, bins);
  }
}

}  // namespace

Mass& Mass::operator+=(const Mass& other) {
  d += other.d;
  da += other.da;
  return *this;
}

MagnitudeBins::MagnitudeBins(const Group& group, Side side, float largest)
    : group_(group), side_(side), count_(bins_for(group.latent.size())) {
  per_unit_ = static_cast<float>(count_) / largest;
  if (!std::isfinite(per_unit_)) per_unit_ = 0;  // magnitudes near the smallest float

  const std::size_t n = group.latent.size();
  const std::size_t bins = static_cast<std::size_t>(count_);
  const std::size_t chunks = (n + kChunk - 1) / kChunk;
  std::vector<std::vector<Mass>> parts(
      chunks > 1 && !omp_in_parallel() ? static_cast<std::size_t>(omp_get_max_threads()) : 1);
#pragma omp parallel num_threads(static_cast <int>(parts.size())) if (parts.size() > 1)
  {
    auto& part = parts[static_cast<std::size_t>(omp_get_thread_num()) % parts.size()];
    part.resize(bins);
    Mass* const masses = part.data();
#pragma omp for schedule(static)
    for (std::size_t c = 0; c < chunks; ++c) {
      for_blocks(group, side, per_unit_, count_ - 1, c * kChunk, std::min(kChunk, n - c * kChunk),
                 [&](std::size_t begin, std::size_t count, const float* a, const int* bin) {
                   const float* d =
                       group.curvature.empty() ? unit_curvature() : group.curvature.data() + begin;
                   for (std::size_t i = 0; i < count; ++i) {
                     const double weight = a[i] > 0 ? static_cast<double>(d[i]) : 0.0;
                     masses[bin[i]] += {weight, weight * static_cast<double>(a[i])};
                   }
                 });
    }
  }
  inside_.resize(bins);
  for (const auto& part : parts) {
    for (std::size_t b = 0; b < part.size(); ++b) inside_[b] += part[b];
  }
  from_.resize(bins + 1);
  for (std::size_t b = bins; b > 0; --b) {
    from_[b - 1] = from_[b];
    from_[b - 1] += inside_[b - 1];
  }
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
  std::vector<std::vector<Weighted>> parts((n + kChunk - 1) / kChunk);
  for_chunks(n, [&](std::size_t start, std::size_t length) {
    auto& found = parts[start / kChunk];
    for_blocks(group_, side_, per_unit_, count_ - 1, start, length,
               [&](std::size_t begin, std::size_t count, const float* a, const int* bin) {
                 for (const auto& [first, last] : ranges) {
                   if (count_in_range(bin, count, first, last) == 0) continue;
                   for (std::size_t i = 0; i < count; ++i) {
                     if (bin[i] < first || bin[i] > last || a[i] <= 0) continue;
                     found.push_back(
                         {a[i], group_.curvature.empty() ? 1.0f : group_.curvature[begin + i]});
                   }
                 }
               });
  });
  std::vector<Weighted> all;
  for (const auto& part : parts) all.insert(all.end(), part.begin(), part.end());
  std::stable_sort(all.begin(), all.end(), [](const auto& x, const auto& y) { return x.a < y.a; });
  return all;
}

}  // namespace laq::quant
