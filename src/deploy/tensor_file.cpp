#include "deploy/tensor_file.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/files.hpp"

namespace laq::deploy {

template <>
const char* TensorFile::type_of<std::uint8_t>() {
  return "U8";
}
template <>
const char* TensorFile::type_of<float>() {
  return "F32";
}
template <>
const char* TensorFile::type_of<double>() {
  return "F64";
}

void TensorFile::add(const std::string& name, const char* type, std::size_t width,
                     std::span<const std::byte> bytes, std::vector<std::size_t> shape) {
  entries_.push_back({name, type, width, std::move(shape),
                      std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size())});
}

std::size_t TensorFile::bytes() const {
  std::size_t sum = 0;
  for (const auto& entry : entries_) sum += entry.bytes.size();
  return sum;
}

std::string TensorFile::content() const {
  std::vector<const Entry*> order;
  for (const auto& entry : entries_) order.push_back(&entry);
  std::stable_sort(order.begin(), order.end(),
                   [](const Entry* a, const Entry* b) { return a->width > b->width; });
  nlohmann::ordered_json header;
  header["__metadata__"] = metadata_;
  std::size_t offset = 0;
  for (const Entry* entry : order) {
    header[entry->name] = {{"dtype", entry->type},
                           {"shape", entry->shape},
                           {"data_offsets", {offset, offset + entry->bytes.size()}}};
    offset += entry->bytes.size();
  }
  constexpr std::size_t kAlignment = 8;
  std::string text = header.dump();
  text.resize((text.size() + kAlignment - 1) / kAlignment * kAlignment, ' ');
  std::string content;
  for (std::size_t i = 0; i < 8; ++i)
    content += static_cast<char>(static_cast<std::uint64_t>(text.size()) >> (8 * i) & 255);
  content += text;
  for (const Entry* entry : order) content += entry->bytes;
  return content;
}

std::size_t TensorFile::write(const std::filesystem::path& file) const {
  const std::string all = content();
  replace_file(file, all);
  return all.size();
}

}  // namespace laq::deploy
