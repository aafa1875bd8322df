#include "data/prepare.hpp"

#include <algorithm>

#include "data/contrast.hpp"

namespace laq::data {

bool holds_floats(Preprocessing preprocessing) {
  switch (preprocessing) {
    case Preprocessing::none:
    case Preprocessing::mean_image:
    case Preprocessing::standardize:
      return false;
    case Preprocessing::gcn:
    case Preprocessing::gcn_zca:
    case Preprocessing::gcn_lcn:
      return true;
  }
  return false;
}

FloatRows normalized_rows(const ImageSet& images, std::span<const std::int64_t> rows,
                          Preprocessing preprocessing, LocalContrastRule lcn) {
  const bool local = preprocessing == Preprocessing::gcn_lcn;
  const bool pylearn2 = lcn == LocalContrastRule::pylearn2;
  const GlobalContrast& global = local ? kSvhnContrast : kCifarContrast;
  const auto features = static_cast<std::size_t>(images.features());
  const auto channel = static_cast<std::size_t>(images.height * images.width);
  // pylearn2's loop over the channels returns within its first round.
  const std::size_t local_end = !local ? 0 : pylearn2 ? channel : features;
  auto values = std::make_unique_for_overwrite<float[]>(rows.size() * features);
#pragma omp parallel
  {
    LocalContrastFilter filter(images.height, images.width,
                               pylearn2 ? kPylearn2Contrast : LocalContrast{});
#pragma omp for schedule(static)
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const std::uint8_t* bytes =
          images.pixels.data() + static_cast<std::size_t>(rows[i]) * features;
      const std::span<float> picture(values.get() + i * features, features);
      std::copy_n(bytes, features, picture.begin());
      normalize_global_contrast(picture, global);
      for (std::size_t c = 0; c < local_end; c += channel) {
        filter.normalize(picture.subspan(c, channel));
      }
    }
  }
  return values;
}

}  // namespace laq::data
