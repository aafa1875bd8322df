#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>

#include "core/parallel.hpp"
#include "support/methods.hpp"
#include "support/scratch.hpp"

// What holds for every quantizer, looped over all methods and all points on the axes.

using namespace laq;
using namespace laq::test;

namespace {

constexpr double kEpsilon = std::numeric_limits<double>::epsilon();
// Sums over the groups below in another order.
constexpr double kReordered = 1000 * kEpsilon;

template <typename Check>
void for_methods(std::size_t n, double decades, const Check& check) {
  for (const auto& method : all_methods()) {
    for (const auto& shape : group_shapes()) {
      INFO(method.name << ", " << shape << ", n = " << n);
      check(method, RandomGroup(n, n, shape, decades));
    }
  }
}

bool same(const quant::Codebook& a, const quant::Codebook& b) {
  return a.thresholds == b.thresholds && a.values == b.values && a.codes == b.codes &&
         a.scales == b.scales && a.rounds == b.rounds && a.converged == b.converged;
}

// Every ŵ is a level times its sign's scale, and the code says which.
void check_values(const Method& method, const RandomGroup& group, const Quantized& result) {
  const auto& step = result.step;
  REQUIRE(step.values.size() == step.thresholds.size() + 1);
  REQUIRE(step.codes.size() == step.values.size());
  CHECK(std::is_sorted(step.thresholds.begin(), step.thresholds.end()));
  CHECK(std::is_sorted(step.codes.begin(), step.codes.end()));
  CHECK(static_cast<int>(step.scales.size()) == method.quantizer->scale_count());
  for (const double scale : step.scales) {
    CHECK(scale >= 0);
    CHECK(std::isfinite(scale));
  }
  for (std::size_t j = 0; j < step.codes.size(); ++j) {
    const int code = step.codes[j];
    const double scale = code < 0 ? step.scales.back() : step.scales.front();
    if (const auto level = method.quantizer->level(code)) CHECK(step.values[j] == scale * *level);
    if (method.ttq()) CHECK(step.values[j] == scale * code);
    if (!method.dorefa() && code == 0) CHECK(step.values[j] == 0);
  }
  for (std::size_t i = 0; i < group.w.size(); ++i) {
    const auto found = std::find(step.codes.begin(), step.codes.end(), result.codes[i]);
    REQUIRE(found != step.codes.end());
    REQUIRE(result.values[i] ==
            static_cast<float>(step.values[static_cast<std::size_t>(found - step.codes.begin())]));
    if (!method.dorefa()) {
      if (group.w[i] > 0) REQUIRE(result.codes[i] >= 0);
      if (group.w[i] < 0) REQUIRE(result.codes[i] <= 0);
      if (group.w[i] == 0) REQUIRE(result.codes[i] == (method.has_zero() ? 0 : 1));
    }
  }
}

}  // namespace

TEST_CASE("every quantizer gives allowed values only", "[property]") {
  CHECK(all_methods().size() > 60);
  for (const std::size_t n : {1u, 2u, 33u, 700u}) {
    for_methods(n, 3, [](const Method& method, const RandomGroup& group) {
      check_values(method, group, quantize(*method.quantizer, group.group()));
    });
  }
}

TEST_CASE("every quantizer bears curvature over sixty decades", "[property]") {
  for_methods(500, 60, [](const Method& method, RandomGroup group) {
    for (auto& d : group.d) d = std::max(d * 1e30f, 1e-30f);
    check_values(method, group, quantize(*method.quantizer, group.group()));
  });
}

TEST_CASE("every quantizer bears subnormal and huge weights", "[property]") {
  for (const float size : {1e-42f, 1e-38f, 1e30f, 1e38f}) {
    for_methods(100, 3, [&](const Method& method, RandomGroup group) {
      for (auto& w : group.w) w *= size;
      check_values(method, group, quantize(*method.quantizer, group.group()));
    });
  }
}

TEST_CASE("a weight never gets a value below that of a smaller weight", "[property]") {
  for_methods(700, 3, [](const Method& method, RandomGroup group) {
    std::sort(group.w.begin(), group.w.end());
    const auto values = quantize(*method.quantizer, group.group()).values;
    CHECK(std::is_sorted(values.begin(), values.end()));
  });
}

TEST_CASE("changing every sign changes every sign", "[property]") {
  for_methods(700, 3, [](const Method& method, RandomGroup group) {
    if (method.lsq()) return;                         // one more level below 0 than above
    for (auto& w : group.w) w = w == 0 ? 0.125f : w;  // sign(0) = +1, DoReFa rounds half up
    const auto before = quantize(*method.quantizer, group.group());
    for (auto& w : group.w) w = -w;
    auto after = quantize(*method.quantizer, group.group());
    for (auto& value : after.values) value = -value;
    CHECK(after.values == before.values);
    if (!method.lq_nets()) std::reverse(after.step.scales.begin(), after.step.scales.end());
    CHECK(after.step.scales == before.step.scales);
  });
}

TEST_CASE("weights twice as large have scales twice as large", "[property]") {
  for_methods(700, 3, [](const Method& method, const RandomGroup& group) {
    if (method.unit() || method.dorefa()) return;
    for (const float c : {0.25f, 2.0f, 64.0f}) {
      RandomGroup larger = group;
      for (auto& w : larger.w) w *= c;
      const auto before = quantize(*method.quantizer, group.group());
      const auto after = quantize(*method.quantizer, larger.group());
      // An alternating solver stops when α moves by less than 1e-6, whatever its size.
      constexpr double kStop = 1e-6;
      for (std::size_t s = 0; s < before.step.scales.size(); ++s) {
        const double expected = static_cast<double>(c) * before.step.scales[s];
        CHECK(std::abs(after.step.scales[s] - expected) <=
              (method.alternating() ? 10 * kStop * std::max(1.0, static_cast<double>(c)) : 0.0));
      }
      if (!method.alternating()) CHECK(after.codes == before.codes);
    }
  });
}

TEST_CASE("curvature times a constant changes nothing", "[property]") {
  for_methods(700, 3, [](const Method& method, const RandomGroup& group) {
    const auto before = quant::fit(*method.quantizer, group.group());
    for (const float c : {0x1p-30f, 0x1p40f}) {
      RandomGroup other = group;
      for (auto& d : other.d) d *= c;
      CHECK(same(quant::fit(*method.quantizer, other.group()), before));
    }
  });
}

TEST_CASE("uniform curvature is no curvature", "[property]") {
  for_methods(700, 0, [](const Method& method, RandomGroup group) {
    std::fill(group.d.begin(), group.d.end(), 1.0f);
    CHECK(same(quant::fit(*method.quantizer, group.group()),
               quant::fit(*method.quantizer, {group.w, {}, {}, {}})));
  });
}

TEST_CASE("rules that are not loss-aware do not look at the curvature", "[property]") {
  for_methods(100, 3, [](const Method& method, const RandomGroup& group) {
    if (method.quantizer->uses_curvature()) return;
    CHECK(same(quant::fit(*method.quantizer, group.group()),
               quant::fit(*method.quantizer, {group.w, {}, {}, {}})));
  });
}

TEST_CASE("the order of the weights does not matter", "[property]") {
  for_methods(700, 3, [](const Method& method, const RandomGroup& group) {
    const auto order = permutation(group.w.size(), RandomStream(1, "test order"));
    RandomGroup shuffled = group;
    for (std::size_t i = 0; i < order.size(); ++i) {
      shuffled.w[i] = group.w[static_cast<std::size_t>(order[i])];
      shuffled.d[i] = group.d[static_cast<std::size_t>(order[i])];
    }
    const auto before = quantize(*method.quantizer, group.group());
    const auto after = quantize(*method.quantizer, shuffled.group());
    for (std::size_t s = 0; s < before.step.scales.size(); ++s)
      CHECK(after.step.scales[s] == Approx(before.step.scales[s]).epsilon(kReordered));
    std::vector<int> back(order.size());
    for (std::size_t i = 0; i < order.size(); ++i)
      back[static_cast<std::size_t>(order[i])] = after.codes[i];
    CHECK(back == before.codes);
  });
}

TEST_CASE("weights that are all zero stay zero where there is a zero", "[property]") {
  for (const auto& method : all_methods()) {
    RandomGroup group(300, 1);
    std::fill(group.w.begin(), group.w.end(), 0.0f);
    const auto result = quantize(*method.quantizer, group.group());
    const std::set<float> values(result.values.begin(), result.values.end());
    INFO(method.name);
    if (method.dorefa()) {
      CHECK(*values.begin() == static_cast<float>(1.0 / (result.step.codes.back())));
    } else if (method.learned_step() && !method.has_zero()) {
      CHECK(values.size() == 1);  // a learned scale stays positive
    } else {
      CHECK(values == std::set<float>{method.binary() && method.unit() ? 1.0f : 0.0f});
    }
    if (method.quantizer->learns_scales() || method.unit() || method.dorefa()) continue;
    CHECK(result.step.scales == std::vector<double>(result.step.scales.size(), 0));
    CHECK(result.step.converged);
  }
}

TEST_CASE("one weight is kept as it is where the scale is free", "[property]") {
  for (const auto& method : all_methods()) {
    for (const float w : {0.3f, -0.3f, 1e-20f, -1e20f}) {
      const auto result = quantize(*method.quantizer, {std::span(&w, 1), {}, {}, {}});
      INFO(method.name << ", " << w);
      if (method.dorefa()) {
        CHECK(result.values[0] == (w > 0 ? 1.0f : -1.0f));
      } else if (!method.unit() && !method.learned_step() && !method.lq_nets()) {
        CHECK(result.values[0] == w);
      }
    }
  }
}

TEST_CASE("a sign that does not occur has scale 0", "[property]") {
  for_methods(300, 3, [](const Method& method, RandomGroup group) {
    if (method.quantizer->scale_count() != 2 || method.quantizer->learns_scales()) return;
    if (method.lq_nets()) return;  // its two are not of signs
    for (auto& w : group.w) w = std::abs(w);
    CHECK(quant::fit(*method.quantizer, group.group()).scales[1] == 0);
    for (auto& w : group.w) w = -std::abs(w);
    if (!method.binary()) CHECK(quant::fit(*method.quantizer, group.group()).scales[0] == 0);
  });
}

TEST_CASE("sums gathered by blocks give what whole passes give", "[property]") {
  for (const std::size_t n : {std::size_t{100}, kChunk + 5}) {
    for (const auto& method : all_methods()) {
      const RandomGroup group(n, n, n > kChunk ? "normal" : "sparse", 3);
      std::vector<float> second, curvature(n);
      for (const float d : group.d) second.push_back(d * d);
      quant::curvature_of(second, curvature.data());
      quant::Group here{group.w, curvature, {}, {}};
      const auto first = quantize(*method.quantizer, here);
      for (const bool again : {false, true}) {
        if (again) {
          here.previous = first.values;
          here.scales = first.step.scales;
        }
        // The curvature is whole only when asked for.
        std::vector<float> late(n, std::numeric_limits<float>::quiet_NaN());
        quant::Group there = here;
        there.curvature = {};
        quant::GroupSums sums(there, method.quantizer->needs(there), {second, late.data()});
        for_cache_blocks(n, [&](std::size_t begin, std::size_t count) {
          sums.add(begin, count, curvature.data() + begin);
        });
        sums.close();
        const auto gathered = method.quantizer->fit(sums);
        INFO(method.name << ", n = " << n);
        CHECK(same(gathered, quant::fit(*method.quantizer, here)));
        // The same by passes alone.
        quant::GroupSums asked(here, {.curvature = method.quantizer->uses_curvature()});
        const auto passes = method.quantizer->fit(asked);
        for (std::size_t s = 0; s < gathered.scales.size(); ++s)
          CHECK(passes.scales[s] == Approx(gathered.scales[s]).epsilon(kReordered));
      }
    }
  }
}

TEST_CASE("exact scales do not depend on what was before", "[property]") {
  for_methods(300, 6, [](const Method& method, const RandomGroup& group) {
    if (!method.exact()) return;
    const auto alone = quantize(*method.quantizer, group.group());
    const bool curvature = method.quantizer->uses_curvature();
    const double best = test::error_of(alone, group, curvature);
    double total = 0;
    for (std::size_t i = 0; i < group.w.size(); ++i) {
      const auto w = static_cast<double>(group.w[i]);
      total += w * w * (curvature ? static_cast<double>(group.d[i]) : 1.0);
    }
    for (const double c : {1e-30, 0.01, 1.0, 100.0}) {
      quant::Group here = group.group();
      here.previous = alone.values;
      for (const double scale : alone.step.scales) here.scales.push_back(c * scale);
      const auto after = quantize(*method.quantizer, here);
      CHECK(test::error_of(after, group, curvature) ==
            Approx(best).epsilon(kReordered).margin(kReordered * total));
    }
  });
}
