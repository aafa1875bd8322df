#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <limits>

#include "core/process.hpp"
#include "support/catch.hpp"

using namespace laq;

namespace {

double now() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

}  // namespace

TEST_CASE("a process is known by its number and its start", "[core]") {
  const auto own = ::getpid();
  CHECK(process_exists(own));
  CHECK(process_start_ticks(own));
  CHECK(process_start_ticks(own) == process_start_ticks(own));
  CHECK(process_lives_since(own, now()));
  CHECK_FALSE(process_lives_since(own, now() - 7 * 24 * 3600));  // no test takes a week
  for (const std::int64_t pid :
       {std::int64_t{0}, std::int64_t{-1}, std::int64_t{own} + (std::int64_t{1} << 32),
        std::numeric_limits<std::int64_t>::max()}) {
    INFO(pid);
    CHECK_FALSE(process_exists(pid));
    CHECK_FALSE(process_lives_since(pid, now()));
  }
}

TEST_CASE("a process that has ended is none, collected or not", "[core]") {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(0);
  siginfo_t ended{};
  REQUIRE(::waitid(P_PID, static_cast<id_t>(child), &ended, WEXITED | WNOWAIT) == 0);
  for (int i = 0; i < 2; ++i) {
    CHECK_FALSE(process_exists(child));
    CHECK_FALSE(process_start_ticks(child));
    CHECK_FALSE(process_lives_since(child, now()));
    ::waitpid(child, nullptr, 0);
  }
}
