#include <algorithm>

#include "runtime/layer_kinds.hpp"

namespace laq::runtime {
namespace {

// Positions by positions with 16 or 32 channels: the weights of a panel are unpacked once for a
// picture, so that what is left is multiplications.
class Convolution : public Layer {
 public:
  Convolution(const Object& object, const Form& in, Source& source)
      : Layer(form(object, in)),
        in_(in),
        kernel_(object.whole("kernel", 1, kMost)),
        stride_(object.whole("stride", 1, kMost, 1)),
        padding_(object.whole("padding", 0, kMost, 0)),
        groups_(object.whole("groups", 1, kMost, 1)) {
    const std::string name = object.text("name");
    std::vector<std::uint32_t> order;  // of the inputs: channels last
    const std::size_t window = times(kernel_, kernel_), fed = in.channels / groups_,
                      columns = times(window, fed);
    source.budget.take(columns, sizeof(std::uint32_t), "a convolution's order of weights");
    for (std::size_t at = 0; at < window; ++at) {
      for (std::size_t c = 0; c < fed; ++c)
        order.push_back(static_cast<std::uint32_t>(c * window + at));
    }
    weight_ = source.matrix(name + ".weight", {out.channels, fed, kernel_, kernel_}, order);
    if (source.file.find(name + ".bias")) bias_ = source.floats(name + ".bias", out.channels);
    width_ = in.width + 2 * padding_;
    padded_ = source.memory(times(times(in.height + 2 * padding_, width_), in.channels));
  }

  // For so many threads, as each unpacks for itself.
  std::size_t scratch() const override { return 2 * weight_->panel_floats(); }

  void run(const float* from, float* to, Context& context) override {
    const std::size_t row = in_.width * in_.channels;
    for (std::size_t y = 0; y < in_.height; ++y) {
      std::copy_n(from + y * row, row,
                  padded_.data() + ((y + padding_) * width_ + padding_) * in_.channels);
    }
    const std::size_t positions = out.height * out.width, own = scratch();
    context.pool.run([&](std::size_t thread, std::size_t threads) {
      const std::size_t blocks = (positions + kPositions - 1) / kPositions;
      const std::size_t first = blocks * thread / threads, last = blocks * (thread + 1) / threads;
      float* scratch = context.scratch.data() + thread * own;
      const std::size_t begin = first * kPositions, end = std::min(positions, last * kPositions);
      for (std::size_t panel = 0; panel < weight_->panels(); panel += 2) {
        if (groups_ == 1)
          run_panels(panel, begin, end, to, scratch);
        else
          run_groups(panel, begin, end, to, scratch);
      }
    });
  }

 private:
  static Form form(const Object& object, const Form& in) {
    const std::size_t kernel = object.whole("kernel", 1, kMost),
                      stride = object.whole("stride", 1, kMost, 1),
                      padding = object.whole("padding", 0, kMost, 0);
    require(in.map && object.whole("inputs", 1, kMost) == in.channels, object, "inputs", in);
    const std::size_t height = in.height + 2 * padding, width = in.width + 2 * padding;
    require(kernel <= height && kernel <= width && padding < kernel, object, "kernel", in);
    const std::size_t groups = object.whole("groups", 1, kMost, 1);
    require(in.channels % groups == 0, object, "groups", in);
    if (object.whole("outputs", 1, kMost) % groups != 0)
      object.fail("groups", "does not divide the outputs");
    return {object.whole("outputs", 1, kMost), (height - kernel) / stride + 1,
            (width - kernel) / stride + 1, true};
  }

  const float* input_of(std::size_t position) const {
    const std::size_t y = position / out.width * stride_, x = position % out.width * stride_;
    return padded_.data() + (y * width_ + x) * in_.channels;
  }

  void run_panels(std::size_t panel, std::size_t first, std::size_t last, float* to,
                  float* scratch) const {
    const std::size_t two = std::min<std::size_t>(2, weight_->panels() - panel);
    const float* weights = weight_->panel(panel, scratch);
    std::size_t apart = weight_->columns() * kLanes;
    if (two == 2 && weight_->panel_floats() > 0) {
      apart = weight_->panel_floats();
      weight_->panel(panel + 1, scratch + apart);
    }
    const std::size_t channel = panel * kLanes,
                      channels = std::min(two * kLanes, out.channels - channel);
    float sums[kPositions * 2 * kLanes];
    for (std::size_t at = first; at < last; at += kPositions) {
      const std::size_t here = std::min(kPositions, last - at);
      const float* from[kPositions];
      for (std::size_t p = 0; p < kPositions; ++p) from[p] = input_of(at + std::min(p, here - 1));
      kernels().tile(from, kPositions, kernel_, kernel_ * in_.channels, width_ * in_.channels,
                     weights, two, apart, sums);
      for (std::size_t p = 0; p < here; ++p) {
        float* pixel = to + (at + p) * out.channels + channel;
        const float* sum = sums + p * two * kLanes;
        for (std::size_t c = 0; c < channels; ++c)
          pixel[c] = sum[c] + (bias_.empty() ? 0.0f : bias_[channel + c]);
      }
    }
  }

  // Channels in groups: each output reads those of its own.
  void run_groups(std::size_t panel, std::size_t first, std::size_t last, float* to,
                  float* scratch) const {
    const std::size_t fed = in_.channels / groups_, made = out.channels / groups_;
    const std::size_t end = std::min(out.channels, (panel + 2) * kLanes);
    const float* weights = nullptr;
    for (std::size_t channel = panel * kLanes; channel < end; ++channel) {
      if (channel % kLanes == 0) weights = weight_->panel(channel / kLanes, scratch);
      const std::size_t begin = channel / made * fed;
      for (std::size_t at = first; at < last; ++at) {
        const float* weight = weights + channel % kLanes;
        float sum = bias_.empty() ? 0.0f : bias_[channel];
        for (std::size_t y = 0; y < kernel_; ++y) {
          for (std::size_t x = 0; x < kernel_; ++x) {
            const float* from = input_of(at) + (y * width_ + x) * in_.channels + begin;
            for (std::size_t c = 0; c < fed; ++c, weight += kLanes) sum += from[c] * *weight;
          }
        }
        to[at * out.channels + channel] = sum;
      }
    }
  }

  Form in_;
  std::size_t kernel_, stride_, padding_, groups_, width_ = 0;
  std::unique_ptr<Matrix> weight_;
  std::vector<float> bias_, padded_;
};

enum class Pooling { largest, mean };

template <Pooling Kind>
class Pool2d : public Layer {
 public:
  Pool2d(const Object& object, const Form& in, Source&)
      : Layer(form(object, in)),
        in_(in),
        rows_(side(object, in.height)),
        columns_(side(object, in.width)),
        stride_(object.whole("stride", 1, kMost, rows_)) {}

  void run(const float* from, float* to, Context&) override {
    const std::size_t channels = in_.channels;
    for (std::size_t y = 0; y < out.height; ++y) {
      for (std::size_t x = 0; x < out.width; ++x, to += channels) {
        const float* corner = from + (y * stride_ * in_.width + x * stride_) * channels;
        std::copy_n(corner, channels, to);
        for (std::size_t at = 1; at < rows_ * columns_; ++at) {
          const float* one = corner + (at / columns_ * in_.width + at % columns_) * channels;
          for (std::size_t c = 0; c < channels; ++c) {
            const bool larger = one[c] > to[c] || one[c] != one[c];  // NaN stays
            to[c] = Kind == Pooling::mean ? to[c] + one[c] : larger ? one[c] : to[c];
          }
        }
        const auto count = static_cast<float>(rows_ * columns_);
        for (std::size_t c = 0; Kind == Pooling::mean && c < channels; ++c) to[c] /= count;
      }
    }
  }

 private:
  static std::size_t side(const Object& object, std::size_t all) {
    return object.has("window") ? object.whole("window", 1, kMost) : all;
  }
  static Form form(const Object& object, const Form& in) {
    const std::size_t rows = side(object, in.height), columns = side(object, in.width),
                      stride = object.whole("stride", 1, kMost, rows);
    require(in.map && rows <= in.height && columns <= in.width, object, "window", in);
    return {in.channels, (in.height - rows) / stride + 1, (in.width - columns) / stride + 1, true};
  }

  Form in_;
  std::size_t rows_, columns_, stride_;  // of a window
};

}  // namespace

Makers convolution_layers() {
  return {{"conv", make<Convolution>},
          {"max_pool", make<Pool2d<Pooling::largest>>},
          {"mean_pool", make<Pool2d<Pooling::mean>>}};
}

}  // namespace laq::runtime
