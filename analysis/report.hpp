#pragma once

#include <filesystem>
#include <string>

#include "sweep/plan.hpp"

namespace laq::analysis {

/// One self-contained HTML page from the records of a sweep's runs: tables, claims, figures,
/// configuration and provenance. It asks for nothing outside itself, and every number links to the
/// runs it is made of. Errors: gnuplot is not installed; those of `make_table` and `judge_claims`.
std::string html_report(const sweep::Plan& plan, const std::filesystem::path& configs);

}  // namespace laq::analysis
