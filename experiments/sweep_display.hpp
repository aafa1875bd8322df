#pragma once

#include <chrono>
#include <cstdio>
#include <string>
#include <vector>

#include "sweep/estimate.hpp"
#include "sweep/execute.hpp"

namespace laq {

/// Tells what a sweep does: plain lines when a run starts and ends, and on a terminal below them
/// one line for every run that is under way.
class SweepDisplay {
 public:
  /// What is given outlives this object.
  SweepDisplay(const sweep::Plan& plan, sweep::Estimate& estimate);

  /// Calls to this object.
  sweep::Observer observer();

 private:
  void ended(const sweep::Job& job);
  void show(const std::vector<const sweep::Job*>& running);
  void erase();
  void say(const std::string& line);

  const sweep::Plan& plan_;
  sweep::Estimate& estimate_;
  bool live_;
  int lines_ = 0;  // of the display, at the end of the terminal
  std::chrono::steady_clock::time_point shown_;
};

std::size_t count_done(const sweep::Plan& plan);

}  // namespace laq
