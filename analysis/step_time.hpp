#pragma once

#include <optional>

#include "record/run_record.hpp"

namespace laq::analysis {

/// How long a training step took.
struct StepTime {
  double ms = 0;       ///< the lowest of the epochs' medians: what other programs delay is higher
  bool steady = true;  ///< the epochs' medians differ by at most a quarter
};

/// From /steps/seconds; where a record has no steps, the median that it was given. None: neither.
std::optional<StepTime> step_time(const record::History& history);

/// When a run was under way, in seconds since 1970, as far as its record tells.
struct Spell {
  double begin = 0, end = 0;

  bool overlaps(const Spell& other) const { return begin < other.end && other.begin < end; }
};

/// From the time of the record's last write, back by the seconds spent. None: no such time.
std::optional<Spell> spell_of(const record::RunRecord& record);

}  // namespace laq::analysis
