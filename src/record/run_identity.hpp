#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "record/checkpoint.hpp"
#include "record/provenance.hpp"

namespace laq::record {

/// Which run it is, as far as it is known: "" and no seed are not known.
struct RunIdentity {
  std::string experiment, method;
  std::string hash;  ///< of the configuration; a folder's name has its first 8 digits
  std::optional<std::int64_t> seed;

  /// `<experiment>/<method>-<hash8>/seed-<n>`: where the run lies below a runs folder.
  std::filesystem::path folder() const;
};

/// An experiment or method by the name that folders have: a YAML file's without its folder.
std::string plain_name(const std::string& name);

/// What a record or a checkpoint says of itself. Earlier checkpoints do not know experiment and
/// method.
RunIdentity identity_of(const Provenance& provenance);
RunIdentity identity_of(const CheckpointState& state);

/// What the last names of a run's folder say; nothing where they have another form.
RunIdentity identity_by_name(const std::filesystem::path& folder);

/// Error: what is known of `found`, which `file` says of itself, is not what is known of
/// `expected`.
void require_run(const std::filesystem::path& file, const RunIdentity& found,
                 const RunIdentity& expected);

/// `require_run` of the record in a run's folder or, where there is none yet, of the checkpoint.
/// One that cannot be read is left to those who need it.
void require_run_in(const std::filesystem::path& folder, const RunIdentity& expected);

}  // namespace laq::record
