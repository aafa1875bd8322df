#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "config/reader.hpp"

namespace laq::train {

/// A key of the configuration, and what it means.
struct Key {
  config::KeyFacts facts;
  std::string meaning;   ///< one line
  std::string fallback;  ///< its default in words; "required"
};

/// What a run read, in the order of their names, each with its meaning. Error: one has none.
std::vector<Key> keys_of(const std::vector<config::KeyFacts>& facts);

/// Every key that any experiment and method can have.
std::vector<Key> all_keys(const std::filesystem::path& configs);

/// Meanings of keys that `all_keys` does not have; for tests.
std::vector<std::string> meanings_without_key(const std::filesystem::path& configs);

}  // namespace laq::train
