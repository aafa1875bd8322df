#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "config/tree.hpp"

namespace laq::config {

/// Inclusive bounds of a number.
template <typename T>
struct Range {
  T low = std::numeric_limits<T>::lowest();
  T high = std::numeric_limits<T>::max();
};

/// Whether a key takes part in the canonical form (and so in a run's hash) when it has its default.
/// Keys added after the first release are `omit_default`, so that they leave older hashes as they
/// were. Keys that cannot change the outcome are `never` part of it.
enum class Canonical { always, omit_default, never };

/// What is known of a key that was read.
struct KeyFacts {
  std::string path;         ///< "train.epochs"; of a list's element "model.layers[].dense.units"
  std::string expected;     ///< "a whole number of at least 0"
  nlohmann::json fallback;  ///< its default; null: it is required
  nlohmann::json value;
  std::string place;    ///< where it was set; "" by default
  bool outcome = true;  ///< false: never part of the hash
};

/// Reads one map of a configuration into typed values. Every key that is read is checked and
/// recorded in the canonical form; `finish` refuses the keys that nobody read. Errors are of kind
/// usage and name file, line, key, what was found and what was expected. A key without a default is
/// required.
class Reader {
 public:
  /// `path` is the dotted name of this map, for messages ("" at the root). A null tree reads as an
  /// empty map.
  Reader(const Tree* tree, std::string path);

  std::int64_t integer(const std::string& key, std::optional<std::int64_t> otherwise,
                       Range<std::int64_t> range = {}, Canonical = Canonical::always);
  double real(const std::string& key, std::optional<double> otherwise, Range<double> range = {},
              Canonical = Canonical::always);
  bool flag(const std::string& key, std::optional<bool> otherwise, Canonical = Canonical::always);
  std::string word(const std::string& key, std::optional<std::string> otherwise,
                   Canonical = Canonical::always);
  std::vector<std::int64_t> integers(const std::string& key,
                                     std::optional<std::vector<std::int64_t>> otherwise,
                                     Range<std::int64_t> range = {}, Canonical = Canonical::always);
  std::vector<std::string> words(const std::string& key,
                                 std::optional<std::vector<std::string>> otherwise,
                                 Canonical = Canonical::always);
  /// One of a list of named values.
  template <typename E>
  E choice(const std::string& key, std::optional<E> otherwise,
           const std::vector<std::pair<std::string, E>>& names,
           Canonical canonical = Canonical::always) {
    std::vector<std::string> known;
    std::optional<std::string> name;
    for (const auto& [text, value] : names) {
      known.push_back(text);
      if (otherwise && value == *otherwise) name = text;
    }
    const std::string chosen = one_of(key, name, known, canonical);
    for (const auto& [text, value] : names) {
      if (text == chosen) return value;
    }
    return names.front().second;  // not reached: one_of returns a known name
  }

  bool has(const std::string& key) const;
  /// The map below `key`, read as a section of its own; what it reads becomes part of this one's
  /// canonical form.
  Reader& child(const std::string& key);
  /// For lists of maps: `key` as it was written, marked as read. Null when absent.
  const Tree* raw(const std::string& key);
  /// What such a key was read as, for the canonical form, and what was read below it.
  void note(const std::string& key, nlohmann::json value, std::vector<KeyFacts> below = {});

  /// An error about a key of this section, in the form of the others.
  [[noreturn]] void refuse(const std::string& key, const std::string& what,
                           const std::string& advice = "") const;
  /// Refuses unknown keys, here and in the children.
  void finish() const;
  /// Everything that was read, defaults included, with sorted keys.
  nlohmann::json canonical() const;
  /// All keys that were read, here and in the children, each once.
  std::vector<KeyFacts> keys() const;
  /// The dotted name of a key of this section.
  std::string full(const std::string& key) const;

 private:
  const Tree* read(const std::string& key);
  std::string one_of(const std::string& key, const std::optional<std::string>& otherwise,
                     const std::vector<std::string>& known, Canonical);
  [[noreturn]] void wrong(const std::string& key, const Tree& found,
                          const std::string& expected) const;
  [[noreturn]] void missing(const std::string& key, const std::string& expected) const;
  void record(const std::string& key, nlohmann::json value, bool is_default, Canonical);
  void state(const std::string& key, KeyFacts facts);
  template <typename T, typename Parse>
  T value(const std::string& key, const std::optional<T>& otherwise, const std::string& expected,
          Canonical, Parse parse);

  /// The same for a list; an element that is wrong is named.
  template <typename T, typename Parse>
  std::vector<T> list(const std::string& key, const std::optional<std::vector<T>>& otherwise,
                      const std::string& expected, const std::string& of_each, Canonical,
                      Parse parse);

  const Tree* tree_;
  std::string path_;
  std::set<std::string> known_;
  nlohmann::json canonical_ = nlohmann::json::object();
  std::vector<KeyFacts> facts_;
  std::map<std::string, std::unique_ptr<Reader>> children_;
};

}  // namespace laq::config
