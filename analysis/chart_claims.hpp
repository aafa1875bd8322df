#pragma once

#include "analysis/chart.hpp"
#include "analysis/claims.hpp"

namespace laq::analysis {

/// The heading of the figure of the claims.
inline constexpr const char* kClaimsKind = "Claims at a glance";

/// All comparisons of a report in one figure, grouped by claim, with a panel for each data set: the
/// mean difference and its interval beside what the claim allows. The unit is the comparison's own
/// limit, or the margin of a tie where the limit is 0. Left out when no comparison has a value.
Charts claims_charts(const ClaimReport& report);

}  // namespace laq::analysis
