#include "analysis/table.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "analysis/metric_scale.hpp"
#include "analysis/protocol.hpp"
#include "analysis/select.hpp"
#include "analysis/unicode.hpp"
#include "analysis/wording.hpp"
#include "sweep/plan.hpp"

namespace laq::analysis {
namespace fs = std::filesystem;
namespace {

using Overrides = std::vector<config::Override>;

constexpr const char* kDataset = "dataset";

void describe_protocol(const sweep::Plan& plan, const fs::path& configs, Table& table) {
  Protocol protocol = protocol_of(plan, configs);
  table.profile = std::move(protocol.profile);
  table.profile_title = std::move(protocol.profile_title);
  table.overrides = std::move(protocol.overrides);
  table.departures = std::move(protocol.departures);
  table.paper_protocol = table.departures.empty();
}

const std::string* named_column(const sweep::Plan& plan, const std::string& name) {
  const auto found = std::find_if(plan.columns.begin(), plan.columns.end(),
                                  [&](const auto& one) { return one.first == name; });
  return found == plan.columns.end() ? nullptr : &found->second;
}

std::optional<std::string> paper_column(const sweep::Plan& plan, const std::string& experiment,
                                        const data::DatasetSpec& dataset, const Table& table) {
  if (const std::string* column = named_column(plan, experiment)) return *column;
  if (!dataset.paper_column || !table.paper) return dataset.paper_column;
  const auto& columns = table.paper->columns;
  const bool printed =
      std::find(columns.begin(), columns.end(), *dataset.paper_column) != columns.end();
  return printed ? dataset.paper_column : std::nullopt;
}

// Where the paper has a job's figure: overrides that the paper's run has too, and the column.
struct Place {
  Overrides overrides;
  std::optional<std::string> column;
};

Place paper_place(const sweep::Plan& plan, const sweep::Job& job, const Column& column) {
  Place place{words_of(job), column.paper_column};
  for (const auto& change : point_of(job)) {
    const std::string* own = named_column(plan, change.text);
    if (!own) continue;
    place.overrides.push_back(change);
    place.column = *own;
  }
  return place;
}

// The axes whose values the plan names as columns of the paper's table, and that of the data.
std::vector<std::string> column_axes(const sweep::Plan& plan) {
  std::vector<std::string> axes;
  for (const auto& [axis, values] : plan.grid) {
    const bool named = std::any_of(values.begin(), values.end(), [&](const auto& value) {
      return named_column(plan, axis + "=" + value) != nullptr;
    });
    if (named || axis == kDataset) axes.push_back(axis);
  }
  return axes;
}

// The part of a point on these axes, or on the others.
Point part_of(const Point& point, const std::vector<std::string>& axes, bool on_axes) {
  Point part;
  for (const auto& coordinate : point) {
    const bool found = std::find(axes.begin(), axes.end(), coordinate.first) != axes.end();
    if (found == on_axes) part.push_back(coordinate);
  }
  return part;
}

std::string short_axis(const std::string& axis) {
  return axis.substr(axis.rfind('.') + 1);
}

Column column_at(const sweep::Plan& plan, const Cell& cell, const Table& table) {
  const train::Run& run = plan.jobs[cell.first_job].run;
  const data::DatasetSpec& dataset = run.dataset;
  Column column;
  column.experiment = cell.experiment;
  column.point = part_of(cell.point, table.column_axes, true);
  column.title = one_line(dataset.title);
  column.dataset = dataset.name;
  column.metric = metric_of(run);
  column.grid = metric_grid(run);
  column.paper_column = paper_column(plan, cell.experiment, dataset, table);
  for (const auto& [axis, value] : column.point) {
    if (const std::string* own = named_column(plan, axis + "=" + value)) {
      column.paper_column = *own;
    } else if (axis != kDataset) {
      column.paper_column = std::nullopt;
    }
  }
  if (const auto absent = plan.absent.find(cell.experiment); absent != plan.absent.end())
    column.absent = absent->second;
  return column;
}

bool at(const Column& column, const Cell& cell, const Table& table) {
  return column.experiment == cell.experiment &&
         column.point == part_of(cell.point, table.column_axes, true);
}

// Experiments on the same data are told apart by their names, points by their values. Where columns
// are not of one metric, each says its own.
void complete_titles(Table& table) {
  std::vector<Column> titled = table.columns;
  for (Column& column : titled) {
    const auto shared =
        std::count_if(table.columns.begin(), table.columns.end(), [&](const Column& other) {
          return other.title == column.title && other.experiment != column.experiment;
        });
    if (shared > 0)
      column.title += fmt::format(" ({})", fs::path(column.experiment).stem().string());
    for (const auto& [axis, value] : column.point) {
      if (axis != kDataset) column.title += fmt::format(", {}={}", short_axis(axis), value);
    }
    if (!table.metric()) column.title += ": " + metric_label(column.metric);
  }
  table.columns = std::move(titled);
}

void add_columns(const sweep::Plan& plan, const std::vector<Cell>& cells, Table& table) {
  for (const Cell& cell : cells) {
    const auto known = [&](const Column& column) { return at(column, cell, table); };
    if (std::none_of(table.columns.begin(), table.columns.end(), known))
      table.columns.push_back(column_at(plan, cell, table));
  }
  complete_titles(table);
}

std::size_t column_of(const Table& table, const Cell& cell) {
  const auto found = std::find_if(table.columns.begin(), table.columns.end(),
                                  [&](const Column& column) { return at(column, cell, table); });
  return static_cast<std::size_t>(found - table.columns.begin());
}

Row& row_of(Table& table, const Cell& cell) {
  const Point point = part_of(cell.point, table.column_axes, false);
  const auto found = std::find_if(table.rows.begin(), table.rows.end(), [&](const Row& row) {
    return row.method == cell.method && row.point == point && row.title == cell.title;
  });
  if (found != table.rows.end()) return *found;
  table.rows.push_back({cell.method, cell.title, point, {}, {}});
  table.rows.back().entries.resize(table.columns.size());
  return table.rows.back();
}

void add_figure(const std::string& method, const std::string& column, const PaperTable& paper,
                Entry& entry) {
  entry.paper = paper.find(method, column);
  if (entry.paper && entry.ours.n > 0) entry.difference = entry.ours.mean - entry.paper->value;
}

// Marks the lowest means of each group and setting in a column, once two have one.
void mark_best(Table& table, std::size_t column) {
  for (const Row& one : table.rows) {
    std::vector<Entry*> group;
    for (Row& row : table.rows) {
      Entry& entry = row.entries[column];
      const bool compared = row.group == one.group && entry.setting == one.entries[column].setting;
      if (compared && entry.ours.n > 0) group.push_back(&entry);
    }
    if (group.size() < 2) continue;
    const auto lowest =
        std::min_element(group.begin(), group.end(),
                         [](const auto* a, const auto* b) { return a->ours.mean < b->ours.mean; });
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

}  // namespace

std::optional<Metric> Table::metric() const {
  if (columns.empty()) return std::nullopt;
  const bool one = std::all_of(columns.begin(), columns.end(), [&](const Column& column) {
    return column.metric == columns.front().metric;
  });
  return one ? std::optional(columns.front().metric) : std::nullopt;
}

bool Table::has_figures(std::size_t column) const {
  return std::any_of(rows.begin(), rows.end(),
                     [&](const Row& row) { return row.entries[column].paper.has_value(); });
}

bool Table::begins_group(std::size_t row) const {
  return row > 0 && rows[row].group != rows[row - 1].group;
}

bool Table::has_best() const {
  return std::any_of(rows.begin(), rows.end(), [](const Row& row) {
    return std::any_of(row.entries.begin(), row.entries.end(),
                       [](const Entry& entry) { return entry.best; });
  });
}

bool Table::has_figures() const {
  for (std::size_t i = 0; i < columns.size(); ++i) {
    if (has_figures(i)) return true;
  }
  return false;
}

bool Table::has_unchecked() const {
  return std::any_of(rows.begin(), rows.end(), [](const Row& row) {
    return std::any_of(row.entries.begin(), row.entries.end(),
                       [](const Entry& entry) { return entry.paper && !entry.paper->checked; });
  });
}

Table make_table(const sweep::Plan& plan, const fs::path& configs, Settings settings) {
  Table table;
  table.name = plan.name;
  table.title = one_line(plan.title);
  for (const auto& note : plan.notes) table.notes.push_back(one_line(note));
  table.runs = plan.runs;
  table.column_axes = column_axes(plan);
  for (const auto& [axis, values] : plan.grid) {
    const auto& others = table.column_axes;
    if (std::find(others.begin(), others.end(), axis) == others.end()) table.axes.push_back(axis);
  }
  if (!plan.paper_table.empty()) table.paper = load_paper_table(configs, plan.paper_table);
  Collection collection = collect(plan);
  table.origin = std::move(collection.origin);
  describe_protocol(plan, configs, table);
  if (settings == Settings::best_on_validation) {
    table.axes.clear();
    for (auto& one : select_by_validation(plan, table.column_axes, collection.cells))
      table.notes.push_back(std::move(one));
  }
  add_columns(plan, collection.cells, table);
  for (Cell& cell : collection.cells) {
    const sweep::Job& job = plan.jobs[cell.first_job];
    Row& row = row_of(table, cell);
    const std::size_t column = column_of(table, cell);
    Entry& entry = row.entries[column];
    entry.ours = cell.summary();
    entry.size = model_size(job.run);
    row.group = {entry.size->bits, entry.size->scales_of_group};
    entry.setting = setting_of(job.run);
    const Place place = paper_place(plan, job, table.columns[column]);
    const bool comparable = table.paper && table.paper->metric == table.columns[column].metric;
    if (comparable && place.column && same_with(configs, job, place.overrides))
      add_figure(cell.method, *place.column, *table.paper, entry);
    entry.cell = std::move(cell);
  }
  for (std::size_t c = 0; c < table.columns.size(); ++c) {
    table.columns[c].decimals = shown_decimals(table, c);
    mark_best(table, c);
  }
  return table;
}

}  // namespace laq::analysis
