#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

/// A small dataset in MNIST's form, so that the program is tried whole in little time and without
/// anything that is not in the sources: small grey pictures of 4 kinds, each a pattern of its own
/// under noise.
namespace laq::integration {

struct TinySizes {
  int train = 2000, validation = 200, test = 200;
  int side = 6;
};

/// The four files by their published names, packed where the name ends in .gz.
using DataFiles = std::map<std::string, std::string>;
DataFiles tiny_files(const TinySizes& sizes = {});

/// An IDX file of pictures or of labels, unpacked.
std::string idx_images(const std::vector<std::uint8_t>& pixels, std::uint32_t count,
                       std::uint32_t height, std::uint32_t width);
std::string idx_labels(const std::vector<std::uint8_t>& labels);

/// configs/datasets/NAME.yaml for these files.
std::string tiny_dataset_yaml(const DataFiles& files, const TinySizes& sizes = {});

void write_text(const std::filesystem::path& file, const std::string& content);

}  // namespace laq::integration
