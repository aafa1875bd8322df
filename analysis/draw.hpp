#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "analysis/chart.hpp"

namespace laq::analysis {

/// Draws charts with gnuplot and replaces in `folder` (which is made), for each of them, NAME.svg,
/// NAME.pdf, its tables and NAME.gp, which draws it again; figures.tsv lists what is drawn and what
/// is left out and why. Files of figures that an earlier figures.tsv lists and that are drawn no
/// more are removed. Nothing is written unless every figure was drawn. Errors: gnuplot is not
/// installed, or fails.
void write_charts(const Charts& charts, const std::filesystem::path& folder);

/// Draws one chart into a file, whose name ends in .svg or .pdf. Errors as above; (usage) another
/// ending.
void write_chart(const Chart& chart, const std::filesystem::path& file);

/// Draws charts as SVG, in their order, for a page that holds them all: identifiers are prefixed
/// with the chart's name, and title and description are set. Errors as above.
std::vector<std::string> inline_svgs(const std::vector<Chart>& charts);

/// The commands of a chart as a file that gnuplot draws whole.
std::string script_of(const Chart& chart);

/// An SVG document as gnuplot writes it, made fit for a page with others: no XML declaration, a
/// role, a title and description for people who cannot see it, and identifiers that no other figure
/// has.
std::string fit_for_page(std::string svg, const Chart& chart);

}  // namespace laq::analysis
