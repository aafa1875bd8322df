#include "data/read_images.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

#include "core/error.hpp"
#include "data/cifar.hpp"
#include "data/content.hpp"
#include "data/idx.hpp"
#include "data/image_folder.hpp"
#include "data/picture_cache.hpp"
#include "data/split_rows.hpp"
#include "data/svhn.hpp"
#include "data/table.hpp"

namespace laq::data {
namespace fs = std::filesystem;
namespace {

ImageSet read_idx(const DatasetSpec& spec, const DataPaths& paths, const std::string& part) {
  const DataFile& images = spec.file(part + "_images");
  const DataFile& labels = spec.file(part + "_labels");
  ImageSet set;
  set.pixels = read_checked(spec, images, paths);
  const IdxImages parsed = parse_idx_images(set.pixels, images.name);
  set.count = parsed.count;
  set.height = parsed.height;
  set.width = parsed.width;
  const auto header = static_cast<std::ptrdiff_t>(set.pixels.size() - parsed.pixels.size());
  set.pixels.erase(set.pixels.begin(), set.pixels.begin() + header);  // `parsed.pixels` ends here
  const std::vector<std::uint8_t> bytes = read_checked(spec, labels, paths);
  const auto values = parse_idx_labels(bytes, labels.name);
  set.labels.assign(values.begin(), values.end());
  return set;
}

LoadedImages read_cifar(const DatasetSpec& spec, const DataPaths& paths) {
  LoadedImages images;
  const DataFile& archive = spec.file("archive");
  with_located(spec, archive, paths, [&](const fs::path& path) {
    auto [training, test] = read_cifar(spec, archive, path);
    images = in_file_order(std::move(training), std::move(test), spec.splits);
  });
  return images;
}

/// One set from several files: its pixels are allocated once, and each file is read into its place.
ImageSet read_svhn_set(const DatasetSpec& spec, const DataPaths& paths,
                       const std::vector<std::string>& roles, std::vector<std::int64_t>& rows) {
  ImageSet set{.count = 0,
               .channels = spec.shape[0],
               .height = spec.shape[1],
               .width = spec.shape[2],
               .pixels = {},
               .labels = {}};
  std::vector<SvhnFile> files;
  for (const auto& role : roles) {
    with_located(spec, spec.file(role), paths, [&](const fs::path& path) {
      check_published(spec.file(role), path);
      files.emplace_back(spec, path);
    });
    rows.push_back(files.back().count());
    set.count += rows.back();
  }
  set.pixels.resize(static_cast<std::size_t>(set.count * set.features()));
  std::uint8_t* place = set.pixels.data();
  for (auto& file : files) {
    file.read(place);
    place += file.count() * set.features();
    set.labels.insert(set.labels.end(), file.labels().begin(), file.labels().end());
  }
  return set;
}

void take_rows(LoadedImages& images, PartRows rows) {
  images.train_rows = std::move(rows.train);
  images.validation_rows = std::move(rows.validation);
}

LoadedImages read_svhn(const DatasetSpec& spec, const DataPaths& paths) {
  LoadedImages images;
  std::vector<std::int64_t> file_rows, test_rows;
  images.training = read_svhn_set(spec, paths, {"train", "extra"}, file_rows);
  images.test = read_svhn_set(spec, paths, {"test"}, test_rows);
  take_rows(images, rows_by_class(images.training.labels, file_rows, spec.splits, spec.classes,
                                  "dataset " + spec.name));
  return images;
}

DecodedPictures decode(const DatasetSpec& spec, const DataFile& file, const fs::path& path) {
  PictureFiles files = read_picture_files(spec, file, path);
  return {
      decode_pictures(files.training, std::move(files.training_labels), spec.shape, path.string()),
      decode_pictures(files.test, std::move(files.test_labels), spec.shape, path.string())};
}

LoadedImages read_image_folder(const DatasetSpec& spec, const DataPaths& paths) {
  const DataFile& file = spec.file("pictures");
  const fs::path cache = cache_path(spec, file, paths);
  LoadedImages images;
  with_located(spec, file, paths, [&](const fs::path& path) {
    auto pictures = read_cache(spec, file, cache);
    if (pictures) {
      check_picture_files(file, path);  // what is there now may be other than what was decoded
    } else {
      pictures = decode(spec, file, path);
      try {
        write_cache(file, *pictures, cache);
      } catch (const Error&) {  // decoded again the next time; nothing else depends on it
      }
    }
    images.training = std::move(pictures->training);
    images.test = std::move(pictures->test);
    take_rows(images, rows_by_class(images.training.labels, {images.training.count}, spec.splits,
                                    spec.classes, path.string()));
  });
  return images;
}

ImageSet take_rows_of(const Table& table, const std::vector<std::int64_t>& rows,
                      const std::vector<std::int64_t>& shape) {
  ImageSet set{.count = static_cast<std::int64_t>(rows.size()),
               .channels = shape[0],
               .height = shape[1],
               .width = shape[2],
               .pixels = {},
               .labels = {}};
  const std::int64_t width = table.width();
  for (const std::int64_t row : rows) {
    const float* from = table.features.data() + row * width;
    set.values.insert(set.values.end(), from, from + width);
    set.labels.push_back(table.labels[static_cast<std::size_t>(row)]);
  }
  return set;
}

void check_table(const DatasetSpec& spec, const Table& table, const std::string& where) {
  check_count(table.classes, spec.classes, "classes", where);
  check_count(table.width(), spec.shape[0] * spec.shape[1] * spec.shape[2], "features", where);
  check_count(table.rows(), spec.splits.train + spec.splits.validation + spec.splits.test, "rows",
              where);
}

Table read_table_file(const DatasetSpec& spec, const DataFile& file, const fs::path& path) {
  const std::string raw = read_raw(path, file);
  check_published(file, raw, path.string());
  Table table = read_table(raw, file.name, path.string());
  check_table(spec, table, path.string());
  return table;
}

LoadedImages read_table_set(const DatasetSpec& spec, const DataPaths& paths) {
  LoadedImages images;
  with_located(spec, spec.file("table"), paths, [&](const fs::path& path) {
    const Table table = read_table_file(spec, spec.file("table"), path);
    auto rows = table_rows(table, spec.splits, path.string());
    std::vector<std::int64_t> training = rows[0];
    training.insert(training.end(), rows[1].begin(), rows[1].end());
    images = in_file_order(take_rows_of(table, training, spec.shape),
                           take_rows_of(table, rows[2], spec.shape), spec.splits);
  });
  return images;
}

LoadedImages read_kind(const DatasetSpec& spec, const DataPaths& paths) {
  switch (spec.kind) {
    case Kind::idx: {
      ImageSet training = read_idx(spec, paths, "train");
      return in_file_order(std::move(training), read_idx(spec, paths, "test"), spec.splits);
    }
    case Kind::cifar:
      return read_cifar(spec, paths);
    case Kind::svhn:
      return read_svhn(spec, paths);
    case Kind::image_folder:
      return read_image_folder(spec, paths);
    case Kind::table:
      return read_table_set(spec, paths);
    case Kind::text:
      break;
  }
  throw Error({.what = "dataset '" + spec.name + "' does not hold pictures"});
}

void check_sizes(const ImageSet& set, std::int64_t rows, const char* name) {
  const bool positive = set.count > 0 && set.features() > 0;
  if (positive && set.count == rows && std::cmp_equal(set.labels.size(), set.count) &&
      std::cmp_equal(set.pixels.size() + set.values.size(), set.count * set.features())) {
    return;
  }
  throw Error({.what = fmt::format("sizes of the {} file do not fit", name),
               .found = fmt::format("{} pictures of {} values, {} pixels, {} labels", set.count,
                                    set.features(), set.pixels.size(), set.labels.size()),
               .expected = fmt::format("{} pictures", rows)});
}

void check_shape(const ImageSet& set, const DatasetSpec& spec, const char* part) {
  if (std::vector{set.channels, set.height, set.width} == spec.shape) return;
  throw Error({.what = fmt::format("the {} pictures have another size", part),
               .where = "dataset " + spec.name,
               .found = fmt::format("{} x {} x {}", set.channels, set.height, set.width),
               .expected = fmt::format("{}", fmt::join(spec.shape, " x "))});
}

void check_sets(const ImageSet& training, const ImageSet& test, const Splits& splits) {
  check_sizes(training, splits.train + splits.validation, "training");
  check_sizes(test, splits.test, "test");
}

}  // namespace

LoadedImages read_images(const DatasetSpec& spec, const DataPaths& paths) {
  LoadedImages images = read_kind(spec, paths);
  check_sets(images.training, images.test, spec.splits);
  check_shape(images.training, spec, "train");
  check_shape(images.test, spec, "test");
  return images;
}

LoadedImages in_file_order(ImageSet training, ImageSet test, const Splits& splits) {
  check_sets(training, test, splits);
  LoadedImages images{std::move(training), std::move(test), {}, {}};
  take_rows(images, rows_in_order(splits));
  return images;
}

void check_file(const DatasetSpec& spec, const DataFile& file, const fs::path& path) {
  switch (spec.kind) {
    case Kind::idx:
      checked_content(spec, file, read_raw(path, file), path.string());
      return;
    case Kind::cifar:
      read_cifar(spec, file, path);
      return;
    case Kind::svhn:
      check_published(file, path);
      SvhnFile(spec, path);
      return;
    case Kind::image_folder:
      decode(spec, file, path);
      return;
    case Kind::table:
      read_table_file(spec, file, path);
      return;
    case Kind::text:
      check_published(file, path);
      return;
  }
}

}  // namespace laq::data
