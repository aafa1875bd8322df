#include <algorithm>
#include <cmath>
#include <limits>

#include "core/parallel.hpp"
#include "core/random.hpp"
#include "core/threads.hpp"
#include "optim/adam_kernel.hpp"
#include "quant/group.hpp"
#include "support/scratch.hpp"

using namespace laq;
using namespace laq::optim;
using laq::WithThreads;

namespace {

constexpr double kFloatEpsilon = std::numeric_limits<float>::epsilon();
constexpr float kInfinity = std::numeric_limits<float>::infinity();

struct State {
  std::vector<float> w, m, v, g, d;
  State(std::size_t n, std::uint64_t seed) : w(n), m(n), v(n), g(n), d(n, -1.0f) {
    RandomStream stream(seed, "test adam");
    for (std::size_t i = 0; i < n; ++i) {
      w[i] = static_cast<float>(stream.normal());
      m[i] = static_cast<float>(0.1 * stream.normal());
      v[i] = static_cast<float>(std::pow(10, -8 * stream.uniform()));
      g[i] = static_cast<float>(stream.normal() * std::pow(10, -4 * stream.uniform()));
    }
  }
  void update(const AdamStep& step, bool curvature) {
    adam_update(w.data(), m.data(), v.data(), g.data(), w.size(), step, curvature,
                [&](std::size_t begin, std::size_t count, const float* here) {
                  if (here) std::copy_n(here, count, d.data() + begin);
                });
  }
};

AdamStep constants(float clip) {
  const double beta1 = 0.9, beta2 = 0.999;
  constexpr int kStep = 3;
  return {static_cast<float>(beta1),
          static_cast<float>(beta2),
          static_cast<float>(0.01 / (1 - std::pow(beta1, kStep))),
          static_cast<float>(1 / std::sqrt(1 - std::pow(beta2, kStep))),
          1e-8f,
          clip};
}

}  // namespace

TEST_CASE("Adam's kernel is Adam's formula", "[reference]") {
  std::vector<std::size_t> lengths = {255,    256,        257,           kChunk - 1,
                                      kChunk, kChunk + 1, 3 * kChunk + 7};
  for (std::size_t n = 0; n < 36; ++n) lengths.push_back(n);
  for (const std::size_t n : lengths) {
    for (const float clip : {1.0f, kInfinity}) {
      for (const bool curvature : {true, false}) {
        const AdamStep s = constants(clip);
        const State before(n, n);
        State after = before;
        after.update(s, curvature);
        const auto f = [](float x) { return static_cast<double>(x); };
        INFO("n = " << n << ", clip " << clip << ", curvature " << curvature);
        for (std::size_t i = 0; i < n; ++i) {
          const double g = f(before.g[i]);
          const double m = f(s.beta1) * f(before.m[i]) + (1 - f(s.beta1)) * g;
          const double v = f(s.beta2) * f(before.v[i]) + (1 - f(s.beta2)) * g * g;
          const double move = f(s.rate) * m / (f(s.root_correction) * std::sqrt(v) + f(s.epsilon));
          const double w = std::min(std::max(f(before.w[i]) - move, -f(clip)), f(clip));
          // A few roundings of what enters each result.
          const double m_scale = std::abs(f(before.m[i])) + std::abs(g);
          const double move_scale =
              std::abs(move) + f(s.rate) * m_scale / (f(s.root_correction) * std::sqrt(v));
          REQUIRE(std::abs(f(after.m[i]) - m) <= 4 * kFloatEpsilon * m_scale);
          REQUIRE(f(after.v[i]) == Approx(v).epsilon(4 * kFloatEpsilon));
          REQUIRE(std::abs(f(after.w[i]) - w) <= 8 * kFloatEpsilon * (std::abs(w) + move_scale));
          REQUIRE(std::abs(after.w[i]) <= clip);
          if (curvature) {
            REQUIRE(f(after.d[i]) == Approx(std::sqrt(v) + 1e-8).epsilon(4 * kFloatEpsilon));
          } else {
            REQUIRE(after.d[i] == -1);
          }
        }
      }
    }
  }
}

TEST_CASE("the curvature is positive where there was no gradient", "[reference]") {
  State state(5, 1);
  for (auto* values : {&state.m, &state.v, &state.g}) values->assign(5, 0.0f);
  const auto before = state.w;
  state.update(constants(kInfinity), true);
  CHECK(state.w == before);
  CHECK(state.d == std::vector<float>(5, 1e-8f));
}

TEST_CASE("divergence stays visible through the clipping", "[reference]") {
  for (const bool curvature : {true, false}) {
    State state(40, 1);
    state.g[17] = std::numeric_limits<float>::quiet_NaN();
    state.g[39] = kInfinity;
    state.update(constants(1), curvature);
    CHECK(std::isnan(state.w[17]));
    CHECK(std::isnan(state.w[39]));
    CHECK(std::isfinite(state.w[16]));
  }
}

TEST_CASE("Adam's kernel tells of every weight once and does not depend on threads",
          "[reference]") {
  const std::size_t n = 3 * kChunk + 7;
  std::vector<State> results;
  for (const int threads : {1, 2}) {
    const WithThreads with(threads);
    State state(n, 1);
    std::vector<int> told(n, 0);
    adam_update(state.w.data(), state.m.data(), state.v.data(), state.g.data(), n, constants(1),
                true, [&](std::size_t begin, std::size_t count, const float* curvature) {
                  for (std::size_t i = 0; i < count; ++i) {
                    told[begin + i] += curvature[i] > 0 ? 1 : 100;  // done already
                    state.d[begin + i] = curvature[i];
                  }
                });
    std::vector<float> again(n);
    quant::curvature_of(state.v, again.data());
    CHECK(again == state.d);
    CHECK(told == std::vector<int>(n, 1));
    results.push_back(state);
  }
  CHECK(results[0].w == results[1].w);
  CHECK(results[0].v == results[1].v);
}
