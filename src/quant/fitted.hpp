#pragma once

#include <utility>

#include "quant/device_fit.hpp"
#include "quant/quantizer.hpp"

namespace laq::quant {

/// A method whose fit is one of `DeviceFit`'s: the same on the host and on a GPU.
template <typename Fit>
class Fitted : public Quantizer {
 public:
  explicit Fitted(Fit fit) : fit_(std::move(fit)) {}

  DeviceFit device_fit() const override { return fit_; }
  Needs needs(const Group&) const override { return {.magnitudes = true}; }
  Codebook fit(Sums& sums) const override {
    Codebook codebook;
    fit_(sums, codebook);
    return codebook;
  }

 protected:
  Fit fit_;
};

}  // namespace laq::quant
