#pragma once

#include <ATen/record_function.h>

#include <string_view>

namespace laq::test {

namespace detail {
inline thread_local int brought_to_host = 0;

inline std::unique_ptr<at::ObserverContext> count_host_read(const at::RecordFunction& function) {
  const std::string_view name = function.name();
  if (name == "aten::_local_scalar_dense" || name == "aten::nonzero") ++brought_to_host;
  return nullptr;
}
}  // namespace detail

/// How many values `work` brings to the host. On a GPU each would wait for the device, and could
/// not be captured in a graph.
template <typename Work>
int host_reads(const Work& work) {
  const auto handle =
      at::addThreadLocalCallback(at::RecordFunctionCallback(detail::count_host_read));
  detail::brought_to_host = 0;
  work();
  at::removeCallback(handle);
  return detail::brought_to_host;
}

}  // namespace laq::test
