#pragma once

#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "core/lists.hpp"
#include "quant/quantizer.hpp"
#include "support/random_group.hpp"

namespace laq::test {

using Floats = std::vector<float>;
using Codes = std::vector<int>;
using Scales = std::vector<double>;

// What cases that are worked by hand may be off by.
inline constexpr double kRounding = 4 * std::numeric_limits<double>::epsilon();
inline constexpr double kFloat = 8 * std::numeric_limits<float>::epsilon();

/// A point on the axes of a quantizer.
struct Axes {
  std::string levels, scaling, curvature, solver;
  int bits = 0;  ///< 0: not given

  std::string yaml() const;
};

/// Every combination of the axes' values, those without meaning included.
std::vector<Axes> all_axes();
/// The key that makes a combination one without meaning, by docs/methods.md; "" when it has one.
std::string misplaced_key(const Axes& axes);

/// A quantizer and what a test must know to say what it should do.
struct Method {
  std::string name;
  std::shared_ptr<const quant::Quantizer> quantizer;
  Axes axes;  ///< `levels` is the rule ("dorefa", "ttq" …) of those that are not on the axes

  bool binary() const { return axes.levels == "binary"; }
  /// Whether one of its levels is 0 by construction.
  bool has_zero() const { return !dorefa() && has(quant::codes_of(*quantizer), 0); }
  bool lsq() const { return axes.levels == "lsq"; }
  bool learned_step() const { return lsq() || axes.levels == "seq"; }
  bool lq_nets() const { return axes.levels == "lq_nets"; }
  bool dorefa() const { return axes.levels == "dorefa"; }
  bool ttq() const { return axes.levels == "ttq"; }
  bool unit() const { return axes.scaling == "unit"; }
  bool alternating() const { return axes.solver == "alternating"; }
  bool exact() const { return axes.solver == "exact" && !binary() && !unit(); }
};

/// Every quantizer of configs/methods that is always discrete, and every combination of the axes
/// that has a meaning.
const std::vector<Method>& all_methods();
/// Those of configs/methods that come to their levels by and by, and more.
const std::vector<Method>& relaxed_methods();
/// Of both, by its name in configs/methods.
const Method& method(const std::string& name);

/// The quantizer that a `quantizer:` section makes. Errors: those of `make_quantizer`, and unknown
/// keys.
quant::Quantization quantizer_of(const std::string& yaml);

/// ŵ and codes of a group.
struct Quantized {
  quant::Codebook step;
  std::vector<float> values;
  std::vector<int> codes;
};
Quantized quantize(const quant::Quantizer& rule, const quant::Group& group);
Quantized quantize(const std::string& yaml, const std::vector<float>& w,
                   const std::vector<float>& d = {});

/// Equation (1) of a result, in double precision.
double error_of(const Quantized& result, const RandomGroup& group, bool curvature);

}  // namespace laq::test
