#pragma once

#include <filesystem>

namespace laq {

/// What the commands share. `main` owns one that outlives the command line's parsing.
struct Context {
  std::filesystem::path configs;  ///< the folder of YAML files
  int exit_code = 0;              ///< set by a command that ends without an exception
};

}  // namespace laq
