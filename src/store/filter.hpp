#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "sweep/plan.hpp"

namespace laq::store {

/// What a run has under a key: `experiment`, `method`, `seed`, `profile`, `state`, `dataset`, an
/// axis of its sweep, or a key of its configuration. "" when it has none.
std::string value_of(const sweep::Job& job, const std::string& key);

/// Whether two values are the same, however written: `0.10` and `0.1`, `[8, 8]` and `[8,8]`.
bool same_value(std::string a, std::string b);

/// The keys in which configurations differ: not all have them, or not with one value. Each is as
/// `leaves` gives it.
std::set<std::string> differing_keys(
    const std::vector<std::map<std::string, std::string>>& configurations);

/// Keeps the runs that have one of the values under each of the words' keys: `method=twn,late`,
/// `train.epochs=5`, `seed=range(1,4)`. A word that a run was asked for with fits it too. Errors:
/// none is left, and what there is instead; (usage) a word is not key=value.
void filter(const std::vector<std::string>& words, sweep::Plan& plan);

}  // namespace laq::store
