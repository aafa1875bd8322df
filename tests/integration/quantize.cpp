#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <numeric>

#include "integration/quantize_support.hpp"
#include "integration/workplace.hpp"

using namespace laq;
using namespace laq::integration;

namespace {

struct Method {
  std::string name;
  Codes codes;
  int bits;
  std::size_t scales;
};
const std::vector<Method> kMethods = {
    {"binaryconnect", Codes::binary, 1, 1}, {"bwn", Codes::binary, 1, 1},
    {"lab", Codes::binary, 1, 1},           {"twn", Codes::ternary, 2, 1},
    {"late", Codes::ternary, 2, 1},         {"lata", Codes::ternary, 2, 1},
    {"ttq", Codes::ternary, 2, 2},          {"lat2e", Codes::ternary, 2, 2},
    {"lat2a", Codes::ternary, 2, 2},        {"dorefa3", Codes::dorefa, 3, 1},
    {"laq3_linear", Codes::linear, 3, 1},   {"laq3_log", Codes::log, 3, 1},
    {"absmean", Codes::ternary, 2, 1},      {"binary_relax", Codes::ternary, 2, 1},
    {"proxquant", Codes::ternary, 2, 1},    {"parq", Codes::ternary, 2, 1},
    {"late_parq", Codes::ternary, 2, 1},    {"late_fisher", Codes::ternary, 2, 1}};

template <typename T>
void write_array(record::Hdf5Writer& out, const std::string& path,
                 const std::vector<double>& values, const record::Shape& shape) {
  const std::vector<T> converted(values.begin(), values.end());
  out.write<T>(path, converted, shape);
}

/// The values as the file holds them.
std::vector<double> as_float(const std::vector<double>& values) {
  const std::vector<float> rounded(values.begin(), values.end());
  return {rounded.begin(), rounded.end()};
}

/// in.h5 with /w and /d.
template <typename T>
void write_problem(const Workplace& place, const Problem& problem) {
  record::write_hdf5(place / "in.h5", [&](record::Hdf5Writer& out) {
    write_array<T>(out, "/w", problem.weights, problem.shape);
    if (!problem.curvature.empty()) write_array<T>(out, "/d", problem.curvature, problem.shape);
  });
}

Quantized quantize(const Workplace& place, const std::string& method,
                   std::vector<std::string> more = {}) {
  std::vector<std::string> arguments{"quantize", "--method", method,  "--weights",
                                     "in.h5:/w", "--out",    "out.h5"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  check_done(place.laq(arguments));
  return read_quantized(place / "out.h5");
}

double weighted_mean(const std::vector<double>& a, const std::vector<double>& d) {
  double above = 0, below = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    above += d[i] * std::abs(a[i]);
    below += d[i];
  }
  return above / below;
}

}  // namespace

TEST_CASE("quantize: every method on 1-D single precision weights") {
  const Workplace place;
  std::mt19937 random(1);
  const Problem problem{as_float(random_weights(random, 301)), {}, {301}, 1};
  write_problem<float>(place, problem);
  for (const auto& method : kMethods) {
    INFO(method.name);
    check_quantized(quantize(place, method.name), problem, method.codes, method.bits,
                    method.scales);
  }
}

TEST_CASE("quantize: every method by rows, of a matrix or a convolution, with curvature") {
  const Workplace place;
  std::mt19937 random(2);
  for (const record::Shape& shape : {record::Shape{5, 72}, record::Shape{5, 8, 3, 3}}) {
    const Problem problem{as_float(random_weights(random, 5 * 72)),
                          as_float(random_curvatures(random, 5 * 72)), shape, 5};
    write_problem<float>(place, problem);
    for (const auto& method : kMethods) {
      INFO(method.name);
      check_quantized(quantize(place, method.name, {"--curvature", "in.h5:/d", "--group", "row"}),
                      problem, method.codes, method.bits, method.scales);
    }
  }
}

TEST_CASE("quantize: double precision weights are measured as they are in the file") {
  const Workplace place;
  std::mt19937 random(3);
  const Problem problem{
      random_weights(random, 6 * 50), random_curvatures(random, 6 * 50), {6, 50}, 1};
  write_problem<double>(place, problem);
  for (const std::string name : {"lab", "late", "lat2a", "laq3_log", "dorefa3"}) {
    const auto method = *std::find_if(kMethods.begin(), kMethods.end(),
                                      [&](const auto& one) { return one.name == name; });
    INFO(name);
    check_quantized(quantize(place, name, {"--curvature", "in.h5:/d", "--group", "tensor"}),
                    problem, method.codes, method.bits, method.scales);
  }
}

TEST_CASE("quantize: scales are those of the formulas") {
  const Workplace place;
  std::mt19937 random(4);
  const std::size_t n = 400;
  const Problem problem{
      as_float(random_weights(random, n)), as_float(random_curvatures(random, n)), {n}, 1};
  write_problem<float>(place, problem);
  const std::vector<double>&w = problem.weights, &d = problem.curvature;
  const std::vector<double> ones(n, 1.0);
  const auto scale = [&](const std::string& method) {
    return Approx(quantize(place, method, {"--curvature", "in.h5:/d"}).scales.values.at(0))
        .epsilon(1e-12);
  };
  CHECK(1.0 == scale("binaryconnect"));
  CHECK(weighted_mean(w, ones) == scale("bwn"));
  CHECK(weighted_mean(w, d) == scale("lab"));

  const double threshold = 0.7 * weighted_mean(w, ones);
  std::vector<double> beyond;
  for (const double value : w) {
    if (std::abs(value) > threshold) beyond.push_back(value);
  }
  CHECK(weighted_mean(beyond, std::vector<double>(beyond.size(), 1.0)) == scale("twn"));

  // LATe: the best number of nonzeros, the largest magnitudes first.
  std::vector<std::size_t> order(n);
  std::iota(order.begin(), order.end(), 0u);
  std::sort(order.begin(), order.end(),
            [&](auto a, auto b) { return std::abs(w[a]) > std::abs(w[b]); });
  double above = 0, below = 0, best = 0, alpha = 0;
  for (const auto i : order) {
    above += d[i] * std::abs(w[i]);
    below += d[i];
    if (above * above / below > best) {
      best = above * above / below;
      alpha = above / below;
    }
  }
  CHECK(alpha == scale("late"));
}

TEST_CASE("quantize: overrides choose any point of the axes") {
  const Workplace place;
  std::mt19937 random(5);
  const Problem problem{
      as_float(random_weights(random, 500)), as_float(random_curvatures(random, 500)), {500}, 1};
  write_problem<float>(place, problem);
  const auto with = [&](const std::string& method, std::vector<std::string> words) {
    words.insert(words.begin(), {"--curvature", "in.h5:/d"});
    return quantize(place, method, words);
  };
  const Quantized exact = with("laq3_log", {"quantizer.solver=exact", "quantizer.bits=4"});
  const Quantized alternating = with("laq3_log", {"quantizer.bits=4"});
  check_quantized(exact, problem, Codes::log, 4, 1);
  check_quantized(alternating, problem, Codes::log, 4, 1);
  CHECK(exact.objective <= alternating.objective * (1 + 1e-12));

  const Quantized two =
      with("laq3_linear", {"quantizer.solver=exact", "quantizer.scaling=asymmetric"});
  const Quantized one = with("laq3_linear", {"quantizer.solver=exact"});
  check_quantized(two, problem, Codes::linear, 3, 2);
  check_quantized(one, problem, Codes::linear, 3, 1);
  CHECK(two.objective <= one.objective * (1 + 1e-12));
  check_quantized(with("lab", {"quantizer.scaling=asymmetric"}), problem, Codes::binary, 1, 2);
  check_quantized(with("dorefa3", {"quantizer.bits=2"}), problem, Codes::dorefa, 2, 1);

  // Two bits are the ternary set, of linear and of log levels alike.
  const Quantized late = with("late", {});
  for (const std::string levels : {"linear", "log"}) {
    const Quantized same = with("late", {"quantizer.levels=" + levels, "quantizer.bits=2"});
    CHECK(same.codes.values == late.codes.values);
    CHECK(same.scales.values == late.scales.values);
  }
}

TEST_CASE("quantize: the alternating solver starts from the codes that are given") {
  const Workplace place;
  std::mt19937 random(6);
  const std::size_t n = 250;
  const Problem problem{
      as_float(random_weights(random, n)), as_float(random_curvatures(random, n)), {n}, 1};
  std::vector<std::int64_t> codes;
  for (const double w : problem.weights) codes.push_back(w > 0.6 ? 3 : w < -0.3 ? -1 : 0);
  record::write_hdf5(place / "in.h5", [&](record::Hdf5Writer& out) {
    write_array<float>(out, "/w", problem.weights, problem.shape);
    write_array<double>(out, "/d", problem.curvature, problem.shape);
    out.write<std::int64_t>("/codes", codes, problem.shape);
  });
  const Quantized result =
      quantize(place, "laq3_linear", {"--curvature", "in.h5:/d", "--previous", "in.h5:/codes"});
  check_quantized(result, problem, Codes::linear, 3, 1);

  // The alternating solver of docs/mathematics.md.
  double alpha = 0;
  for (int round = 0; round < 10; ++round) {
    double above = 0, below = 0;
    for (std::size_t i = 0; i < n; ++i) {
      const double b = *level(Codes::linear, 3, codes[i]);
      above += problem.curvature[i] * b * problem.weights[i];
      below += problem.curvature[i] * b * b;
    }
    const double before = alpha;
    alpha = above / below;
    for (std::size_t i = 0; i < n; ++i) {
      const double steps = 3 * std::abs(problem.weights[i]) / alpha;
      const auto nearest = static_cast<std::int64_t>(std::ceil(std::min(steps, 3.0) - 0.5));
      codes[i] = problem.weights[i] < 0 ? -nearest : nearest;
    }
    if (std::abs(alpha - before) < 1e-6) break;
  }
  CHECK(result.codes.values == codes);
  CHECK(result.scales.values.at(0) == Approx(alpha).epsilon(1e-9));
}

TEST_CASE("quantize: zeros, a single weight and equal weights") {
  const Workplace place;
  const auto scale = [&](const std::vector<double>& weights, const std::string& method) {
    const Problem problem{weights, {}, {weights.size()}, 1};
    write_problem<float>(place, problem);
    const auto& known = *std::find_if(kMethods.begin(), kMethods.end(),
                                      [&](const auto& one) { return one.name == method; });
    const Quantized result = quantize(place, method);
    check_quantized(result, problem, known.codes, known.bits, known.scales);
    return result.scales.values.at(0);
  };
  CHECK(scale({0, 0, 0}, "late") == 0);
  CHECK(scale({0, 0, 0}, "lab") == 0);
  CHECK(scale({0, 0, 0}, "laq3_log") == 0);
  CHECK(scale({0, 0, 0}, "dorefa3") == 1);
  CHECK(scale({-0.5}, "lata") == 0.5);
  CHECK(scale({-0.5}, "laq3_linear") == 0.5);
  CHECK(scale({0.25, 0.25, -0.25}, "late") == 0.25);
  CHECK(scale({0.25, 0.25, 0.25}, "lat2e") == 0.25);
}

TEST_CASE("quantize: levels at equal steps, stretched, or learned") {
  const Workplace place;
  std::mt19937 random(8);
  const Problem problem{random_weights(random, 400), {}, {20, 20}, 1};
  write_problem<float>(place, problem);
  struct Row {
    const char* method;
    std::size_t scales;
    std::vector<double> levels;  // of the positive side, in units of the first scale; empty: free
  };
  for (const Row& row :
       {Row{"lsq2", 1, {1}}, Row{"lsq3", 1, {1, 2, 3}}, Row{"seq", 1, {0.25, 0.75}},
        Row{"lq_nets2", 2, {}}, Row{"lq_nets3", 3, {}}}) {
    INFO(row.method);
    const Quantized result = quantize(place, row.method);
    REQUIRE(result.scales.shape == record::Shape{1, row.scales});
    double sum = 0;
    for (const double scale : result.scales.values) sum += scale;
    for (std::size_t i = 0; i < problem.weights.size(); ++i) {
      const auto value = static_cast<double>(result.quantized.values[i]);
      if (row.levels.empty()) CHECK(std::abs(value) <= sum * (1 + 1e-6));
      if (row.levels.empty() || value <= 0) continue;
      CHECK(std::any_of(row.levels.begin(), row.levels.end(), [&](double level) {
        return std::abs(value - level * result.scales.values[0]) <= 1e-6 * value;
      }));
    }
    CHECK(result.objective > 0);
  }
}
