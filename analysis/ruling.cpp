#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "analysis/compare.hpp"
#include "core/text.hpp"

namespace laq::analysis {
namespace {

using Comparisons = std::vector<const Comparison*>;

std::size_t count(const Comparisons& all, Judgement wanted, double level) {
  return static_cast<std::size_t>(std::count_if(
      all.begin(), all.end(), [&](const Comparison* one) { return judge(*one, level) == wanted; }));
}

std::string percent(double level) {
  return fmt::format("{:.4g} %", 100 * level);
}

std::string plural(std::size_t n) {
  return fmt::format("{} comparison{}", n, n == 1 ? "" : "s");
}

// Of what is not decided.
std::string shares(const Comparisons& all, double level) {
  std::map<Judgement, std::size_t> counts;
  for (const auto* one : all) ++counts[judge(*one, level)];
  std::vector<std::string> parts;
  for (const auto& [judgement, n] : counts)
    parts.push_back(fmt::format("{} {}", n, judgement_name(judgement)));
  return fmt::format("of {} at {} {}", plural(all.size()), percent(level), join(parts));
}

}  // namespace

double corrected_level(double level, std::size_t k) {
  return 1 - (1 - level) / static_cast<double>(std::max<std::size_t>(k, 1));
}

Ruling judge(const Comparisons& comparisons, bool any, double level, std::size_t k) {
  Ruling ruling;
  for (const auto* one : comparisons) {
    ruling.provisional = ruling.provisional || one->provisional;
    ruling.diverged.insert(one->diverged.begin(), one->diverged.end());
  }
  // What one comparison alone decides, and what only all of them together do.
  const Judgement alone = any ? Judgement::supported : Judgement::contradicted;
  const Judgement together = any ? Judgement::contradicted : Judgement::supported;
  const double corrected = corrected_level(level, k);
  const std::string bonferroni =
      k > 1 ? fmt::format("{}, that is 1 − {:g}/{}", percent(corrected), 1 - level, k)
            : percent(level);
  if (const std::size_t n = count(comparisons, alone, corrected); n > 0) {
    ruling.judgement = alone;
    ruling.reason = fmt::format("{} of {} at {}", n, plural(comparisons.size()), bonferroni);
    return ruling;
  }
  if (count(comparisons, together, level) == comparisons.size()) {
    ruling.judgement = together;
    ruling.reason = fmt::format(
        "{} at {}",
        comparisons.size() == 1 ? "its comparison" : "each of " + plural(comparisons.size()),
        percent(level));
    return ruling;
  }
  const bool none = count(comparisons, Judgement::missing, level) == comparisons.size();
  ruling.judgement = none ? Judgement::missing : Judgement::undecided;
  ruling.reason = shares(comparisons, level);
  if (count(comparisons, alone, level) > 0)
    ruling.reason += fmt::format("; one decides alone at {}", bonferroni);
  const bool single = std::any_of(comparisons.begin(), comparisons.end(),
                                  [](const Comparison* one) { return one->difference.n == 1; });
  if (single) ruling.reason += "; one seed has no interval";
  return ruling;
}

}  // namespace laq::analysis
