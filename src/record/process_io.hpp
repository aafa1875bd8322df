#pragma once

#include <string>

#include "record/hdf5.hpp"
#include "record/provenance.hpp"

namespace laq::record {

/// A process as attributes of a group that is there.
void write_process(Hdf5Writer& out, const std::string& group, const Process& process);

/// Errors of Hdf5Reader: an attribute is missing or of another type.
Process read_process(const Hdf5Reader& in, const std::string& group);

}  // namespace laq::record
