#include "analysis/wording.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "core/text.hpp"

namespace laq::analysis {

std::string fixed(double value, int decimals) {
  return fmt::format("{:.{}f}", value, decimals);
}

std::string signed_fixed(double value, int decimals) {
  const std::string text = fmt::format("{:+.{}f}", value, decimals);
  return text.find_first_of("123456789") == std::string::npos ? text.substr(1) : text;
}

std::string typographic(std::string number) {
  if (number.starts_with('-')) number.replace(0, 1, "−");
  return number;
}

std::string seed_ranges(const std::set<std::int64_t>& seeds) {
  std::vector<std::string> parts;
  for (auto at = seeds.begin(); at != seeds.end();) {
    const std::int64_t first = *at;
    std::int64_t last = first;
    while (++at != seeds.end() && *at == last + 1) last = *at;
    parts.push_back(std::to_string(first));
    if (last > first) parts.back() += (last > first + 1 ? " to " : ", ") + std::to_string(last);
  }
  return join(parts);
}

std::string named_seeds(const std::set<std::int64_t>& seeds) {
  return (seeds.size() > 1 ? "seeds " : "seed ") + seed_ranges(seeds);
}

std::string short_commit(const std::string& commit) {
  constexpr std::size_t kDigits = 12;
  const auto end = std::min(commit.find(' '), commit.size());
  return end <= kDigits ? commit : commit.substr(0, kDigits) + commit.substr(end);
}

}  // namespace laq::analysis
