#include "kernels/lstm.hpp"

#include "kernels/lstm_step.hpp"

namespace laq::kernels {
namespace {

template <typename Step, typename Work>
void for_units(const Step& step, const Work& work) {
  for (std::int64_t row = 0; row < step.batch; ++row) {
    for (std::int64_t unit = 0; unit < step.units; ++unit) work(step, row, unit);
  }
}

}  // namespace

template <typename T>
void lstm_step(const LstmForward<T>& step) {
  for_units(step, forward_at<T>);
}

template <typename T>
void lstm_step(const LstmBackward<T>& step) {
  for_units(step, backward_at<T>);
}

template void lstm_step<float>(const LstmForward<float>&);
template void lstm_step<double>(const LstmForward<double>&);
template void lstm_step<float>(const LstmBackward<float>&);
template void lstm_step<double>(const LstmBackward<double>&);

}  // namespace laq::kernels
