#pragma once

#include <filesystem>
#include <string>

#include "analysis/table.hpp"

namespace laq::analysis {

/// One self-contained HTML page of a sweep: its table, claims, figures, configuration and
/// provenance. It asks for nothing outside itself, and every number links to the runs it is made
/// of. Errors: gnuplot is not installed; those of `judge_claims`.
std::string html_report(const Table& table, const std::filesystem::path& configs);

// Parts of the page.

/// Where the page lists one run, by its index among the plan's jobs.
std::string run_anchor(std::size_t job);

/// What all runs share and what tells them apart; the runs; where they come from.
Block configuration_block(const Table& table);
Block run_block(const Table& table);
Block provenance_block(const Table& table);

}  // namespace laq::analysis
