#include "integration/quantize_support.hpp"

#include <catch2/catch.hpp>
#include <cmath>
#include <cstdlib>

namespace laq::integration {
namespace {

double scale_of(std::int64_t code, Codes codes, const double* scales, std::size_t count) {
  return count == 2 && codes != Codes::dorefa && code < 0 ? scales[1] : scales[0];
}

}  // namespace

std::optional<double> level(Codes codes, int bits, std::int64_t code) {
  const auto sign = static_cast<double>((code > 0) - (code < 0));
  const std::int64_t magnitude = std::abs(code), k = (std::int64_t{1} << (bits - 1)) - 1;
  switch (codes) {
    case Codes::binary:
      return magnitude == 1 ? std::optional(sign) : std::nullopt;
    case Codes::ternary:
      return magnitude <= 1 ? std::optional(sign) : std::nullopt;
    case Codes::linear:
      if (magnitude > k) return std::nullopt;
      return static_cast<double>(code) / static_cast<double>(k);
    case Codes::log:
      if (magnitude > k) return std::nullopt;
      return sign * std::exp2(static_cast<double>(magnitude - k));
    case Codes::dorefa: {
      const std::int64_t last = (std::int64_t{1} << bits) - 1;
      if (code < 0 || code > last) return std::nullopt;
      return 2 * static_cast<double>(code) / static_cast<double>(last) - 1;
    }
  }
  return std::nullopt;
}

std::vector<double> random_weights(std::mt19937& random, std::size_t n) {
  std::normal_distribution<double> normal;
  std::vector<double> all;
  for (std::size_t i = 0; i < n; ++i) all.push_back(normal(random) * (i % 3 == 0 ? 0.05 : 0.4));
  return all;
}

std::vector<double> random_curvatures(std::mt19937& random, std::size_t n) {
  std::normal_distribution<double> normal;
  std::vector<double> all;
  for (std::size_t i = 0; i < n; ++i) all.push_back(std::pow(10.0, normal(random) - 4));
  return all;
}

Quantized read_quantized(const std::filesystem::path& file) {
  const record::Hdf5Reader in(file);
  return {in.read<float>("/quantized", {.most = 4}),
          in.read<std::int64_t>("/codes", {.most = 4}),
          in.read<double>("/scales"),
          in.real("/", "objective"),
          in.dataset("/quantized"),
          in.dataset("/codes"),
          in.dataset("/scales")};
}

double objective(const Problem& problem, Codes codes, int bits,
                 const std::vector<std::int64_t>& values, const std::vector<double>& scales) {
  const std::size_t n = problem.weights.size(), width = scales.size() / problem.groups;
  double sum = 0;
  for (std::size_t i = 0; i < n; ++i) {
    const double* of_group = scales.data() + i / (n / problem.groups) * width;
    const double quantized =
        level(codes, bits, values[i]).value() * scale_of(values[i], codes, of_group, width);
    const double d = problem.curvature.empty() ? 1 : problem.curvature[i];
    sum += d * (problem.weights[i] - quantized) * (problem.weights[i] - quantized);
  }
  return sum;
}

void check_quantized(const Quantized& result, const Problem& problem, Codes codes, int bits,
                     std::size_t scales) {
  CHECK(result.quantized_type.type == "float32");
  CHECK(result.codes_type.kind == record::Content::Kind::integer);
  CHECK(result.scales_type.type == "float64");
  CHECK(result.quantized.shape == problem.shape);
  CHECK(result.codes.shape == problem.shape);
  REQUIRE(result.scales.shape == record::Shape{problem.groups, scales});
  for (const double scale : result.scales.values) CHECK((std::isfinite(scale) && scale >= 0));

  const std::size_t n = problem.weights.size();
  std::size_t unknown = 0, different = 0;
  for (std::size_t i = 0; i < n; ++i) {
    const auto code = result.codes.values[i];
    const auto of_code = level(codes, bits, code);
    if (!of_code) {
      ++unknown;
      continue;
    }
    const double* of_group = result.scales.values.data() + i / (n / problem.groups) * scales;
    const double value = *of_code * scale_of(code, codes, of_group, scales);
    // ŵ is stored in single precision: half a unit in the last place.
    const double allowed = 6e-8 * std::abs(value);
    different += std::abs(static_cast<double>(result.quantized.values[i]) - value) > allowed;
  }
  CHECK(unknown == 0);
  CHECK(different == 0);
  if (unknown == 0) {
    CHECK(result.objective ==
          Approx(objective(problem, codes, bits, result.codes.values, result.scales.values))
              .epsilon(1e-12));
  }
}

}  // namespace laq::integration
