#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace laq::config {

/// A configuration value as it was written, with the place it came from: a scalar (still text), a
/// list or a map. YAML files, command-line overrides and merged configurations all have this form.
struct Tree {
  using List = std::vector<Tree>;
  using Map = std::map<std::string, Tree>;

  std::variant<std::monostate, std::string, List, Map> value;
  std::string place;  ///< "configs/methods/late.yaml:3" or "command line"

  bool empty() const { return std::holds_alternative<std::monostate>(value); }
  const std::string* scalar() const { return std::get_if<std::string>(&value); }
  const List* list() const { return std::get_if<List>(&value); }
  const Map* map() const { return std::get_if<Map>(&value); }

  /// The value at a dotted path ("train.epochs"; "model.layers.2" is the third of a list), or null.
  const Tree* find(std::string_view path) const;
  /// The value at a dotted path, made (with maps on the way) when absent. Error: a scalar or list
  /// is in the way.
  Tree& at(std::string_view path);
  /// For messages: the scalar quoted, "a list", "a map" or "nothing".
  std::string description() const;
};

/// Errors: unreadable file, malformed YAML, more than one document, a key given twice; each with
/// the file and, where there is one, the line.
Tree load_yaml(const std::filesystem::path& file);
Tree parse_yaml(const std::string& text, const std::string& name);

/// Names of the YAML files in `configs`/`folder`, sorted. Error (usage): the folder cannot be
/// listed.
std::vector<std::string> names_in(const std::filesystem::path& configs, const std::string& folder);

/// Lays `over` on `base`: maps are merged key by key, anything else is replaced.
void merge(Tree& base, const Tree& over);

/// One `a.b.c=value` word of the command line; the value is YAML (`[512, 512]`, `0.1`, `late`).
struct Override {
  std::string key;
  Tree value;
  std::string text;  ///< the word itself
};
Override parse_override(const std::string& word);

}  // namespace laq::config
