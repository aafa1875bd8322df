#include "record/run_record.hpp"

#include "core/error.hpp"
#include "record/hdf5.hpp"
#include "record/history_io.hpp"

namespace laq::record {
namespace {

constexpr std::int64_t kLayout = 1;

/// Names and passes on each text attribute; one list for writing and reading.
template <typename Record, typename Visit>
void for_each_text(Record& provenance, Visit visit) {
  visit("creator", provenance.creator);
  visit("version", provenance.version);
  visit("file_time", provenance.file_time);
  visit("git_commit", provenance.git_commit);
  visit("config_yaml", provenance.config_yaml);
  visit("config_hash", provenance.config_hash);
  visit("dataset_sha256", provenance.dataset_sha256);
  visit("experiment", provenance.experiment);
  visit("method", provenance.method);
  visit("profile", provenance.profile);
  visit("host", provenance.host);
  visit("cpu_model", provenance.cpu_model);
  visit("cpu_capability", provenance.cpu_capability);
  visit("libtorch_version", provenance.libtorch_version);
  visit("blas", provenance.blas);
  visit("device", provenance.device);
}

}  // namespace

void write_run_record(const std::filesystem::path& file, const Provenance& provenance,
                      const History& history) {
  write_hdf5(file, [&](Hdf5Writer& out) {
    for_each_text(provenance,
                  [&](const char* name, const std::string& value) { out.text("/", name, value); });
    out.integer("/", "layout", kLayout);
    out.integer("/", "git_dirty", provenance.git_dirty ? 1 : 0);
    out.integer("/", "seed", provenance.seed);
    out.integer("/", "threads", provenance.threads);
    write_history(out, "", history);
  });
}

RunRecord read_run_record(const std::filesystem::path& file) {
  const Hdf5Reader in(file);
  const bool ours = in.has_attribute("/", "creator") && in.has_attribute("/", "layout") &&
                    in.has("/epochs/epoch");
  if (!ours) {
    throw Error({.what = "is not a run record",
                 .where = file.string(),
                 .expected = "the root attributes creator and layout, and /epochs"});
  }
  const std::int64_t layout = in.integer("/", "layout");
  if (layout != kLayout) {
    throw Error({.what = "has an unknown layout",
                 .where = file.string(),
                 .found = std::to_string(layout),
                 .expected = std::to_string(kLayout),
                 .advice = "read it with the version that wrote it"});
  }
  RunRecord record;
  for_each_text(record.provenance, [&](const char* name, std::string& value) {
    // Records of the first versions do not say it: they knew the CPU only.
    if (name == std::string_view("device") && !in.has_attribute("/", name)) return;
    value = in.text("/", name);
  });
  record.provenance.git_dirty = in.integer("/", "git_dirty") != 0;
  record.provenance.seed = in.integer("/", "seed");
  record.provenance.threads = in.integer("/", "threads");
  record.history = read_history(in, "");
  return record;
}

}  // namespace laq::record
