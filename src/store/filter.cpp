#include "store/filter.hpp"

#include <algorithm>

#include "core/error.hpp"
#include "core/lists.hpp"
#include "core/text.hpp"
#include "store/store.hpp"
#include "sweep/frozen_plan.hpp"

namespace laq::store {
namespace {

bool fits(const std::string& word, const sweep::Job& job) {
  const auto equals = word.find('=');
  if (equals == std::string::npos || equals == 0) {
    throw usage_error({.what = "is not a filter",
                       .where = "command line",
                       .found = "'" + word + "'",
                       .expected = "key=value, for example method=twn,late"});
  }
  if (has(job.run.request.overrides, word, &config::Override::text)) return true;
  const std::string value = value_of(job, word.substr(0, equals));
  return !value.empty() &&
         std::ranges::any_of(sweep::axis_values(word.substr(equals + 1)),
                             [&](const std::string& one) { return same_value(one, value); });
}

// "method=full, twn, late": of the keys that were asked for, and of those that jobs mostly differ
// in.
std::string what_is_there(const std::vector<std::string>& words,
                          const std::vector<sweep::Job>& jobs) {
  std::vector<std::string> keys = {"experiment", "method", "seed"}, parts;
  for (const auto& word : words) add_once(keys, word.substr(0, word.find('=')));
  for (const auto& [axis, value] : jobs.empty() ? sweep::Point() : jobs.front().point)
    add_once(keys, axis);
  for (const auto& key : keys) {
    std::vector<std::string> values;
    for (const auto& job : jobs) add_once(values, value_of(job, key));
    std::erase(values, "");
    parts.push_back(values.empty() ? "no '" + key + "'" : key + "=" + join_few(values, 8));
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
    if (!at->is_object() || !at->contains(part)) return "";
    at = &at->at(part);
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

bool same_value(std::string a, std::string b) {
  std::erase(a, ' ');
  std::erase(b, ' ');
  const auto x = number_from<double>(a), y = number_from<double>(b);
  return a == b || (x && y && *x == *y);
}

void filter(const std::vector<std::string>& words, sweep::Plan& plan) {
  if (words.empty()) return;
  std::vector<sweep::Job> kept;
  std::ranges::copy_if(plan.jobs, std::back_inserter(kept), [&](const sweep::Job& job) {
    return std::ranges::all_of(words, [&](const auto& word) { return fits(word, job); });
  });
  if (kept.empty()) {
    throw Error({.what = "no run fits " + join(words, " "),
                 .where = plan.runs.string(),
                 .found = what_is_there(words, plan.jobs)});
  }
  plan.jobs = std::move(kept);
  sweep::complete_from_jobs(plan);
}

}  // namespace laq::store
