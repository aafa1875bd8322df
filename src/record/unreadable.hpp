#pragma once

#include <filesystem>

#include "core/error.hpp"

namespace laq::record {

/// A file that cannot be read for a reason outside of it: permissions, the disk, another program
/// that has it open. What is in it may be whole.
class Unreadable : public Error {
  using Error::Error;
};

/// A file that is being changed looks damaged. `Unreadable` when another program has this HDF5 file
/// open for writing, as far as its lock tells, or ended without closing it.
void require_closed(const std::filesystem::path& file);

}  // namespace laq::record
