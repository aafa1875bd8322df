#include "record/process_io.hpp"

#include <string_view>

namespace laq::record {
namespace {

/// Names and passes on each text; one list for writing and reading.
template <typename SomeProcess, typename Visit>
void for_each_text(SomeProcess& process, Visit visit) {
  visit("version", process.version);
  visit("git_commit", process.git_commit);
  visit("host", process.host);
  visit("cpu_model", process.cpu_model);
  visit("cpu_capability", process.cpu_capability);
  visit("libtorch_version", process.libtorch_version);
  visit("blas", process.blas);
  visit("device", process.device);
  visit("method_source", process.method_source);
}

}  // namespace

void write_process(Hdf5Writer& out, const std::string& group, const Process& process) {
  for_each_text(process,
                [&](const char* name, const std::string& value) { out.text(group, name, value); });
  out.integer(group, "git_dirty", process.git_dirty ? 1 : 0);
  out.integer(group, "threads", process.threads);
}

Process read_process(const Hdf5Reader& in, const std::string& group) {
  Process process;
  for_each_text(process, [&](const char* name, std::string& value) {
    // Records of the first versions do not say these: they knew the CPU only.
    const bool added =
        name == std::string_view("device") || name == std::string_view("method_source");
    if (added && !in.has_attribute(group, name)) return;
    value = in.text(group, name);
  });
  process.git_dirty = in.integer(group, "git_dirty") != 0;
  process.threads = in.integer(group, "threads");
  return process;
}

}  // namespace laq::record
