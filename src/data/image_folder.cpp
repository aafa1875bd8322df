#include "data/image_folder.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <iterator>
#include <span>
#include <string_view>

#include "core/error.hpp"
#include "core/files.hpp"
#include "core/text.hpp"
#include "data/archive.hpp"
#include "data/content.hpp"
#include "data/picture.hpp"

namespace laq::data {
namespace fs = std::filesystem;
namespace {

bool is_archive(const DataFile& file) {
  return file.name.ends_with(".tar.gz");
}

bool is_wanted(const std::string& path) {
  const bool in_part = path.starts_with("train/") || path.starts_with("test/");
  return in_part && path.find("/.") == std::string::npos;
}

/// Says both values: they are what the user writes into the dataset's YAML.
void check_folder(const DataFile& file, const FolderIdentity& found, const std::string& where) {
  if (found.bytes == file.bytes && found.sha256 == file.sha256) return;
  const auto text = [](std::int64_t bytes, const std::string& hash) {
    return fmt::format("bytes: {}, sha256: {}", bytes, hash);
  };
  throw Error({.what = "folder holds other pictures than the dataset says",
               .where = where,
               .found = text(found.bytes, found.sha256),
               .expected = text(file.bytes, file.sha256)});
}

std::vector<PictureFile> sorted_files(const DataFile& file, const fs::path& path) {
  std::vector<PictureFile> files;
  const VisitFile keep = [&](const std::string& name, std::vector<std::uint8_t> bytes) {
    if (is_wanted(name)) files.push_back({name, std::move(bytes)});
  };
  if (is_archive(file)) {
    const std::string raw = read_raw(path, file);
    check_published(file, raw, path.string());
    visit_archive(raw, path.string(), keep);
  } else {
    visit_folder(path, keep);
  }
  std::sort(files.begin(), files.end(),
            [](const auto& a, const auto& b) { return a.path < b.path; });
  if (!is_archive(file)) check_folder(file, folder_identity(files), path.string());
  return files;
}

std::string class_of(const std::string& picture, const std::string& where) {
  const std::vector<std::string> parts = split(picture, '/');
  if (parts.size() == 3) return parts[1];
  throw Error({.what = "picture is not in the folder of a class",
               .where = where + ": " + picture,
               .expected = "train/<class>/<file> or test/<class>/<file>"});
}

void refuse_twice(const std::vector<PictureFile>& files, const std::string& where) {
  const auto twice = std::adjacent_find(
      files.begin(), files.end(), [](const auto& a, const auto& b) { return a.path == b.path; });
  if (twice == files.end()) return;
  throw Error({.what = "picture is there twice", .where = where + ": " + twice->path});
}

std::vector<std::uint8_t> labels_of(const std::vector<PictureFile>& files,
                                    const std::vector<std::string>& classes,
                                    const std::string& where) {
  std::vector<std::uint8_t> labels;
  for (const auto& file : files) {
    const std::string name = class_of(file.path, where);
    const auto found = std::lower_bound(classes.begin(), classes.end(), name);
    if (found == classes.end() || *found != name) {
      throw Error({.what = fmt::format("class '{}' is only in the test part", name),
                   .where = where,
                   .expected = "one of " + join(classes)});
    }
    labels.push_back(static_cast<std::uint8_t>(found - classes.begin()));
  }
  return labels;
}

}  // namespace

PictureFiles read_picture_files(const DatasetSpec& spec, const DataFile& file,
                                const fs::path& path) {
  const std::string where = path.string();
  std::vector<PictureFile> files = sorted_files(file, path);
  refuse_twice(files, where);
  PictureFiles pictures;
  const auto middle = std::find_if(files.begin(), files.end(),
                                   [](const auto& one) { return one.path.starts_with("train/"); });
  std::move(files.begin(), middle, std::back_inserter(pictures.test));
  std::move(middle, files.end(), std::back_inserter(pictures.training));

  for (const auto& one : pictures.training) {  // sorted by path, so by class
    const std::string name = class_of(one.path, where);
    if (pictures.classes.empty() || pictures.classes.back() != name) {
      pictures.classes.push_back(name);
    }
  }
  std::sort(pictures.classes.begin(), pictures.classes.end());
  check_count(static_cast<std::int64_t>(pictures.classes.size()), spec.classes,
              "classes (folders below train/)", where);
  pictures.training_labels = labels_of(pictures.training, pictures.classes, where);
  pictures.test_labels = labels_of(pictures.test, pictures.classes, where);
  check_count(static_cast<std::int64_t>(pictures.training.size()),
              spec.splits.train + spec.splits.validation, "pictures below train/", where);
  check_count(static_cast<std::int64_t>(pictures.test.size()), spec.splits.test,
              "pictures below test/", where);
  return pictures;
}

void check_picture_files(const DataFile& file, const fs::path& path) {
  if (is_archive(file))
    check_published(file, path);
  else
    sorted_files(file, path);
}

FolderIdentity folder_identity(const std::vector<PictureFile>& sorted) {
  Sha256 hash;
  FolderIdentity identity;
  for (const auto& file : sorted) {
    const std::string head = fmt::format("{}\n{}\n", file.path, file.bytes.size());
    hash.add(std::as_bytes(std::span(head)));
    hash.add(std::as_bytes(std::span(file.bytes)));
    identity.bytes += static_cast<std::int64_t>(file.bytes.size());
  }
  identity.sha256 = hash.hex();
  return identity;
}

ImageSet decode_pictures(const std::vector<PictureFile>& files, std::vector<std::uint8_t> labels,
                         const std::vector<std::int64_t>& shape, const std::string& where) {
  ImageSet set{.count = static_cast<std::int64_t>(files.size()),
               .channels = shape[0],
               .height = shape[1],
               .width = shape[2],
               .pixels = {},
               .labels = std::move(labels)};
  const auto features = static_cast<std::size_t>(set.features());
  set.pixels.resize(files.size() * features);
  // No exception may leave a parallel region; the first picture's is thrown after it.
  std::exception_ptr error;
  std::size_t error_at = files.size();
#pragma omp parallel for schedule(static)
  for (std::size_t i = 0; i < files.size(); ++i) {
    try {
      decode_picture(files[i].bytes, shape, where + ": " + files[i].path,
                     set.pixels.data() + i * features);
    } catch (...) {
#pragma omp critical(laq_decode_pictures)
      if (i < error_at) {
        error = std::current_exception();
        error_at = i;
      }
    }
  }
  if (error) std::rethrow_exception(error);
  return set;
}

}  // namespace laq::data
