#pragma once

#include <functional>
#include <future>
#include <utility>

namespace laq {

/// One piece of work at a time in a thread of its own: files that nobody need wait for. Whoever
/// destroys it waits for the work.
class Background {
 public:
  /// Begins once the work before is done. Error: what that one threw; this one is not begun then.
  void begin(std::function<void()> work) {
    wait();
    work_ = std::async(std::launch::async, std::move(work));
  }
  /// Until nothing is in progress. Error: what the work threw, told once.
  void wait() {
    if (work_.valid()) work_.get();
  }

 private:
  std::future<void> work_;
};

}  // namespace laq
