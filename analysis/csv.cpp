#include <fmt/format.h>

#include "analysis/render.hpp"
#include "analysis/wording.hpp"
#include "core/text.hpp"

namespace laq::analysis {
namespace {

std::string line(const std::vector<std::string>& fields) {
  std::vector<std::string> all;
  for (const auto& field : fields) all.push_back(quoted_field(field, ','));
  return join(all, ",") + "\n";
}

// The shortest text that reads back as the same number; empty for none.
std::string number(std::optional<double> value) {
  return value ? fmt::format("{}", *value) : "";
}

std::string flag(bool value) {
  return value ? "true" : "false";
}

std::vector<std::string> fields(const Table& table, const Row& row, std::size_t column) {
  const Entry& entry = row.entries[column];
  const auto& paper = entry.paper;
  std::vector<std::string> all = {table.name,
                                  table.profile,
                                  flag(table.paper_protocol),
                                  table.columns[column].experiment,
                                  table.columns[column].dataset,
                                  row.method,
                                  row.title};
  for (const auto& [axis, value] : row.point) all.push_back(value);
  for (const auto& [axis, value] : table.columns[column].point) all.push_back(value);
  std::vector<std::string> folders, reasons;
  for (const auto& run : entry.cell.results) folders.push_back(run.folder.generic_string());
  for (const auto& run : entry.cell.missing) {
    reasons.push_back(fmt::format("seed {}: {}", run.seed, run.reason));
  }
  const std::optional<double> mean =
      entry.ours.n > 0 ? std::optional(entry.ours.mean) : std::nullopt;
  all.insert(all.end(), {metric_name(table.columns[column].metric), std::to_string(entry.ours.n),
                         std::to_string(entry.cell.planned()), number(mean), number(entry.ours.sd),
                         paper ? paper->text : "", paper ? flag(paper->checked) : "",
                         number(entry.difference), flag(entry.best), number(entry.cell.step_ms()),
                         entry.cell.step_ms() ? flag(entry.cell.disturbed()) : "",
                         number(entry.cell.rounds()), number(entry.cell.best_epoch())});
  if (const auto& size = entry.size) {
    all.insert(all.end(), {std::to_string(size->bits), number(size->bytes()),
                           number(size->float_bytes()), number(size->compression())});
  } else {
    all.resize(all.size() + 4);
  }
  all.insert(all.end(), {join(folders, ";"), join(reasons, "; ")});
  return all;
}

}  // namespace

std::string csv(const Table& table) {
  std::vector<std::string> head = {"sweep",   "profile", "paper_protocol", "experiment",
                                   "dataset", "method",  "title"};
  head.insert(head.end(), table.axes.begin(), table.axes.end());
  head.insert(head.end(), table.column_axes.begin(), table.column_axes.end());
  head.insert(head.end(),
              {"metric", "n", "planned", "mean", "sd", "paper", "paper_checked", "difference",
               "best", "step_ms", "step_disturbed", "rounds", "best_epoch", "bits", "bytes",
               "float_bytes", "compression", "runs", "missing"});
  std::string text = line(head);
  for (const auto& row : table.rows) {
    for (std::size_t c = 0; c < row.entries.size(); ++c) text += line(fields(table, row, c));
  }
  return text;
}

}  // namespace laq::analysis
