#include <limits>

#include "core/parallel.hpp"
#include "support/methods.hpp"
#include "support/scratch.hpp"

using namespace laq;
using namespace laq::test;

namespace {

std::string refusal(const std::string& yaml) {
  return usage_message([&] { quantizer_of(yaml); });
}

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kInfinity = std::numeric_limits<float>::infinity();

}  // namespace

TEST_CASE("combinations of the axes without meaning are refused by their key", "[quant]") {
  int refused = 0;
  for (const auto& axes : all_axes()) {
    const std::string key = misplaced_key(axes);
    INFO(axes.yaml());
    if (key.empty()) {
      CHECK(quantizer_of(axes.yaml()).method);
    } else {
      CHECK_THAT(refusal(axes.yaml()),
                 StartsWith("t.yaml:1: ") && Contains("'quantizer." + key + "'"));
      ++refused;
    }
  }
  CHECK(refused > 100);
}

TEST_CASE("keys that do not belong to a rule are refused", "[quant]") {
  CHECK(quantizer_of("{levels: none}").method == nullptr);
  for (const char* key :
       {"bits: 2", "scaling: unit", "curvature: none", "solver: exact", "group: row"}) {
    const std::string name = std::string(key).substr(0, std::string(key).find(':'));
    CHECK_THAT(refusal("{levels: none, " + std::string(key) + "}"),
               Contains("'quantizer." + name + "' has no meaning with levels: none"));
  }
  CHECK_THAT(refusal("{levels: binary, bits: 3}"),
             Contains("'quantizer.bits' has no meaning with binary or ternary levels") &&
                 Contains("linear or log"));
  CHECK_THAT(refusal("{levels: binary, scaling: asymmetric, relaxation: parq}"),
             Contains("'quantizer.relaxation'") && Contains("part at 0"));
  CHECK_THAT(refusal("{levels: linear}"), Contains("'quantizer.bits' is missing"));
  CHECK_THAT(refusal("{levels: linear, bits: 1}"), Contains("a whole number in 2 to 8"));
  CHECK_THAT(refusal("{levels: log, bits: 9}"), Contains("a whole number in 2 to 8"));
  CHECK_THAT(refusal("{scaling: unit}"), Contains("'quantizer.levels' is missing"));
  CHECK_THAT(refusal("{levels: terneray}"), Contains("did you mean 'ternary'?"));
  CHECK_THAT(refusal("{rule: dorefa}"), Contains("'quantizer.bits' is missing"));
  CHECK_THAT(refusal("{rule: dorefa, bits: 3, solver: exact}"),
             Contains("unknown key 'quantizer.solver'"));
  CHECK_THAT(refusal("{rule: ttq, bits: 3}"), Contains("unknown key 'quantizer.bits'"));
  CHECK_THAT(refusal("{rule: ttq, threshold: 1.5}"), Contains("'quantizer.threshold'"));
  CHECK_THAT(refusal("{rule: ttqq}"), Contains("did you mean 'ttq'?"));
  CHECK_THAT(refusal("{levels: ternary, group: rows}"), Contains("did you mean 'row'?"));
}

namespace {

// Whether `fit` refuses the group, which is unusable at `what` (e.g. "weight 3"), at the first
// iteration and at a later one.
void check_refused(const Method& method, const RandomGroup& group, const std::string& what) {
  const RandomGroup before(group.w.size(), 1);
  const auto first = quantize(*method.quantizer, before.group());
  quant::Group later = group.group();
  later.previous = first.values;
  later.scales = first.step.scales;
  for (const auto& here : {group.group(), later}) {
    const Error error = error_of([&] { quant::fit(*method.quantizer, here); });
    CHECK(error.kind() == Error::Kind::not_finite);
    CHECK_THAT(error.what(), StartsWith(what));
  }
}

}  // namespace

TEST_CASE("weights that are not finite are refused by every rule", "[quant]") {
  for (const auto& method : all_methods()) {
    for (const float bad : {kNan, kInfinity, -kInfinity}) {
      for (const std::size_t n : {std::size_t{1}, std::size_t{50}, std::size_t{300}}) {
        for (const std::size_t at : {std::size_t{0}, n / 2, n - 1}) {
          RandomGroup group(n, 1);
          group.w[at] = bad;
          INFO(method.name << ", weight " << at << " of " << n << " is " << bad);
          check_refused(method, group, "weight " + std::to_string(at) + " is not finite");
        }
      }
    }
  }
}

TEST_CASE("curvature that is not finite is refused by every rule that uses it", "[quant]") {
  int used = 0;
  for (const auto& method : all_methods()) {
    if (!method.quantizer->uses_curvature()) continue;
    ++used;
    for (const float bad : {kNan, kInfinity}) {
      for (const std::size_t n : {std::size_t{1}, std::size_t{300}}) {
        for (const bool zero_weight : {false, true}) {
          RandomGroup group(n, 1);
          group.d[n - 1] = bad;
          if (zero_weight) group.w[n - 1] = 0;
          INFO(method.name << ", n = " << n << ", d = " << bad << ", zero " << zero_weight);
          check_refused(method, group, "curvature " + std::to_string(n - 1) + " is not");
        }
      }
    }
  }
  CHECK(used > 20);
}

TEST_CASE("one bad weight among several chunks is found", "[quant]") {
  for (const char* name : {"binaryconnect", "lab", "twn", "late", "lata", "lat2e", "lat2a",
                           "laq3_log", "ttq", "dorefa3"}) {
    RandomGroup group(2 * kChunk + 100, 1);
    group.w[kChunk + 50] = kNan;
    INFO(name);
    check_refused(method(name), group, "weight " + std::to_string(kChunk + 50));
  }
}

TEST_CASE("curvature must be positive where a user gives it", "[quant]") {
  const std::vector<float> w = {1, 2};
  quant::require_usable({w, std::vector<float>{1, 1e-30f}, {}, {}});
  for (const float bad : {0.0f, -1.0f, kNan, kInfinity}) {
    const std::vector<float> d = {1, bad};
    const Error error = error_of([&] { quant::require_usable({w, d, {}, {}}); });
    CHECK(error.kind() == Error::Kind::not_finite);
    CHECK_THAT(error.what(), Contains("curvature 1 is not a positive finite number"));
  }
}

TEST_CASE("a quantizer knows the hash of its method's source", "[quant]") {
  const auto source = [](const char* yaml) { return quantizer_of(yaml).source; };
  const std::string ttq = source("{rule: ttq}"), dorefa = source("{rule: dorefa, bits: 3}");
  CHECK(ttq.size() == 16);
  CHECK(dorefa.size() == 16);
  CHECK(ttq != dorefa);
  CHECK(source("{rule: dorefa, bits: 4}") == dorefa);
  CHECK(source("{levels: none}").empty());
}
