#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "data/dataset_spec.hpp"
#include "data/locate.hpp"

namespace laq::data {

/// Pictures in memory as they were published: `pixels` is count × channels × height × width.
struct ImageSet {
  std::int64_t count = 0;
  std::int64_t channels = 1;
  std::int64_t height = 0;
  std::int64_t width = 0;
  std::vector<std::uint8_t> pixels;
  std::vector<std::uint8_t> labels;

  /// Pixels of one picture.
  std::int64_t features() const { return channels * height * width; }
};

enum class Part { train, validation, test };

/// Keeps only the first rows of a part; 0 keeps all, as does a limit beyond its end.
struct ImageLimits {
  std::int64_t train = 0;
  std::int64_t validation = 0;
};

struct LoadedImages;

/// A dataset split into its parts. The parts are lists of rows of two resident arrays of bytes;
/// `gather` makes the network's input from them.
class ImageData {
 public:
  /// Error: test pictures of another size than the training pictures.
  ImageData(LoadedImages images, Preprocessing preprocessing, const ImageLimits& limits = {});

  /// The last rows of the training file are for validation. Error: also sizes that do not fit each
  /// other or the splits.
  ImageData(ImageSet training_file, ImageSet test_file, const Splits& splits,
            Preprocessing preprocessing, const ImageLimits& limits = {});

  std::int64_t size(Part part) const;
  std::int64_t channels() const { return files_[0].channels; }
  std::int64_t height() const { return files_[0].height; }
  std::int64_t width() const { return files_[0].width; }
  std::int64_t features() const { return files_[0].features(); }

  /// What is subtracted from pixels/255 (features values): the mean over the training part, or
  /// zeros.
  const std::vector<float>& mean() const { return mean_; }

  /// Writes rows `indices` (0 … size(part) − 1) of a part: pixels/255 − mean to `out`
  /// (indices.size() × features) and, unless null, the labels to `labels` (indices.size()).
  /// Threads may call it at the same time. Error: an index out of range.
  void gather(Part part, std::span<const std::int64_t> indices, float* out,
              std::int64_t* labels) const;

 private:
  const ImageSet& file(Part part) const { return files_[part == Part::test ? 1 : 0]; }
  const std::vector<std::int64_t>& rows(Part part) const {
    return rows_[static_cast<std::size_t>(part)];
  }

  ImageSet files_[2];
  std::vector<std::int64_t> rows_[3];  ///< of the part's file
  std::vector<float> mean_;
};

/// Locates, checks and reads a dataset of pictures. Errors: those of `read_checked`, pictures of
/// different sizes.
ImageData load_images(const DatasetSpec& spec, const DataPaths& paths,
                      const ImageLimits& limits = {});

}  // namespace laq::data
