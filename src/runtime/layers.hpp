#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "runtime/json.hpp"
#include "runtime/matrix.hpp"

namespace laq::runtime {

/// What goes from layer to layer: units (`channels`), or a map whose channels lie together: height
/// × width × channels.
struct Form {
  std::size_t channels = 0, height = 1, width = 1;
  bool map = false;

  std::size_t size() const { return times(times(channels, height), width); }
};

/// What the layers of a model share while they run.
struct Context {
  Pool& pool;
  Scratch& scratch;
  std::size_t character = 0;  ///< that is being read
};

/// One layer of a network, with its weights, its state and the memory that it needs.
class Layer {
 public:
  explicit Layer(const Form& form) : out(form) {}
  virtual ~Layer() = default;

  /// One sample, or one step of it; `from` and `to` do not overlap.
  virtual void run(const float* from, float* to, Context& context) = 0;
  /// Forgets what was read.
  virtual void reset() {}
  virtual std::size_t scratch() const { return 0; }

  const Form out;
};

/// Where layers get their weights from.
struct Source {
  const TensorFile& file;
  const nlohmann::json& packed;  ///< of each packed weight: its shape and bits
  Budget& budget;
  std::size_t weights = 0, bytes = 0;  ///< of the packed ones read so far

  std::unique_ptr<Matrix> matrix(const std::string& name, const std::vector<std::size_t>& shape,
                                 const std::vector<std::uint32_t>& order = {});
  std::vector<float> floats(const std::string& name, std::size_t count);
  std::vector<float> memory(std::size_t count);
};

/// Layers one after the other.
class Sequence {
 public:
  /// `layers`: a list of `kind` and the kind's own keys (docs/shipping.md). `characters`: the first
  /// layer gets the number of a character. Failures: an unknown kind, sizes that do not fit.
  Sequence(const nlohmann::json& layers, const Form& in, bool characters, Source& source);

  const Form& out() const { return out_; }
  void run(const float* from, float* to, Context& context);
  void reset();
  std::size_t scratch() const;

 private:
  Form out_;
  std::vector<std::unique_ptr<Layer>> layers_;
  std::vector<float> between_[2];
};

}  // namespace laq::runtime
