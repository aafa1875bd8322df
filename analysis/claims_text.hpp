#pragma once

#include <string>
#include <vector>

#include "analysis/claims.hpp"
#include "analysis/sheet.hpp"

/// What the formats for people say in common about claims; plain Unicode text.
namespace laq::analysis {

/// The sweeps and their protocol, how many claims hold, and what was chosen.
std::string claim_source(const ClaimReport& report);
/// "mnist/late-7bc5d4b8/seed-1, 2; mnist/twn-03321d77/seed-1, 2".
std::string runs_text(const Comparison& comparison);
/// "< 0.001" or "0.032"; "" for none.
std::string p_text(const std::optional<double>& p);
/// Titles of all data sets that a claim of the report is judged on, in order.
std::vector<std::string> datasets_of(const ClaimReport& report);
/// "supported", "supported (provisional; 2 runs diverged)".
std::string ruling_text(const Ruling& ruling);
/// Reason and note of a comparison.
std::string remarks(const Comparison& comparison);

/// For a terminal.
std::string claims_plain(const ClaimReport& report);
/// As people read them, on paper or on a page, where the cells of runs link to them by
/// `run_anchor`.
Document claims_document(const ClaimReport& report);
/// Where a page has a claim.
std::string claim_anchor(const ClaimReport& report, const Claim& claim);

}  // namespace laq::analysis
