#pragma once

#include <map>
#include <memory>
#include <string>
#include <type_traits>

#include "runtime/layers.hpp"

namespace laq::runtime {

constexpr std::size_t kMost = std::size_t{1} << 30;  // of any size that a layer names

/// Fails unless a key's value fits what goes into the layer.
void require(bool fits, const Object& object, const char* key, const Form& in);

/// (x − mean) / √(variance + ε), of a whole sample or a gate's product; `to` may be `from`.
void normalise(const float* from, std::size_t count, double epsilon, float* to);

/// Makes a layer by its keys. `one_hot`: such a layer comes before it.
using Maker = std::unique_ptr<Layer> (*)(const Object&, const Form& in, Source&, bool one_hot);
/// By `kind` (docs/shipping.md).
using Makers = std::map<std::string, Maker>;

template <class Kind>
std::unique_ptr<Layer> make(const Object& object, const Form& in, Source& source, bool one_hot) {
  if constexpr (std::is_constructible_v<Kind, const Object&, const Form&, Source&, bool>)
    return std::make_unique<Kind>(object, in, source, one_hot);
  else
    return std::make_unique<Kind>(object, in, source);
}

Makers convolution_layers();
Makers character_layers();

}  // namespace laq::runtime
