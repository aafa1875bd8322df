#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "config/section.hpp"
#include "quant/formula.hpp"
#include "quant/group.hpp"

namespace laq::quant {

/// The first pass of a `fit` over a group, done by a loop that has the weights in cache anyway.
class FirstPass {
 public:
  virtual ~FirstPass() = default;
  /// Weights begin … begin + count − 1 have their final values; `curvature` is of these weights.
  /// Called once for every block of `for_cache_blocks`, by its threads.
  virtual void add(std::size_t begin, std::size_t count, const float* curvature) = 0;
  /// What `fit` would return. `complete` is called at most once, when `group.curvature` must hold
  /// the curvature of all weights: until then it need not.
  virtual StepFunction finish(const std::function<void()>& complete) = 0;
};

/// Turns the gradient at ŵ (`group.previous`) into that of the latent weights (`group.latent`), in
/// place, and returns the gradient of each learned scale. Groups may be handed in from several
/// threads.
using Backward = std::function<std::vector<double>(const Group& group, std::span<float> gradient)>;

/// How latent weights become quantized ones: the `prox` of the proximal Newton step. Every method
/// of the paper is one. Stateless; what a method carries from one iteration to the next is in
/// `Group`.
class Rule {
 public:
  virtual ~Rule() = default;

  /// ŵ as a function of w for one group. Error: w or d is not finite. That d > 0 is the caller's to
  /// see to (`require_usable`; Adam's √v + 1e-8 is by construction).
  virtual StepFunction fit(const Group& group) const = 0;

  /// Optional, for speed: `fit` with its first pass left to the caller. Null: call `fit`. The
  /// group's memory must live until `finish`; weights and curvature may still change until they are
  /// added.
  virtual std::unique_ptr<FirstPass> first_pass(const Group&) const { return nullptr; }

  /// What `fit` and `backward` compute, for computing it elsewhere.
  virtual Formula formula() const { return {}; }
  /// The rule that finds the global minimum of what this one only comes near to. Null: this one
  /// finds it, or minimises nothing.
  virtual std::shared_ptr<const Rule> exact() const { return nullptr; }

  /// The unscaled level of a code, for rules that can start from given codes; nothing when there is
  /// no such code.
  virtual std::optional<double> level(int) const { return std::nullopt; }

  /// 1 (α) or 2 (α for w > 0, β for w < 0).
  virtual int scale_count() const { return 1; }
  /// How many numbers `StepFunction::carried` holds, when it holds any; the optimizer keeps them.
  virtual int carried_count() const { return 0; }
  /// Whether `fit` reads the curvature d.
  virtual bool uses_curvature() const { return false; }
  /// Whether the scales are parameters, trained with `backward`'s gradient, instead of results of
  /// `fit`.
  virtual bool learns_scales() const { return false; }
  /// A factor on the learning rate of learned scales.
  virtual double scale_rate() const { return 1; }
  /// λ of an L2 penalty on the latent weights: λ w is added to their gradient.
  virtual double weight_decay() const { return 0; }

  /// The rule's own gradient, which every step uses; empty: it is passed straight through.
  virtual Backward backward() const { return {}; }
};

/// The rule's codes, ascending: those of a fit, whatever the weights.
std::vector<int> codes_of(const Rule& rule);

/// Which weights of a tensor share their scales.
enum class Grouping { tensor, row };
const std::vector<std::pair<std::string, Grouping>>& grouping_names();

/// A `quantizer:` section. `rule` is null for full precision.
struct Quantizer {
  std::shared_ptr<const Rule> rule;
  Grouping group = Grouping::tensor;
  std::string source = {};  ///< hash of the rule's source and of what all rules share
};

/// Reads `quantizer:`. Errors: unknown rule, a key the rule does not know, a combination without
/// meaning.
Quantizer make_quantizer(config::Section& section);

using RuleMaker = std::function<std::shared_ptr<const Rule>(config::Section&)>;

/// At namespace scope in a rule's source file, makes it known as `rule: name`; nothing else needs
/// to be touched.
struct RegisterRule {
  RegisterRule(const std::string& name, RuleMaker maker, const char* file = __builtin_FILE());
};

/// Errors unless every value is finite (and, for curvature, positive): what, index and value.
void require_usable(const Group& group);

}  // namespace laq::quant
