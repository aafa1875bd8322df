#include "config/tree.hpp"

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <optional>
#include <sstream>

#include "core/error.hpp"
#include "core/files.hpp"
#include "core/text.hpp"

namespace laq::config {
namespace fs = std::filesystem;
namespace {

/// Where the content of a document begins.
class Content : public YAML::EventHandler {
 public:
  std::optional<int> line;

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark&, YAML::anchor_t) override {}
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override { see(mark); }
  void OnScalar(const YAML::Mark& mark, const std::string&, YAML::anchor_t,
                const std::string&) override {
    see(mark);
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t,
                       YAML::EmitterStyle::value) override {
    see(mark);
  }
  void OnSequenceEnd() override {}
  void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t,
                  YAML::EmitterStyle::value) override {
    see(mark);
  }
  void OnMapEnd() override {}

 private:
  void see(const YAML::Mark& mark) {
    if (!line) line = mark.line;
  }
};

// YAML::Load passes over it, and YAML::LoadAll never ends on some broken texts.
void refuse_second_document(const std::string& text, const std::string& name) {
  std::istringstream in(text);
  YAML::Parser parser(in);
  Content first, second;
  if (!parser.HandleNextDocument(first) || !parser.HandleNextDocument(second) || !second.line)
    return;
  throw usage_error({.what = "a second YAML document begins here",
                     .where = fmt::format("{}:{}", name, *second.line + 1),
                     .found = "2 documents",
                     .expected = "one in a file",
                     .advice = "remove the others, or the '---' or '...' between them"});
}

constexpr int kDeepest = 32;  // deeper nesting is a mistake or an attack on the stack

Tree convert(const YAML::Node& node, const std::string& file, int depth) {
  Tree tree;
  tree.place = node.Mark().is_null() ? file : fmt::format("{}:{}", file, node.Mark().line + 1);
  if (depth > kDeepest) throw usage_error({.what = "nested too deeply", .where = tree.place});
  if (node.IsScalar()) {
    tree.value = node.Scalar();
  } else if (node.IsSequence()) {
    Tree::List list;
    for (const auto& item : node) list.push_back(convert(item, file, depth + 1));
    tree.value = std::move(list);
  } else if (node.IsMap()) {
    Tree::Map map;
    for (const auto& entry : node) {
      const YAML::Node& key = entry.first;
      const std::string place = fmt::format("{}:{}", file, key.Mark().line + 1);
      if (!key.IsScalar()) throw usage_error({.what = "a key is not a word", .where = place});
      Tree child = convert(entry.second, file, depth + 1);
      child.place = place;
      if (!map.emplace(key.Scalar(), std::move(child)).second) {
        throw usage_error(
            {.what = fmt::format("key '{}' is given twice", key.Scalar()), .where = place});
      }
    }
    tree.value = std::move(map);
  }
  return tree;
}

/// The element that a part of a dotted path names: "2" is the third. Nothing: there is none.
std::optional<std::size_t> index_in(const Tree::List& items, std::string_view key) {
  const auto index = number_from<std::size_t>(key);
  return index && *index < items.size() ? index : std::nullopt;
}

}  // namespace

const Tree* Tree::find(std::string_view path) const {
  const Tree* tree = this;
  for (const auto& key : split(path, '.')) {
    if (const List* items = tree->list()) {
      const auto index = index_in(*items, key);
      if (!index) return nullptr;
      tree = &(*items)[*index];
      continue;
    }
    const Map* children = tree->map();
    if (!children) return nullptr;
    const auto child = children->find(key);
    if (child == children->end()) return nullptr;
    tree = &child->second;
  }
  return tree;
}

Tree& Tree::at(std::string_view path) {
  Tree* tree = this;
  for (const auto& key : split(path, '.')) {
    if (tree->empty()) tree->value = Map{};
    if (auto* items = std::get_if<List>(&tree->value)) {
      const auto index = index_in(*items, key);
      if (!index) {
        throw usage_error({.what = fmt::format("'{}' has no keys below it", path),
                           .where = tree->place,
                           .found = fmt::format("'{}'", key),
                           .expected = items->empty() ? "another key: the list is empty"
                                                      : fmt::format("an element's number, 0 to {}",
                                                                    items->size() - 1)});
      }
      tree = &(*items)[*index];
      continue;
    }
    auto* children = std::get_if<Map>(&tree->value);
    if (!children) {
      throw usage_error({.what = fmt::format("'{}' has no keys below it", path),
                         .where = tree->place,
                         .found = tree->description()});
    }
    tree = &(*children)[key];
  }
  return *tree;
}

std::string Tree::description() const {
  if (const auto* text = scalar()) return fmt::format("'{}'", *text);
  if (list()) return list()->empty() ? "an empty list" : "a list";
  return map() ? "a map" : "nothing";
}

Tree parse_yaml(const std::string& text, const std::string& name) {
  try {
    const YAML::Node first = YAML::Load(text);
    refuse_second_document(text, name);
    return convert(first, name, 0);
  } catch (const YAML::Exception& error) {
    const auto line = error.mark.is_null() ? "" : fmt::format(":{}", error.mark.line + 1);
    throw usage_error({.what = "not valid YAML: " + error.msg, .where = name + line});
  }
}

Tree load_yaml(const std::filesystem::path& file) {
  try {
    return parse_yaml(read_file(file), file.lexically_normal().string());
  } catch (const Error& error) {
    throw usage_error({.what = error.what()});
  }
}

void merge(Tree& base, const Tree& over) {
  auto* below = std::get_if<Tree::Map>(&base.value);
  const auto* above = over.map();
  if (!below || !above) {
    if (!over.empty()) base = over;
    return;
  }
  for (const auto& [key, value] : *above) merge((*below)[key], value);
}

Override parse_override(const std::string& word) {
  const auto equals = word.find('=');
  if (equals == 0 || equals == std::string::npos || word.find_first_of(" \t") < equals) {
    throw usage_error({.what = "is not an override",
                       .where = "command line",
                       .found = fmt::format("'{}'", word),
                       .expected = "key=value, for example train.epochs=5"});
  }
  Override result{.key = word.substr(0, equals), .value = {}, .text = word};
  // As messages name elements: layers[3] is layers.3.
  std::erase(result.key, ']');
  std::replace(result.key.begin(), result.key.end(), '[', '.');
  const std::string text = word.substr(equals + 1);
  // The key tells the reader more than a line number in a single word.
  const std::string place = fmt::format("command line ({})", result.key);
  result.value = parse_yaml(text, place);
  if (result.value.empty()) result.value.value = text;
  result.value.place = place;
  if (auto* items = std::get_if<Tree::List>(&result.value.value)) {
    for (auto& item : *items) item.place = result.value.place;
  }
  return result;
}

std::vector<std::string> names_in(const fs::path& configs, const std::string& folder) {
  std::vector<std::string> names;
  std::error_code failed;
  for (const auto& entry : fs::directory_iterator(configs / folder, failed)) {
    if (entry.path().extension() == ".yaml") names.push_back(entry.path().stem().string());
  }
  if (failed) {
    throw usage_error({.what = "cannot list the configurations: " + failed.message(),
                       .where = (configs / folder).string(),
                       .advice = "pass --configs DIR or run from the project's folder"});
  }
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace laq::config
