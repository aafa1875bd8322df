#pragma once

#include <string>
#include <vector>

#include "analysis/claims.hpp"
#include "analysis/sheet.hpp"

/// What the formats for people say in common about claims; plain Unicode text.
namespace laq::analysis {

/// "Claims: quick profile, NOT the paper's protocol".
std::string claim_heading(const ClaimReport& report);
/// "Sweeps quick, bits; this is not the paper's protocol (small networks)."
std::string claim_source(const ClaimReport& report);
/// "mnist/late-7bc5d4b8/seed-1, 2; mnist/twn-03321d77/seed-1, 2".
std::string runs_text(const Comparison& comparison);
/// "< 0.001" or "0.032"; "" for none.
std::string p_text(const std::optional<double>& p);
/// Titles of all data sets that a claim of the report is judged on, in order.
std::vector<std::string> datasets_of(const ClaimReport& report);
/// The ruling on a data set; null when the claim is not about it.
const Ruling* ruling_on(const Claim& claim, const std::string& dataset);
/// "supported", "supported (provisional; 2 runs diverged)".
std::string ruling_text(const Ruling& ruling);
/// Reason and note of a comparison.
std::string remarks(const Comparison& comparison);

std::string claims_plain(const std::vector<ClaimReport>& reports);
/// As people read them, on paper or on a page, where the cells of runs link to them by
/// `run_anchor`.
Document claims_document(const ClaimReport& report);
/// Where a page has a claim.
std::string claim_anchor(const ClaimReport& report, const Claim& claim);
std::string claims_json(const std::vector<ClaimReport>& reports);

}  // namespace laq::analysis
