#include "record/provenance.hpp"

#include <sys/utsname.h>
#include <unistd.h>

#include <array>
#include <fstream>

#include "core/text.hpp"
#include "version.hpp"

namespace laq::record {

std::string host_name() {
  std::array<char, 256> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0 || name[0] == '\0') return "unknown";
  return name.data();
}

std::string cpu_model() {
  std::ifstream in("/proc/cpuinfo");
  for (std::string line; std::getline(in, line);) {
    // "model name" on x86, "cpu" on POWER, "uarch" on RISC-V; ARM's kernel gives none.
    const bool named =
        line.starts_with("model name") || line.starts_with("cpu\t") || line.starts_with("uarch");
    const auto start = named ? line.find_first_not_of(" \t", line.find(':') + 1) : line.npos;
    if (start != line.npos) return line.substr(start);
  }
  utsname system{};
  return ::uname(&system) == 0 ? system.machine : "unknown";
}

std::string_view version() {
  return kVersion;
}

std::string_view git_commit() {
  return kGitCommit;
}

bool git_dirty() {
  return kGitDirty;
}

Provenance system_provenance() {
  Provenance known;
  known.version = version();
  known.file_time = now_iso8601();
  known.git_commit = git_commit();
  known.git_dirty = git_dirty();
  known.host = host_name();
  known.cpu_model = cpu_model();
  return known;
}

}  // namespace laq::record
