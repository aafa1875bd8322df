#include "config/reader.hpp"

#include <fmt/format.h>

#include <cmath>

#include "core/error.hpp"
#include "core/text.hpp"

namespace laq::config {
namespace {

template <typename T>
std::optional<T> parse_number(const Tree& tree) {
  const std::string* text = tree.scalar();
  if (!text || text->empty()) return std::nullopt;
  const bool signed_plus = (*text)[0] == '+' && text->size() > 1 && (*text)[1] != '-';
  const auto number = number_from<T>(std::string_view(*text).substr(signed_plus ? 1 : 0));
  if constexpr (std::is_floating_point_v<T>) {
    if (number && !std::isfinite(*number)) return std::nullopt;
  }
  return number;
}

template <typename T>
std::string describe(const char* kind, Range<T> range) {
  const bool low = range.low != std::numeric_limits<T>::lowest();
  const bool high = range.high != std::numeric_limits<T>::max();
  if (low && high) return fmt::format("{} in {} to {}", kind, range.low, range.high);
  if (low) return fmt::format("{} of at least {}", kind, range.low);
  return high ? fmt::format("{} of at most {}", kind, range.high) : kind;
}

template <typename T>
std::optional<T> number_in(const Tree& tree, Range<T> range) {
  const auto number = parse_number<T>(tree);
  if (!number || *number < range.low || *number > range.high) return std::nullopt;
  return number;
}

Error unknown_key(const std::string& key, const Tree& value, const std::string& advice) {
  return usage_error(
      {.what = fmt::format("unknown key '{}'", key), .where = value.place, .advice = advice});
}

std::optional<std::string> parse_word(const Tree& tree) {
  return tree.scalar() ? std::optional(*tree.scalar()) : std::nullopt;
}

}  // namespace

Reader::Reader(const Tree* tree, std::string path) : tree_(tree), path_(std::move(path)) {
  if (tree_ && !tree_->empty() && !tree_->map()) {
    throw usage_error({.what = fmt::format("'{}' is not a map", path_),
                       .where = tree_->place,
                       .found = tree_->description(),
                       .expected = "keys below it"});
  }
}

template <typename T, typename Parse>
T Reader::value(const std::string& key, const std::optional<T>& otherwise,
                const std::string& expected, Canonical canonical, Parse parse) {
  const Tree* found = read(key);
  KeyFacts facts{.path = {}, .expected = expected, .fallback = {}, .value = {}, .place = {}};
  facts.outcome = canonical != Canonical::never;
  if (otherwise) facts.fallback = *otherwise;
  if (!found || found->empty()) {
    if (!otherwise) missing(key, expected);
    record(key, *otherwise, true, canonical);
    facts.value = *otherwise;
    state(key, std::move(facts));
    return *otherwise;
  }
  const std::optional<T> parsed = parse(*found);
  if (!parsed) wrong(key, *found, expected);
  record(key, *parsed, otherwise && *parsed == *otherwise, canonical);
  facts.value = *parsed;
  facts.place = found->place;
  state(key, std::move(facts));
  return *parsed;
}

template <typename T, typename Parse>
std::vector<T> Reader::list(const std::string& key, const std::optional<std::vector<T>>& otherwise,
                            const std::string& expected, const std::string& of_each,
                            Canonical canonical, Parse parse) {
  return value(key, otherwise, expected, canonical,
               [&](const Tree& tree) -> std::optional<std::vector<T>> {
                 if (!tree.list()) return std::nullopt;
                 std::vector<T> all;
                 for (const auto& item : *tree.list()) {
                   auto parsed = parse(item);
                   if (!parsed) wrong(fmt::format("{}[{}]", key, all.size()), item, of_each);
                   all.push_back(*std::move(parsed));
                 }
                 return all;
               });
}

std::int64_t Reader::integer(const std::string& key, std::optional<std::int64_t> otherwise,
                             Range<std::int64_t> range, Canonical canonical) {
  return value(key, otherwise, describe("a whole number", range), canonical,
               [&](const Tree& tree) { return number_in(tree, range); });
}

double Reader::real(const std::string& key, std::optional<double> otherwise, Range<double> range,
                    Canonical canonical) {
  return value(key, otherwise, describe("a number", range), canonical,
               [&](const Tree& tree) { return number_in(tree, range); });
}

bool Reader::flag(const std::string& key, std::optional<bool> otherwise, Canonical canonical) {
  return value(key, otherwise, "true or false", canonical,
               [](const Tree& tree) -> std::optional<bool> {
                 if (tree.scalar() && *tree.scalar() == "true") return true;
                 if (tree.scalar() && *tree.scalar() == "false") return false;
                 return std::nullopt;
               });
}

std::string Reader::word(const std::string& key, std::optional<std::string> otherwise,
                         Canonical canonical) {
  return value(key, otherwise, "a word", canonical, parse_word);
}

std::vector<std::int64_t> Reader::integers(const std::string& key,
                                           std::optional<std::vector<std::int64_t>> otherwise,
                                           Range<std::int64_t> range, Canonical canonical) {
  const std::string each = describe("a whole number", range);
  return list(key, otherwise, "a list, each " + each, each, canonical,
              [&](const Tree& item) { return number_in(item, range); });
}

std::vector<std::string> Reader::words(const std::string& key,
                                       std::optional<std::vector<std::string>> otherwise,
                                       Canonical canonical) {
  return list(key, otherwise, "a list of words", "a word", canonical, parse_word);
}

std::string Reader::one_of(const std::string& key, const std::optional<std::string>& otherwise,
                           const std::vector<std::string>& known, Canonical canonical) {
  const Tree* found = tree_ ? tree_->find(key) : nullptr;
  const std::string chosen = value(key, otherwise, "one of " + join(known), canonical, parse_word);
  if (std::find(known.begin(), known.end(), chosen) == known.end()) {
    throw usage_error({.what = fmt::format("unknown value of '{}'", full(key)),
                       .where = found ? found->place : "",
                       .found = fmt::format("'{}'", chosen),
                       .expected = "one of " + join(known),
                       .advice = nearest(chosen, known).empty() ? "" : suggestion(chosen, known)});
  }
  return chosen;
}

bool Reader::has(const std::string& key) const {
  const Tree* found = tree_ ? tree_->find(key) : nullptr;
  return found && !found->empty();
}

Reader& Reader::child(const std::string& key) {
  auto& section = children_[key];
  if (!section) section = std::make_unique<Reader>(read(key), full(key));
  return *section;
}

const Tree* Reader::raw(const std::string& key) {
  return read(key);
}

void Reader::note(const std::string& key, nlohmann::json value, std::vector<KeyFacts> below) {
  canonical_[key] = std::move(value);
  for (KeyFacts& facts : below) facts_.push_back(std::move(facts));
}

void Reader::state(const std::string& key, KeyFacts facts) {
  // An element's number tells nothing of its keys.
  const std::string path = full(key);
  for (std::size_t at = 0; at < path.size(); ++at) {
    facts.path += path[at];
    if (path[at] == '[') at = path.find(']', at) - 1;
  }
  for (KeyFacts& known : facts_) {
    if (known.path == facts.path) {
      known = std::move(facts);
      return;
    }
  }
  facts_.push_back(std::move(facts));
}

std::vector<KeyFacts> Reader::keys() const {
  std::vector<KeyFacts> all = facts_;
  for (const auto& [key, section] : children_) {
    for (KeyFacts& facts : section->keys()) all.push_back(std::move(facts));
  }
  return all;
}

const Tree* Reader::read(const std::string& key) {
  known_.insert(key);
  return tree_ ? tree_->find(key) : nullptr;
}

void Reader::record(const std::string& key, nlohmann::json value, bool is_default,
                    Canonical canonical) {
  if (canonical == Canonical::never || (canonical == Canonical::omit_default && is_default)) return;
  canonical_[key] = std::move(value);
}

std::string Reader::full(const std::string& key) const {
  return path_.empty() ? key : path_ + "." + key;
}

void Reader::refuse(const std::string& key, const std::string& what,
                    const std::string& advice) const {
  const Tree* found = tree_ ? tree_->find(key) : nullptr;
  throw usage_error({.what = fmt::format("'{}' {}", full(key), what),
                     .where = found ? found->place : (tree_ ? tree_->place : ""),
                     .found = found ? found->description() : "",
                     .advice = advice});
}

void Reader::wrong(const std::string& key, const Tree& found, const std::string& expected) const {
  throw usage_error({.what = fmt::format("wrong value of '{}'", full(key)),
                     .where = found.place,
                     .found = found.description(),
                     .expected = expected});
}

void Reader::missing(const std::string& key, const std::string& expected) const {
  if (tree_ && tree_->map()) {
    for (const auto& [written, value] : *tree_->map()) {
      if (!known_.contains(written) && !nearest(written, {key}).empty())
        throw unknown_key(full(written), value, suggestion(written, {key}));
    }
  }
  throw usage_error({.what = fmt::format("'{}' is missing", full(key)),
                     .where = tree_ ? tree_->place : "",
                     .expected = expected});
}

void Reader::finish() const {
  if (tree_ && tree_->map()) {
    for (const auto& [key, value] : *tree_->map()) {
      if (known_.contains(key)) continue;
      throw unknown_key(full(key), value, suggestion(key, {known_.begin(), known_.end()}));
    }
  }
  for (const auto& [key, section] : children_) section->finish();
}

nlohmann::json Reader::canonical() const {
  nlohmann::json all = canonical_;
  for (const auto& [key, section] : children_) {
    nlohmann::json below = section->canonical();
    if (!below.empty()) all[key] = std::move(below);
  }
  return all;
}

}  // namespace laq::config
