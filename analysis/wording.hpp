#pragma once

#include <optional>
#include <string>

/// Numbers as people read them.
namespace laq::analysis {

std::string fixed(double value, int decimals);
/// With its sign ("+0.04", "-0.03"); "0.00" when it rounds to zero.
std::string signed_fixed(double value, int decimals);
/// The sign in typography's minus, as wide as the plus.
std::string typographic(std::string number);

}  // namespace laq::analysis
