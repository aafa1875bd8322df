#include "runtime/threads.hpp"

#include <system_error>

namespace laq::runtime {
namespace {

constexpr int kSpins = 2000;  // some 50 µs

void pause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#endif
}

}  // namespace

Pool::Pool(int threads) : parts_(static_cast<std::size_t>(threads < 1 ? 1 : threads)) {
  try {
    for (std::size_t i = 1; i < parts_; ++i) workers_.emplace_back([this] { serve(); });
  } catch (const std::system_error&) {  // fewer threads do the same parts
  }
}

Pool::~Pool() {
  stop_ = true;
  ++round_;
  round_.notify_all();
  for (auto& worker : workers_) worker.join();
}

void Pool::serve() {
  std::uint32_t seen = 0;
  while (true) {
    for (int i = 0; i < kSpins && round_.load(std::memory_order_acquire) == seen; ++i) pause();
    round_.wait(seen, std::memory_order_acquire);
    seen = round_.load(std::memory_order_acquire);
    if (stop_) return;
    take_parts(seen);
  }
}

// A part that was taken keeps its round from ending, so that what was read before is of this round.
void Pool::take_parts(std::uint32_t round) {
  std::uint64_t at = next_.load(std::memory_order_acquire);
  while (at >> 32 == round && (at & 0xffffffff) < parts_) {
    const Call call = call_.load(std::memory_order_relaxed);
    const void* context = context_.load(std::memory_order_relaxed);
    if (!next_.compare_exchange_weak(at, at + 1, std::memory_order_acq_rel)) continue;
    call(context, at & 0xffffffff, parts_);
    unfinished_.fetch_sub(1, std::memory_order_release);
    at = next_.load(std::memory_order_acquire);
  }
}

void Pool::run(Call call, const void* context) {
  call_.store(call, std::memory_order_relaxed);
  context_.store(context, std::memory_order_relaxed);
  unfinished_.store(parts_, std::memory_order_relaxed);
  const std::uint32_t round = round_.load(std::memory_order_relaxed) + 1;
  next_.store(std::uint64_t{round} << 32, std::memory_order_release);
  round_.store(round, std::memory_order_release);
  round_.notify_all();
  take_parts(round);
  for (int i = 0; unfinished_.load(std::memory_order_acquire) != 0; ++i) {
    if (i < kSpins) {
      pause();
    } else {
      std::this_thread::yield();
    }
  }
}

}  // namespace laq::runtime
