#pragma once

#include <variant>

#include "quant/methods/dorefa.hpp"
#include "quant/methods/learned_step.hpp"
#include "quant/methods/lq_nets.hpp"
#include "quant/methods/proximal.hpp"
#include "quant/methods/ttq.hpp"

namespace laq::quant {

/// The fit of a built-in method. `operator()(S& sums, Book& book)` asks a group's sums (the
/// functions of `Sums`) and adds to a codebook (those of `Codebook`). It holds no containers and is
/// compiled for a GPU, too, where all threads of a team run it and S adds up over the team.
struct DeviceFit
    : std::variant<std::monostate, ProximalFit, TtqFit, DorefaFit, LearnedStepFit, LqNetsFit> {
  using variant::variant;
};

}  // namespace laq::quant
