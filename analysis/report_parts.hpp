#pragma once

#include <string>
#include <vector>

#include "analysis/chart.hpp"
#include "analysis/claims.hpp"
#include "analysis/run_data.hpp"
#include "analysis/table.hpp"

/// The sections of the page that `html_report` writes: HTML each, "" for one that has nothing to
/// say.
namespace laq::analysis {

/// What the page is made of.
struct ReportSource {
  const sweep::Plan& plan;
  Table table;
  SweepData data;
  Charts charts;
  std::vector<std::string> figures;  ///< HTML of the drawn charts
  std::vector<ClaimReport> claims;
};

/// Where the page lists the runs of a series, and one run, by their index among the plan's jobs.
std::string series_anchor(std::size_t first_job);
std::string run_anchor(std::size_t job);

/// "12 runs planned: 10 completed, 1 diverged, 1 not run."
std::string counts_html(const ReportSource& source);
/// What the reader must know before the numbers; "" for complete runs of the paper's protocol.
std::string banner_html(const ReportSource& source);
std::string results_html(const ReportSource& source);
std::string missing_html(const ReportSource& source);
std::string training_html(const ReportSource& source);
std::string claims_html(const ReportSource& source);
/// All figures but those of the claims, which `claims_html` shows.
std::string figures_html(const ReportSource& source);
/// The figures that share this heading, without it.
std::string figures_of_kind(const ReportSource& source, const std::string& kind);
std::string configuration_html(const ReportSource& source);
std::string runs_html(const ReportSource& source);
std::string provenance_html(const ReportSource& source);

}  // namespace laq::analysis
