#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>
#include <utility>
#include <vector>

namespace laq {

/// Whether an element is this value, or, by `of`, has it.
template <typename List, typename Value, typename Of = std::identity>
bool has(const List& list, const Value& value, Of of = {}) {
  return std::ranges::find(list, value, of) != std::ranges::end(list);
}

/// The place of a value, which is added where it is not there.
template <typename T>
std::size_t place_in(std::vector<T>& list, T value) {
  const auto place = static_cast<std::size_t>(std::ranges::find(list, value) - list.begin());
  if (place == list.size()) list.push_back(std::move(value));
  return place;
}

/// Adds what the list does not have yet.
template <typename T>
void add_once(std::vector<T>& list, T value) {
  place_in(list, std::move(value));
}

/// What stands beside a key in a list of pairs, which is added where it is not there.
template <typename Key, typename Value>
Value& under(std::vector<std::pair<Key, Value>>& list, const Key& key) {
  const auto found = std::ranges::find(list, key, &std::pair<Key, Value>::first);
  return found == list.end() ? list.emplace_back(key, Value()).second : found->second;
}

/// The first element that passes the test, or null.
template <typename List, typename Test>
auto* find_in(List& list, Test test) {
  const auto found = std::ranges::find_if(list, test);
  return found == std::ranges::end(list) ? nullptr : &*found;
}

}  // namespace laq
