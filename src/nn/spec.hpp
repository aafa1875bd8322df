#pragma once

#include <variant>

#include "nn/char_lstm.hpp"
#include "nn/layer_list.hpp"

namespace laq::nn {

/// What a `model:` section describes.
struct Description {
  Init init;
  std::variant<LayerList, CharLstmSpec> spec;  ///< a list of layers, or a network of its own
};

/// Reads `kind`, `init` and the kind's own keys.
Description read_model(config::Reader& section);

}  // namespace laq::nn
