#include "analysis/paper.hpp"

#include <fmt/format.h>

#include <charconv>
#include <cmath>

#include "config/reader.hpp"
#include "core/error.hpp"
#include "core/text.hpp"

namespace laq::analysis {
namespace fs = std::filesystem;
namespace {

constexpr const char* kSources = "sources";

Figure read_figure(const config::Tree& tree, bool checked) {
  const std::string* text = tree.scalar();
  double value = 0;
  const char* end = text ? text->data() + text->size() : nullptr;
  // Plain decimals only: the number of printed digits is read off the text.
  const auto parsed = text ? std::from_chars(text->data(), end, value, std::chars_format::fixed)
                           : std::from_chars_result{nullptr, std::errc::invalid_argument};
  if (parsed.ec != std::errc{} || parsed.ptr != end || !std::isfinite(value)) {
    throw usage_error({.what = "not a printed figure",
                       .where = tree.place,
                       .found = tree.description(),
                       .expected = "a decimal number such as 1.28, or ~ for none"});
  }
  const auto point = text->find('.');
  const auto decimals = point == std::string::npos ? 0 : text->size() - point - 1;
  return {value, static_cast<int>(decimals), *text, checked};
}

void read_rows(const config::Tree& rows, bool checked, PaperTable& table) {
  const auto* map = rows.map();
  if (!map) {
    throw usage_error({.what = fmt::format("'{}.rows' is not a map", table.name),
                       .where = rows.place,
                       .found = rows.description()});
  }
  for (const auto& [row, figures] : *map) {
    const auto* list = figures.list();
    if (!list || list->size() != table.columns.size()) {
      throw usage_error(
          {.what = fmt::format("wrong row '{}' of table '{}'", row, table.name),
           .where = figures.place,
           .found = list ? fmt::format("{} figures", list->size()) : figures.description(),
           .expected = fmt::format("a list of {}, one for each of {}", table.columns.size(),
                                   join(table.columns))});
    }
    for (std::size_t i = 0; i < list->size(); ++i) {
      if ((*list)[i].empty() || (list->at(i).scalar() && *list->at(i).scalar() == "~")) continue;
      table.figures[{row, table.columns[i]}] = read_figure((*list)[i], checked);
    }
  }
}

// Names of the tables, for messages.
std::vector<std::string> table_names(const config::Tree& file) {
  std::vector<std::string> names;
  if (file.map()) {
    for (const auto& [name, tree] : *file.map()) {
      if (name != kSources) names.push_back(name);
    }
  }
  return names;
}

PaperTable read_table(const config::Tree& file, const std::string& name, bool may_be_confirmed) {
  const config::Tree* tree = file.map() && name != kSources && file.map()->contains(name)
                                 ? &file.map()->at(name)
                                 : nullptr;
  if (!tree) {
    throw usage_error({.what = fmt::format("unknown table of the papers '{}'", name),
                       .where = file.place,
                       .advice = suggestion(name, table_names(file))});
  }
  config::Reader section(tree, name);
  PaperTable table;
  table.name = name;
  const std::string source = section.word("source", {});
  const config::Tree* sources = file.find(kSources);
  const config::Tree* citation = sources ? sources->find(source) : nullptr;
  if (!citation || !citation->scalar()) {
    section.refuse("source", fmt::format("is not one of '{}'", kSources));
  }
  table.source = *citation->scalar();
  table.metric = section.choice<Metric>(
      "metric", {}, {{"test_error", Metric::test_error}, {"test_loss", Metric::test_loss}});
  table.columns = section.words("columns", {});
  const bool checked = section.flag("checked", {});
  const std::string confirmed_by = section.word("confirmed_by", std::string());
  const config::Tree* rows = section.raw("rows");
  if (!rows) section.refuse("rows", "is missing");
  section.finish();
  read_rows(*rows, checked, table);

  if (confirmed_by.empty() || !may_be_confirmed) return table;
  const PaperTable other = read_table(file, confirmed_by, false);
  for (auto& [cell, figure] : table.figures) {
    const auto confirming = other.find(cell.first, cell.second);
    if (confirming && confirming->checked && agree(figure, *confirming)) figure.checked = true;
  }
  return table;
}

}  // namespace

std::string metric_name(Metric metric) {
  return train::facts(metric).test;
}

std::string metric_label(Metric metric) {
  return fmt::format("Test {} ({})", train::facts(metric).word, train::facts(metric).unit);
}

double Figure::unit() const {
  return std::pow(10.0, -decimals);
}

bool agree(const Figure& a, const Figure& b) {
  const double unit = std::max(a.unit(), b.unit());
  return std::abs(a.value - b.value) <= unit / 2 * (1 + 1e-9);
}

std::optional<Figure> PaperTable::find(const std::string& row, const std::string& column) const {
  const auto found = figures.find({row, column});
  return found == figures.end() ? std::nullopt : std::optional(found->second);
}

PaperTable load_paper_table(const fs::path& configs, const std::string& name) {
  return read_table(config::load_yaml(configs / "paper" / "tables.yaml"), name, true);
}

}  // namespace laq::analysis
