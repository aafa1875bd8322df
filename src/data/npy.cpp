#include "data/npy.hpp"

#include <fmt/format.h>

#include <cstring>
#include <functional>
#include <numeric>
#include <regex>

#include "data/archive.hpp"
#include "data/refuse.hpp"

namespace laq::data {
namespace {

constexpr std::string_view kMagic = "\x93NUMPY";
constexpr std::size_t kMostDimensions = 8, kMostHeader = 4096;
constexpr std::int64_t kMostValues = std::int64_t{1} << 32;

struct Header {
  std::string type;  // "<f4"
  bool fortran = false;
  std::vector<std::int64_t> shape;
};

// A Python dictionary, always written like this by NumPy.
Header parse_header(const std::string& text, const std::string& where) {
  if (text.size() > kMostHeader)
    refuse(where, "the header is too long", fmt::format("{} bytes", text.size()));
  static const std::regex type(R"('descr': *'([^']*)')"),
      order(R"('fortran_order': *(True|False))"), shape(R"('shape': *\(([0-9, ]*)\))"),
      number("[0-9]+");
  std::smatch found;
  Header header;
  if (!std::regex_search(text, found, type))
    refuse(where, "the array is not of plain numbers", text.substr(0, 60), "",
           "save it with one number type");
  header.type = found[1];
  if (!std::regex_search(text, found, order)) refuse(where, "has a damaged .npy header");
  header.fortran = found[1] == "True";
  if (!std::regex_search(text, found, shape)) refuse(where, "has a damaged .npy header");
  const std::string sizes = found[1];
  std::int64_t values = 1;
  for (std::sregex_iterator at(sizes.begin(), sizes.end(), number), end; at != end; ++at) {
    const std::string digits = at->str();
    const std::int64_t size = digits.size() > 10 ? kMostValues + 1 : std::stoll(digits);
    header.shape.push_back(size);
    if (size > kMostValues || (size > 0 && values > kMostValues / size) ||
        header.shape.size() > kMostDimensions)
      refuse(where, "the array is too large", sizes);
    values *= size;
  }
  return header;
}

template <typename T>
std::vector<double> convert(std::string_view bytes, std::size_t count) {
  std::vector<double> values(count);
  for (std::size_t i = 0; i < count; ++i) {
    T one;
    std::memcpy(&one, bytes.data() + i * sizeof(T), sizeof(T));
    values[i] = static_cast<double>(one);
  }
  return values;
}

struct Type {
  const char* word;
  std::size_t bytes;
  std::vector<double> (*convert)(std::string_view, std::size_t);
};

const Type& type_of(const std::string& word, const std::string& where) {
  static const std::vector<Type> types = {
      {"<f4", 4, convert<float>},        {"<f8", 8, convert<double>},
      {"|u1", 1, convert<std::uint8_t>}, {"|i1", 1, convert<std::int8_t>},
      {"|b1", 1, convert<std::uint8_t>}, {"<u2", 2, convert<std::uint16_t>},
      {"<i2", 2, convert<std::int16_t>}, {"<u4", 4, convert<std::uint32_t>},
      {"<i4", 4, convert<std::int32_t>}, {"<u8", 8, convert<std::uint64_t>},
      {"<i8", 8, convert<std::int64_t>}};
  if (word.find('O') != std::string::npos) {
    refuse(where, "the array holds Python objects, which would have to be unpickled",
           "'" + word + "'", "numbers", "save it with .astype(numpy.float32)");
  }
  for (const Type& type : types) {
    if (word == type.word) return type;
  }
  refuse(where, "the array's type is not known", "'" + word + "'",
         "floats, integers or booleans, little-endian", "save it with .astype(numpy.float32)");
}

// Fortran's order has the first index running fastest.
std::vector<double> in_c_order(const std::vector<double>& values,
                               const std::vector<std::int64_t>& shape) {
  std::vector<double> ordered(values.size());
  std::vector<std::int64_t> index(shape.size(), 0);
  for (double& value : ordered) {
    std::int64_t at = 0;
    for (std::size_t axis = shape.size(); axis-- > 0;) at = at * shape[axis] + index[axis];
    value = values[static_cast<std::size_t>(at)];
    for (std::size_t axis = shape.size(); axis-- > 0;) {
      if (++index[axis] < shape[axis]) break;
      index[axis] = 0;
    }
  }
  return ordered;
}

}  // namespace

NumpyArray read_npy(std::string_view raw, const std::string& where) {
  if (!raw.starts_with(kMagic) || raw.size() < 12)
    refuse(where, "is not an .npy file", "", "NumPy's format");
  const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(raw[at]); };
  const bool old = byte(6) == 1;
  std::size_t length = byte(8) + 256u * byte(9);
  if (!old) length += (std::size_t{byte(10)} << 16) + (std::size_t{byte(11)} << 24);
  const std::size_t begin = old ? 10 : 12;
  if (length > raw.size() - begin) refuse(where, "file is truncated");
  const Header header = parse_header(std::string(raw.substr(begin, length)), where);
  const Type& type = type_of(header.type, where);
  const auto count = static_cast<std::size_t>(std::accumulate(
      header.shape.begin(), header.shape.end(), std::int64_t{1}, std::multiplies<>()));
  const std::string_view bytes = raw.substr(begin + length);
  if (bytes.size() < count * type.bytes) {
    refuse(where, "file is truncated", fmt::format("{} bytes", bytes.size()),
           std::to_string(count * type.bytes));
  }
  NumpyArray array{header.shape, type.convert(bytes, count)};
  if (header.fortran && array.shape.size() > 1)
    array.values = in_c_order(array.values, array.shape);
  return array;
}

std::map<std::string, NumpyArray> read_npz(std::string_view raw, const std::string& where) {
  std::map<std::string, NumpyArray> arrays;
  visit_archive(raw, where, [&](const std::string& path, std::vector<std::uint8_t> content) {
    if (!path.ends_with(".npy")) return;
    const std::string_view bytes(reinterpret_cast<const char*>(content.data()), content.size());
    arrays[path.substr(0, path.size() - 4)] = read_npy(bytes, where + ": " + path);
  });
  return arrays;
}

}  // namespace laq::data
