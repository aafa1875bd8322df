#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace laq::integration {

/// Whether headless Chromium is here.
bool has_browser();

/// What Chromium found in a page.
struct Browsed {
  std::vector<std::string> console;  ///< lines of the console: errors, refused requests
  /// At 1280 and 390 CSS pixels of width: `overflow` (pixels by which the page is too wide),
  /// `resources` (what it loaded), `dangling` (links to no place), `twice` (ids), `svgs`,
  /// `unnamed_svgs`, `tables`, `bare_tables` (without a caption), `bare_heads` (without a scope),
  /// `text`.
  nlohmann::json wide, narrow;
};

/// Opens a page in headless Chromium. `scratch` is a folder for the browser's own files. Error: the
/// browser did not answer.
Browsed browse(const std::filesystem::path& page, const std::filesystem::path& scratch);

}  // namespace laq::integration
