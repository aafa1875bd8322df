#include "analysis/json_values.hpp"
#include "analysis/render.hpp"

namespace laq::analysis {
namespace {

Json figure(const std::optional<Figure>& figure) {
  if (!figure) return nullptr;
  return {{"value", figure->value},
          {"text", figure->text},
          {"decimals", figure->decimals},
          {"checked", figure->checked}};
}

Json size(const std::optional<ModelSize>& size) {
  if (!size) return nullptr;
  return {{"weights", size->weights},
          {"bits", size->bits},
          {"scales", size->scales},
          {"bytes", size->bytes()},
          {"float_bytes", size->float_bytes()},
          {"compression", size->compression()}};
}

Json entry(const Column& column, const Entry& entry) {
  Json runs = Json::array(), missing = Json::array();
  for (const auto& run : entry.cell.results) {
    runs.push_back({{"seed", run.seed},
                    {"value", run.value},
                    {"step_ms", optional(run.step_ms)},
                    {"step_disturbed", run.disturbed},
                    {"rounds", optional(run.rounds)},
                    {"best_epoch", optional(run.best_epoch)},
                    {"folder", run.folder.generic_string()}});
  }
  for (const auto& run : entry.cell.missing) {
    missing.push_back({{"seed", run.seed},
                       {"state", run.state},
                       {"reason", run.reason},
                       {"folder", run.folder.generic_string()}});
  }
  return {{"experiment", column.experiment},
          {"n", entry.ours.n},
          {"planned", entry.cell.planned()},
          {"mean", entry.ours.n > 0 ? Json(entry.ours.mean) : Json(nullptr)},
          {"sd", optional(entry.ours.sd)},
          {"paper", figure(entry.paper)},
          {"difference", optional(entry.difference)},
          {"best", entry.best},
          {"step_ms", optional(entry.cell.step_ms())},
          {"step_disturbed", entry.cell.disturbed()},
          {"rounds", optional(entry.cell.rounds())},
          {"size", size(entry.size)},
          {"best_epoch", optional(entry.cell.best_epoch())},
          {"runs", std::move(runs)},
          {"missing", std::move(missing)}};
}

Json rows(const Table& table) {
  Json all = Json::array();
  for (const auto& row : table.rows) {
    Json point = Json::object(), entries = Json::array();
    for (const auto& [axis, value] : row.point) point[axis] = value;
    for (std::size_t c = 0; c < row.entries.size(); ++c) {
      entries.push_back(entry(table.columns[c], row.entries[c]));
    }
    all.push_back({{"method", row.method},
                   {"title", row.title},
                   {"point", std::move(point)},
                   {"cells", std::move(entries)}});
  }
  return all;
}

Json columns(const Table& table) {
  Json all = Json::array();
  for (const auto& column : table.columns) {
    Json point = Json::object();
    for (const auto& [axis, value] : column.point) point[axis] = value;
    all.push_back({{"experiment", column.experiment},
                   {"point", std::move(point)},
                   {"absent_files", column.absent},
                   {"title", column.title},
                   {"dataset", column.dataset},
                   {"metric", metric_name(column.metric)},
                   {"paper_column", optional(column.paper_column)}});
  }
  return all;
}

Json provenance(const Origin& origin) {
  return {{"versions", origin.versions}, {"commits", origin.commits},   {"cpus", origin.cpus},
          {"threads", origin.threads},   {"libtorch", origin.libtorch}, {"blas", origin.blas},
          {"devices", origin.devices},   {"hosts", origin.hosts},       {"times", origin.times}};
}

}  // namespace

std::string json(const Table& table) {
  const Json paper =
      table.paper ? Json{{"table", table.paper->name}, {"source", table.paper->source}} : Json();
  const Json all = {{"sweep", table.name},
                    {"title", table.title},
                    {"profile", table.profile},
                    {"profile_title", table.profile_title},
                    {"paper_protocol", table.paper_protocol},
                    {"departures", table.departures},
                    {"overrides", table.overrides},
                    {"notes", table.notes},
                    {"metric", table.metric() ? Json(metric_name(*table.metric())) : Json()},
                    {"paper", paper},
                    {"runs", table.runs.generic_string()},
                    {"axes", table.axes},
                    {"column_axes", table.column_axes},
                    {"columns", columns(table)},
                    {"rows", rows(table)},
                    {"provenance", provenance(table.origin)}};
  // A path may hold bytes that are not UTF-8.
  return all.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace laq::analysis
