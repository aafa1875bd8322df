#include "analysis/claims_file.hpp"

#include <fmt/format.h>

#include <cmath>
#include <set>

#include "config/reader.hpp"
#include "core/lists.hpp"
#include "core/text.hpp"
#include "train/experiment.hpp"

namespace laq::analysis {
namespace fs = std::filesystem;
namespace {

// What names in the file may be.
struct Known {
  std::vector<std::string> methods, experiments;
};

// A name or a list of names, each of them known.
std::vector<std::string> names(config::Reader& section, const std::string& key,
                               const std::vector<std::string>& known) {
  const config::Tree* tree = section.raw(key);
  const auto all = tree && tree->scalar() ? std::vector{section.word(key, {})}
                                          : section.words(key, std::vector<std::string>());
  for (const auto& name : all) {
    if (!has(known, name))
      section.refuse(key, fmt::format("has the unknown name '{}'", name), suggestion(name, known));
  }
  return all;
}

std::optional<Limit> limit(config::Reader& section, const std::string& key) {
  if (!section.has(key)) return std::nullopt;
  const std::string text = section.word(key, {});
  if (text == "margin") return Limit{0, 1};
  if (text == "-margin") return Limit{0, -1};
  const auto number = number_from<double>(text);
  if (!number || !std::isfinite(*number))
    section.refuse(key, "is neither a number nor 'margin' nor '-margin'");
  return Limit{*number, 0};
}

void read_limits(config::Reader& section, ComparisonRule& rule) {
  rule.high = limit(section, "below");
  rule.low = limit(section, "above");
  const auto within = limit(section, "within");
  const int given = rule.high.has_value() + rule.low.has_value() + within.has_value();
  if (given != 1) section.refuse("below", "or one of 'above' and 'within' must be given, once");
  if (!within) return;
  if (within->number + within->margins <= 0) section.refuse("within", "must be more than 0");
  rule.high = within;
  rule.low = Limit{-within->number, -within->margins};
}

// `diverged: fails`; without it a run that diverged bars judgements.
bool divergence_fails(config::Reader& section, bool otherwise) {
  const std::string word = section.word("diverged", std::string());
  if (!word.empty() && word != "fails") section.refuse("diverged", "must be 'fails'");
  return otherwise || !word.empty();
}

std::vector<ComparisonRule> read_comparison(const config::Tree& tree, const std::string& path,
                                            const Known& known, bool fails) {
  config::Reader section(&tree, path);
  ComparisonRule rule;
  rule.measure = section.word("measure", std::string());
  rule.axis = section.word("slope", std::string());
  rule.experiments = names(section, "experiments", known.experiments);
  rule.except = names(section, "except", known.experiments);
  read_limits(section, rule);
  const bool alone = !rule.measure.empty();
  if (alone && rule.measure != "rounds") section.refuse("measure", "must be 'rounds'");
  if (alone && !rule.axis.empty()) section.refuse("slope", "has no meaning with 'measure'");
  if (alone && section.has("diverged")) section.refuse("diverged", "has no meaning with 'measure'");
  rule.divergence_fails = divergence_fails(section, fails && !alone);
  const std::string left_key = alone ? "method" : "left";
  const auto left = names(section, left_key, known.methods);
  auto right = alone ? std::vector<std::string>{""} : names(section, "right", known.methods);
  if (left.empty()) section.refuse(left_key, "is missing");
  if (right.empty()) section.refuse("right", "is missing");
  section.finish();
  std::vector<ComparisonRule> all;
  for (const auto& one : left) {
    for (const auto& other : right) {
      rule.left = one;
      rule.right = other;
      all.push_back(rule);
    }
  }
  return all;
}

const config::Tree::List& list_of(config::Reader& section, const std::string& key) {
  const config::Tree* tree = section.raw(key);
  if (!tree || !tree->list() || tree->list()->empty()) section.refuse(key, "must be a list");
  return *tree->list();
}

ClaimRule read_claim(const config::Tree& tree, const Known& known) {
  config::Reader section(&tree, "claims");
  ClaimRule claim;
  claim.name = section.word("name", {});
  claim.text = section.word("text", {});
  claim.any = section.flag("any", false);
  const auto experiments = names(section, "experiments", known.experiments);
  const auto except = names(section, "except", known.experiments);
  const bool fails = divergence_fails(section, false);
  for (const auto& one : list_of(section, "compare")) {
    for (auto& rule : read_comparison(one, "claims.compare", known, fails)) {
      if (rule.experiments.empty()) rule.experiments = experiments;
      if (rule.except.empty()) rule.except = except;
      claim.comparisons.push_back(std::move(rule));
    }
  }
  section.finish();
  return claim;
}

}  // namespace

bool ComparisonRule::made_on(const std::string& experiment) const {
  return (experiments.empty() || has(experiments, experiment)) && !has(except, experiment);
}

double ClaimsFile::margin(Metric metric) const {
  return metric == Metric::test_error ? error_margin : loss_margin;
}

ClaimsFile load_claims(const fs::path& configs, const fs::path& path) {
  const config::Tree tree = config::load_yaml(path);
  const Known known{config::names_in(configs, "methods"), config::names_in(configs, "experiments")};
  config::Reader root(&tree, "");
  ClaimsFile file;
  file.level = root.real("level", 0.95, {0.5, 0.999});
  if (!root.has("margins")) root.refuse("margins", "is missing");
  config::Reader& margins = root.child("margins");
  file.error_margin = margins.real("test_error", {}, {0, 1});
  file.loss_margin = margins.real("test_loss", {}, {0, 1});
  std::set<std::string> used;
  for (const auto& one : list_of(root, "claims")) {
    file.claims.push_back(read_claim(one, known));
    const std::string& name = file.claims.back().name;
    if (!used.insert(name).second)
      root.refuse("claims", fmt::format("has two claims named '{}'", name));
  }
  root.finish();
  return file;
}

}  // namespace laq::analysis
