#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "kernels/backend.hpp"
#include "optim/optimizer.hpp"

namespace laq::optim {

/// `ProximalAdam` by kernels (src/kernels): on a GPU without a wait for the host. A large layer's
/// update begins there as soon as the backward pass has its gradient, next to the backward pass of
/// the layers before it, and every backward pass must be followed by an `update`; on the CPU the
/// same kernels by one thread, for tests. A method that is host code is asked for its fit, whose
/// sums are brought to the host. Its state has the names, types and shapes of `ProximalAdam`'s, but
/// for what the solvers keep, so that a checkpoint of one device can be continued on another (not
/// bitwise). What is not finite shows in the loss.
class DeviceProximalAdam : public Optimizer {
 public:
  /// `small_group`: of up to so many weights each is looked at by one block.
  DeviceProximalAdam(const std::vector<nn::Parameter>& parameters,
                     const quant::Quantization& quantizer, const AdamOptions& options,
                     std::int64_t small_group = kernels::kSmallGroup);
  ~DeviceProximalAdam() override;

  void prepare(double learning_rate, Progress progress) override;
  void update() override;
  bool capturable() const override;
  std::vector<std::pair<std::string, at::Tensor>> state() const override;
  std::vector<LayerReport> report() override;
  /// Groups whose windows did not hold in the last step: they took passes of their own.
  std::int64_t windows_lost() const;

 private:
  struct Slot;
  struct Early;

  void make_slots(const std::vector<nn::Parameter>& parameters, std::int64_t small_group);
  void make_memory(Slot& slot);
  void make_tables();
  bool by_host() const;
  void use_stream();
  void set_step(std::int64_t steps);
  kernels::Plan plan_of(std::size_t first, std::size_t count) const;
  void move(std::size_t first, std::size_t count);
  void move_rest();
  void fit(std::size_t first, std::size_t count);
  void begin_early();
  bool joined_begin();
  void join_early();
  void fit_by_host(Slot& slot);
  void learn_by_host(Slot& slot, const at::Tensor& gradient);
  LayerReport report(std::size_t place);
  double gap(std::size_t place);

  quant::Quantization quantizer_;
  quant::DeviceFit fit_;
  AdamOptions options_;
  at::Device device_;
  std::unique_ptr<kernels::Backend> backend_;
  kernels::Settings settings_, small_settings_;
  kernels::Plan plan_;
  std::vector<int> codes_;
  std::vector<Slot> slots_;         // as the kernels have them: large ones first
  std::vector<std::size_t> order_;  // of the parameters, among the slots
  std::vector<kernels::Layer> layers_;
  std::vector<at::Tensor> gradients_;  // until the kernels that read them are queued
  std::unique_ptr<Early> early_;       // on a GPU
  at::Tensor layer_table_, tile_table_, large_table_, small_table_, step_, shared_;
};

}  // namespace laq::optim
