#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <vector>

namespace laq::deploy {

/// A file in the safetensors format that is being put together.
class TensorFile {
 public:
  template <typename T>
  void add(const std::string& name, std::span<const T> values, std::vector<std::size_t> shape) {
    const auto bytes = std::as_bytes(values);
    add(name, type_of<T>(), sizeof(T), bytes, std::move(shape));
  }
  void say(const std::string& key, std::string text) { metadata_[key] = std::move(text); }

  /// Bytes of tensors so far.
  std::size_t bytes() const;
  /// Tensors of wider types come first, so that each is aligned.
  std::string content() const;
  /// Replaces the file whole; its size.
  std::size_t write(const std::filesystem::path& file) const;

 private:
  struct Entry {
    std::string name, type;
    std::size_t width;
    std::vector<std::size_t> shape;
    std::string bytes;
  };

  template <typename T>
  static const char* type_of();
  void add(const std::string& name, const char* type, std::size_t width,
           std::span<const std::byte> bytes, std::vector<std::size_t> shape);

  std::map<std::string, std::string> metadata_;
  std::vector<Entry> entries_;
};

}  // namespace laq::deploy
