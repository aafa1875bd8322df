#include <catch2/catch.hpp>
#include <cmath>

#include "quant/device_fit.hpp"
#include "support/methods.hpp"
#include "support/plain_sums.hpp"
#include "support/random_group.hpp"

using namespace laq;
using namespace laq::test;
using namespace laq::quant;

namespace {

PlainBook plain_fit(const Quantizer& quantizer, const Group& group) {
  PlainSums sums{group.latent.data(), nullptr, group.previous.data(), group.latent.size(), {}};
  if (quantizer.uses_curvature()) sums.curvature = group.curvature.data();
  for (std::size_t s = 0; s < group.scales.size(); ++s) sums.scales[s] = group.scales[s];
  sums.progress = group.progress;
  PlainBook book;
  const auto run = [&]<typename Fit>(const Fit& fit) {
    if constexpr (!std::is_same_v<Fit, std::monostate>) fit(sums, book);
  };
  std::visit(run, quantizer.device_fit());
  return book;
}

void check_equal(const PlainBook& plain, const Codebook& codebook) {
  REQUIRE(plain.level_count == static_cast<int>(codebook.codes.size()));
  REQUIRE(plain.threshold_count == static_cast<int>(codebook.thresholds.size()));
  REQUIRE(plain.scale_count == static_cast<int>(codebook.scales.size()));
  for (std::size_t j = 0; j < codebook.codes.size(); ++j) {
    CHECK(plain.codes[j] == codebook.codes[j]);
    CHECK(plain.values[j] == Approx(codebook.values[j]).epsilon(1e-9));
  }
  for (std::size_t j = 0; j < codebook.thresholds.size(); ++j)
    CHECK(plain.thresholds[j] == Approx(codebook.thresholds[j]).epsilon(1e-6));
  for (std::size_t s = 0; s < codebook.scales.size(); ++s)
    CHECK(plain.scales[s] == Approx(codebook.scales[s]).epsilon(1e-9));
  CHECK(plain.rounds == codebook.rounds);
  REQUIRE(plain.piece_count == static_cast<int>(codebook.slopes.size()));
  REQUIRE(plain.knot_count == static_cast<int>(codebook.knots.size()));
  for (std::size_t p = 0; p < codebook.slopes.size(); ++p) {
    CHECK(plain.slopes[p] == Approx(codebook.slopes[p]).epsilon(1e-9));
    CHECK(plain.offsets[p] == Approx(codebook.offsets[p]).epsilon(1e-6));
  }
  for (std::size_t p = 0; p < codebook.knots.size(); ++p)
    CHECK(plain.knots[p] == Approx(codebook.knots[p]).epsilon(1e-6));
  CHECK(plain.converged == codebook.converged);
}

}  // namespace

// src/kernels compiles the same for a GPU.
TEST_CASE("fits find the same from sums and into codebooks without containers", "[quant]") {
  for (const auto& method : all_methods()) {
    // Without ties, which rounding decides.
    for (const auto& shape : {"normal", "uniform", "laplace", "sparse"}) {
      const RandomGroup random(method.exact() ? 40 : 300, 7, shape);
      Group group = random.group();
      INFO(method.name << ", " << shape);
      const Codebook first = quant::fit(*method.quantizer, group);
      check_equal(plain_fit(*method.quantizer, group), first);
      // The next step's, from the first one's ŵ, of other weights.
      RandomGroup moved = random;
      for (std::size_t i = 0; i < moved.w.size(); ++i) moved.w[i] *= i % 2 == 0 ? 1.01f : 0.995f;
      std::vector<float> quantized(random.w.size());
      apply(first, random.w, quantized);
      group = moved.group();
      group.previous = quantized;
      group.scales = first.scales;
      check_equal(plain_fit(*method.quantizer, group), quant::fit(*method.quantizer, group));
    }
  }
}

TEST_CASE("relaxed fits are the same without containers, all through the training", "[quant]") {
  for (const auto& method : relaxed_methods()) {
    for (const double progress : {0.0, 0.3, 0.79, 0.8, 1.0}) {
      const RandomGroup random(40, 7);
      Group group = random.group();
      group.progress = progress;
      INFO(method.name << ", progress " << progress);
      const Codebook codebook = quant::fit(*method.quantizer, group);
      CHECK(codebook.relaxed() == (progress < 0.8));
      check_equal(plain_fit(*method.quantizer, group), codebook);
    }
  }
}
