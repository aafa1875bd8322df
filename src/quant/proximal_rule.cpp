#include <cmath>
#include <optional>

#include "core/parallel.hpp"
#include "quant/passes.hpp"
#include "quant/proximal_pass.hpp"
#include "quant/rule.hpp"
#include "quant/window_kernel.hpp"

namespace laq::quant {
namespace {

/// Minimises equation (1), Σ d_i (w_i − α b_i)², over a level set: the axes of DESIGN.md.
/// BinaryConnect, BWN, LAB, TWN, LATe, LATa, LAT2e, LAT2a and LAQ are points of it (Hou, Yao & Kwok
/// 2017; Hou & Kwok 2018).
class ProximalRule : public Rule {
 public:
  explicit ProximalRule(ProximalAxes axes) : axes_(std::move(axes)) {}

  int scale_count() const override { return axes_.scaling == Scaling::asymmetric ? 2 : 1; }
  int carried_count() const override {
    return axes_.solver == Solver::exact && axes_.levels.has_zero() && axes_.levels.k() == 1
               ? kMostPlaces
               : 0;
  }
  bool uses_curvature() const override { return axes_.curvature; }
  Formula formula() const override { return axes_; }

  std::optional<double> level(int code) const override {
    if (std::abs(code) > axes_.levels.k() || (code == 0 && !axes_.levels.has_zero()))
      return std::nullopt;
    return axes_.levels.level(code);
  }

  std::shared_ptr<const Rule> exact() const override {
    const bool finds =
        axes_.solver == Solver::exact || axes_.scaling == Scaling::unit || !axes_.levels.has_zero();
    if (finds) return nullptr;
    ProximalAxes axes = axes_;
    axes.solver = Solver::exact;
    return std::make_shared<ProximalRule>(std::move(axes));
  }

  std::unique_ptr<FirstPass> first_pass(const Group& group) const override {
    return proximal_pass(axes_, group);
  }

  StepFunction fit(const Group& group) const override {
    const auto pass = first_pass(group);
    for_cache_blocks(group.latent.size(), [&](std::size_t begin, std::size_t count) {
      pass->add(begin, count, curvature_at(group, begin));
    });
    return pass->finish([] {});
  }

 private:
  ProximalAxes axes_;
};

// Whether the alternating solver's scale is the released code's.
bool read_released(config::Section& section, LevelKind kind, Scaling scaling, Solver solver) {
  const auto refuse = [&](const char* what, const char* advice) {
    section.refuse("alpha_rule", what, advice);
  };
  if (section.has("alpha_rule") && kind != LevelKind::linear && kind != LevelKind::log)
    refuse("has a meaning with linear and log levels only", "remove it");
  if (section.has("alpha_rule") && solver != Solver::alternating)
    refuse("is a choice of the alternating solver",
           "remove it, or set quantizer.solver to alternating");
  const bool released =
      section.choice<bool>("alpha_rule", false, {{"minimiser", false}, {"released", true}},
                           config::Canonical::omit_default);
  if (released && scaling != Scaling::symmetric)
    refuse("released is known for one scale only", "set quantizer.scaling to symmetric");
  return released;
}

std::shared_ptr<const Rule> make(config::Section& section) {
  const auto kind = section.choice<LevelKind>("levels", {}, level_kind_names());
  if (kind == LevelKind::none) {
    for (const char* key : {"bits", "scaling", "curvature", "solver", "alpha_rule", "group"}) {
      if (section.has(key)) section.refuse(key, "has no meaning with levels: none", "remove it");
    }
    return nullptr;
  }
  int bits = 2;
  if (kind == LevelKind::linear || kind == LevelKind::log) {
    bits = static_cast<int>(section.integer("bits", {}, {2, 8}));
  } else if (section.has("bits")) {
    section.refuse("bits", "has no meaning with binary or ternary levels",
                   "remove it, or set quantizer.levels to linear or log");
  }
  const auto scaling = section.choice<Scaling>("scaling", Scaling::symmetric,
                                               {{"unit", Scaling::unit},
                                                {"symmetric", Scaling::symmetric},
                                                {"asymmetric", Scaling::asymmetric}});
  const bool curvature = section.choice<bool>("curvature", true, {{"adam", true}, {"none", false}});
  auto solver = section.choice<Solver>("solver", Solver::exact,
                                       {{"exact", Solver::exact},
                                        {"alternating", Solver::alternating},
                                        {"heuristic", Solver::heuristic}});
  if (scaling == Scaling::unit && curvature) {
    section.refuse("curvature",
                   "changes nothing with scaling: unit, where the nearest level is optimal",
                   "set quantizer.curvature to none");
  }
  if (scaling == Scaling::unit && solver != Solver::exact) {
    section.refuse("solver", "has nothing to solve with scaling: unit",
                   "set quantizer.solver to exact");
  }
  if (solver == Solver::heuristic && kind != LevelKind::ternary) {
    section.refuse("solver", "heuristic is TWN's threshold, for ternary levels only",
                   "choose exact or alternating");
  }
  if (solver == Solver::heuristic && curvature) {
    section.refuse("solver", "heuristic does not use the curvature",
                   "set quantizer.curvature to none");
  }
  if (read_released(section, kind, scaling, solver)) solver = Solver::released;
  return std::make_shared<ProximalRule>(
      ProximalAxes{LevelSet::make(kind, bits), scaling, solver, curvature});
}

const RegisterRule registered("proximal", make);

}  // namespace
}  // namespace laq::quant
