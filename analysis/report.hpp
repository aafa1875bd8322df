#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "analysis/table.hpp"

namespace laq::analysis {

/// One self-contained HTML page of a sweep: its table, claims, figures, configuration and
/// provenance. It asks for nothing outside itself, and every number links to the runs it is made
/// of. Errors: gnuplot is not installed; those of `make_table` and `judge_claims`.
std::string html_report(std::shared_ptr<const SweepData> data, const Table& table,
                        const std::filesystem::path& configs);
std::string html_report(const sweep::Plan& plan, const std::filesystem::path& configs);

}  // namespace laq::analysis
