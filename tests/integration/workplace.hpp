#pragma once

#include <filesystem>
#include <initializer_list>
#include <map>
#include <string>
#include <vector>

#include "integration/program.hpp"
#include "integration/tiny_data.hpp"

namespace laq::integration {

/// A folder of its own to call the program in, removed at the end. It has a copy of the project's
/// configurations with a dataset `tiny`, an experiment `tiny` (36-16-4, 3 epochs of 100 steps) and
/// a sweep `tiny` (full and late) beside them, and the data in data/tiny.
class Workplace {
 public:
  Workplace();
  ~Workplace();
  Workplace(const Workplace&) = delete;
  Workplace& operator=(const Workplace&) = delete;

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path operator/(const std::string& name) const { return path_ / name; }
  std::filesystem::path data() const { return path_ / "data" / "tiny"; }
  /// Another dataset of that kind.
  void add_pictures(const std::string& name, const TinySizes& sizes) const;

  /// A call with the configurations and data of this folder, in this folder.
  Call call(std::vector<std::string> arguments) const;
  Outcome laq(std::vector<std::string> arguments) const { return run(call(std::move(arguments))); }
  /// The one folder NAME-HASH8/seed-N below runs/tiny. Error: none or several.
  std::filesystem::path run_folder(const std::string& method = "full",
                                   const std::filesystem::path& runs = "results/runs") const;

 private:
  std::filesystem::path path_;
};

/// Checks that the program refused: the exit code, nothing on standard output, and on standard
/// error one line that begins with "laq: " and holds each of `parts`.
void check_refusal(const Outcome& outcome, int exit_code, const std::vector<std::string>& parts);

/// Checks that it ended well, with nothing on standard error but what `err` allows.
void check_done(const Outcome& outcome);

/// The folder with data sets beside the sources or in LAQ_DATA_MIRROR; empty when there is none.
std::filesystem::path real_data();

/// Where Debian's package puts Fashion-MNIST.
bool has_fashion_mnist();

}  // namespace laq::integration
