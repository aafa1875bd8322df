#pragma once

#include <cstdint>
#include <set>
#include <string>

/// Numbers as people read them.
namespace laq::analysis {

std::string fixed(double value, int decimals);
/// With its sign ("+0.04", "-0.03"); "0.00" when it rounds to zero.
std::string signed_fixed(double value, int decimals);
/// The sign in typography's minus, as wide as the plus.
std::string typographic(std::string number);
/// "1 to 3, 5"
std::string seed_ranges(const std::set<std::int64_t>& seeds);
/// "seeds 1 to 3, 5", "seed 5"
std::string named_seeds(const std::set<std::int64_t>& seeds);
/// 12 digits of a commit, and what follows it: "c6c7d6915641 with local changes"
std::string short_commit(const std::string& commit);

}  // namespace laq::analysis
