#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace laq::analysis {

/// Runs gnuplot in `folder` and waits for it. Errors: it is not installed (with the name of
/// Debian's package), or it fails (with the first line of what it said).
void run_gnuplot(const std::vector<std::string>& arguments, const std::filesystem::path& folder);

/// Error: it is not installed.
void require_gnuplot();

/// A PDF with the date of its making set to 1970, so that the same figure gives the same bytes.
std::string without_date(std::string pdf);

/// A folder of its own below the system's temporary one, removed at the end. Error: cannot be made.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace laq::analysis
