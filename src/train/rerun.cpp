#include "train/rerun.hpp"

#include "core/files.hpp"

namespace laq::train {
namespace fs = std::filesystem;
namespace {

fs::path aside(const fs::path& run_folder) {
  return run_folder / kAside;
}

}  // namespace

bool of_other_code(const std::string& then, const std::string& now) {
  return !then.empty() && !now.empty() && then != now;
}

void set_aside(const fs::path& run_folder) {
  drop_what_was_set_aside(run_folder);
  make_folder(aside(run_folder));
  // The checkpoint first: from it alone the finished run would be made again. The status last:
  // until then the run counts as finished.
  for (const char* name : {"checkpoint.h5", "best.h5", "run.h5", "config.yaml", "status.json"}) {
    if (fs::exists(run_folder / name)) fs::rename(run_folder / name, aside(run_folder) / name);
  }
}

void drop_what_was_set_aside(const fs::path& run_folder) {
  fs::remove_all(aside(run_folder));
}

}  // namespace laq::train
