#include <omp.h>

#include "core/limits.hpp"
#include "core/machine.hpp"
#include "support/scratch.hpp"

using namespace laq;
using namespace laq::test;

namespace {

/// A /proc and /sys of a process in this group, as a machine shows them.
struct Machine {
  Scratch root;

  Machine(const std::string& cgroup, const std::string& mountinfo) {
    root.write("proc/self/cgroup", cgroup);
    root.write("proc/self/mountinfo", "23 1 8:1 / / rw,relatime - ext4 /dev/sda1 rw\n" + mountinfo);
  }
  void sys(const std::string& name, const std::string& content) const {
    root.write("sys/fs/cgroup/" + name, content);
  }
  std::optional<double> cpus() const { return cpu_quota(root.path()); }
  std::optional<long> processes() const { return process_quota(root.path()); }
};

constexpr const char* kSecond =
    "31 23 0:28 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n";
constexpr const char* kFirst =
    "32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n"
    "33 31 0:30 / /sys/fs/cgroup/pids rw shared:9 master:2 - cgroup cgroup rw,pids\n";

}  // namespace

TEST_CASE("quotas of control groups of the second version", "[core]") {
  const Machine machine("0::/user.slice/job\n", kSecond);
  CHECK_FALSE(machine.cpus());
  CHECK_FALSE(machine.processes());
  machine.sys("user.slice/job/cpu.max", "max 100000\n");
  machine.sys("user.slice/job/pids.max", "max\n");
  CHECK_FALSE(machine.cpus());
  CHECK_FALSE(machine.processes());
  machine.sys("user.slice/job/cpu.max", "150000 100000\n");
  machine.sys("user.slice/job/pids.max", "64\n");
  CHECK(machine.cpus() == 1.5);
  CHECK(machine.processes() == 64);
  // The groups around it count, too.
  machine.sys("user.slice/cpu.max", "25000 50000\n");
  machine.sys("user.slice/pids.max", "100\n");
  CHECK(machine.cpus() == 0.5);
  CHECK(machine.processes() == 64);
}

TEST_CASE("quotas of control groups of the first version", "[core]") {
  const Machine machine("5:pids:/box\n4:cpu,cpuacct:/box\n1:name=systemd:/\n0::/\n", kFirst);
  machine.sys("cpu,cpuacct/box/cpu.cfs_quota_us", "-1\n");
  machine.sys("cpu,cpuacct/box/cpu.cfs_period_us", "100000\n");
  CHECK_FALSE(machine.cpus());
  machine.sys("cpu,cpuacct/box/cpu.cfs_quota_us", "250000\n");
  CHECK(machine.cpus() == 2.5);
  machine.sys("pids/pids.max", "32\n");
  CHECK(machine.processes() == 32);
}

TEST_CASE("a container sees its own group at the mount point", "[core]") {
  const Machine machine("4:cpu:/docker/0123\n",
                        "32 31 0:29 /docker/0123 /sys/fs/cgroup/cpu ro - cgroup cgroup rw,cpu\n");
  machine.sys("cpu/cpu.cfs_quota_us", "300000\n");
  machine.sys("cpu/cpu.cfs_period_us", "100000\n");
  CHECK(machine.cpus() == 3);
  const Machine moved("0::/../other\n", kSecond);  // the group is not below what is shown
  moved.sys("cpu.max", "100000 100000\n");
  CHECK(moved.cpus() == 1);
}

TEST_CASE("without control groups there is no quota", "[core]") {
  const Scratch nothing;
  CHECK_FALSE(cpu_quota(nothing.path()));
  CHECK_FALSE(Machine("", "").cpus());
  CHECK_FALSE(Machine("nonsense\n0:\n", "short line\n1 2 3 4 5 6 -\n").cpus());
}

TEST_CASE("the cores are those of this process, within its quota", "[core]") {
  CHECK(available_cores() <= omp_get_num_procs());
  if (const auto quota = cpu_quota()) CHECK(available_cores() < *quota + 1);
  require_threads(1);
  require_threads(8);
  CHECK_THAT(process_limits(), Contains("kernel.threads-max"));
}
