#pragma once

#include <filesystem>
#include <vector>

#include "record/history.hpp"
#include "record/provenance.hpp"

namespace laq::record {

/// The content of run.h5: root attributes, /epochs/*, /steps/*, /layers/<name>/*, /processes/*,
/// /final.
struct RunRecord {
  Provenance provenance;
  History history;

  /// Those that computed it, in their order; in the first versions' records, the one that wrote it.
  std::vector<Process> processes() const;
};

/// Replaces the file whole, with an empty /steps without `steps`. Errors leave the old one as it
/// was.
void write_run_record(const std::filesystem::path& file, const Provenance& provenance,
                      const History& history, bool steps = true);

/// The first part of a record, without its history. Errors as of `read_run_record`.
Provenance read_provenance(const std::filesystem::path& file);

/// Errors: missing, not HDF5, damaged, not a record of this program.
RunRecord read_run_record(const std::filesystem::path& file);

}  // namespace laq::record
