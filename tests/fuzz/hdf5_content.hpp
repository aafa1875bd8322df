#pragma once

#include <fuzzer/FuzzedDataProvider.h>
#include <unistd.h>

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "core/files.hpp"
#include "fuzz.hpp"
#include "record/hdf5.hpp"

namespace laq::fuzz {

/// A file for this process, removed with the object; in memory where the machine has such a folder.
class TemporaryFile {
 public:
  TemporaryFile() {
    const std::filesystem::path memory = "/dev/shm";
    const auto folder =
        std::filesystem::exists(memory) ? memory : std::filesystem::temp_directory_path();
    path_ = folder / ("laq-fuzz-" + std::to_string(::getpid()) + ".h5");
  }
  ~TemporaryFile() { std::filesystem::remove(path_); }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

/// Writes what the fuzzer says to one of `paths`: a group, a dataset of any type and shape, an
/// attribute named as one of `attributes`. What HDF5 refuses is left out.
inline void write_something(record::Hdf5Writer& out, FuzzedDataProvider& choice,
                            const std::vector<std::string>& paths,
                            const std::vector<std::string>& attributes) {
  const auto pick = [&](const std::vector<std::string>& names) {
    return names[choice.ConsumeIntegralInRange<std::size_t>(0, names.size() - 1)];
  };
  const std::string path = pick(paths), name = pick(attributes);
  record::Shape shape;
  for (auto rank = choice.ConsumeIntegralInRange(0, 3); rank > 0; --rank) {
    shape.push_back(choice.ConsumeIntegralInRange<std::size_t>(0, 4));
  }
  const std::size_t count = record::element_count(shape);
  const std::vector<double> reals(count, choice.ConsumeFloatingPoint<double>());
  const std::vector<std::int64_t> integers(count, choice.ConsumeIntegral<std::int64_t>());
  const std::vector<std::uint8_t> bytes(count, 7);
  read([&] {
    switch (choice.ConsumeIntegralInRange(0, 7)) {
      case 0:
        return out.group(path);
      case 1:
        return out.write<double>(path, reals, shape);
      case 2:
        return out.write<std::int64_t>(path, integers, shape);
      case 3:
        return out.write<std::uint8_t>(path, bytes, shape);
      case 4:
        return out.text(path, name, choice.ConsumeRandomLengthString(40));
      case 5:
        return out.integer(path, name, choice.ConsumeIntegral<std::int64_t>());
      case 6:
        return out.reals(path, name, reals);
      default:
        return out.real(path, name, choice.ConsumeFloatingPoint<double>());
    }
  });
}

/// Has `read_file` read the bytes as they are, and then a good seal over content that only the
/// fuzzer knows: `good` parts, each of which it may leave out, among things that it makes up.
inline void read_both(const std::uint8_t* data, std::size_t size,
                      const std::vector<std::function<void(record::Hdf5Writer&)>>& good,
                      const std::vector<std::string>& paths,
                      const std::vector<std::string>& attributes,
                      const std::function<void(const std::filesystem::path&)>& read_file) {
  static const TemporaryFile file;
  replace_file(file.path(), std::string(text_of(data, size)));
  read([&] { read_file(file.path()); });

  FuzzedDataProvider choice(data, size);
  record::write_hdf5(file.path(), [&](record::Hdf5Writer& out) {
    const bool first = choice.ConsumeBool();
    const auto made_up = [&] {
      for (auto n = choice.ConsumeIntegralInRange(0, 6); n > 0; --n) {
        write_something(out, choice, paths, attributes);
      }
    };
    if (first) made_up();
    for (const auto& part : good) {
      if (choice.ConsumeIntegralInRange(0, 9) != 9) read([&] { part(out); });
    }
    if (!first) made_up();
  });
  read([&] { read_file(file.path()); });
}

}  // namespace laq::fuzz
