#include <fmt/format.h>

#include <functional>

#include "analysis/json_values.hpp"
#include "analysis/table.hpp"
#include "core/text.hpp"

namespace laq::analysis {

static void to_json(Json& json, const Figure& figure) {
  json = {{"value", figure.value},
          {"text", figure.text},
          {"decimals", figure.decimals},
          {"checked", figure.checked}};
}

namespace {

// Everything that is known of a cell: what JSON has of it, and CSV in a line.
Json entry_values(const Column& column, const Entry& entry) {
  Json runs = Json::array(), missing = Json::array();
  for (const auto* run : entry.runs) {
    const std::string folder = run->folder.generic_string();
    if (run->completed()) {
      runs.push_back({{"seed", run->seed},
                      {"value", run->value},
                      {"valid", run->valid},
                      {"step_ms", run->step_ms},
                      {"step_disturbed", run->disturbed},
                      {"machine", run->machine},
                      {"rounds", run->rounds},
                      {"best_epoch", run->final_number("best_epoch")},
                      {"folder", folder}});
    } else {
      missing.push_back({{"seed", run->seed},
                         {"state", run->short_why()},
                         {"reason", run->why()},
                         {"folder", folder}});
    }
  }
  const auto value = [&](const char* name) {
    return measure(entry, name, column.metric).known_mean();
  };
  const auto size = [&](auto of) {
    return entry.size ? Json(std::invoke(of, *entry.size)) : Json();
  };
  Json all = {{"experiment", entry.job ? entry.job->run.request.experiment : column.experiment},
              {"dataset", entry.job ? entry.job->run.dataset.name : column.dataset},
              {"metric", metric_name(column.metric)},
              {"n", entry.ours.n},
              {"planned", entry.planned()},
              {"mean", entry.ours.known_mean()},
              {"sd", entry.ours.sd},
              {"valid_mean", entry.valid.known_mean()},
              {"valid_sd", entry.valid.sd},
              {"chosen", entry.chosen},
              {"paper", entry.paper},
              {"difference", entry.difference},
              {"best", entry.best},
              {"step_ms", entry.step_ms},
              {"step_disturbed", entry.disturbed},
              {"rounds", value("rounds")},
              {"best_epoch", value("best_epoch")},
              {"weights", size(&ModelSize::weights)},
              {"bits", size(&ModelSize::bits)},
              {"scales", size(&ModelSize::scales)},
              {"bytes", size(&ModelSize::bytes)},
              {"float_bytes", size(&ModelSize::float_bytes)},
              {"compression", size(&ModelSize::compression)},
              {"hash", entry.job ? entry.job->run.hash : ""},
              {"grid", column.grid}};
  for (const auto& name : {"test_error", "valid_error", "test_loss", "valid_loss", "seconds"}) {
    if (const Summary found = measure(entry, name, column.metric); found.n > 0)
      all[name] = found.mean;
  }
  if (entry.file_bytes) all["file_bytes"] = *entry.file_bytes;
  all["runs"] = std::move(runs);
  all["missing"] = std::move(missing);
  return all;
}

Json point_values(const Point& point) {
  Json values = Json::object();
  for (const auto& [axis, value] : point) {
    if (axis != "experiment") values[axis] = value;
  }
  return values;
}

Json provenance(const Origin& origin) {
  return {{"versions", origin.versions}, {"commits", origin.commits},   {"cpus", origin.cpus},
          {"threads", origin.threads},   {"libtorch", origin.libtorch}, {"blas", origin.blas},
          {"devices", origin.devices},   {"hosts", origin.hosts},       {"times", origin.times}};
}

Json values(const Table& table) {
  Json columns = Json::array(), rows = Json::array();
  for (const auto& column : table.columns) {
    columns.push_back({{"experiment", column.experiment},
                       {"point", point_values(column.point)},
                       {"absent_files", column.absent},
                       {"title", column.title},
                       {"dataset", column.dataset},
                       {"metric", metric_name(column.metric)},
                       {"paper_column", column.paper_column}});
  }
  for (const auto& row : table.rows) {
    Json cells = Json::array();
    for (std::size_t c = 0; c < row.entries.size(); ++c)
      cells.push_back(entry_values(table.columns[c], row.entries[c]));
    rows.push_back({{"method", row.method},
                    {"title", row.title},
                    {"point", point_values(row.point)},
                    {"block", row.block},
                    {"cells", std::move(cells)}});
  }
  const Json paper =
      table.paper ? Json{{"table", table.paper->name}, {"source", table.paper->source}} : Json();
  return {{"sweep", table.name},
          {"title", table.title},
          {"profile", table.profile},
          {"profile_title", table.profile_title},
          {"paper_protocol", table.of_the_paper()},
          {"departures", table.departures},
          {"overrides", table.overrides},
          {"notes", table.notes},
          {"verdict", table.verdict},
          {"metric", table.metric() ? Json(metric_name(*table.metric())) : Json()},
          {"paper", paper},
          {"runs", table.data->plan->runs.generic_string()},
          {"timed_on", table.data->timed_on},
          {"axes", table.axes},
          {"column_axes", table.column_axes},
          {"columns", std::move(columns)},
          {"rows", std::move(rows)},
          {"provenance", provenance(table.origin)}};
}

// A line of CSV: what JSON has, lists of runs as folders and reasons.
Json line_of(const Json& table, const Json& row, std::size_t column) {
  const Json& cell = row["cells"][column];
  Json line = {{"sweep", table["sweep"]},
               {"profile", table["profile"]},
               {"paper_protocol", table["paper_protocol"]},
               {"experiment", ""},
               {"dataset", ""},
               {"method", row["method"]},
               {"title", row["title"]}};
  line.update(row["point"]);
  line.update(table["columns"][column]["point"]);
  for (const auto& [key, value] : cell.items()) {
    const bool figure = key == "paper" && !value.is_null();
    line[key] = figure ? value["text"] : value;
    if (key == "paper") line["paper_checked"] = figure ? value["checked"] : Json();
  }
  std::vector<std::string> folders, missing;
  for (const auto& run : cell["runs"]) folders.push_back(run["folder"]);
  for (const auto& run : cell["missing"]) {
    missing.push_back(fmt::format("seed {}: {}", run["seed"].get<std::int64_t>(),
                                  run["reason"].get<std::string>()));
  }
  line["runs"] = join(folders, ";");
  line["missing"] = join(missing, "; ");
  return line;
}

}  // namespace

std::string render(const std::vector<Table>& tables, const std::string& format) {
  Json all = Json::array();
  std::string text;
  for (const auto& table : tables) {
    if (!text.empty()) text += "\n";
    if (format == "md") text += markdown(document(table));
    if (format == "latex") text += latex(document(table));
    if (format == "csv" || format == "json") all.push_back(values(table));
  }
  if (format == "json") return json_text(all.size() == 1 ? all[0] : all);
  if (format != "csv") return text;
  std::vector<Json> lines;
  for (const auto& table : all) {
    for (const auto& row : table["rows"]) {
      for (std::size_t c = 0; c < row["cells"].size(); ++c) lines.push_back(line_of(table, row, c));
    }
  }
  return csv(lines);
}

}  // namespace laq::analysis
