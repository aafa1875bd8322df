#pragma once

#include <string>
#include <vector>

#include "analysis/chart.hpp"
#include "analysis/claims.hpp"
#include "analysis/run_data.hpp"
#include "analysis/table.hpp"

/// Parts of the page that `html_report` writes.
namespace laq::analysis {

/// What the page is made of.
struct ReportSource {
  const sweep::Plan& plan;
  Table table;
  const SweepData& data;
  Charts charts;
  std::vector<std::string> figures;  ///< HTML of the drawn charts
  std::vector<ClaimReport> claims;
};

/// Where the page lists one run, by its index among the plan's jobs.
std::string run_anchor(std::size_t job);

/// All figures but those of the claims, as HTML.
std::string figures_html(const ReportSource& source);
/// The figures that share this heading, without it.
std::string figures_of_kind(const ReportSource& source, const std::string& kind);

/// What all runs share, what tells them apart, the runs, and where they come from.
std::vector<Block> configuration_blocks(const ReportSource& source);
std::vector<Block> run_blocks(const ReportSource& source);
std::vector<Block> provenance_blocks(const ReportSource& source);

}  // namespace laq::analysis
