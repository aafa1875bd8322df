#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace laq::data {

/// An array of numbers in C order.
struct NumpyArray {
  std::vector<std::int64_t> shape;
  std::vector<double> values;
};

/// Reads NumPy's .npy format: floating point of 4 or 8 bytes, integers and booleans, little-endian,
/// C or Fortran order. Errors, beginning with `where`: not such a file, truncated, another type;
/// an array of objects is refused, as it is pickled Python.
NumpyArray read_npy(std::string_view raw, const std::string& where);

/// The arrays of a .npz file by their names.
std::map<std::string, NumpyArray> read_npz(std::string_view raw, const std::string& where);

}  // namespace laq::data
