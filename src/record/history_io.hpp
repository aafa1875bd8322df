#pragma once

#include <string>

#include "record/hdf5.hpp"
#include "record/history.hpp"

namespace laq::record {

/// Writes a history below `root` ("" or "/history"): epochs/*, steps/*, layers/<name>/* with their
/// dimension scales epochs/epoch and steps/step, and the attributes of final.
void write_history(Hdf5Writer& out, const std::string& root, const History& history,
                   bool steps = true);

/// Errors: anything missing, of the wrong type or of unequal length.
History read_history(const Hdf5Reader& in, const std::string& root);

}  // namespace laq::record
