#include "nn/papers.hpp"

#include <fmt/format.h>

namespace laq::nn {
namespace {

/// Adds layers to a list, each with its place in it as its name for messages.
class Writer {
 public:
  explicit Writer(const char* kind) : kind_(kind) {}

  void add(LayerSpec layer) {
    layer.path = fmt::format("{}[{}]", kind_, list_.size());
    list_.push_back(std::move(layer));
  }
  void add_norm() { add({.kind = LayerKind::batch_norm, .epsilon = kBatchNormEpsilon}); }

  void add_dense_layers(const std::vector<std::int64_t>& hidden, bool output_norm) {
    add({.kind = LayerKind::flatten});
    for (const std::int64_t units : hidden) {
      add({.kind = LayerKind::dense, .width = units});
      add_norm();
      add({.kind = LayerKind::relu});
    }
    add({.kind = LayerKind::dense});
    if (output_norm) add_norm();
  }

  LayerList take() { return std::move(list_); }

 private:
  const char* kind_;
  LayerList list_;
};

// Whether batch norm follows the output layer.
bool read_output_norm(config::Reader& section) {
  return section.flag("output_norm", true, config::Canonical::omit_default);
}

}  // namespace

LayerList read_mlp(config::Reader& section) {
  Writer list("mlp");
  const auto hidden = section.integers("hidden", {}, {1, 1 << 20});
  list.add_dense_layers(hidden, read_output_norm(section));
  return list.take();
}

LayerList read_vgg(config::Reader& section) {
  const std::int64_t width = section.integer("width", {}, {1, 1 << 14});
  const auto dense = section.integers("dense", std::vector<std::int64_t>{1024, 1024}, {1, 1 << 20});
  Writer list("vgg");
  for (const std::int64_t channels : {width, 2 * width, 4 * width}) {
    for (const bool pooled : {false, true}) {
      list.add({.kind = LayerKind::conv, .width = channels, .kernel = 3, .padding = 1});
      if (pooled) list.add({.kind = LayerKind::max_pool, .kernel = 2, .stride = 2});
      list.add_norm();
      list.add({.kind = LayerKind::relu});
    }
  }
  list.add_dense_layers(dense, read_output_norm(section));
  return list.take();
}

}  // namespace laq::nn
