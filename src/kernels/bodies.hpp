#pragma once

#include <type_traits>

#include "kernels/adam.hpp"
#include "kernels/report.hpp"
#include "kernels/sums.hpp"
#include "quant/device_fit.hpp"

// What the kernels do, each for one block: small functions over a tile or a group, which the tests
// also run by a `SerialTeam`.

namespace laq::kernels {

/// Stands for a method that is host code alone.
struct HostFit {};

/// What a pass over the weights gathers, known when it is compiled.
template <bool Magnitudes, bool Previous, bool Gradient, int Windows, bool BySign, bool Bounds>
struct Look {
  static constexpr Gather gather{Magnitudes, Previous, Gradient, Windows, BySign, Bounds};
};
using LookAtNothing = Look<false, false, false, 0, false, false>;
using LookAtMagnitudes = Look<true, false, false, 0, false, false>;
using LookAtGradient = Look<false, false, true, 0, false, false>;
using LookAtBoth = Look<true, false, true, 0, false, false>;

/// Calls visit(Look) for what is gathered for a fit.
template <typename Visit>
void with_look(const Gather& gather, const quant::ProximalFit&, const Visit& visit) {
  const auto window = [&](auto k) {
    constexpr int kWindows = decltype(k)::value;
    if (gather.by_sign) return visit(Look<false, true, false, kWindows, true, false>{});
    visit(Look<false, true, false, kWindows, false, false>{});
  };
  if (gather.bounds) {
    if (gather.by_sign) return visit(Look<false, false, false, 1, true, true>{});
    return visit(Look<false, false, false, 1, false, true>{});
  }
  if (gather.magnitudes && gather.windows == 1) {
    if (gather.by_sign) return visit(Look<true, false, false, 1, true, false>{});
    return visit(Look<true, false, false, 1, false, false>{});
  }
  switch (gather.windows) {
    case 0:
      return gather.magnitudes ? visit(LookAtMagnitudes{}) : visit(LookAtNothing{});
    case 1:
      return window(std::integral_constant<int, 1>{});
    case 3:
      return window(std::integral_constant<int, 3>{});
    default:
      return window(std::integral_constant<int, 7>{});
  }
}
template <typename Visit>
void with_look(const Gather& gather, const quant::TtqFit&, const Visit& visit) {
  return gather.magnitudes ? visit(LookAtBoth{}) : visit(LookAtGradient{});
}
template <typename Visit>
void with_look(const Gather& gather, const quant::DorefaFit&, const Visit& visit) {
  return gather.magnitudes ? visit(LookAtMagnitudes{}) : visit(LookAtNothing{});
}
template <typename Visit>
void with_look(const Gather&, const quant::LearnedStepFit&, const Visit& visit) {
  visit(LookAtGradient{});
}
template <typename Fit, typename Visit>
void with_look(const Gather&, const Fit&, const Visit& visit) {
  visit(LookAtNothing{});
}

LAQ_DEVICE inline bool is_discrete(const quant::ProximalFit& fit, double progress) {
  return fit.annealing.discrete(progress);
}
template <typename Fit>
LAQ_DEVICE bool is_discrete(const Fit&, double) {
  return true;
}

template <typename Fit>
LAQ_DEVICE AdamStep adam_step(const Settings& settings, const Step& step, const Fit& fit,
                              bool quantized) {
  const double start = settings.sgd ? 1 : 1 - pow(settings.beta1, step.count);
  bool rests = step.rests;
  if constexpr (!std::is_same_v<Fit, HostFit>)
    rests = settings.replaces_latent && is_discrete(fit, step.progress);
  return {static_cast<float>(settings.beta1),
          static_cast<float>(settings.beta2),
          quantized && rests ? 0.0f : static_cast<float>(step.rate / start),
          static_cast<float>(1 / sqrt(1 - pow(settings.beta2, step.count))),
          static_cast<float>(settings.epsilon),
          quantized ? static_cast<float>(settings.clip) : INFINITY,
          settings.sgd,
          static_cast<float>(settings.momentum),
          settings.squared_curvature};
}

LAQ_DEVICE inline ScaleStep scale_step(const Settings& settings, const Step& step) {
  return {settings.beta1, settings.beta2, settings.epsilon, step.rate * settings.scale_rate,
          step.count,     settings.sgd,   settings.momentum};
}

/// The constants of the next step.
template <typename Fit>
LAQ_DEVICE void advance(Step& step, const Settings& settings, const Fit& fit) {
  step.count += 1;
  step.progress = step.total > 0 ? fmin(step.done / step.total, 1.0) : 1;
  step.done += 1;
  for (int quantized = 0; quantized < 2; ++quantized)
    step.adam[quantized] = adam_step(settings, step, fit, quantized == 1);
}

/// A method's own gradient of one weight; most pass it straight through.
template <typename Fit>
LAQ_DEVICE auto weight_gradient(const Fit& fit, const double* scales, double largest) {
  if constexpr (requires { fit.weight_gradient(scales, largest); }) {
    return fit.weight_gradient(scales, largest);
  } else {
    return quant::StraightThrough{};
  }
}

/// The sums of one thread's weights of a tile, for `Gather`.
template <typename Look, typename Sum>
struct ThreadSums {
  static constexpr int kSides = Look::gather.sides();
  /// The gain that a search has found is as exact as its bound is not.
  using Exact = std::conditional_t<Look::gather.bounds, double, Sum>;
  Sum maxima[2] = {}, magnitudes[7] = {}, previous[6] = {}, gradient[2] = {};
  Exact above[kSides][3] = {};
  Sum bounds[kSides][kPlaces] = {};

  /// Lays them out as `Gather` says.
  LAQ_DEVICE void write(Exact* rows) const {
    constexpr Gather g = Look::gather;
    if constexpr (g.magnitudes) {
      for (int i = 0; i < 2; ++i) rows[i] = maxima[i];
      for (int i = 0; i < 7; ++i) rows[2 + i] = magnitudes[i];
    }
    if constexpr (g.previous) {
      for (int i = 0; i < 6; ++i) rows[g.previous_row() + i] = previous[i];
    }
    if constexpr (g.gradient) {
      for (int i = 0; i < 2; ++i) rows[g.gradient_row() + i] = gradient[i];
    }
    if constexpr (g.windows > 0) {
      for (int s = 0; s < kSides; ++s) {
        for (int i = 0; i < 3; ++i) rows[g.above_row() + s * Gather::kAbove + i] = above[s][i];
        if constexpr (g.bounds) {
          for (int i = 0; i < kPlaces; ++i) rows[g.bounds_row() + s * kPlaces + i] = bounds[s][i];
        }
      }
    }
  }
};

/// Windows, steps and bound places of a group, for one pass over a tile.
template <typename Look>
struct Edges {
  static constexpr int kSides = Look::gather.sides(), k = Look::gather.windows;
  static constexpr int kRoom = k > 0 ? k : 1;
  float low[kSides][kRoom], high[kSides][kRoom], step[kRoom + 1];
  float places[kSides][kPlaces];
  float limits[2], values[3];  // of ternary levels, before the step

  /// By all threads of a block.
  template <typename Fit, typename Team>
  LAQ_DEVICE void make(Team& block, const Fit& fit, const Layer& layer, std::int64_t group) {
    if constexpr (k > 0) {
      const auto width = static_cast<float>(layer.kept[group * kKept]);
      const float* thresholds = layer.books.thresholds + group * (layer.books.levels - 1);
      for (int s = 0; s < kSides; ++s) {
        for (int j = block.rank(); j < k; j += block.size()) {
          const Window around = Window::around(thresholds, k, s, j, width);
          low[s][j] = around.low;
          high[s][j] = around.high;
        }
        for (int i = block.rank(); Look::gather.bounds && i < kPlaces; i += block.size())
          places[s][i] = Window::around(thresholds, k, s, 0, width).bound_scale(i, width);
      }
      for (int j = block.rank(); j <= k; j += block.size()) step[j] = fit.levels.steps().data()[j];
      for (int j = block.rank(); k == 1 && j < 3; j += block.size()) {
        values[j] = static_cast<float>(layer.books.exact_values[group * 3 + j]);
        if (j < 2) limits[j] = layer.books.thresholds[group * 2 + j];
      }
    }
  }

  /// ŵ of a weight before the step; of ternary levels.
  LAQ_DEVICE float before(float w) const {
    return w > limits[1] ? values[2] : w > limits[0] ? values[1] : values[0];
  }
};

/// What is not a number is not larger.
template <typename T>
LAQ_DEVICE T larger(T one, T other) {
  return other > one ? other : one;
}

/// The places of the exact solver's bound; of each thread, as every weight needs all.
template <typename Look>
using Places = float[Look::gather.sides()][Look::gather.bounds ? kPlaces : 1];

/// Adds one weight that has moved. `quantized`: its ŵ before.
template <typename Look, typename Sum>
LAQ_DEVICE void look_at(float w, float curvature, float quantized, const Edges<Look>& edges,
                        const Places<Look>& places, ThreadSums<Look, Sum>& sums) {
  constexpr Gather g = Look::gather;
  constexpr int kLast = g.sides() - 1;
  const float magnitude = fabsf(w);
  const bool negative = w < 0, other = g.by_sign && negative;
  const Sum d = curvature, a = magnitude;
  if constexpr (g.magnitudes) {
    const Sum weight = magnitude > 0 ? d : 0, da = d * a;
    sums.maxima[0] = larger(sums.maxima[0], negative ? 0 : a);
    sums.maxima[1] = larger(sums.maxima[1], negative ? a : 0);
    sums.magnitudes[0] += negative ? 0 : a;
    sums.magnitudes[1] += negative ? 0 : weight;
    sums.magnitudes[2] += negative ? 0 : da;
    sums.magnitudes[3] += negative ? a : 0;
    sums.magnitudes[4] += negative ? weight : 0;
    sums.magnitudes[5] += negative ? da : 0;
    sums.magnitudes[6] += w == 0 ? d : 0;
  }
  if constexpr (g.previous) {
    const Sum before = quantized, dq = d * before;
    const Sum part[3] = {dq * static_cast<Sum>(w), dq * before, dq};
    const bool first = !g.by_sign || quantized > 0;
    LAQ_UNROLL
    for (int p = 0; p < 3; ++p) {
      sums.previous[p] += first ? part[p] : 0;
      if constexpr (g.by_sign) sums.previous[3 + p] += first ? 0 : part[p];
    }
  }
  if constexpr (g.windows > 0) {
    float q = 0;
    LAQ_UNROLL
    for (int j = 0; j < g.windows; ++j)
      q = magnitude > (other ? edges.high[kLast][j] : edges.high[0][j]) ? edges.step[j + 1] : q;
    using Exact = typename ThreadSums<Look, Sum>::Exact;
    const Exact wide = q, dq = static_cast<Exact>(curvature) * wide;
    const Exact part[3] = {dq * static_cast<Exact>(magnitude), dq * wide, dq};
    LAQ_UNROLL
    for (int p = 0; p < 3; ++p) {
      sums.above[0][p] += other ? 0 : part[p];
      if constexpr (g.by_sign) sums.above[kLast][p] += other ? part[p] : 0;
    }
  }
  if constexpr (g.bounds) {
    LAQ_UNROLL
    for (int side = 0; side < g.sides(); ++side) {
      const Sum of_side = other == (side == 1) ? d : 0;
      LAQ_UNROLL
      for (int p = 0; p < kPlaces; ++p) {
        const float beyond = 2 * magnitude - places[side][p];
        sums.bounds[side][p] += of_side * static_cast<Sum>(beyond > 0 ? beyond : 0);
      }
    }
  }
}

template <typename Look>
LAQ_DEVICE bool is_near(float w, const Edges<Look>& edges) {
  constexpr int kLast = Look::gather.sides() - 1;
  const float a = fabsf(w);
  const bool other = Look::gather.by_sign && w < 0;
  bool near = false;
  LAQ_UNROLL
  for (int j = 0; j < Look::gather.windows; ++j) {
    const float low = other ? edges.low[kLast][j] : edges.low[0][j];
    const float high = other ? edges.high[kLast][j] : edges.high[0][j];
    near = near || (a > low && a <= high);
  }
  return near;
}

/// A number that no kernel reads again soon: a GPU's cache is for others.
LAQ_DEVICE inline float read_once(const float* from) {
#ifdef __CUDA_ARCH__
  return __ldcs(from);
#else
  return *from;
#endif
}
LAQ_DEVICE inline void write_once(float* to, float value) {
#ifdef __CUDA_ARCH__
  __stcs(to, value);
#else
  *to = value;
#endif
}

/// One step of Adam for a tile's weights, and the sums for the fit. `edges`: of the tile's group,
/// in memory that the team shares.
template <typename Look, bool Sgd, typename Fit, typename Team>
LAQ_DEVICE void move_tile(Team& team, const Fit& fit, const Layer& layer, const Tile& tile,
                          const float* gradient, const Settings& settings, const Step& step,
                          const Edges<Look>& edges) {
  constexpr int kBatch = 4;
  constexpr Gather gather = Look::gather;
  const std::int64_t begin =
      tile.group * layer.size + static_cast<std::int64_t>(tile.index) * kTile;
  float* w = layer.latent + begin;
  float* m = layer.first + begin;
  float* v = layer.second + begin;
  const float* g = gradient + begin;
  const float* q = layer.quantized_values + begin;
  const bool quantized = layer.quantized;
  const AdamStep adam = step.adam[quantized ? 1 : 0];
  const auto clip = static_cast<float>(settings.clip_gradient);
  const auto decay =
      static_cast<float>(settings.weight_decay + (quantized ? settings.quantized_weight_decay : 0));
  const bool own_gradient = quantized && settings.own_gradient;
  const double unknown[2] = {};
  const auto rule = weight_gradient(
      fit, own_gradient ? layer.books.scales + tile.group * layer.books.scale_count : unknown,
      own_gradient ? layer.kept[tile.group * kKept + 1] : 0);
  // ŵ before is made of w where that takes two comparisons. After a restore there may be no
  // thresholds; then no window holds, and the sums do not count.
  const bool steps = gather.previous && gather.windows == 1 && layer.books.pieces == 0;
  const bool reads_quantized = own_gradient || (quantized && gather.previous && !steps);
  Places<Look> places{};
  if constexpr (gather.bounds) {
    for (int side = 0; side < gather.sides() && quantized; ++side) {
      LAQ_UNROLL
      for (int p = 0; p < kPlaces; ++p) places[side][p] = edges.places[side][p];
    }
  }
  using Sum = typename Team::Sum;
  ThreadSums<Look, Sum> sums;
  if (gather.windows > 0) team.begin_near();
  for (int base = 0; base < tile.count; base += kBatch * team.size()) {
    float W[kBatch], M[kBatch], V[kBatch], G[kBatch], Q[kBatch];
    LAQ_UNROLL
    for (int b = 0; b < kBatch; ++b) {
      const int i = base + b * team.size() + team.rank();
      const bool in = i < tile.count;
      W[b] = in ? w[i] : 0;
      M[b] = in ? read_once(m + i) : 0;
      V[b] = in ? read_once(v + i) : 0;
      G[b] = in ? read_once(g + i) : 0;
      Q[b] = in && reads_quantized ? read_once(q + i) : 0;
    }
    LAQ_UNROLL
    for (int b = 0; b < kBatch; ++b) {
      const int i = base + b * team.size() + team.rank();
      const bool in = i < tile.count;
      if (clip > 0) {  // a NaN stays one
        G[b] = G[b] > clip ? clip : G[b];
        G[b] = G[b] < -clip ? -clip : G[b];
      }
      if (own_gradient) {
        const quant::WeightGradient own = rule(W[b], Q[b], G[b]);
        G[b] = own.gradient;
        if (gather.gradient) {
          sums.gradient[0] += static_cast<Sum>(own.scales[0]);
          sums.gradient[1] += static_cast<Sum>(own.scales[1]);
        }
      }
      if constexpr (gather.previous && gather.windows == 1) {
        if (quantized && steps) Q[b] = edges.before(W[b]);
      }
      G[b] += decay * W[b];
      const float root = move_weight<Sgd>(W[b], M[b], V[b], G[b], adam);
      if (in) {
        w[i] = W[b];
        write_once(m + i, M[b]);
        write_once(v + i, V[b]);
      }
      if constexpr (gather.rows() > 0) {
        const float d = in ? curvature(root, settings) : 0;
        if (quantized) look_at(W[b], d, Q[b], edges, places, sums);
        if constexpr (gather.windows > 0)
          team.add_near(in && quantized && is_near(W[b], edges), {W[b], d});
      }
    }
  }
  if constexpr (gather.rows() > 0) {
    if (!quantized) return;
    const std::int64_t place = static_cast<std::int64_t>(tile.group) * layer.tiles + tile.index;
    if constexpr (gather.windows > 0)
      layer.near_count[place] = team.end_near(layer.near + place * kNearOfTile, kNearOfTile);
    typename ThreadSums<Look, Sum>::Exact rows[gather.rows()];
    sums.write(rows);
    team.template write_sums<gather.rows(), gather.maxima()>(
        rows, layer.sums + std::int64_t{tile.group} * gather.rows() * layer.tiles + tile.index,
        layer.tiles);
  }
}

/// A group's codebook in the making, in memory that a block shares: all threads write the same.
class Book {
 public:
  LAQ_DEVICE Book(const Books& of, unsigned char* memory)
      : values(reinterpret_cast<double*>(memory)),
        scales(values + of.levels),
        offsets(scales + of.scale_count),
        slopes(offsets + of.pieces),
        thresholds(reinterpret_cast<float*>(slopes + of.pieces)),
        knots(thresholds + of.levels) {}
  double *values, *scales, *offsets, *slopes;
  float *thresholds, *knots;
  int rounds = 0;
  bool converged = true;

  LAQ_DEVICE void add_threshold(float threshold) { thresholds[threshold_count_++] = threshold; }
  LAQ_DEVICE void add_level(int /*code*/, double value) { values[level_count_++] = value; }
  LAQ_DEVICE void add_scale(double scale) { scales[scale_count_++] = scale; }
  LAQ_DEVICE void add_knot(float knot) { knots[knot_count_++] = knot; }
  LAQ_DEVICE void add_piece(double offset, double slope) {
    offsets[piece_count_] = offset;
    slopes[piece_count_++] = slope;
  }

  /// Copies it to its place, by one block, which has come to an agreement before.
  template <typename Team>
  LAQ_DEVICE LAQ_OUTLINE void commit(Team& block, const Books& to, std::int64_t group) const {
    const std::int64_t levels = group * to.levels, limits = group * (to.levels - 1),
                       pieces = group * to.pieces;
    for (int j = block.rank(); j < to.levels; j += block.size()) {
      to.exact_values[levels + j] = values[j];
      to.values[levels + j] = static_cast<float>(values[j]);
      if (j + 1 < to.levels) to.thresholds[limits + j] = thresholds[j];
    }
    for (int s = block.rank(); s < to.scale_count; s += block.size())
      to.scales[group * to.scale_count + s] = scales[s];
    for (int p = block.rank(); p < piece_count_; p += block.size()) {
      to.offsets[pieces + p] = offsets[p];
      to.slopes[pieces + p] = slopes[p];
      if (p + 1 < piece_count_) to.knots[pieces + p] = knots[p];
    }
    if (block.rank() == 0) {
      to.rounds[group] = rounds;
      if (to.pieces > 0) to.piece_count[group] = piece_count_;
    }
  }

 private:
  int threshold_count_ = 0, level_count_ = 0, scale_count_ = 0, knot_count_ = 0, piece_count_ = 0;
};

/// The windows' width after a step: some times what a threshold moved, as far as there is room.
LAQ_DEVICE LAQ_OUTLINE inline double next_width(const Layer& layer, std::int64_t group,
                                                const Book& book, const Gather& gather, bool lost) {
  // The bound needs some room between its places and the optimum.
  const double weights = static_cast<double>(layer.size) * gather.windows;
  const double most = fmin(1.0 / 64, 0.8 * kMostNear / weights);
  const double least = fmin(gather.bounds ? 1.0 / 512 : 1.0 / 2048, most);
  constexpr double kRoom = 6, kShrink = 0.97;
  const int limits = layer.books.levels - 1;
  double moved = 0;
  for (int j = 0; j < limits; ++j) {
    const double before = static_cast<double>(layer.books.thresholds[group * limits + j]);
    const double after = static_cast<double>(book.thresholds[j]);
    if (before != 0) moved = fmax(moved, fabs(after / before - 1));
  }
  double width = layer.kept[group * kKept];
  if (lost) width = width > 0 ? 2 * width : 4 * least;
  return fmin(fmax(fmax(width * kShrink, kRoom * moved), least), most);
}

/// What a fit keeps for the next step, besides its codebook. By one thread, before `commit`.
LAQ_DEVICE inline void keep(const Layer& layer, std::int64_t group, const Book& book,
                            const Gather& gather, bool lost, double largest) {
  if (gather.windows > 0) layer.kept[group * kKept] = next_width(layer, group, book, gather, lost);
  layer.kept[group * kKept + 1] = largest;
}

/// Adam on a group's learned scales, by the sums of its tiles' gradients.
template <typename Fit, typename Team>
LAQ_DEVICE void learn_scales(Team& block, const Fit& fit, const Layer& layer, std::int64_t group,
                             const Settings& settings, const Step& step, const double* sums) {
  if constexpr (requires(double* to) { fit.scale_gradient(sums, sums, std::size_t{}, to); }) {
    const int count = layer.books.scale_count;
    double* scales = layer.books.scales + group * count;
    if (block.rank() == 0) {
      double gradient[2] = {};
      fit.scale_gradient(sums, scales, static_cast<std::size_t>(layer.size), gradient);
      const ScaleStep constants = scale_step(settings, step);
      for (int s = 0; s < count; ++s)
        move_scale(scales[s], layer.scale_first[group * count + s],
                   layer.scale_second[group * count + s], gradient[s], constants);
    }
    block.sync();
  }
}

/// The fit of a group by what the step's pass gathered. `Searches`: it asks for an `optimum`;
/// `near`: where there are windows. Sets `lost` where that does not do.
template <bool Searches, typename Fit, typename Team>
LAQ_DEVICE void fit_near(Team& block, const Fit& fit, const Layer& layer, std::int64_t group,
                         const Settings& settings, const Step& step, double* rows, NearRoom* near,
                         unsigned char* book_memory) {
  const Gather& gather = settings.gather;
  const int count = gather.rows(), tiles = layer.tiles;
  block.add_rows(layer.sums + group * static_cast<std::int64_t>(count) * tiles, count,
                 gather.maxima(), tiles, rows);
  block.sync();
  if (settings.learns_scales)
    learn_scales(block, fit, layer, group, settings, step, rows + gather.gradient_row());
  int held = 0;
  if (gather.windows > 0)
    held = block.bring_near(layer.near + group * tiles * std::int64_t{kNearOfTile},
                            layer.near_count + group * tiles, tiles, near->weights);
  NearSums<Team, Searches> sums(block, layer, group,
                                layer.books.scales + group * layer.books.scale_count, settings,
                                step.progress, rows, near, held);
  Book book(layer.books, book_memory);
  fit(sums, book);
  block.sync();
  const bool lost = sums.lost();
  if (block.rank() == 0) {
    layer.lost[group] = lost ? 1 : 0;
    if (!lost) {
      keep(layer, group, book, gather, false, gather.magnitudes ? fmax(rows[0], rows[1]) : 0);
    } else if (held < 0) {
      layer.kept[group * kKept] /= 4;  // too many to look at: fewer next time
    }
  }
  block.sync();
  if (!lost) book.commit(block, layer.books, group);
  block.sync();
}

/// The fit of a group by passes over its weights, by a block or many. False: a search had not room
/// enough, and nothing has changed.
template <bool Searches, typename Fit, typename Team>
LAQ_DEVICE bool fit_whole(Team& team, const Fit& fit, const Layer& layer, std::int64_t group,
                          const Settings& settings, const Step& step, bool fresh,
                          unsigned char* book_memory, Near* held = nullptr) {
  const double none[3] = {};
  WholeSums<Team, Searches> sums(
      team, layer, group, fresh ? none : layer.books.scales + group * layer.books.scale_count,
      settings, step.progress, held);
  Book book(layer.books, book_memory);
  fit(sums, book);
  const double largest =
      settings.own_gradient ? static_cast<double>(sums.magnitudes(quant::Side::both).max) : 0;
  team.sync();
  if (sums.lost()) return false;
  if (!team.commits()) return true;
  auto& block = team.block();
  if (block.rank() == 0) keep(layer, group, book, settings.gather, true, largest);
  block.sync();
  book.commit(block, layer.books, group);
  block.sync();
  return true;
}

/// The fit of a small group by one block, which looks at all its weights. Of sums, a pass over them
/// has gathered the gradient's alone. `held`: as of `WholeSums`. `lost` where the block's room does
/// not do.
template <bool Searches, typename Fit, typename Team>
LAQ_DEVICE void fit_small(Team& team, const Fit& fit, const Layer& layer, std::int64_t group,
                          const Settings& settings, const Step& step, bool fresh, double* rows,
                          unsigned char* book_memory, Near* held = nullptr) {
  bool fitted = !Team::kHolds || layer.size <= kHeldGroup;
  if (fitted && settings.learns_scales && !fresh) {
    const int count = Gather::kGradient, tiles = layer.tiles;
    team.add_rows(layer.sums + group * std::int64_t{count} * tiles, count, 0, tiles, rows);
    team.sync();
    learn_scales(team, fit, layer, group, settings, step, rows);
  }
  fitted = fitted &&
           fit_whole<Searches>(team, fit, layer, group, settings, step, fresh, book_memory, held);
  if (team.rank() == 0) layer.lost[group] = fitted ? 0 : 1;
}

/// ŵ of one weight. A weight that is not a number stays one.
LAQ_DEVICE LAQ_OUTLINE inline float quantize(const Books& books, std::int64_t group, float w) {
  if (w != w) return w;
  if (books.pieces > 0 && books.piece_count[group] > 0) {
    const int p = limits_below(books.knots + group * books.pieces, books.piece_count[group] - 1, w);
    return static_cast<float>(books.offsets[group * books.pieces + p] +
                              books.slopes[group * books.pieces + p] * static_cast<double>(w));
  }
  const int code = limits_below(books.thresholds + group * (books.levels - 1), books.levels - 1, w);
  return books.values[group * books.levels + code];
}

/// The same of n ≤ Batch weights, level by level, so that no load waits for a store.
template <int Batch>
LAQ_DEVICE void quantize_batch(const Books& books, std::int64_t group, const float (&w)[Batch],
                               float (&out)[Batch]) {
  constexpr int kFew = 16;
  const int limits = books.levels - 1;
  if (limits > kFew || (books.pieces > 0 && books.piece_count[group] > 0)) {
    for (int b = 0; b < Batch; ++b) out[b] = quantize(books, group, w[b]);
    return;
  }
  const float* thresholds = books.thresholds + group * limits;
  const float* values = books.values + group * books.levels;
  const float lowest = values[0];
  LAQ_UNROLL
  for (int b = 0; b < Batch; ++b) out[b] = lowest;
  for (int j = 0; j < limits; ++j) {
    const float threshold = thresholds[j], value = values[j + 1];
    LAQ_UNROLL
    for (int b = 0; b < Batch; ++b) out[b] = w[b] > threshold ? value : out[b];
  }
  LAQ_UNROLL
  for (int b = 0; b < Batch; ++b) out[b] = w[b] != w[b] ? w[b] : out[b];
}

template <typename Team>
LAQ_DEVICE void apply_tile(Team& team, const Layer& layer, const Tile& tile, bool replaces_latent) {
  constexpr int kBatch = 8;
  const std::int64_t begin =
      tile.group * layer.size + static_cast<std::int64_t>(tile.index) * kTile;
  float* latent = layer.latent + begin;
  float* quantized = layer.quantized_values + begin;
  for (int base = team.rank(); base < tile.count; base += kBatch * team.size()) {
    float w[kBatch], out[kBatch];
    LAQ_UNROLL
    for (int b = 0; b < kBatch; ++b) {
      const int i = base + b * team.size();
      w[b] = i < tile.count ? read_once(latent + i) : 0;
    }
    quantize_batch(layer.books, tile.group, w, out);
    LAQ_UNROLL
    for (int b = 0; b < kBatch; ++b) {
      const int i = base + b * team.size();
      if (i >= tile.count) continue;
      quantized[i] = out[b];
      if (replaces_latent) latent[i] = out[b];
    }
  }
}

template <typename Team>
LAQ_DEVICE void report_tile(Team& team, const Layer& layer, const Tile& tile,
                            std::int64_t tile_of_layer, const ReportRequest& request) {
  const std::int64_t begin =
      tile.group * layer.size + static_cast<std::int64_t>(tile.index) * kTile;
  const ReportLayout& layout = request.layout;
  const float* values = layer.books.values + static_cast<std::int64_t>(tile.group) * layout.levels;
  const auto largest = static_cast<double>(*request.largest);
  team.begin_counts(layout.counts());
  double sums[ReportLayout::kSums] = {};
  for (int i = team.rank(); i < tile.count; i += team.size()) {
    const float w = layer.latent[begin + i], quantized = layer.quantized_values[begin + i];
    const int level = quantized == 0 ? request.zero_level
                                     : level_of(quantized, values, layout.levels, request.relaxes);
    team.count(layout.at_level(level));
    if (quantized == 0) team.count(layout.zeros());
    std::uint8_t& last = layer.level_index[begin + i];
    if (last != level) team.count(layout.flips());
    last = static_cast<std::uint8_t>(level);
    team.count(layout.in_bin(bin_of(w, largest, layout.bins)));
    const double wide = static_cast<double>(quantized), error = static_cast<double>(w) - wide;
    const double d = static_cast<double>(sqrtf(layer.second[begin + i]) + quant::kCurvatureFloor);
    sums[0] += d * error * error;
    if (request.relaxes) {
      const double away = wide - static_cast<double>(values[level]);
      sums[1] += away * away;
      sums[2] += wide * wide;
    }
  }
  team.end_counts(layout.counts(), request.counts + tile_of_layer * layout.counts());
  team.template write_sums<ReportLayout::kSums, 0>(
      sums, request.sums + tile_of_layer * ReportLayout::kSums, 1);
}

/// Equation (1) of a tile, at ŵ and at what other codebooks make of w: sums[0] and sums[1].
template <typename Team>
LAQ_DEVICE void compare_tile(Team& team, const Layer& layer, const Tile& tile, const Books& other,
                             const Settings& settings, double* out) {
  const std::int64_t begin =
      tile.group * layer.size + static_cast<std::int64_t>(tile.index) * kTile;
  double sums[2] = {};
  for (int i = team.rank(); i < tile.count; i += team.size()) {
    const float w = layer.latent[begin + i];
    const double d = static_cast<double>(curvature(sqrtf(layer.second[begin + i]), settings));
    const double here =
        static_cast<double>(w) - static_cast<double>(layer.quantized_values[begin + i]);
    const double there =
        static_cast<double>(w) - static_cast<double>(quantize(other, tile.group, w));
    sums[0] += d * here * here;
    sums[1] += d * there * there;
  }
  team.template write_sums<2, 0>(sums, out, 1);
}

}  // namespace laq::kernels
