#include "runtime/safetensors.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <string_view>

#include "runtime/json.hpp"

namespace laq::runtime {
namespace {

constexpr std::size_t kLengthBytes = 8;
constexpr std::size_t kMostDimensions = 8;
constexpr std::size_t kLongestHeader = 100'000'000;  // the format's own limit

std::size_t size_of(const std::string& type) {
  static const std::map<std::string, std::size_t> sizes = {
      {"BOOL", 1}, {"U8", 1},  {"I8", 1},  {"U16", 2}, {"I16", 2}, {"F16", 2}, {"BF16", 2},
      {"U32", 4},  {"I32", 4}, {"F32", 4}, {"U64", 8}, {"I64", 8}, {"F64", 8}};
  const auto found = sizes.find(type);
  if (found == sizes.end()) throw Failure("unknown type of tensor: " + quoted(type));
  return found->second;
}

std::string shape_text(const std::vector<std::size_t>& shape) {
  std::string text = "[";
  for (const std::size_t size : shape) text += (text.size() > 1 ? ", " : "") + std::to_string(size);
  return text + "]";
}

std::size_t header_length(std::span<const std::uint8_t> bytes) {
  if (bytes.size() < kLengthBytes)
    throw Failure("the file has " + std::to_string(bytes.size()) +
                  " bytes, too few for a safetensors header");
  std::uint64_t length = 0;
  for (std::size_t i = 0; i < kLengthBytes; ++i) length |= std::uint64_t{bytes[i]} << (8 * i);
  if (length > kLongestHeader || length > bytes.size() - kLengthBytes)
    throw Failure("the header's length is " + std::to_string(length) + ", the file has " +
                  std::to_string(bytes.size()) + " bytes: truncated, or not safetensors");
  return length;
}

}  // namespace

TensorFile::TensorFile(std::span<const std::uint8_t> bytes) {
  const std::size_t length = header_length(bytes);
  const std::string_view header(reinterpret_cast<const char*>(bytes.data()) + kLengthBytes, length);
  const nlohmann::json json = parse_json(header, "the header");
  if (!json.is_object()) throw Failure("the header is not a JSON object");
  const auto data = bytes.subspan(kLengthBytes + length);
  std::vector<std::pair<std::size_t, std::size_t>> ranges;
  for (const auto& [name, entry] : json.items()) {
    if (name == "__metadata__") {
      if (!entry.is_object()) throw Failure("__metadata__ is not a JSON object");
      for (const auto& [key, value] : entry.items()) {
        if (!value.is_string()) throw Failure("__metadata__: " + quoted(key) + " is not text");
        metadata_[key] = value.get<std::string>();
      }
      continue;
    }
    const Object object(entry, "tensor " + quoted(name));
    Tensor tensor{object.text("dtype"), object.wholes("shape", kMostDimensions), {}};
    const auto offsets = object.wholes("data_offsets", 2);
    if (offsets.size() != 2 || offsets[0] > offsets[1] || offsets[1] > data.size())
      object.fail("data_offsets", "do not lie in the file's " + std::to_string(data.size()) +
                                      " bytes of tensors: truncated, or not as it was written");
    std::size_t size = size_of(tensor.type);
    for (const std::size_t dimension : tensor.shape) size = times(size, dimension);
    if (size != offsets[1] - offsets[0])
      object.fail("data_offsets", "hold " + std::to_string(offsets[1] - offsets[0]) +
                                      " bytes, its shape " + shape_text(tensor.shape) + " needs " +
                                      std::to_string(size));
    tensor.bytes = data.subspan(offsets[0], size);
    if (size > 0) ranges.emplace_back(offsets[0], offsets[1]);
    tensors_.emplace(name, std::move(tensor));
  }
  std::sort(ranges.begin(), ranges.end());
  std::size_t end = 0;
  for (const auto& [first, last] : ranges) {
    if (first < end) throw Failure("tensors overlap at byte " + std::to_string(first));
    if (first > end)
      throw Failure("no tensor owns the bytes from " + std::to_string(end) + " to " +
                    std::to_string(first));
    end = last;
  }
  if (end != data.size())
    throw Failure(std::to_string(data.size() - end) + " bytes at the file's end are of no tensor");
}

const std::string& TensorFile::metadata(const std::string& key) const {
  const auto found = metadata_.find(key);
  if (found == metadata_.end())
    throw Failure("the file's metadata has no " + quoted(key) + ": not a file of `laq export`");
  return found->second;
}

const Tensor* TensorFile::find(const std::string& name) const {
  const auto found = tensors_.find(name);
  return found == tensors_.end() ? nullptr : &found->second;
}

const Tensor& TensorFile::at(const std::string& name, const std::vector<std::size_t>& shape) const {
  const Tensor* tensor = find(name);
  if (!tensor) throw Failure("there is no tensor " + quoted(name));
  if (tensor->shape != shape)
    throw Failure("tensor " + quoted(name) + " has the shape " + shape_text(tensor->shape) +
                  ", expected " + shape_text(shape));
  return *tensor;
}

std::span<const std::uint8_t> TensorFile::bytes(const std::string& name,
                                                const std::vector<std::size_t>& shape,
                                                const char* type) const {
  const Tensor& tensor = at(name, shape);
  if (tensor.type != type)
    throw Failure("tensor " + quoted(name) + " is " + tensor.type + ", expected " + type);
  return tensor.bytes;
}

template <typename T>
std::vector<T> TensorFile::values(const std::string& name, const std::vector<std::size_t>& shape,
                                  Budget& budget) const {
  const Tensor& tensor = at(name, shape);
  const bool wide = tensor.type == "F64";
  if (!wide && tensor.type != "F32")
    throw Failure("tensor " + quoted(name) + " is " + tensor.type + ", expected F32 or F64");
  const std::size_t size = wide ? sizeof(double) : sizeof(float);
  const std::size_t count = tensor.bytes.size() / size;
  budget.take(count, sizeof(T), quoted(name).c_str());
  std::vector<T> all(count);
  const auto read = [&]<typename Stored>(Stored) {
    bool finite = true;
    for (std::size_t i = 0; i < count; ++i) {
      Stored value;
      std::memcpy(&value, tensor.bytes.data() + i * sizeof value, sizeof value);
      all[i] = static_cast<T>(value);
      finite = finite && std::abs(all[i]) <= std::numeric_limits<T>::max();
    }
    return finite;
  };
  if (!(wide ? read(double{}) : read(float{})))
    throw Failure("tensor " + quoted(name) + " has a value that is not finite");
  return all;
}

std::vector<double> TensorFile::reals(const std::string& name,
                                      const std::vector<std::size_t>& shape, Budget& budget) const {
  return values<double>(name, shape, budget);
}

std::vector<float> TensorFile::floats(const std::string& name,
                                      const std::vector<std::size_t>& shape, Budget& budget) const {
  return values<float>(name, shape, budget);
}

}  // namespace laq::runtime
