#include "analysis/paper.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "config/reader.hpp"
#include "core/error.hpp"
#include "core/text.hpp"

namespace laq::analysis {
namespace fs = std::filesystem;
namespace {

constexpr const char* kSources = "sources";

Figure read_figure(const config::Tree& tree, bool checked) {
  const std::string text = tree.scalar() ? *tree.scalar() : "";
  // Plain decimals only: the number of printed digits is read off the text.
  const bool plain = text.find_first_not_of("0123456789.-") == std::string::npos;
  const auto value = plain ? number_from<double>(text) : std::nullopt;
  if (!value) {
    throw usage_error({.what = "not a printed figure",
                       .where = tree.place,
                       .found = tree.description(),
                       .expected = "a decimal number such as 1.28, or ~ for none"});
  }
  const std::string after = text.substr(std::min(text.find('.'), text.size()));
  return {*value, std::max(static_cast<int>(after.size()) - 1, 0), text, checked};
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

PaperTable read_table(const config::Tree& file, const std::string& name, bool may_be_confirmed) {
  auto tables = file.map() ? *file.map() : config::Tree::Map();
  tables.erase(kSources);
  if (!tables.contains(name)) {
    std::vector<std::string> known;
    for (const auto& one : tables) known.push_back(one.first);
    throw usage_error({.what = fmt::format("unknown table of the papers '{}'", name),
                       .where = file.place,
                       .advice = suggestion(name, known)});
  }
  config::Reader section(&tables.at(name), name);
  PaperTable table;
  table.name = name;
  const std::string source = section.word("source", {});
  const config::Tree* citation = file.find(std::string(kSources) + "." + source);
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
