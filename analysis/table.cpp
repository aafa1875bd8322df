#include "analysis/table.hpp"

#include <fmt/format.h>

#include <map>
#include <tuple>

#include "analysis/selection.hpp"
#include "analysis/unicode.hpp"
#include "analysis/wording.hpp"
#include "core/error.hpp"
#include "core/lists.hpp"
#include "core/text.hpp"
#include "store/filter.hpp"
#include "train/method_title.hpp"

namespace laq::analysis {
namespace fs = std::filesystem;
namespace {

using Keys = std::vector<std::string>;

constexpr const char *kMethod = "method", *kExperiment = "experiment", *kDataset = "dataset",
                     *kSeed = "seed";

// Values that the runs have under a key.
std::set<std::string> values_under(const SweepData& data, const std::string& key) {
  std::set<std::string> values;
  for (const auto& job : data.plan->jobs) values.insert(store::value_of(job, key));
  return values;
}

// Axes whose values the plan names as columns of the paper's table, and that of the data.
Keys paper_axes(const sweep::Plan& plan) {
  Keys axes;
  for (const auto& [axis, values] : plan.grid) {
    const bool named = std::ranges::any_of(values, [&](const auto& value) {
      return sweep::named_column(plan.columns, axis + "=" + value) != nullptr;
    });
    if (named || axis == kDataset) axes.push_back(axis);
  }
  return axes;
}

// Keys of rows and columns, the latter with the experiment. What runs differ in and nobody named
// makes rows.
struct Laid {
  Keys rows, columns;
};

Laid lay_out(const SweepData& data, const Layout& layout) {
  const sweep::Plan& plan = *data.plan;
  for (const auto& list : {layout.rows, layout.columns}) {
    for (const auto& key : list) {
      if (values_under(data, key) != std::set<std::string>{""}) continue;
      throw usage_error({.what = "no run has the key '" + key + "'",
                         .where = "--rows, --columns",
                         .expected =
                             "method, experiment, seed, an axis of the sweep or a key of the "
                             "configuration"});
    }
  }
  Laid laid{layout.rows, layout.columns};
  const auto varies = [&](const char* key) { return values_under(data, key).size() > 1; };
  const auto free = [&](const std::string& key) {
    return !has(laid.rows, key) && !has(laid.columns, key) && !has(layout.mean_over, key);
  };
  if (layout.columns.empty()) {
    if (free(kExperiment)) laid.columns.push_back(kExperiment);
    for (const auto& axis : paper_axes(plan)) {
      if (free(axis)) laid.columns.push_back(axis);
    }
  }
  if (layout.rows.empty() && free(kMethod)) laid.rows.push_back(kMethod);
  for (const char* key : {kMethod, kExperiment, kSeed}) {
    if (free(key) && varies(key)) laid.rows.push_back(key);
  }
  for (const auto& [axis, values] : plan.grid) {
    if (!free(axis) || layout.select_valid) continue;
    if (layout.rows.empty() || values.size() > 1) laid.rows.push_back(axis);
  }
  return laid;
}

Point point_at(const sweep::Job& job, const Keys& keys) {
  Point point;
  for (const auto& key : keys) point.emplace_back(key, one_line(store::value_of(job, key)));
  return point;
}

std::optional<std::string> paper_column(const sweep::Job& job, const Table& table) {
  const sweep::Plan& plan = *table.data->plan;
  for (const auto& [axis, value] : job.point) {
    if (const auto* own = sweep::named_column(plan.columns, axis + "=" + value)) return *own;
  }
  if (const auto* own = sweep::named_column(plan.columns, job.run.request.experiment)) return *own;
  const auto& printed = job.run.dataset.paper_column;
  if (!printed || !table.paper) return printed;
  return has(table.paper->columns, *printed) ? printed : std::nullopt;
}

Column column_at(const sweep::Job& job, const Point& point, const Table& table) {
  const auto& absent = table.data->plan->absent;
  const auto lacking = absent.find(job.run.request.experiment);
  return {.point = point,
          .experiment = job.run.request.experiment,
          .title = one_line(job.run.dataset.title),
          .dataset = job.run.dataset.name,
          .metric = metric_of(job.run),
          .paper_column = paper_column(job, table),
          .absent = lacking == absent.end() ? Keys() : lacking->second,
          .grid = train::metric_grid(job.run)};
}

// Experiments on the same data are told apart by their names, points by their values. Where columns
// are not of one metric, each says its own.
void complete_titles(Table& table, const Keys& keys) {
  std::vector<Column> titled = table.columns;
  for (Column& column : titled) {
    const bool shared = std::ranges::any_of(table.columns, [&](const Column& other) {
      return other.title == column.title && other.experiment != column.experiment;
    });
    if (!has(keys, kExperiment) && values_under(*table.data, kExperiment).size() > 1)
      column.title.clear();
    else if (shared)
      column.title += fmt::format(" ({})", fs::path(column.experiment).stem().string());
    for (const auto& [key, value] : column.point) {
      if (key == kDataset || key == kExperiment) continue;
      column.title +=
          (column.title.empty() ? "" : ", ") + (key == kMethod  ? value
                                                : value.empty() ? "no " + last_part(key)
                                                                : last_part(key) + "=" + value);
    }
    if (!table.metric()) column.title += ": " + metric_label(column.metric);
  }
  table.columns = std::move(titled);
}

// Data and network in words, as far as rows tell them.
std::string block_of(const Point& point) {
  std::vector<std::string> parts;
  for (const auto& [key, value] : point) {
    if (key == kExperiment || key == kDataset) parts.push_back(value);
    const bool network = key.starts_with("model.") && key != "model.init";
    if (network || key.starts_with("data.")) parts.push_back(last_part(key) + " " + value);
  }
  return join(parts);
}

void fill(const Settings& settings, Table& table, Column& column, Row& row, Entry& entry) {
  const sweep::Plan& plan = *table.data->plan;
  const auto& chosen = best_on_validation(settings);
  entry.runs = chosen.second;
  entry.job = &plan.jobs[entry.runs.front()->job];
  if (table.layout.select_valid && settings.size() > 1) {
    table.notes.push_back(choice_sentence(*entry.job, settings, chosen));
    Point shown = chosen.first;
    for (auto& one : shown) one.first = last_part(one.first);
    entry.chosen = words_of_point(shown);
  }
  entry.ours = summary_of(entry.runs, false);
  entry.valid = summary_of(entry.runs, true);
  entry.size = model_size(entry.job->run);
  auto timed = entry.runs;
  std::erase_if(timed, [](const RunData* run) { return !run->timed || !run->step_ms; });
  if (!timed.empty()) {
    const RunData* fastest = *std::ranges::min_element(
        timed, {}, [](const RunData* run) { return std::pair(run->disturbed, *run->step_ms); });
    entry.step_ms = fastest->step_ms;
    entry.disturbed = fastest->disturbed;
  }
  const Layout& layout = table.layout;
  const bool asked =
      has(layout.metrics, "file") || has(layout.sort, "file") || has(layout.sort, "-file");
  for (const auto* run : entry.runs) {
    if (asked && !entry.file_bytes)
      entry.file_bytes = file_bytes(run->folder, plan.jobs[run->job].run);
  }
  row.group = {entry.size->bits, entry.size->scales_of_group};
  const bool one = std::ranges::all_of(entry.runs, [&](const RunData* run) {
    return plan.jobs[run->job].run.hash == entry.job->run.hash;
  });
  const auto printed = paper_column(*entry.job, table);
  const bool comparable = table.paper && table.paper->metric == column.metric && one;
  if (!comparable || !printed || entry.job->changed_by_point) return;
  entry.paper = table.paper->find(entry.job->run.request.method, *printed);
  if (entry.paper && entry.ours.n > 0) entry.difference = entry.ours.mean - entry.paper->value;
}

// Marks the lowest means of each group and setting in a column, once two have one.
void mark_best(Table& table, std::size_t column) {
  std::map<std::tuple<std::pair<int, int>, std::string, std::string>, std::vector<Entry*>> groups;
  for (Row& row : table.rows) {
    Entry& entry = row.entries[column];
    if (entry.ours.n > 0) groups[{row.group, row.block, entry.setting}].push_back(&entry);
  }
  for (const auto& [name, group] : groups) {
    if (group.size() < 2) continue;
    const auto lowest =
        std::ranges::min_element(group, {}, [](const Entry* entry) { return entry->ours.mean; });
    // As printed: rounding by other means may part what print makes equal.
    const auto shown = [&](const Entry* entry) {
      return fixed(entry->ours.mean, table.columns[column].decimals);
    };
    for (Entry* entry : group) entry->best = shown(entry) == shown(*lowest);
  }
}

int shown_decimals(const Table& table, std::size_t column) {
  int most = train::facts(table.columns[column].metric).decimals;
  for (const auto& row : table.rows) {
    if (const auto& paper = row.entries[column].paper) most = std::max(most, paper->decimals);
  }
  return most;
}

// The data and the network that a run was trained with, but for the initial weights.
std::string setting_of(const train::Run& run) {
  nlohmann::json model = run.canonical.at("model");
  model.erase("init");
  const nlohmann::json setting = {run.canonical.at("dataset"),
                                  run.canonical.value("data", nlohmann::json::object()), model};
  return setting.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

// The title that all of a row's runs have, or the method's own.
std::string title_of(const Row& row, const fs::path& configs) {
  std::set<std::string> titles;
  for (const auto& entry : row.entries) {
    if (entry.job) titles.insert(one_line(entry.job->run.method_title));
  }
  if (titles.size() == 1) return *titles.begin();
  try {
    return one_line(train::method_title(configs, row.method));
  } catch (const Error&) {
    return row.method;
  }
}

// Numbers by their size, then text.
bool key_less(const std::string& a, const std::string& b) {
  const auto x = number_from<double>(a), y = number_from<double>(b);
  if (x && y) return *x < *y;
  return x.has_value() != y.has_value() ? x.has_value() : a < b;
}

void sort_rows(const Table& table, std::vector<Row>& rows) {
  for (auto key = table.layout.sort.rbegin(); key != table.layout.sort.rend(); ++key) {
    const bool down = key->starts_with("-");
    const std::string name = key->substr(down ? 1 : 0);
    const bool metric = has(measure_names(), name);
    const auto value = [&](const Row& row) -> std::optional<std::string> {
      if (metric) {
        const Summary found = measure(row.entries.front(), name, table.columns.front().metric);
        return found.n > 0 ? std::optional(fmt::format("{}", found.mean)) : std::nullopt;
      }
      if (name == kMethod) return row.title;
      for (const auto& [axis, text] : row.point) {
        if (axis == name || last_part(axis) == name) return text;
      }
      throw usage_error({.what = "cannot sort by this",
                         .where = "--sort",
                         .found = "'" + name + "'",
                         .expected = "a key of the rows or a metric",
                         .advice = suggestion(name, measure_names())});
    };
    std::ranges::stable_sort(rows, [&](const Row& a, const Row& b) {
      const auto left = value(a), right = value(b);
      if (!left || !right) return left.has_value();
      return down ? key_less(*right, *left) : key_less(*left, *right);
    });
  }
}

// Rows on the same data and network together, in the order of the first.
void gather_blocks(std::vector<Row>& rows) {
  std::vector<std::string> order;
  for (const auto& row : rows) add_once(order, row.block);
  std::ranges::stable_sort(rows, {},
                           [&](const Row& row) { return std::ranges::find(order, row.block); });
  if (order.size() > 1) return;
  for (auto& row : rows) row.block.clear();
}

Origin origin_of(const SweepData& data) {
  Origin origin;
  const auto add = [](std::set<std::string>& set, const std::string& value) {
    if (!value.empty()) set.insert(one_line(value));
  };
  for (const auto& series : data.series) {
    for (const auto& run : series.runs) {
      if (!run.completed()) continue;
      for (const record::Process& by : run.record->processes()) {
        add(origin.versions, by.version);
        add(origin.commits, by.build());
        add(origin.cpus, by.cpu_model);
        add(origin.threads, by.threads > 0 ? std::to_string(by.threads) : "");
        add(origin.libtorch, by.libtorch_version);
        add(origin.blas, by.blas);
        add(origin.devices, by.device);
        add(origin.hosts, by.host);
      }
      const std::string& time = run.record->provenance.file_time;
      add(origin.times, time.empty() ? "unknown" : time);
    }
  }
  return origin;
}

}  // namespace

std::optional<Metric> Table::metric() const {
  if (columns.empty()) return std::nullopt;
  const Metric first = columns.front().metric;
  const bool one =
      std::ranges::all_of(columns, [&](const Column& column) { return column.metric == first; });
  return one ? std::optional(first) : std::nullopt;
}

Table make_table(std::shared_ptr<const SweepData> data, const fs::path& configs,
                 const Layout& layout) {
  const sweep::Plan& plan = *data->plan;
  Table table;
  table.data = data;
  table.layout = layout;
  table.name = plan.name;
  table.title = one_line(layout.caption.empty() ? plan.title : layout.caption);
  for (const auto& note : plan.notes) table.notes.push_back(one_line(note));
  for (const auto& note : sweep::equal_quantizers(plan.jobs)) table.notes.push_back(one_line(note));
  if (!plan.paper_table.empty() && layout.paper)
    table.paper = load_paper_table(configs, plan.paper_table);
  static_cast<Protocol&>(table) = protocol_of(plan);
  table.origin = origin_of(*data);

  const Laid laid = lay_out(*data, layout);
  table.axes = laid.rows;
  std::erase(table.axes, kMethod);
  table.column_axes = laid.columns;
  std::erase(table.column_axes, kExperiment);
  Keys choices;  // axes of which each cell shows one setting
  for (const auto& [axis, values] : plan.grid) {
    const bool laid_out = has(laid.rows, axis) || has(laid.columns, axis);
    if (layout.select_valid && !laid_out && !has(layout.mean_over, axis)) choices.push_back(axis);
  }
  std::vector<std::pair<Point, std::vector<std::pair<Point, Settings>>>> cells;  // by row, column
  for (const auto& series : data->series) {
    for (const auto& run : series.runs) {
      const sweep::Job& job = plan.jobs[run.job];
      const Point column = point_at(job, laid.columns);
      if (!has(table.columns, column, &Column::point))
        table.columns.push_back(column_at(job, column, table));
      Settings& settings = under(under(cells, point_at(job, laid.rows)), column);
      under(settings, point_at(job, choices)).push_back(&run);
    }
  }
  for (const auto& [point, columns] : cells) {
    Row row;
    row.entries.resize(table.columns.size());
    for (const auto& [at, settings] : columns) {
      const auto column = std::ranges::find(table.columns, at, &Column::point);
      Entry& entry = row.entries[static_cast<std::size_t>(column - table.columns.begin())];
      fill(settings, table, *column, row, entry);
      entry.setting = setting_of(entry.job->run);
    }
    for (const auto& [key, value] : point) {
      if (key == kMethod) row.method = value;
      if (key != kMethod) row.point.emplace_back(key, value);
    }
    if (!row.method.empty()) row.title = title_of(row, configs);
    row.block = block_of(row.point);
    table.rows.push_back(std::move(row));
  }
  complete_titles(table, laid.columns);
  for (const auto& name : layout.metrics) {
    if (has(measure_names(), name)) continue;
    throw usage_error({.what = "unknown metric '" + name + "'",
                       .where = "--metric",
                       .advice = suggestion(name, measure_names())});
  }
  if (!table.columns.empty()) sort_rows(table, table.rows);
  gather_blocks(table.rows);
  for (std::size_t c = 0; c < table.columns.size(); ++c) {
    table.columns[c].decimals = shown_decimals(table, c);
    mark_best(table, c);
  }
  return table;
}

}  // namespace laq::analysis
