#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

// Small files in the formats of the picture datasets, written with the formats' own libraries.
namespace laq::test {

using Members = std::vector<std::pair<std::string, std::string>>;

/// A .tar.gz with these files, in this order.
std::string tar_gz(const Members& members);

/// One colour, channels × height × width alike.
struct Colour {
  std::uint8_t red, green, blue;
};

/// JPEG and PNG pictures of one colour; quality 100, no subsampling.
std::string jpeg(int height, int width, Colour colour);
std::string grey_jpeg(int height, int width, std::uint8_t grey);
/// Left column black, the rest `colour`; with `alpha`, half transparent.
std::string png(int height, int width, Colour colour, bool alpha = false);

/// A MATLAB v5 file with any of the variables X (column-major) and y.
struct MatContent {
  std::vector<std::size_t> x_shape = {};  ///< empty: no X
  std::vector<std::uint8_t> x = {};
  std::vector<double> y = {};  ///< empty: no y
  bool doubles = false;        ///< y as double, otherwise uint8
  bool x_doubles = false;
  bool packed = true;
};
std::string mat(MatContent content, const std::filesystem::path& scratch);

}  // namespace laq::test
