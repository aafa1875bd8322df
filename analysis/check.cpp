#include "analysis/check.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/math/distributions/normal.hpp>
#include <cmath>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>

#include "analysis/wording.hpp"
#include "core/error.hpp"
#include "core/files.hpp"
#include "core/text.hpp"

namespace laq::analysis {
namespace fs = std::filesystem;
using Json = nlohmann::json;
namespace {

constexpr double kLevel = 0.95;
constexpr double kLossShare = 0.01;  // of a loss: the spread of a single run
constexpr std::size_t kMostNamed = 5;

/// A cell that has another figure beside it.
struct Cell {
  const Row& row;
  const Column& column;
  const Entry& entry;

  Finding finding(Verdict verdict, const std::string& words, const std::string& facts,
                  std::optional<double> limit = {}) const {
    const std::string name = row_name(row) + ", " + column.title;
    return {verdict, name, fmt::format("{:<27}{}: {}", words, name, facts), limit};
  }
};

/// The other figure.
struct Other {
  std::string text;  ///< "paper 1.15†", "reference 1.57 (n = 1)"
  double value = 0;
  int digits = 2;  ///< one more than are printed, to show on which side of the limit a mean is
};

Finding judge(const Cell& cell, const Other& other, std::optional<double> limit,
              const std::string& good_word) {
  const Summary& ours = cell.entry.ours;
  if (ours.n < cell.entry.planned()) {
    return cell.finding(ours.n > 0 ? Verdict::unfinished : Verdict::missing,
                        ours.n > 0 ? "unfinished" : "missing",
                        fmt::format("{} runs, {}; {}", count_text(cell.entry), other.text,
                                    join(missing_seeds(cell.entry.runs), "; ")));
  }
  const std::string numbers =
      fmt::format("ours {} (n = {}), {}", fixed(ours.mean, other.digits), ours.n, other.text);
  if (!limit)
    return cell.finding(Verdict::not_judged, "not judged", numbers + "; one run has no spread");
  const double difference = ours.mean - other.value;
  const std::string reach = fixed(*limit, other.digits);
  if (std::abs(difference) <= *limit * (1 + 1e-9))  // decimals are not exact in binary
    return cell.finding(Verdict::consistent, good_word, numbers + ", within " + reach, limit);
  return cell.finding(Verdict::off, "off by " + signed_fixed(difference, other.digits),
                      numbers + ", allowed " + reach, limit);
}

/// The findings of all cells of which `judge` finds something.
std::vector<Finding> findings(const Table& table,
                              const std::function<std::optional<Finding>(const Cell&)>& judge) {
  std::vector<Finding> all;
  for (const auto& row : table.rows) {
    for (std::size_t c = 0; c < row.entries.size(); ++c) {
      if (auto one = judge({row, table.columns[c], row.entries[c]})) all.push_back(*one);
    }
  }
  return all;
}

Check with_print(const Table& table) {
  const auto of = [](const Cell& cell) -> std::optional<Finding> {
    const auto& paper = cell.entry.paper;
    if (!paper) return std::nullopt;
    const Other other{fmt::format("paper {}{}", paper->text, paper->checked ? "" : "†"),
                      paper->value, paper->decimals + 1};
    const double seen = grid_spread(cell.column.grid, false);
    return judge(cell, other, tolerance(with_spread(cell.entry.ours, seen), *paper),
                 "consistent with the print");
  };
  return {"the print", train::facts(table.paper->metric).unit, false, findings(table, of)};
}

// Means of a table that was kept, by the folder of their configuration.
std::map<std::string, Summary> kept_means(const fs::path& file) {
  std::map<std::string, Summary> all;
  try {
    const Json kept = Json::parse(read_file(file));
    for (const auto& row : kept.at("rows")) {
      for (const auto& cell : row.at("cells")) {
        std::vector<double> values;
        for (const auto& run : cell.at("runs")) values.push_back(run.at("value"));
        if (values.empty()) continue;
        all[configuration_of(cell.at("runs").at(0).at("folder").get<std::string>())] =
            summarize(values);
      }
    }
  } catch (const Json::exception& error) {
    throw Error({.what = fmt::format("is not a table: {}", first_line(error.what())),
                 .where = file.string(),
                 .expected = "what laq table --format json writes"});
  }
  return all;
}

Check with_reference(const Table& table, const fs::path& file) {
  const auto kept = kept_means(file);
  const auto of = [&](const Cell& cell) -> std::optional<Finding> {
    const Entry& entry = cell.entry;
    if (entry.runs.empty()) return std::nullopt;
    const auto found = kept.find(configuration_of(entry.runs.front()->folder));
    if (found == kept.end()) {
      return cell.finding(Verdict::not_judged, "not judged",
                          "the reference has no run of this configuration");
    }
    const Summary& reference = found->second;
    const int digits = cell.column.decimals + 1;
    const Other other{
        fmt::format("reference {} (n = {})", fixed(reference.mean, digits), reference.n),
        reference.mean, digits};
    return judge(cell, other, reference_tolerance(entry.ours, reference, cell.column, kept.size()),
                 "reproduced");
  };
  const auto metric = table.metric();
  return {"the reference " + file.generic_string(),
          metric ? train::facts(*metric).unit : "of their units", true, findings(table, of)};
}

}  // namespace

std::optional<double> tolerance(const Summary& ours, const Figure& paper) {
  const auto reach = prediction_reach(ours, kLevel);
  return reach ? std::optional(*reach + paper.unit() / 2) : std::nullopt;
}

double reference_tolerance(const Summary& ours, const Summary& reference, const Column& column,
                           std::size_t cells) {
  // A picture is the least that can be told apart.
  const double p = std::clamp(reference.mean, column.grid, 100 - column.grid);
  double spread = column.metric == Metric::test_error ? std::sqrt(p * (100 - p) * column.grid / 100)
                                                      : kLossShare * reference.mean;
  spread = std::max({spread, ours.sd.value_or(0), reference.sd.value_or(0)});
  const auto n = static_cast<double>(std::max<std::size_t>(ours.n, 1));
  const auto m = static_cast<double>(std::max<std::size_t>(reference.n, 1));
  const auto k = static_cast<double>(std::max<std::size_t>(cells, 1));
  const double z = quantile(complement(boost::math::normal(), (1 - kLevel) / (2 * k)));
  return z * spread * std::sqrt(1 / n + 1 / m);
}

std::size_t Check::count(Verdict verdict) const {
  return static_cast<std::size_t>(std::ranges::count(findings, verdict, &Finding::verdict));
}

bool Check::good() const {
  const std::size_t open = of_reference ? count(Verdict::not_judged) : 0;
  return count(Verdict::consistent) > 0 && count(Verdict::consistent) + open == findings.size();
}

std::string Check::verdict() const {
  double low = 0, high = 0;
  std::vector<std::string> off;
  for (const auto& finding : findings) {
    if (finding.verdict == Verdict::off) off.push_back(finding.cell);
    if (!finding.limit) continue;
    low = high == 0 ? *finding.limit : std::min(low, *finding.limit);
    high = std::max(high, *finding.limit);
  }
  std::string text = fmt::format("{}{} of {} cells consistent with {}",
                                 !of_reference ? ""
                                 : good()      ? "Reproduced: "
                                               : "Not reproduced: ",
                                 count(Verdict::consistent), findings.size(), other);
  if (high > 0) text += fmt::format(", each within {:.2g} to {:.2g} {}", low, high, unit);
  text += fmt::format("; {} off", off.size());
  if (!off.empty()) text += " (" + join_few(off, kMostNamed) + ")";
  text += fmt::format(", {} not judged, ", count(Verdict::not_judged));
  if (const std::size_t n = count(Verdict::unfinished)) text += fmt::format("{} unfinished, ", n);
  return text + fmt::format("{} missing.", count(Verdict::missing));
}

std::string Check::text() const {
  std::string text;
  for (const auto& finding : findings) text += finding.line + "\n";
  return text + verdict() + "\n";
}

fs::path reference_of(const fs::path& configs, const Table& table) {
  const fs::path file = configs / "reference" / (table.name + ".json");
  std::error_code ignored;
  return fs::exists(file, ignored) ? file : fs::path();
}

std::optional<Check> check(const Table& table, const fs::path& reference) {
  if (table.of_the_paper() && table.has_figures()) return with_print(table);
  if (reference.empty()) return std::nullopt;
  return check_against(table, reference);
}

std::optional<Check> check_against(const Table& table, const fs::path& reference) {
  Check kept = with_reference(table, reference);
  const bool none = kept.count(Verdict::not_judged) == kept.findings.size();
  return none ? std::nullopt : std::optional(std::move(kept));
}

void refuse_check(const Table& table) {
  const std::string where = fmt::format("sweep {}, {}", table.name, table.profile_title);
  if (!table.of_the_paper()) {
    throw usage_error({.what = "--check compares with the paper, but this is not its protocol",
                       .where = where,
                       .found = join(table.departures, "; "),
                       .expected = "a profile with paper_protocol: true and nothing changed",
                       .advice = "pass --profile paper, or a table that was kept with --against"});
  }
  throw usage_error({.what = "--check has nothing to compare",
                     .where = where,
                     .found = "no cell with a figure in the paper",
                     .expected = "a sweep with 'table:' and a dataset with 'paper_column:'"});
}

}  // namespace laq::analysis
