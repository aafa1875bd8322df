#pragma once

namespace laq::optim {

struct AdamOptions {
  double beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8;
  double clip = 1;           ///< bound of the latent weights of quantized layers
  double clip_gradient = 0;  ///< bound of every element of the gradients; 0: none
  double weight_decay = 0;  ///< λ of an L2 penalty on every parameter: λ w is added to its gradient
  bool sgd = false;         ///< w moves by SGD with momentum; v still gives the curvature
  double momentum = 0.9;    ///< of SGD
};

}  // namespace laq::optim
