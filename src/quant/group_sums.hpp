#pragma once

#include <optional>
#include <span>
#include <vector>

#include "quant/magnitude_bins.hpp"
#include "quant/scale_window.hpp"
#include "quant/sums.hpp"

namespace laq::quant {

/// The sums over a group that a fit will ask for: they are gathered while Adam has the weights in
/// cache. Any other sum costs a pass over the weights.
struct Needs {
  bool curvature = false;   ///< d from Adam, otherwise uniform
  bool magnitudes = false;  ///< of both signs
  bool signs = false;       ///< magnitudes of each sign
  bool previous = false;    ///< `previous()`
  bool by_sign = false;     ///< `previous()` and the window, for two scales
  struct Window {
    const LevelSet* levels;
    bool exact;  ///< as of `ScaleWindow`
  };
  std::optional<Window> window = {};
};

/// What a quantizer sees of a group's weights, wherever they are: its sums.
class Sums {
 public:
  virtual ~Sums() = default;

  std::size_t count = 0;       ///< n
  std::vector<double> scales;  ///< of the previous iteration, as in `Group`
  double progress = 0;         ///< of the training, 0 … 1

  /// A side's previous scale; 0: there was none.
  double scale(Side side) const { return known_scale(side == Side::negative ? 1 : 0); }

  /// The same by its place, for methods whose scales are not of sides.
  double known_scale(int i) const {
    const auto s = static_cast<std::size_t>(i);
    return s < scales.size() ? scales[s] : 0;
  }

  virtual MagnitudeSums magnitudes(Side side) = 0;
  /// Of the codes that `thresholds[j−1] < a` gives (j = 1 … k), q = steps[j]; of k + 1 steps
  /// steps[0] is that of the smallest.
  virtual LevelSums levels(Side side, std::span<const float> steps,
                           std::span<const float> thresholds) = 0;
  /// Of the levels nearest to a/α, in the level set's units.
  virtual LevelSums nearest(Side side, const LevelSet& set, double alpha);
  /// Whether there is a ŵ of the previous iteration.
  virtual bool has_previous() const = 0;
  /// For its codes, q in units of ŵ.
  virtual BySign previous(bool by_sign) = 0;
  /// For its codes, q = 1 where it is not 0.
  virtual LevelSums used() = 0;
  /// The scale at the global minimum of equation (1) on a side, for levels with a zero; among equal
  /// minima the smallest.
  virtual double optimum(Side side, const LevelSet& levels) = 0;
  /// After `optimum` of all sides: what `Group::solver_state` shall hold; empty: as before.
  virtual std::vector<double> solver_state(std::span<const double>) { return {}; }
};

/// Curvature that is made only when a pass needs it: √v + 1e-8, or its square, into `memory`.
struct LazyCurvature {
  std::span<const float> second_moment;
  float* memory = nullptr;
  bool squared = false;
};

/// The sums of weights in the host's memory, which must live as long; weights and curvature may
/// change until they were added.
class GroupSums : public Sums {
 public:
  GroupSums(const Group& group, const Needs& needs, const LazyCurvature& lazy = {});

  /// Weights begin … begin + count − 1 have their final values; `curvature` is of these weights.
  /// For every block of `for_cache_blocks`, by its threads.
  void add(std::size_t begin, std::size_t count, const float* curvature);
  /// After all blocks. Error: a weight or curvature is not finite.
  void close();

  MagnitudeSums magnitudes(Side side) override;
  LevelSums levels(Side side, std::span<const float> steps,
                   std::span<const float> thresholds) override;
  bool has_previous() const override { return !scales.empty() && !group_.previous.empty(); }
  BySign previous(bool by_sign) override;
  LevelSums nearest(Side side, const LevelSet& set, double alpha) override;
  LevelSums used() override;
  double optimum(Side side, const LevelSet& levels) override;
  std::vector<double> solver_state(std::span<const double> optima) override;

 private:
  struct Gathered {
    MagnitudeSums all, side[2];
    BySign previous;
  };
  const Group& group();  // with its curvature

  Group group_;
  Needs needs_;
  LazyCurvature lazy_;
  std::optional<ScaleWindow> window_;
  std::optional<BinCounter> bins_;  // of a search that the window could not answer
  float largest_ = 0;               // |w|, with bins_
  std::vector<Gathered> chunks_;
  Gathered total_;
};

}  // namespace laq::quant
