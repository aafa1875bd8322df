#include "sweep/sweep_file.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/error.hpp"
#include "core/text.hpp"

namespace laq::sweep {
namespace {

// One value as a word would have it; a value that is a list, such as model.hidden, in brackets.
std::string text_of(const config::Tree& item) {
  if (item.scalar()) return *item.scalar();
  Values parts;
  if (item.list()) {
    for (const auto& part : *item.list()) parts.push_back(part.scalar() ? *part.scalar() : "");
  }
  return fmt::format("[{}]", join(parts));
}

Values texts(const config::Tree& list, const std::string& key) {
  if (list.scalar()) return axis_values(*list.scalar());
  if (!list.list() || list.list()->empty()) {
    throw usage_error({.what = fmt::format("wrong value of '{}'", key),
                       .where = list.place,
                       .found = list.description(),
                       .expected = "a list of values"});
  }
  Values values;
  for (const auto& item : *list.list()) {
    if (item.scalar() && item.scalar()->starts_with("range(")) {
      const Values range = axis_values(*item.scalar());
      values.insert(values.end(), range.begin(), range.end());
    } else if (item.scalar() || item.list()) {
      values.push_back(text_of(item));
    } else {
      throw usage_error({.what = fmt::format("wrong value of '{}[{}]'", key, values.size()),
                         .where = item.place,
                         .found = item.description(),
                         .expected = "a value, or a list that is one"});
    }
  }
  return values;
}

[[noreturn]] void not_a_map(const config::Tree& tree, const std::string& key,
                            const std::string& expected) {
  throw usage_error({.what = fmt::format("'{}' is not a map", key),
                     .where = tree.place,
                     .found = tree.description(),
                     .expected = expected});
}

std::vector<Axis> read_axes(const config::Tree& tree, const std::string& key) {
  if (!tree.map()) not_a_map(tree, key, "axes such as quantizer.bits: [2, 3]");
  std::vector<Axis> axes;
  for (const auto& [axis, values] : *tree.map())
    axes.emplace_back(axis, texts(values, key + "." + axis));
  return axes;
}

// `key` is one map of axes or a list of them.
std::vector<std::vector<Axis>> read_list_of_axes(const config::Tree* tree, const std::string& key) {
  std::vector<std::vector<Axis>> all;
  if (!tree || tree->empty()) return all;
  if (!tree->list()) {
    all.push_back(read_axes(*tree, key));
  } else {
    for (const auto& one : *tree->list()) all.push_back(read_axes(one, key));
  }
  std::erase_if(all, [](const auto& axes) { return axes.empty(); });
  return all;
}

std::vector<Exclusion> read_exclusions(const config::Tree* tree, SweepFile& file) {
  std::vector<Exclusion> exclusions;
  Values known{"experiment", "method", "seed"};
  for (const auto& [axis, values] : file.axes.all()) known.push_back(axis);
  for (auto& conditions : read_list_of_axes(tree, "exclude")) {
    for (const auto& [key, values] : conditions) {
      if (std::find(known.begin(), known.end(), key) != known.end()) continue;
      throw usage_error({.what = fmt::format("'exclude' names '{}', which is not an axis", key),
                         .where = tree->place,
                         .advice = suggestion(key, known)});
    }
    exclusions.push_back({std::move(conditions), tree->place});
  }
  return exclusions;
}

Pairs read_pairs(config::Reader& root, const std::string& key, const std::string& example) {
  const config::Tree* tree = root.raw(key);
  if (!tree || tree->empty()) return {};
  if (!tree->map()) not_a_map(*tree, key, "keys and values such as " + example);
  Pairs pairs;
  for (const auto& [name, value] : *tree->map()) {
    if (!value.scalar()) {
      throw usage_error({.what = fmt::format("wrong value of '{}.{}'", key, name),
                         .where = value.place,
                         .found = value.description(),
                         .expected = "one value"});
    }
    pairs.emplace_back(name, *value.scalar());
  }
  return pairs;
}

// Every column is that of an experiment or of a value on an axis.
void check_columns(const config::Reader& root, const SweepFile& file) {
  Values known = file.experiments;
  for (const auto& [axis, values] : file.axes.all()) {
    for (const auto& value : values) known.push_back(axis + "=" + value);
  }
  for (const auto& [from, column] : file.columns) {
    if (std::find(known.begin(), known.end(), from) != known.end()) continue;
    root.refuse("columns", fmt::format("has '{}', which the sweep does not run", from),
                suggestion(from, known));
  }
}

}  // namespace

SweepFile read_sweep_file(const config::Tree& tree, const std::string& name) {
  config::Reader root(&tree, "");
  SweepFile file;
  file.title = root.word("title", name);
  file.paper_table = root.word("table", std::string());
  file.profile = root.word("profile", std::string("paper"));
  file.experiments = root.words("experiments", {});
  file.methods = root.words("methods", {});
  for (const char* key : {"experiments", "methods"}) {
    if (tree.find(key)->list()->empty()) root.refuse(key, "names nothing to run");
  }
  const config::Tree* seeds = root.raw("seeds");
  file.seeds = seeds && !seeds->empty() ? texts(*seeds, "seeds") : Values{"1"};
  if (const config::Tree* grid = root.raw("grid"); grid && !grid->empty())
    file.axes.grid = read_axes(*grid, "grid");
  file.axes.zips = read_list_of_axes(root.raw("zip"), "zip");
  file.axes.check();
  file.exclusions = read_exclusions(root.raw("exclude"), file);
  for (const auto& [key, value] : read_pairs(root, "overrides", "train.epochs: 6"))
    file.overrides.push_back(config::parse_override(key + "=" + value));
  file.fallbacks = read_pairs(root, "fallbacks", "mnist: fashion_mnist");
  file.columns = read_pairs(root, "columns", "model.width=16: k16");
  file.slurm = read_pairs(root, "slurm", "partition: long");
  check_columns(root, file);
  root.finish();
  return file;
}

void apply_word(const std::string& word, SweepFile& file) {
  const config::Override change = config::parse_override(word);
  const Values values = axis_values(word.substr(change.key.size() + 1));
  if (change.key == "experiment") {
    file.experiments = values;
  } else if (change.key == "method") {
    file.methods = values;
  } else if (change.key == "seed") {
    file.seeds = values;
  } else if (Axis* axis = file.axes.find(change.key)) {
    axis->second = values;
  } else if (values.size() > 1) {
    file.axes.grid.emplace_back(change.key, values);
  } else {
    file.overrides.push_back(change);
  }
}

}  // namespace laq::sweep
