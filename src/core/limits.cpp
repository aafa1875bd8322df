#include "core/limits.hpp"

#include <fmt/format.h>
#include <pthread.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <vector>

#include "core/error.hpp"
#include "core/text.hpp"

namespace laq {
namespace fs = std::filesystem;
namespace {

constexpr std::size_t kRoot = 3, kMountPoint = 4, kOptional = 6;  // fields of mountinfo
constexpr int kMostWaits = 10000;                                 // of 0.1 ms

std::vector<std::string> lines_of(const fs::path& file) {
  std::vector<std::string> lines;
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

bool lists(const std::string& words, const std::string& word) {
  const auto all = split(words, ',');
  return std::find(all.begin(), all.end(), word) != all.end();
}

/// The path of this process's group as /proc/self/cgroup has it: of the hierarchy with the
/// controller, or, for "", of version 2.
std::optional<std::string> group_path(const fs::path& root, const std::string& controller) {
  for (const auto& line : lines_of(root / "proc/self/cgroup")) {  // "4:cpu,cpuacct:/a/b"
    const auto first = line.find(':'), second = line.find(':', first + 1);
    if (first == std::string::npos || second == std::string::npos) continue;
    const std::string names = line.substr(first + 1, second - first - 1);
    if (controller.empty() ? names.empty() : lists(names, controller))
      return line.substr(second + 1);
  }
  return std::nullopt;
}

/// A group's folder below the mount point, which shows the groups below `top`.
fs::path below(const fs::path& mount, const std::string& top, const std::string& group) {
  const fs::path way = fs::path(group).lexically_relative(top);
  const bool outside = way.empty() || way == "." || *way.begin() == "..";
  return outside ? mount : mount / way;
}

/// The least that `limit_of(folder)` tells of this process's groups with the controller.
template <typename Limit>
auto least(const fs::path& root, const std::string& controller, const Limit& limit_of) {
  decltype(limit_of(root)) least;
  for (const auto& line : lines_of(root / "proc/self/mountinfo")) {
    const auto fields = split(line, ' ');
    const auto dash = fields.size() > kOptional
                          ? std::find(fields.begin() + kOptional, fields.end(), "-")
                          : fields.end();
    if (fields.end() - dash < 4) continue;
    const bool second = dash[1] == "cgroup2";
    if (!second && !(dash[1] == "cgroup" && lists(dash[3], controller))) continue;
    const auto group = group_path(root, second ? "" : controller);
    if (!group) continue;
    const fs::path mount = root / fs::path(fields[kMountPoint]).relative_path();
    for (fs::path folder = below(mount, fields[kRoot], *group);; folder = folder.parent_path()) {
      const auto limit = limit_of(folder);
      if (limit && (!least || *limit < *least)) least = limit;
      if (folder == mount) break;
    }
  }
  return least;
}

/// Numbers of a file; nothing where there is a word ("max") or no file.
std::vector<std::optional<long>> numbers_in(const fs::path& file) {
  std::vector<std::optional<long>> numbers;
  std::ifstream in(file);
  for (std::string word; in >> word;) numbers.push_back(number_from<long>(word));
  return numbers;
}

std::optional<long> number_in(const fs::path& file) {
  const auto numbers = numbers_in(file);
  return numbers.empty() ? std::nullopt : numbers.front();
}

void* wait_for_end(void* gate) {
  auto* mutex = static_cast<pthread_mutex_t*>(gate);
  ::pthread_mutex_lock(mutex);
  ::pthread_mutex_unlock(mutex);
  return nullptr;
}

std::ptrdiff_t own_threads() {
  std::error_code ignored;
  return std::distance(fs::directory_iterator("/proc/self/task", ignored), {});
}

}  // namespace

std::optional<double> cpu_quota(const fs::path& root) {
  return least(root, "cpu", [](const fs::path& folder) -> std::optional<double> {
    auto quota = number_in(folder / "cpu.cfs_quota_us"),
         period = number_in(folder / "cpu.cfs_period_us");
    if (const auto both = numbers_in(folder / "cpu.max"); both.size() == 2) {
      quota = both[0];
      period = both[1];
    }
    if (!quota || !period || *quota <= 0 || *period <= 0) return std::nullopt;
    return static_cast<double>(*quota) / static_cast<double>(*period);
  });
}

std::optional<long> process_quota(const fs::path& root) {
  return least(root, "pids", [](const fs::path& folder) { return number_in(folder / "pids.max"); });
}

std::string process_limits() {
  std::vector<std::string> limits;
  rlimit own{};
  if (::getrlimit(RLIMIT_NPROC, &own) == 0 && own.rlim_cur != RLIM_INFINITY)
    limits.push_back(fmt::format("{} processes of the user (ulimit -u)", own.rlim_cur));
  if (const auto quota = process_quota())
    limits.push_back(fmt::format("{} of the control group (pids.max)", *quota));
  if (const auto all = number_in("/proc/sys/kernel/threads-max"))
    limits.push_back(fmt::format("{} of the machine (kernel.threads-max)", *all));
  if (::getrlimit(RLIMIT_AS, &own) == 0 && own.rlim_cur != RLIM_INFINITY)  // stacks need it, too
    limits.push_back(fmt::format("{} KiB of memory (ulimit -v)", own.rlim_cur / 1024));
  return join(limits);
}

void require_threads(int threads) {
  pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
  std::vector<pthread_t> started;
  int failed = 0;
  const auto before = own_threads();
  ::pthread_mutex_lock(&gate);
  while (failed == 0 && static_cast<int>(started.size()) + 1 < threads) {
    pthread_t thread{};
    failed = ::pthread_create(&thread, nullptr, wait_for_end, &gate);
    if (failed == 0) started.push_back(thread);
  }
  ::pthread_mutex_unlock(&gate);
  for (const pthread_t thread : started) ::pthread_join(thread, nullptr);
  // A thread counts for a little while after it was joined.
  for (int i = 0; i < kMostWaits && own_threads() > before; ++i) ::usleep(100);
  if (failed == 0) return;
  throw Error(
      {.what = fmt::format("the system allows this process no more than {} of {} threads: {}",
                           started.size() + 1, threads, std::strerror(failed)),
       .found = "these limits: " + process_limits(),
       .advice = "raise the limit that is reached, or choose fewer with --threads"});
}

}  // namespace laq
