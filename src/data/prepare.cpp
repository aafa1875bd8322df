#include "data/prepare.hpp"

#include <algorithm>

#include "data/contrast.hpp"

namespace laq::data {

bool holds_floats(Preprocessing preprocessing) {
  switch (preprocessing) {
    case Preprocessing::none:
    case Preprocessing::mean_image:
      return false;
    case Preprocessing::gcn:
    case Preprocessing::gcn_zca:
    case Preprocessing::gcn_lcn:
      return true;
  }
  return false;
}

FloatRows normalized_rows(const ImageSet& images, std::span<const std::int64_t> rows,
                          Preprocessing preprocessing) {
  const bool local = preprocessing == Preprocessing::gcn_lcn;
  const GlobalContrast& global = local ? kSvhnContrast : kCifarContrast;
  const auto features = static_cast<std::size_t>(images.features());
  const auto channel = static_cast<std::size_t>(images.height * images.width);
  auto values = std::make_unique_for_overwrite<float[]>(rows.size() * features);
#pragma omp parallel
  {
    LocalContrastFilter filter(images.height, images.width, LocalContrast{});
#pragma omp for schedule(static)
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const std::uint8_t* bytes =
          images.pixels.data() + static_cast<std::size_t>(rows[i]) * features;
      const std::span<float> picture(values.get() + i * features, features);
      std::copy_n(bytes, features, picture.begin());
      normalize_global_contrast(picture, global);
      for (std::size_t c = 0; local && c < features; c += channel) {
        filter.normalize(picture.subspan(c, channel));
      }
    }
  }
  return values;
}

}  // namespace laq::data
