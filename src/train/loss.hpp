#pragma once

// LibTorch's headers take long to read, and who only names a loss does not need them.
namespace at {
class Tensor;
}

namespace laq::train {

enum class Loss { squared_hinge, cross_entropy };

/// `output`: n × classes; `labels`: n, int64. A scalar.
at::Tensor loss(Loss kind, const at::Tensor& output, const at::Tensor& labels);

/// Squared hinge loss on ±1 one-vs-all targets, mean over batch and classes (docs/mathematics.md):
/// mean of max(0, 1 − t·y)².
at::Tensor squared_hinge(const at::Tensor& output, const at::Tensor& labels);

/// Cross-entropy of softmax outputs in nats, mean over the outputs (docs/mathematics.md).
at::Tensor cross_entropy(const at::Tensor& output, const at::Tensor& labels);

}  // namespace laq::train
