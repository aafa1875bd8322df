#pragma once

#include <memory>

#include "quant/formula.hpp"
#include "quant/rule.hpp"

namespace laq::quant {

/// The fit of one group. `axes` and the group's memory must outlive it.
std::unique_ptr<FirstPass> proximal_pass(const ProximalAxes& axes, const Group& group);

}  // namespace laq::quant
