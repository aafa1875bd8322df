#pragma once

#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace laq::bench {

/// Something to be timed.
struct Candidate {
  std::string name;
  std::function<void()> run;
};

/// Times of one candidate in milliseconds, and ratios to another measured in alternation with it.
struct Timing {
  std::string name;
  std::vector<double> milliseconds;
  double median() const;
  double low() const;   ///< first quartile
  double high() const;  ///< third quartile
};

/// Milliseconds of the clock.
double clock_now();

/// Runs all candidates in turn, `rounds` times after `warm_up` rounds that do not count, in this
/// process. `now` tells the time in milliseconds.
std::vector<Timing> alternate(const std::vector<Candidate>& candidates, int rounds, int warm_up = 1,
                              const std::function<double()>& now = clock_now);

/// Median over the rounds of (candidate / base), round by round, so that a machine that slows down
/// slows both.
double ratio(const Timing& candidate, const Timing& base);

/// One line of a report: a figure beside its goal (0: no goal).
struct Figure {
  std::string what;
  double value = 0;
  double goal = 0;
  std::string unit = "×";
  std::string note = {};
};

}  // namespace laq::bench
