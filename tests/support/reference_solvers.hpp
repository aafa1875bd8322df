#pragma once

#include <vector>

#include "quant/levels.hpp"

// Slow, plain solutions of equation (1) that share no code with the solvers under test.

namespace laq::test {

/// The global minimum over all codes of all weights (k^n combinations): tiny n only.
double minimum_over_all_codes(const std::vector<double>& w, const std::vector<double>& d,
                              const quant::LevelSet& levels);

/// The global minimum over all breakpoints α = |w_i| / t_j, in long double.
double minimum_over_breakpoints(const std::vector<double>& w, const std::vector<double>& d,
                                const quant::LevelSet& levels);

/// The alternating solver as PAPER.md writes it, with explicit codes. `codes`: the start, replaced
/// by the result.
double alternate(const std::vector<double>& w, const std::vector<double>& d,
                 const quant::LevelSet& levels, std::vector<int>& codes, int& rounds);

/// Σ d (w − α q_code)².
double objective_of(const std::vector<double>& w, const std::vector<double>& d,
                    const quant::LevelSet& levels, const std::vector<int>& codes, double alpha);

}  // namespace laq::test
