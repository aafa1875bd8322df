#include "data/picture_cache.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <nlohmann/json.hpp>
#include <span>

#include "core/error.hpp"
#include "core/files.hpp"

namespace laq::data {
namespace fs = std::filesystem;
namespace {

// A line of JSON, then pixels and labels of the training part, then of the test part. Another
// decoder or layout needs another number.
constexpr int kVersion = 1;

std::string payload_hash(const std::array<std::span<const std::uint8_t>, 4>& arrays) {
  Sha256 hash;
  for (const auto& array : arrays) hash.add(std::as_bytes(array));
  return hash.hex();
}

std::string payload_hash(const DecodedPictures& pictures) {
  return payload_hash({pictures.training.pixels, pictures.training.labels, pictures.test.pixels,
                       pictures.test.labels});
}

nlohmann::json header(const std::string& source, const std::vector<std::int64_t>& shape,
                      std::int64_t training, std::int64_t test) {
  return {{"laq_pictures", kVersion},
          {"source_sha256", source},
          {"shape", shape},
          {"training", training},
          {"test", test}};
}

bool read_set(std::ifstream& in, const std::vector<std::int64_t>& shape, std::int64_t count,
              ImageSet& set) {
  set = {.count = count,
         .channels = shape[0],
         .height = shape[1],
         .width = shape[2],
         .pixels = {},
         .labels = {}};
  set.pixels.resize(static_cast<std::size_t>(count * set.features()));
  set.labels.resize(static_cast<std::size_t>(count));
  for (auto* array : {&set.pixels, &set.labels}) {
    in.read(reinterpret_cast<char*>(array->data()), static_cast<std::streamsize>(array->size()));
  }
  return static_cast<bool>(in);
}

bool labels_fit(const ImageSet& set, std::int64_t classes) {
  return std::all_of(set.labels.begin(), set.labels.end(),
                     [&](std::uint8_t label) { return label < classes; });
}

}  // namespace

fs::path cache_path(const DatasetSpec& spec, const DataFile& file, const DataPaths& paths) {
  return paths.data_dir / spec.folder_name() / (file.sha256.substr(0, 16) + ".pictures");
}

std::optional<DecodedPictures> read_cache(const DatasetSpec& spec, const DataFile& file,
                                          const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::string line;
  if (!std::getline(in, line)) return std::nullopt;
  auto found = nlohmann::json::parse(line, nullptr, false);
  if (!found.is_object() || !found.contains("sha256")) return std::nullopt;
  const nlohmann::json hash = found["sha256"];
  found.erase("sha256");
  const std::int64_t rows = spec.splits.train + spec.splits.validation;
  if (found != header(file.sha256, spec.shape, rows, spec.splits.test)) return std::nullopt;
  DecodedPictures pictures;
  if (!read_set(in, spec.shape, rows, pictures.training)) return std::nullopt;
  if (!read_set(in, spec.shape, spec.splits.test, pictures.test)) return std::nullopt;
  if (hash != payload_hash(pictures)) return std::nullopt;
  if (!labels_fit(pictures.training, spec.classes) || !labels_fit(pictures.test, spec.classes)) {
    return std::nullopt;
  }
  return pictures;
}

void write_cache(const DataFile& file, const DecodedPictures& pictures, const fs::path& path) {
  const ImageSet& training = pictures.training;
  const ImageSet& test = pictures.test;
  auto head = header(file.sha256, {training.channels, training.height, training.width},
                     training.count, test.count);
  head["sha256"] = payload_hash(pictures);
  make_folder(path.parent_path());
  replace_file(path, [&](const fs::path& temporary) {
    std::ofstream out(temporary, std::ios::binary | std::ios::trunc);
    out << head.dump() << '\n';
    for (const auto* array : {&training.pixels, &training.labels, &test.pixels, &test.labels}) {
      out.write(reinterpret_cast<const char*>(array->data()),
                static_cast<std::streamsize>(array->size()));
    }
    out.close();
    if (!out) throw Error({.what = "cannot write: " + errno_text(), .where = path.string()});
  });
}

}  // namespace laq::data
