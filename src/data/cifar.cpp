#include "data/cifar.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "core/error.hpp"
#include "data/archive.hpp"
#include "data/content.hpp"

namespace laq::data {
namespace fs = std::filesystem;
namespace {

constexpr std::size_t kSide = 32;
constexpr std::size_t kPixels = 3 * kSide * kSide;

using Bytes = std::vector<std::uint8_t>;

/// The wanted files of the archive, in the order of `names`.
std::vector<std::optional<Bytes>> read_members(const std::vector<std::string>& names,
                                               const DataFile& file, const fs::path& path) {
  std::vector<std::optional<Bytes>> members(names.size());
  if (fs::is_directory(path)) {
    for (std::size_t i = 0; i < names.size(); ++i) {
      const fs::path member = path.parent_path() / names[i];
      if (occupied(member)) members[i] = file_bytes(member);
    }
    return members;
  }
  const std::string raw = read_raw(path, file);
  check_published(file, raw, path.string());
  visit_archive(raw, path.string(), [&](const std::string& name, Bytes content) {
    const auto wanted = std::find(names.begin(), names.end(), name);
    if (wanted != names.end())
      members[static_cast<std::size_t>(wanted - names.begin())] = std::move(content);
  });
  return members;
}

ImageSet empty_set(std::int64_t rows) {
  ImageSet set{
      .count = 0, .channels = 3, .height = kSide, .width = kSide, .pixels = {}, .labels = {}};
  set.pixels.reserve(static_cast<std::size_t>(rows) * kPixels);
  return set;
}

}  // namespace

const CifarFormat& cifar_format(std::int64_t classes) {
  static const CifarFormat ten{"cifar-10-batches-bin",
                               {"data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin",
                                "data_batch_4.bin", "data_batch_5.bin"},
                               "test_batch.bin",
                               1};
  static const CifarFormat hundred{"cifar-100-binary", {"train.bin"}, "test.bin", 2};
  return classes == 100 ? hundred : ten;
}

void append_cifar(std::span<const std::uint8_t> bytes, std::size_t label_bytes,
                  std::int64_t classes, const std::string& where, ImageSet& set) {
  const std::size_t record = label_bytes + kPixels;
  if (bytes.empty() || bytes.size() % record != 0) {
    throw Error({.what = "length is not that of whole CIFAR records",
                 .where = where,
                 .found = fmt::format("{} bytes", bytes.size()),
                 .expected = fmt::format("a multiple of {}", record)});
  }
  for (std::size_t at = 0; at < bytes.size(); at += record) {
    const std::uint8_t label = bytes[at + label_bytes - 1];
    if (label >= classes) {
      throw Error({.what = fmt::format("label of record {} is out of range", at / record),
                   .where = where,
                   .found = std::to_string(label),
                   .expected = fmt::format("0 to {}", classes - 1)});
    }
    const auto pixels = bytes.subspan(at + label_bytes, kPixels);
    set.pixels.insert(set.pixels.end(), pixels.begin(), pixels.end());
    set.labels.push_back(label);
    ++set.count;
  }
}

CifarSets read_cifar(const DatasetSpec& spec, const DataFile& file, const fs::path& path) {
  const CifarFormat& format = cifar_format(spec.classes);
  std::vector<std::string> names;
  for (const auto& name : format.training) names.push_back(format.folder + "/" + name);
  names.push_back(format.folder + "/" + format.test);

  auto members = read_members(names, file, path);
  const std::int64_t rows = spec.splits.train + spec.splits.validation;
  CifarSets sets{empty_set(rows), empty_set(spec.splits.test)};
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (!members[i]) {
      throw Error(
          {.what = "a file is missing in it", .where = path.string(), .expected = names[i]});
    }
    append_cifar(*members[i], format.label_bytes, spec.classes, path.string() + ": " + names[i],
                 i + 1 < names.size() ? sets.training : sets.test);
    members[i].reset();  // its pixels are in the set
  }
  check_count(sets.training.count, rows, "training pictures", path.string());
  check_count(sets.test.count, spec.splits.test, "test pictures", path.string());
  return sets;
}

}  // namespace laq::data
