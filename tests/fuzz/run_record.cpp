#include "record/run_record.hpp"

#include "hdf5_content.hpp"
#include "record/history_io.hpp"

using namespace laq;

namespace {

const std::vector<std::string> kTexts = {
    "creator",     "version",        "file_time",      "git_commit",       "config_yaml",
    "config_hash", "dataset_sha256", "experiment",     "method",           "profile",
    "host",        "cpu_model",      "cpu_capability", "libtorch_version", "blas"};

record::History history() {
  record::History history;
  history.epochs.append(1, {{"train_loss", 0.5}, {"test_error", 3.25}});
  history.append_layer("a", "scales", 0.1);
  history.epochs.append(2, {{"train_loss", 0.25}, {"test_error", 2.5}});
  history.append_layer("a", "scales", 0.2);
  history.steps.append(10, {{"loss", 0.5}});
  history.final_values["test_error"] = 2.5;
  history.final_values["best_epoch"] = std::int64_t{2};
  history.continue_by(1, {});
  return history;
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto texts = [](record::Hdf5Writer& out) {
    for (const auto& name : kTexts) out.text("/", name, "x");
  };
  const auto numbers = [](record::Hdf5Writer& out) {
    out.integer("/", "layout", 1);
    for (const char* name : {"git_dirty", "seed", "threads"}) out.integer("/", name, 1);
  };
  const auto measured = [](record::Hdf5Writer& out) { record::write_history(out, "", history()); };
  std::vector<std::string> attributes = kTexts;
  attributes.insert(attributes.end(), {"layout", "seed", "test_error", "first_step", "threads"});
  fuzz::read_both(data, size, {texts, numbers, measured},
                  {"/", "/epochs", "/epochs/epoch", "/epochs/x", "/steps", "/steps/step", "/layers",
                   "/layers/a", "/layers/a/scales", "/layers/a/b/c", "/processes", "/processes/1",
                   "/processes/x", "/final"},
                  attributes, [](const auto& path) { record::read_run_record(path); });
  return 0;
}
