#include "core/process.hpp"

#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <limits>
#include <sstream>

#include "core/text.hpp"

namespace laq {
namespace {

// A process's start is known to a tick, and the clock that gave the moment may have been set since.
constexpr double kClockError = 2;  // seconds

struct Stat {
  char state = '?';
  std::uint64_t start = 0;  // ticks
};

// Fields 3 and 22 of /proc/PID/stat.
std::optional<Stat> stat_of(std::int64_t pid) {
  std::ifstream in(fmt::format("/proc/{}/stat", pid));
  std::stringstream all;
  all << in.rdbuf();
  const std::string text = all.str();
  const auto after_name = text.rfind(") ");
  if (after_name == std::string::npos) return std::nullopt;
  const auto fields = split(text.substr(after_name + 2), ' ');
  constexpr std::size_t kStart = 19;  // the number and the name before the state are two
  if (fields.size() <= kStart || fields[0].empty()) return std::nullopt;
  const auto start = number_from<unsigned long long>(fields[kStart]);
  return start ? std::optional(Stat{fields[0][0], *start}) : std::nullopt;
}

bool ended(const Stat& stat) {
  return stat.state == 'Z' || stat.state == 'X';
}

double seconds(clockid_t clock) {
  timespec time{};
  ::clock_gettime(clock, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

}  // namespace

bool process_exists(std::int64_t pid) {
  if (pid <= 0 || pid > std::numeric_limits<pid_t>::max()) return false;
  if (::kill(static_cast<pid_t>(pid), 0) != 0 && errno != EPERM) return false;
  const auto stat = stat_of(pid);
  return !stat || !ended(*stat);
}

std::optional<std::uint64_t> process_start_ticks(std::int64_t pid) {
  const auto stat = stat_of(pid);
  if (!stat || ended(*stat)) return std::nullopt;
  return stat->start;
}

bool process_lives_since(std::int64_t pid, double moment) {
  if (!process_exists(pid)) return false;
  const auto ticks = process_start_ticks(pid);
  if (!ticks) return true;
  const double age = seconds(CLOCK_BOOTTIME) -
                     static_cast<double>(*ticks) / static_cast<double>(::sysconf(_SC_CLK_TCK));
  return seconds(CLOCK_REALTIME) - age <= moment + kClockError;
}

std::string machine() {
  std::string boot;
  std::ifstream("/proc/sys/kernel/random/boot_id") >> boot;
  std::error_code ignored;
  return boot + "/" + std::filesystem::read_symlink("/proc/self/ns/pid", ignored).string();
}

}  // namespace laq
