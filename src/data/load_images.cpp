#include "data/image_set.hpp"
#include "data/read_images.hpp"

namespace laq::data {

ImageData load_images(const DatasetSpec& spec, const DataPaths& paths, const ImageLimits& limits) {
  return ImageData(read_images(spec, paths), {.preprocessing = spec.preprocessing,
                                              .lcn = spec.lcn,
                                              .limits = limits,
                                              .cache = paths.data_dir / spec.folder_name()});
}

}  // namespace laq::data
