#include "core/random.hpp"

#include <cmath>
#include <numeric>
#include <utility>

namespace laq {
namespace {

/// SplitMix64's finaliser: spreads every input bit over the whole word.
std::uint64_t mix(std::uint64_t x) {
  x += 0x9e3779b97f4a7c15u;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
  return x ^ (x >> 31);
}

std::uint64_t stream_seed(std::uint64_t seed, std::string_view purpose, std::uint64_t index) {
  std::uint64_t state = mix(seed);
  for (const char c : purpose) state = mix(state ^ static_cast<unsigned char>(c));
  return mix(state ^ mix(index));
}

}  // namespace

RandomStream::RandomStream(std::uint64_t seed, std::string_view purpose, std::uint64_t index)
    : engine_(stream_seed(seed, purpose, index)) {}

double RandomStream::uniform() {
  return static_cast<double>(engine_() >> 11) * 0x1.0p-53;
}

std::uint64_t RandomStream::below(std::uint64_t bound) {
  const std::uint64_t rejected = (0 - bound) % bound;
  std::uint64_t drawn = engine_();
  while (drawn < rejected) drawn = engine_();
  return drawn % bound;
}

double RandomStream::normal() {
  while (true) {
    const double x = 2 * uniform() - 1;
    const double y = 2 * uniform() - 1;
    const double radius = x * x + y * y;
    if (radius > 0 && radius < 1) return x * std::sqrt(-2 * std::log(radius) / radius);
  }
}

std::vector<std::int64_t> permutation(std::size_t count, RandomStream stream) {
  std::vector<std::int64_t> order(count);
  std::iota(order.begin(), order.end(), 0);
  for (std::size_t i = count; i > 1; --i) std::swap(order[i - 1], order[stream.below(i)]);
  return order;
}

}  // namespace laq
