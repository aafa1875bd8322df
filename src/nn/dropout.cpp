#include "nn/dropout.hpp"

#include <ATen/ATen.h>

#include <cmath>

#include "core/parallel.hpp"
#include "core/random.hpp"

namespace laq::nn {
namespace {

// A bijection of 32 bits that spreads every input bit over all others (C. Wellons' lowbias32).
constexpr std::uint32_t kFirst = 0x7feb352d, kSecond = 0x846ca68b;

LAQ_INLINE std::uint32_t mix(std::uint32_t x) {
  x ^= x >> 16;
  x *= kFirst;
  x ^= x >> 15;
  x *= kSecond;
  return x ^ (x >> 16);
}

// The same for numbers of 32 bits in int64.
at::Tensor mix(const at::Tensor& value) {
  constexpr std::int64_t kLow = 0xffffffff;
  const auto fold = [](const at::Tensor& x, std::int64_t by) {
    return at::bitwise_xor(x, at::bitwise_right_shift(x, by));
  };
  at::Tensor x = fold(value, 16).mul_(std::int64_t{kFirst}).bitwise_and_(kLow);
  x = fold(x, 15).mul_(std::int64_t{kSecond}).bitwise_and_(kLow);
  return fold(x, 16);
}

std::uint32_t threshold_of(double rate) {
  return static_cast<std::uint32_t>(std::lround(rate * 0x1.0p32));
}

LAQ_VECTORISED
void fill_mask(float* out, std::size_t begin, std::size_t count, std::uint32_t first,
               std::uint32_t second, std::uint32_t threshold, float kept) {
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint32_t drawn = mix(mix(static_cast<std::uint32_t>(begin + i) ^ first) + second);
    out[i] = drawn >= threshold ? kept : 0.0f;
  }
}

}  // namespace

at::Tensor dropout_mask(at::IntArrayRef sizes, double rate, const std::array<std::uint32_t, 2>& key,
                        const at::Tensor& drawn, bool by_tensors) {
  const auto kept = static_cast<float>(1 / (1 - rate));
  const std::uint32_t threshold = threshold_of(rate);
  if (drawn.is_cpu() && !by_tensors) {
    const auto number = static_cast<std::uint32_t>(drawn.item<std::int64_t>());
    const std::uint32_t first = mix(number ^ key[0]), second = mix(number + key[1]);
    const at::Tensor mask = at::empty(sizes, at::kFloat);
    float* out = mask.data_ptr<float>();
    for_chunks(static_cast<std::size_t>(mask.numel()), [&](std::size_t begin, std::size_t count) {
      fill_mask(out + begin, begin, count, first, second, threshold, kept);
    });
    return mask;
  }
  constexpr std::int64_t kLow = 0xffffffff;
  const at::Tensor first = mix(drawn.bitwise_xor(std::int64_t{key[0]}).bitwise_and(kLow)),
                   second = mix((drawn + std::int64_t{key[1]}).bitwise_and(kLow));
  const at::Tensor index = at::arange(c10::multiply_integers(sizes), drawn.options());
  const at::Tensor all = mix((mix(index.bitwise_xor(first)) + second).bitwise_and(kLow));
  return all.ge(std::int64_t{threshold}).to(at::kFloat).mul_(kept).view(sizes);
}

DropoutImpl::DropoutImpl(double rate)
    : rate_(rate), drawn_(register_buffer("drawn", at::zeros({}, at::kLong))) {}

void DropoutImpl::seed(std::uint64_t seed, const std::string& name) {
  RandomStream stream(seed, "dropout " + name);
  for (auto& word : key_) word = static_cast<std::uint32_t>(stream.below(std::uint64_t{1} << 32));
}

at::Tensor DropoutImpl::forward(const at::Tensor& x) {
  if (!is_training() || rate_ == 0) return x;
  const at::Tensor mask = dropout_mask(x.sizes(), rate_, key_, drawn_);
  drawn_.add_(1);
  return x * mask;
}

}  // namespace laq::nn
