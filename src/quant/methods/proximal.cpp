#include <cstdlib>
#include <optional>

#include "quant/fitted.hpp"

namespace laq::quant {
namespace {

/// Minimises equation (1), Σ d_i (w_i − α b_i)², over a level set: the axes of docs/methods.md.
/// BinaryConnect, BWN, LAB, TWN, LATe, LATa, LAT2e, LAT2a and LAQ are points of it (Hou, Yao & Kwok
/// 2017; Hou & Kwok 2018), and so are rules that minimise nothing but have its levels (TWN, BitNet
/// b1.58).
class Proximal : public Fitted<ProximalFit> {
 public:
  explicit Proximal(ProximalFit fit, bool squared_curvature = false)
      : Fitted(std::move(fit)), squared_curvature_(squared_curvature) {}

  int scale_count() const override { return fit_.two_scales() ? 2 : 1; }
  int solver_state_size() const override { return searches_window() ? kMostPlaces : 0; }

  std::optional<double> level(int code) const override {
    if (std::abs(code) > fit_.levels.k() || (code == 0 && !fit_.levels.has_zero()))
      return std::nullopt;
    return fit_.levels.level(code);
  }

  std::shared_ptr<const Quantizer> exact() const override {
    ProximalFit fit = fit_;
    fit.solver = Solver::exact;
    const bool comes_near = fit.searches() && !fit_.searches() && discrete(0);
    return comes_near ? std::make_shared<Proximal>(fit, squared_curvature_) : nullptr;
  }

  bool squared_curvature() const override { return squared_curvature_; }
  bool discrete(double progress) const override { return fit_.annealing.discrete(progress); }
  bool replaces_latent() const override {
    const Relaxation kind = fit_.annealing.kind;
    return kind == Relaxation::proximal || kind == Relaxation::proximal_absolute;
  }

  Needs needs(const Group& group) const override {
    const bool alternates = fit_.solver == Solver::alternating && fit_.levels.has_zero();
    Needs needs{.curvature = fit_.curvature, .by_sign = fit_.two_scales()};
    needs.previous = alternates && !group.scales.empty() && !group.previous.empty();
    if ((needs.previous || searches_window()) && ScaleWindow::possible(group, fit_.levels))
      needs.window = {&fit_.levels, fit_.searches()};
    needs.magnitudes = !needs.window && !needs.previous;
    needs.signs = fit_.two_scales() && !fit_.levels.has_zero();
    return needs;
  }

  Codebook fit(Sums& sums) const override {
    Codebook codebook = Fitted::fit(sums);
    if (searches_window()) codebook.solver_state = sums.solver_state(codebook.scales);
    return codebook;
  }

 private:
  // A window finds the global minimum of ternary levels only.
  bool searches_window() const { return fit_.searches() && fit_.levels.k() == 1; }

  bool squared_curvature_;
};

enum class Curvature { adam, fisher, none };

Annealing read_annealing(config::Reader& section) {
  constexpr auto kAdded = config::Canonical::omit_default;
  Annealing annealing;
  annealing.kind = section.choice<Relaxation>("relaxation", Relaxation::none,
                                              {{"none", Relaxation::none},
                                               {"binary_relax", Relaxation::binary_relax},
                                               {"proxquant", Relaxation::proximal},
                                               {"parq", Relaxation::parq}},
                                              kAdded);
  if (annealing.kind == Relaxation::none) return annealing;
  annealing.discrete_from = section.real("discrete_from", 0.8, {0, 1});
  if (annealing.kind == Relaxation::parq) {
    annealing.strength = section.real("steepness", 10, {0.01, 100});
  } else if (annealing.kind == Relaxation::binary_relax) {
    annealing.strength = section.real("strength", 50, {1, 1e6});
  } else {
    annealing.strength = section.real("strength", 0.04, {0, 1e6});
    annealing.kind = section.choice<Relaxation>(
        "penalty", Relaxation::proximal,
        {{"squared", Relaxation::proximal}, {"absolute", Relaxation::proximal_absolute}});
  }
  return annealing;
}

// Whether the alternating solver's scale is the released code's.
bool read_released(config::Reader& section, LevelKind kind, Scaling scaling, Solver solver) {
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

std::shared_ptr<const Quantizer> make(config::Reader& section) {
  const auto kind = section.choice<LevelKind>("levels", {}, level_kind_names());
  if (kind == LevelKind::none) {
    for (const char* key :
         {"bits", "scaling", "curvature", "solver", "alpha_rule", "relaxation", "group"}) {
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
  const auto kind_of_curvature = section.choice<Curvature>(
      "curvature", Curvature::adam,
      {{"adam", Curvature::adam}, {"fisher", Curvature::fisher}, {"none", Curvature::none}});
  const bool curvature = kind_of_curvature != Curvature::none;
  auto solver = section.choice<Solver>("solver", Solver::exact,
                                       {{"exact", Solver::exact},
                                        {"alternating", Solver::alternating},
                                        {"heuristic", Solver::heuristic},
                                        {"absmean", Solver::absmean}});
  if (scaling == Scaling::unit && curvature) {
    section.refuse("curvature",
                   "changes nothing with scaling: unit, where the nearest level is optimal",
                   "set quantizer.curvature to none");
  }
  if (scaling == Scaling::unit && solver != Solver::exact) {
    section.refuse("solver", "has nothing to solve with scaling: unit",
                   "set quantizer.solver to exact");
  }
  if (solver == Solver::alternating && kind == LevelKind::binary) {
    section.refuse("solver", "has nothing to alternate with binary levels, whose scale is known",
                   "set quantizer.solver to exact");
  }
  if (solver == Solver::heuristic && kind != LevelKind::ternary) {
    section.refuse("solver", "heuristic is TWN's threshold, for ternary levels only",
                   "choose exact or alternating");
  }
  if (solver == Solver::absmean && (kind != LevelKind::ternary || scaling != Scaling::symmetric)) {
    section.refuse("solver", "absmean is BitNet b1.58's scale, one for ternary levels",
                   "choose exact or alternating");
  }
  if ((solver == Solver::heuristic || solver == Solver::absmean) && curvature) {
    section.refuse("solver",
                   solver == Solver::absmean ? "absmean does not use the curvature"
                                             : "heuristic does not use the curvature",
                   "set quantizer.curvature to none");
  }
  if (read_released(section, kind, scaling, solver)) solver = Solver::released;
  const Annealing annealing = read_annealing(section);
  if (annealing.kind != Relaxation::none && solver != Solver::exact &&
      solver != Solver::alternating) {
    section.refuse("relaxation", "tends to the nearest level, which this solver does not take",
                   "set quantizer.solver to exact, or to alternating with the minimiser");
  }
  if (annealing.kind != Relaxation::none && kind == LevelKind::binary &&
      scaling == Scaling::asymmetric) {
    section.refuse("relaxation",
                   "tends to the nearest level, but two scales of binary levels part at 0",
                   "set quantizer.scaling to symmetric");
  }
  return std::make_shared<Proximal>(
      ProximalFit{LevelSet::make(kind, bits), scaling, solver, curvature, annealing},
      kind_of_curvature == Curvature::fisher);
}

const RegisterMethod registered("proximal", make);

}  // namespace
}  // namespace laq::quant
