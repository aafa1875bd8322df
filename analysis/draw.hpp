#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "analysis/chart_layout.hpp"

namespace laq::analysis {

/// Draws charts of this width (CSS pixels) with gnuplot and replaces in `folder` (which is made),
/// for each of them, NAME.svg, NAME.pdf, its table NAME.tsv and NAME.gp, which draws it again;
/// figures.tsv lists what is drawn and what is left out and why. Files of figures that an earlier
/// figures.tsv lists and that are drawn no more are removed. Nothing is written unless every figure
/// was drawn. Errors: gnuplot is not installed, or fails.
void write_charts(const Charts& charts, int width, const std::filesystem::path& folder);

/// Draws one chart into a file, whose name ends in .svg or .pdf. Errors as above; (usage) another
/// ending.
void write_chart(const Chart& chart, const std::filesystem::path& file);

/// Draws charts for a page that holds them all, in their order: HTML with two SVGs each, of which
/// the page's style shows the one that fits the screen. Errors as above.
std::vector<std::string> inline_figures(const std::vector<Chart>& charts);

/// Has gnuplot draw a script of this folder as "svg", "pdf" or both, and waits for it. Errors: it
/// is not installed (with the name of Debian's package), or it fails (with the first line of what
/// it said).
void run_gnuplot(const std::string& script, const std::vector<std::string>& forms,
                 const std::filesystem::path& folder);

/// The commands of a chart as a file that gnuplot draws whole.
std::string script_of(const Chart& chart, const Drawing& drawing);

/// An SVG document as gnuplot writes it, made fit for a page with others: no XML declaration, a
/// role, a title and description for people who cannot see it, and identifiers that begin with
/// `name`, which no other figure has.
std::string fit_for_page(std::string svg, const Chart& chart, const std::string& name);

/// A PDF with the date of its making set to 1970, so that the same figure gives the same bytes.
std::string without_date(const std::string& pdf);

/// Text for HTML and XML, in content and in quoted attributes: valid UTF-8, without control
/// characters.
std::string escaped_html(const std::string& text);

}  // namespace laq::analysis
