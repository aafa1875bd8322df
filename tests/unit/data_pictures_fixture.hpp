#pragma once

#include "data/read_images.hpp"
#include "data_fixture.hpp"
#include "support/picture_files.hpp"

// A dataset of pictures whose files are published as they are written here.
namespace laq::data {

struct PictureDataset {
  TemporaryFolder folder;
  DatasetSpec spec;
  DataPaths paths{.data_dir = folder / "data"};

  PictureDataset(Kind kind, std::int64_t classes, std::vector<std::int64_t> shape, Splits splits) {
    spec.name = "small";
    spec.title = "Small";
    spec.kind = kind;
    spec.preprocessing = Preprocessing::none;
    spec.classes = classes;
    spec.shape = std::move(shape);
    spec.splits = std::move(splits);
  }

  std::filesystem::path place(const std::string& name) const {
    return paths.data_dir / "small" / name;
  }

  /// Adds or replaces the file with this role.
  void publish(const std::string& role, const std::string& name, const std::string& content) {
    std::erase_if(spec.files, [&](const DataFile& file) { return file.role == role; });
    spec.files.push_back({.role = role,
                          .name = name,
                          .sha256 = sha256(content),
                          .hash_checked = true,
                          .bytes = static_cast<std::int64_t>(content.size()),
                          .urls = {},
                          .package_path = {}});
    write(place(name), content);
  }

  LoadedImages read() const { return read_images(spec, paths); }
  std::string error() const {
    return error_of([&] { read(); });
  }
};

}  // namespace laq::data
