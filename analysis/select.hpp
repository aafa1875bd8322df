#pragma once

#include <string>
#include <vector>

#include "analysis/collect.hpp"

namespace laq::analysis {

/// Of the cells of a method and experiment that differ on axes other than `kept` leaves the one
/// with the best mean validation score, the first of equals, without those axes; the test score is
/// not looked at. Returns what was chosen, a sentence for each. Cells of which nothing is completed
/// are not chosen while another is.
std::vector<std::string> select_by_validation(const sweep::Plan& plan,
                                              const std::vector<std::string>& kept,
                                              std::vector<Cell>& cells);

}  // namespace laq::analysis
