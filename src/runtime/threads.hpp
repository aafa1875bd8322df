#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <thread>
#include <vector>

namespace laq::runtime {

/// Threads that do parts of the same work together. A call costs about a microsecond while they are
/// awake; after some 50 µs without work they sleep. Whoever is there takes the next part, so that a
/// thread that the system does not let run delays nobody.
class Pool {
 public:
  /// `threads`: with the caller's own.
  explicit Pool(int threads);
  ~Pool();
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;

  std::size_t parts() const { return parts_; }

  /// Calls work(part, parts) for every part, as many as threads, and waits. It must not throw.
  template <typename Work>
  void run(const Work& work) {
    if (parts_ == 1) return work(std::size_t{0}, std::size_t{1});
    run([](const void* context, std::size_t part,
           std::size_t parts) { (*static_cast<const Work*>(context))(part, parts); },
        &work);
  }

 private:
  using Call = void (*)(const void*, std::size_t, std::size_t);
  void run(Call call, const void* context);
  void serve();
  void take_parts(std::uint32_t round);

  const std::size_t parts_;
  std::atomic<Call> call_{nullptr};
  std::atomic<const void*> context_{nullptr};
  std::atomic<std::uint32_t> round_{0};  // of work; a change wakes
  std::atomic<std::uint64_t> next_{0};   // the round, and in the lower half its next part
  std::atomic<std::size_t> unfinished_{0};
  std::atomic<bool> stop_{false};
  std::vector<std::thread> workers_;
};

}  // namespace laq::runtime
