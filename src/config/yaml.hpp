#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace laq::config {

/// A canonical form as YAML text, keys sorted; numbers are written so that they are read back the
/// same.
std::string to_yaml(const nlohmann::json& value);

}  // namespace laq::config
