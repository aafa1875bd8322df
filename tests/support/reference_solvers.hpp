#pragma once

#include <vector>

#include "quant/sums.hpp"

// Slow, plain solutions of equation (1) that share no code with the solvers under test.

namespace laq::test {

/// The global minimum over all codes of all weights (k^n combinations): tiny n only.
double minimum_over_all_codes(const std::vector<double>& w, const std::vector<double>& d,
                              const quant::LevelSet& levels);

/// The global minimum over all breakpoints α = |w_i| / t_j, in long double.
double minimum_over_breakpoints(const std::vector<double>& w, const std::vector<double>& d,
                                const quant::LevelSet& levels);

/// The alternating solver as docs/mathematics.md writes it, with explicit codes, on one side: a
/// weight of the other sign is projected to 0. `codes`: the start, replaced by the result.
double alternate(const std::vector<double>& w, const std::vector<double>& d,
                 const quant::LevelSet& levels, quant::Side side, std::vector<int>& codes,
                 int& rounds);

/// TWN's codes for a level set, ±k where |w| > 0.7 mean|w|, on one side; when that side has none,
/// the mean is over its own magnitudes, the others counting as 0.
std::vector<int> twn_codes(const std::vector<double>& w, const quant::LevelSet& levels,
                           quant::Side side);

/// Σ d (w − α q_code)².
double objective_of(const std::vector<double>& w, const std::vector<double>& d,
                    const quant::LevelSet& levels, const std::vector<int>& codes, double alpha);

}  // namespace laq::test
