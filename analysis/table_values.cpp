#include <fmt/format.h>

#include "analysis/json_values.hpp"
#include "analysis/table.hpp"
#include "core/error.hpp"
#include "core/text.hpp"

namespace laq::analysis {
namespace {

Json figure(const std::optional<Figure>& figure) {
  if (!figure) return nullptr;
  return {{"value", figure->value},
          {"text", figure->text},
          {"decimals", figure->decimals},
          {"checked", figure->checked}};
}

Json mean_of(const Summary& summary) {
  return summary.n > 0 ? Json(summary.mean) : Json(nullptr);
}

// Everything that is known of a cell: what JSON has of it, and CSV in a line.
Json entry_values(const Column& column, const Entry& entry) {
  Json runs = Json::array(), missing = Json::array();
  for (const auto* run : entry.runs) {
    const std::string folder = run->folder.generic_string();
    if (run->completed()) {
      const auto best = run->final_number("best_epoch");
      runs.push_back({{"seed", run->seed},
                      {"value", run->value},
                      {"valid", run->valid},
                      {"step_ms", run->step_ms},
                      {"step_disturbed", run->disturbed},
                      {"machine", run->machine},
                      {"rounds", run->rounds},
                      {"best_epoch", best},
                      {"folder", folder}});
    } else {
      missing.push_back({{"seed", run->seed},
                         {"state", run->short_why()},
                         {"reason", run->why()},
                         {"folder", folder}});
    }
  }
  const auto value = [&](const char* name) { return mean_of(measure(entry, name, column.metric)); };
  Json all = {{"experiment", entry.job ? entry.job->run.request.experiment : column.experiment},
              {"dataset", entry.job ? entry.job->run.dataset.name : column.dataset},
              {"metric", metric_name(column.metric)},
              {"n", entry.ours.n},
              {"planned", entry.planned()},
              {"mean", mean_of(entry.ours)},
              {"sd", entry.ours.sd},
              {"valid_mean", mean_of(entry.valid)},
              {"valid_sd", entry.valid.sd},
              {"chosen", entry.chosen},
              {"paper", figure(entry.paper)},
              {"difference", entry.difference},
              {"best", entry.best},
              {"step_ms", entry.step_ms()},
              {"step_disturbed", entry.disturbed()},
              {"rounds", value("rounds")},
              {"best_epoch", value("best_epoch")},
              {"weights", entry.size ? Json(entry.size->weights) : Json()},
              {"bits", entry.size ? Json(entry.size->bits) : Json()},
              {"scales", entry.size ? Json(entry.size->scales) : Json()},
              {"bytes", entry.size ? Json(entry.size->bytes()) : Json()},
              {"float_bytes", entry.size ? Json(entry.size->float_bytes()) : Json()},
              {"compression", entry.size ? Json(entry.size->compression()) : Json()},
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
          {"paper_protocol", table.paper_protocol},
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

// A field's text: the shortest that reads back as the same number, "" for null, lists of runs as
// folders and reasons.
std::string field(const std::string& key, const Json& value) {
  if (value.is_null()) return "";
  if (value.is_string()) return value.get<std::string>();
  if (value.is_number_float()) return fmt::format("{}", value.get<double>());
  if (!value.is_array()) return value.dump();
  std::vector<std::string> parts;
  for (const auto& one : value) {
    parts.push_back(key == "missing" ? fmt::format("seed {}: {}", one["seed"].get<std::int64_t>(),
                                                   one["reason"].get<std::string>())
                                     : one["folder"].get<std::string>());
  }
  return join(parts, key == "missing" ? "; " : ";");
}

/// Lines of CSV whose fields have names; a line lacks what it has no name for.
class Lines {
 public:
  void add(const Json& line) {
    for (const auto& [key, value] : line.items()) {
      if (std::find(heads_.begin(), heads_.end(), key) == heads_.end()) heads_.push_back(key);
    }
    lines_.push_back(line);
  }
  std::string text() const {
    std::string text = joined([](const std::string& head) { return head; });
    for (const auto& line : lines_) {
      text += joined([&](const std::string& head) {
        return line.contains(head) ? field(head, line[head]) : "";
      });
    }
    return text;
  }

 private:
  template <typename Field>
  std::string joined(Field field) const {
    std::vector<std::string> fields;
    for (const auto& head : heads_) fields.push_back(quoted_field(field(head), ','));
    return join(fields, ",") + "\n";
  }

  std::vector<std::string> heads_;
  std::vector<Json> lines_;
};

std::string csv(const std::vector<Table>& tables) {
  Lines lines;
  for (const auto& table : tables) {
    const Json all = values(table);
    for (const auto& row : all["rows"]) {
      for (std::size_t c = 0; c < row["cells"].size(); ++c) {
        Json line = {{"sweep", table.name},
                     {"profile", table.profile},
                     {"paper_protocol", table.paper_protocol},
                     {"experiment", ""},
                     {"dataset", ""},
                     {"method", row["method"]},
                     {"title", row["title"]}};
        line.update(row["point"]);
        line.update(all["columns"][c]["point"]);
        for (const auto& [key, value] : row["cells"][c].items()) {
          if (key != "paper") {
            line[key] = value;
            continue;
          }
          line[key] = value.is_null() ? Json() : value["text"];
          line["paper_checked"] = value.is_null() ? Json() : value["checked"];
        }
        lines.add(line);
      }
    }
  }
  return lines.text();
}

}  // namespace

const std::vector<std::pair<std::string, Format>>& formats() {
  static const std::vector<std::pair<std::string, Format>> all = {{"md", Format::markdown},
                                                                  {"latex", Format::latex},
                                                                  {"csv", Format::csv},
                                                                  {"json", Format::json}};
  return all;
}

std::string render(const std::vector<Table>& tables, Format format) {
  if (format == Format::csv) return csv(tables);
  if (format == Format::json) {
    Json all = Json::array();
    for (const auto& table : tables) all.push_back(values(table));
    return json_text(all.size() == 1 ? all[0] : all);
  }
  std::string text;
  for (const auto& table : tables) {
    text += text.empty() ? "" : "\n";
    text += format == Format::markdown ? markdown(document(table)) : latex(document(table));
  }
  return text;
}

}  // namespace laq::analysis
