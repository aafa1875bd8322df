#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "kernels/layer.hpp"
#include "quant/gain.hpp"

// A team is the threads that work on one group or tile together: a block of a GPU, all its blocks,
// or one thread of the host. Every thread runs the same code; what a function of the team returns
// is the same in all of them, and always added up in the same order. The teams of a GPU are in
// gpu_teams.cuh and gpu_tile.cuh.

namespace laq::kernels {

/// The most sums that are added up over a team at a time.
inline constexpr int kMostSums = 30;
/// How many scales a search looks at in a pass.
inline constexpr int kPoints = 10;

/// A scale, the sums of the codes that it gives, and how often a weight has risen a level there.
struct ScalePoint {
  double alpha = 0, dqw = 0, dqq = 0, risen = 0;
  LAQ_DEVICE quant::ChordPoint chord() const { return {alpha, 2 * dqw - alpha * dqq}; }
  LAQ_DEVICE quant::LevelSums sums() const { return {dqw, dqq, 0}; }
};

struct SearchInterval {
  ScalePoint low, high;
};

/// Memory that a team shares in a search: intervals for later, events that are sorted, and limits
/// of up to `Levels` levels.
template <int Intervals, int Events, int Levels>
struct SearchMemory {
  static constexpr int kStack = Intervals, kEvents = Events, kLevels = Levels;
  /// Whole numbers for which there is room in place of the intervals.
  static constexpr int kCounts = Intervals * static_cast<int>(sizeof(SearchInterval) / sizeof(int));
  SearchInterval stack[Intervals];
  quant::Event events[Events];
  float limits[kPoints * Levels];
  bool may_gain[kPoints + 1];
};
/// Of a block, for all level sets; and of one that also holds its weights, for few levels.
using BlockMemory = SearchMemory<192, 512, quant::LevelSet::kMost>;
using HeldMemory = SearchMemory<64, 128, kMostWindows>;

/// One thread of the host, with the room of a block.
template <typename SearchMemory, bool Holds>
class SerialTeamOf {
 public:
  /// What one thread adds up a few weights in: on a GPU a float.
  using Sum = double;
  using Memory = SearchMemory;
  /// Whether it may have the weights of a small group in its own memory.
  static constexpr bool kHolds = Holds;
  int rank() const { return 0; }
  int size() const { return 1; }
  void sync() {}
  template <int N>
  void sum(double (&)[N]) {}
  double max(double x) { return x; }
  double min(double x) { return x; }
  /// The sums of the threads of lower rank; `all`: of all threads.
  template <typename T>
  T before(const T& own, T& all) {
    all = own;
    return {};
  }
  /// Adds one to a number that threads share; the number before.
  int count_up(int& shared) { return shared++; }
  /// The threads that share `memory`.
  SerialTeamOf& block() { return *this; }
  Memory& memory() { return *memory_; }
  /// Whether this thread's block writes what all have found.
  bool commits() const { return true; }

  // Events, in any order.
  void begin_events() { events_ = 0; }
  void add_event(const quant::Event& event) {
    if (events_ < Memory::kEvents) memory_->events[events_] = event;
    ++events_;
  }
  /// How many are in `memory().events`, of all threads.
  int end_events() { return events_; }

  // Of a tile's team: weights near a threshold, in order; all threads call `add_near`.
  void begin_near() { near_.clear(); }
  void add_near(bool wanted, const Near& one) {
    if (wanted) near_.push_back(one);
  }
  /// Writes them, and returns how many they are; −1: more than `most`.
  int end_near(Near* to, int most) {
    if (near_.size() > static_cast<std::size_t>(most)) return -1;
    std::copy(near_.begin(), near_.end(), to);
    return static_cast<int>(near_.size());
  }
  /// Writes N sums over the team (the first `Maxima` maxima) to out[0], out[stride] …
  template <int N, int Maxima, typename T>
  void write_sums(const T* sums, double* out, std::int64_t stride) {
    for (int i = 0; i < N; ++i) out[i * stride] = sums[i];
  }
  /// Adds up rows of `count` numbers each, as `write_sums` left them.
  void add_rows(const double* rows, int n, int maxima, int count, double* totals) {
    for (int r = 0; r < n; ++r) {
      double total = 0;
      for (int i = 0; i < count; ++i) {
        const double one = rows[static_cast<std::int64_t>(r) * count + i];
        total = r < maxima ? std::max(total, one) : total + one;
      }
      totals[r] = total;
    }
  }
  // Whole numbers by place, which all threads may count up.
  void begin_counts(int n) { counts_.assign(static_cast<std::size_t>(n), 0); }
  void count(int place) { ++counts_[static_cast<std::size_t>(place)]; }
  void end_counts(int n, std::int32_t* to) { std::copy_n(counts_.begin(), n, to); }
  /// Brings the weights near a threshold of all tiles together; their number, −1 when they are
  /// more than kMostNear or a tile had too many.
  int bring_near(const Near* from, const std::int32_t* counts, int tiles, Near* to) {
    int all = 0;
    for (int t = 0; t < tiles; ++t) {
      if (counts[t] < 0 || all + counts[t] > kMostNear) return -1;
      std::copy_n(from + static_cast<std::int64_t>(t) * kNearOfTile, counts[t], to + all);
      all += counts[t];
    }
    return all;
  }

 private:
  std::vector<Memory> storage_ = std::vector<Memory>(1);
  Memory* memory_ = storage_.data();
  int events_ = 0;
  std::vector<Near> near_;
  std::vector<std::int32_t> counts_;
};

using SerialTeam = SerialTeamOf<BlockMemory, false>;
using SerialHolder = SerialTeamOf<HeldMemory, true>;

}  // namespace laq::kernels
