#include "integration/tiny_data.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <random>
#include <stdexcept>

#include "core/files.hpp"
#include "support/gzip.hpp"

namespace laq::integration {
namespace {

constexpr int kClasses = 4;

void append_big_endian(std::string& bytes, std::uint32_t value) {
  for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>((value >> shift) & 255);
}

std::string bytes_of(const std::vector<std::uint8_t>& values) {
  return {values.begin(), values.end()};
}

struct Pictures {
  std::vector<std::uint8_t> pixels, labels;
};

Pictures pictures(int rows, int side, std::mt19937& random) {
  Pictures all;
  std::uniform_int_distribution<int> kind(0, kClasses - 1), noise(-60, 60);
  for (int row = 0; row < rows; ++row) {
    const int label = kind(random);
    all.labels.push_back(static_cast<std::uint8_t>(label));
    for (int i = 0; i < side * side; ++i) {
      const int bright = (i / (label + 1) + label) % 2 ? 170 : 85;
      all.pixels.push_back(static_cast<std::uint8_t>(std::clamp(bright + noise(random), 0, 255)));
    }
  }
  return all;
}

}  // namespace

std::string idx_images(const std::vector<std::uint8_t>& pixels, std::uint32_t count,
                       std::uint32_t height, std::uint32_t width) {
  std::string bytes;
  for (const std::uint32_t value : {0x803u, count, height, width}) append_big_endian(bytes, value);
  return bytes + bytes_of(pixels);
}

std::string idx_labels(const std::vector<std::uint8_t>& labels) {
  std::string bytes;
  append_big_endian(bytes, 0x801);
  append_big_endian(bytes, static_cast<std::uint32_t>(labels.size()));
  return bytes + bytes_of(labels);
}

DataFiles tiny_files(const TinySizes& sizes) {
  std::mt19937 random(7);
  const int training_rows = sizes.train + sizes.validation;
  const Pictures training = pictures(training_rows, sizes.side, random),
                 test = pictures(sizes.test, sizes.side, random);
  const auto images = [&](const Pictures& from, int rows) {
    const auto side = static_cast<std::uint32_t>(sizes.side);
    return idx_images(from.pixels, static_cast<std::uint32_t>(rows), side, side);
  };
  return {{"train-images.gz", test::gzip(images(training, training_rows))},
          {"train-labels", idx_labels(training.labels)},
          {"test-images.gz", test::gzip(images(test, sizes.test))},
          {"test-labels", idx_labels(test.labels)}};
}

std::string tiny_dataset_yaml(const DataFiles& files, const TinySizes& sizes) {
  std::string yaml = fmt::format(
      "title: Tiny\nkind: idx\npreprocessing: mean_image\nclasses: {}\nshape: [1, {}, {}]\n"
      "splits: {{train: {}, validation: {}, test: {}}}\nfiles:\n",
      kClasses, sizes.side, sizes.side, sizes.train, sizes.validation, sizes.test);
  const std::map<std::string, std::string> roles{{"train-images.gz", "train_images"},
                                                 {"train-labels", "train_labels"},
                                                 {"test-images.gz", "test_images"},
                                                 {"test-labels", "test_labels"}};
  for (const auto& [name, raw] : files) {
    const std::string content = name.ends_with(".gz") ? test::gunzip(raw) : raw;
    yaml += fmt::format("  - {{role: {}, name: {}, bytes: {}, sha256: {}, hash_checked: true}}\n",
                        roles.at(name), name, content.size(), sha256(content));
  }
  return yaml;
}

void write_text(const std::filesystem::path& file, const std::string& content) {
  std::filesystem::create_directories(file.parent_path());
  std::ofstream out(file, std::ios::binary);
  out << content;
  if (!out) throw std::runtime_error("cannot write " + file.string());
}

}  // namespace laq::integration
