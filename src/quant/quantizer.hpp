#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "config/reader.hpp"
#include "quant/group_sums.hpp"

namespace laq::quant {

/// Turns the gradient at ŵ (`group.previous`) into that of the latent weights (`group.latent`), in
/// place, and returns the gradient of each learned scale. Groups may be handed in from several
/// threads.
using Gradient = std::function<std::vector<double>(const Group& group, std::span<float> gradient)>;

struct DeviceFit;

/// A method: how latent weights become quantized ones, the `prox` of the proximal Newton step.
/// Stateless; what a method keeps from one iteration to the next is in `Group`.
class Quantizer {
 public:
  virtual ~Quantizer() = default;

  /// The sums that `fit` is going to ask for.
  virtual Needs needs(const Group&) const { return {}; }
  /// ŵ as a function of w for one group.
  virtual Codebook fit(Sums& sums) const = 0;

  /// The same fit for a GPU; a method without one is asked for `fit` there too, its sums a few
  /// numbers a step.
  virtual DeviceFit device_fit() const;
  /// The method that finds the global minimum of what this one only comes near to. Null: this one
  /// finds it, or minimises nothing.
  virtual std::shared_ptr<const Quantizer> exact() const { return nullptr; }

  /// The unscaled level of a code, for methods that can start from given codes; nothing when there
  /// is no such code.
  virtual std::optional<double> level(int) const { return std::nullopt; }

  /// 1 (α), 2 (α for w > 0, β for w < 0), or as many as the method's levels are made of.
  virtual int scale_count() const { return 1; }
  /// How many numbers `Codebook::solver_state` holds, when it holds any; the optimizer keeps them.
  virtual int solver_state_size() const { return 0; }
  /// Whether `fit` reads the curvature d.
  bool uses_curvature() const { return needs({}).curvature; }
  /// Whether that is the square of √v + 1e-8: the diagonal of the Fisher matrix, as far as the
  /// batches' gradients tell it.
  virtual bool squared_curvature() const { return false; }
  /// Whether the scales are parameters, trained with `gradient`'s, instead of results of `fit`.
  virtual bool learns_scales() const { return false; }
  /// A factor on the learning rate of learned scales.
  virtual double scale_rate() const { return 1; }
  /// λ of an L2 penalty on the latent weights: λ w is added to their gradient.
  virtual double weight_decay() const { return 0; }

  /// Whether ŵ has the levels alone at this progress of the training; `Codebook::relaxed` before.
  virtual bool discrete(double /*progress*/) const { return true; }
  /// Whether w becomes ŵ after every step (the proximal gradient method) instead of going on from
  /// where it was (the lazy one). Such weights rest once they are discrete.
  virtual bool replaces_latent() const { return false; }
  bool rests(double progress) const { return replaces_latent() && discrete(progress); }

  /// The method's own gradient, which every step uses; empty: it is passed straight through.
  virtual Gradient gradient() const { return {}; }
};

/// The fit of weights in the host's memory. Error: w or d is not finite. That d > 0 is the caller's
/// to see to (`require_usable`; Adam's √v + 1e-8 is by construction).
Codebook fit(const Quantizer& quantizer, const Group& group);

/// The method's codes, ascending: those of a fit, whatever the weights.
std::vector<int> codes_of(const Quantizer& quantizer);

/// Which weights of a tensor share their scales.
enum class Grouping { tensor, row };
const std::vector<std::pair<std::string, Grouping>>& grouping_names();

/// A `quantizer:` section. `method` is null for full precision.
struct Quantization {
  std::shared_ptr<const Quantizer> method;
  Grouping group = Grouping::tensor;
  std::string source = {};  ///< hash of the method's source and of what all share
};

/// Reads `quantizer:`. Errors: unknown method, a key the method does not know, a combination
/// without meaning.
Quantization make_quantizer(config::Reader& section);

using MethodMaker = std::function<std::shared_ptr<const Quantizer>(config::Reader&)>;

/// At namespace scope in a method's source file, makes it known as `rule: name`; nothing else needs
/// to be touched.
struct RegisterMethod {
  RegisterMethod(const std::string& name, MethodMaker maker, const char* file = __builtin_FILE());
};

}  // namespace laq::quant
