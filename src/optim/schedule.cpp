#include "optim/schedule.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace laq::optim {

double Schedule::rate(std::int64_t finished) const {
  if (cosine_epochs > 0) {
    const double share = static_cast<double>(finished) / static_cast<double>(cosine_epochs);
    return learning_rate * (1 + std::cos(std::numbers::pi * std::min(share, 1.0))) / 2;
  }
  std::int64_t drops = 0;
  for (const std::int64_t epoch : at) {
    drops += finished * of >= epoch * epochs ? 1 : 0;
  }
  if (every > 0 && finished > after) drops += (finished - after) / every;
  return learning_rate * std::pow(factor, static_cast<double>(drops));
}

Schedule read_schedule(config::Reader& train, std::int64_t epochs) {
  Schedule schedule;
  schedule.learning_rate = train.real("learning_rate", {}, {0, 1e3});
  config::Reader& section = train.child("schedule");
  if (section.choice<bool>("shape", false, {{"steps", false}, {"cosine", true}},
                           config::Canonical::omit_default)) {
    for (const char* key : {"factor", "at", "of", "every", "after"}) {
      if (section.has(key)) {
        section.refuse(key, "has no meaning with shape: cosine",
                       "remove it; on the command line: 'train.schedule={shape: cosine}'");
      }
      section.raw(key);
    }
    schedule.cosine_epochs = std::max<std::int64_t>(epochs, 1);
    return schedule;
  }
  schedule.factor = section.real("factor", 1.0, {0, 1});
  schedule.at = section.integers("at", std::vector<std::int64_t>{}, {1, 1'000'000});
  // The default leaves the hash of a run of the planned length as it is.
  schedule.of = section.integer("of", std::max<std::int64_t>(epochs, 1), {1, 1'000'000},
                                config::Canonical::omit_default);
  schedule.epochs = epochs > 0 ? epochs : schedule.of;
  schedule.every = section.integer("every", 0, {0, 1'000'000});
  schedule.after = section.integer("after", 0, {0, 1'000'000});
  return schedule;
}

}  // namespace laq::optim
