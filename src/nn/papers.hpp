#pragma once

#include "nn/layer_list.hpp"

namespace laq::nn {

/// The feedforward networks of the papers (docs/mathematics.md), written as lists of layers.

/// `hidden` (units of each hidden layer), `output_norm`: dense layers, each followed by batch norm,
/// ReLU between them: flatten → [dense → BN → ReLU]* → dense [→ BN].
LayerList read_mlp(config::Reader& section);

/// `width` (K, channels of the first two convolutions), `dense` (units of each hidden dense layer),
/// `output_norm`: (2×KC3)-MP2-(2×2KC3)-MP2-(2×4KC3)-MP2-(2×1024FC)-outputs. Convolutions of 3 × 3
/// keep height and width, the second of each pair is followed by max pooling of 2 × 2; conv →
/// [pool →] BN → ReLU, then as an mlp.
LayerList read_vgg(config::Reader& section);

}  // namespace laq::nn
