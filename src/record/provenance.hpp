#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace laq::record {

/// What computes: the program, as it is called on a machine.
struct Process {
  std::string version;
  std::string git_commit;  ///< "unknown", and why, where git could not tell
  bool git_dirty = false;  ///< the sources differed from the commit
  std::string host;
  std::string cpu_model;
  std::string cpu_capability;  ///< the instruction set that LibTorch chose
  std::int64_t threads = 0;
  std::string libtorch_version;
  std::string blas;
  std::string device = "cpu";  ///< a GPU's name, or "cpu"
  std::string method_source;   ///< hash of the method's source; "" in the first versions' records

  /// The commit, with a remark where the sources differed from it.
  std::string build() const { return git_commit + (git_dirty ? " with local changes" : ""); }
  bool operator==(const Process&) const = default;
};

/// Where a result comes from: the process that wrote it, the configuration and the data.
struct Provenance : Process {
  std::string creator = "laq";
  std::string file_time;  ///< ISO 8601, UTC
  std::string config_yaml;
  std::string config_hash;
  std::string dataset_sha256;
  std::string experiment;
  std::string method;
  std::int64_t seed = 0;
  std::string profile;

  bool operator==(const Provenance&) const = default;
};

/// What this program and the system know: version, time, commit, host and CPU model. The rest is
/// the caller's.
Provenance system_provenance();

/// "unknown" when it cannot be found out.
std::string host_name();
std::string cpu_model();

/// Of this build.
std::string_view version();
std::string_view git_commit();
bool git_dirty();

}  // namespace laq::record
