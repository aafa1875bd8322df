#pragma once

#include <cstdint>
#include <vector>

namespace laq::nn {

/// Which of a layer's weights share their scales, where the layer says so itself.
enum class Scales { by_method, of_tensor, of_row };

/// What the data fixes about a model.
struct Shape {
  std::vector<std::int64_t> input;  ///< channels, height, width; of text empty
  std::int64_t outputs = 0;         ///< classes; of text its vocabulary
};

/// How large a model is, without making it.
struct Size {
  double weights = 0;          ///< quantizable
  double multiplications = 0;  ///< of one forward pass of one sample
  double blocks = 0;           ///< of weights that never share a scale
  double rows = 0;             ///< the same where each output row has its own

  /// A matrix (or window) of weights that is applied at a number of positions, in `apart` blocks
  /// of outputs that never share a scale.
  void add(double inputs, double outputs, double positions, bool quantizable, Scales scales,
           double apart);
  Size& operator+=(const Size& other);
};

}  // namespace laq::nn
