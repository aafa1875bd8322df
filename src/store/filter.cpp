#include "store/filter.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <set>

#include "core/error.hpp"
#include "core/text.hpp"
#include "store/store.hpp"
#include "sweep/frozen_plan.hpp"

namespace laq::store {
namespace {

std::string without_spaces(std::string text) {
  std::erase(text, ' ');
  return text;
}

std::optional<double> number(const std::string& text) {
  double value = 0;
  const char* end = text.data() + text.size();
  const auto [last, failed] = std::from_chars(text.data(), end, value);
  return failed == std::errc{} && last == end ? std::optional(value) : std::nullopt;
}

bool fits(const std::string& word, const sweep::Job& job) {
  const auto& asked = job.run.request.overrides;
  const auto equals = word.find('=');
  if (equals == std::string::npos || equals == 0) {
    throw usage_error({.what = "is not a filter",
                       .where = "command line",
                       .found = "'" + word + "'",
                       .expected = "key=value, for example method=twn,late"});
  }
  if (std::any_of(asked.begin(), asked.end(), [&](const auto& one) { return one.text == word; }))
    return true;
  const std::string value = value_of(job, word.substr(0, equals));
  const sweep::Values wanted = sweep::axis_values(word.substr(equals + 1));
  return !value.empty() && std::any_of(wanted.begin(), wanted.end(), [&](const std::string& one) {
    return same_value(one, value);
  });
}

// "method=full, twn, late": of the keys that were asked for, and of those that jobs mostly differ
// in.
std::string what_is_there(const std::vector<std::string>& words,
                          const std::vector<sweep::Job>& jobs) {
  std::vector<std::string> keys = {"experiment", "method", "seed"}, parts;
  for (const auto& word : words) keys.push_back(word.substr(0, word.find('=')));
  if (!jobs.empty()) {
    for (const auto& coordinate : jobs.front().point) keys.push_back(coordinate.first);
  }
  std::set<std::string> told;
  for (const auto& key : keys) {
    if (!told.insert(key).second) continue;
    std::vector<std::string> values;
    for (const auto& job : jobs) {
      const std::string value = value_of(job, key);
      if (!value.empty() && std::find(values.begin(), values.end(), value) == values.end())
        values.push_back(value);
    }
    if (!values.empty()) parts.push_back(key + "=" + join_few(values, 20));
  }
  return join(parts, "; ");
}

}  // namespace

std::string value_of(const sweep::Job& job, const std::string& key) {
  const train::RunRequest& request = job.run.request;
  if (key == "experiment") return request.experiment;
  if (key == "method") return request.method;
  if (key == "seed") return std::to_string(request.seed);
  if (key == "profile") return request.profile;
  if (key == "state") return record::state_name(job.state);
  if (key == "dataset") return job.run.dataset.name;
  for (const auto& [axis, value] : job.point) {
    if (axis == key) return value;
  }
  const nlohmann::json* at = &job.run.canonical;
  for (const auto& part : split(key, '.')) {
    const auto found = at->is_object() ? at->find(part) : at->end();
    if (!at->is_object() || found == at->end()) return "";
    at = &*found;
  }
  return at->is_object() ? "" : leaves({{"value", *at}}).at("value");
}

std::set<std::string> differing_keys(
    const std::vector<std::map<std::string, std::string>>& configurations) {
  std::map<std::pair<std::string, std::string>, std::size_t> counts;
  for (const auto& configuration : configurations) {
    for (const auto& leaf : configuration) ++counts[leaf];
  }
  std::set<std::string> keys;
  for (const auto& [leaf, count] : counts) {
    if (count < configurations.size()) keys.insert(leaf.first);
  }
  return keys;
}

bool same_value(const std::string& a, const std::string& b) {
  if (a == b || without_spaces(a) == without_spaces(b)) return true;
  const auto x = number(a), y = number(b);
  return x && y && *x == *y;
}

bool keeps(const std::vector<std::string>& words, const sweep::Job& job) {
  return std::all_of(words.begin(), words.end(),
                     [&](const std::string& word) { return fits(word, job); });
}

void filter(const std::vector<std::string>& words, sweep::Plan& plan) {
  if (words.empty()) return;
  std::vector<sweep::Job> kept;
  for (const auto& job : plan.jobs) {
    if (keeps(words, job)) kept.push_back(job);
  }
  if (kept.empty()) {
    throw Error({.what = "no run fits " + join(words, " "),
                 .where = plan.runs.string(),
                 .found = what_is_there(words, plan.jobs)});
  }
  plan.jobs = std::move(kept);
  sweep::complete_from_jobs(plan);
}

}  // namespace laq::store
