#include "record/run_record.hpp"

#include "core/error.hpp"
#include "record/hdf5.hpp"
#include "record/history_io.hpp"
#include "record/process_io.hpp"

namespace laq::record {
namespace {

constexpr std::int64_t kLayout = 1;

/// Names and passes on each text attribute; one list for writing and reading.
template <typename Record, typename Visit>
void for_each_text(Record& provenance, Visit visit) {
  visit("creator", provenance.creator);
  visit("file_time", provenance.file_time);
  visit("config_yaml", provenance.config_yaml);
  visit("config_hash", provenance.config_hash);
  visit("dataset_sha256", provenance.dataset_sha256);
  visit("experiment", provenance.experiment);
  visit("method", provenance.method);
  visit("profile", provenance.profile);
}

}  // namespace

std::vector<Process> RunRecord::processes() const {
  std::vector<Process> all;
  for (const Stretch& stretch : history.stretches) all.push_back(stretch.by);
  if (all.empty()) all.push_back(provenance);
  return all;
}

void write_run_record(const std::filesystem::path& file, const Provenance& provenance,
                      const History& history, bool steps) {
  write_hdf5(file, [&](Hdf5Writer& out) {
    for_each_text(provenance,
                  [&](const char* name, const std::string& value) { out.text("/", name, value); });
    write_process(out, "/", provenance);
    out.integer("/", "layout", kLayout);
    out.integer("/", "seed", provenance.seed);
    write_history(out, "", history, steps);
  });
}

namespace {

Provenance read_provenance(const Hdf5Reader& in) {
  const std::string file = in.file().string();
  const bool ours = in.has_attribute("/", "creator") && in.has_attribute("/", "layout") &&
                    in.has("/epochs/epoch");
  if (!ours) {
    throw Error({.what = "is not a run record",
                 .where = file,
                 .expected = "the root attributes creator and layout, and /epochs"});
  }
  const std::int64_t layout = in.integer("/", "layout");
  if (layout != kLayout) {
    throw Error({.what = "has an unknown layout",
                 .where = file,
                 .found = std::to_string(layout),
                 .expected = std::to_string(kLayout),
                 .advice = "read it with the version that wrote it"});
  }
  Provenance provenance;
  for_each_text(provenance,
                [&](const char* name, std::string& value) { value = in.text("/", name); });
  static_cast<Process&>(provenance) = read_process(in, "/");
  provenance.seed = in.integer("/", "seed");
  return provenance;
}

}  // namespace

Provenance read_provenance(const std::filesystem::path& file) {
  return read_provenance(Hdf5Reader(file));
}

RunRecord read_run_record(const std::filesystem::path& file) {
  const Hdf5Reader in(file);
  return {read_provenance(in), read_history(in, "")};
}

}  // namespace laq::record
