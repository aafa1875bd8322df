#include "integration/disturbed.hpp"

#include <fmt/format.h>
#include <signal.h>

#include <array>
#include <stdexcept>

#include "config/tree.hpp"
#include "integration/run_results.hpp"
#include "integration/tiny_text.hpp"
#include "record/checkpoint.hpp"
#include "record/run_record.hpp"

namespace laq::integration {
namespace fs = std::filesystem;
namespace {

constexpr const char* kMlp = R"(
dataset: small
model: {kind: mlp, hidden: [32, 24]}
train: {epochs: 12, batch: 20, loss: squared_hinge, learning_rate: 0.01,
        schedule: {factor: 0.1, at: [5, 9]}}
)";
constexpr const char* kVgg = R"(
dataset: small
model: {kind: vgg, width: 4, dense: [16]}
train: {epochs: 4, batch: 20, loss: squared_hinge, learning_rate: 0.005,
        schedule: {factor: 0.5, every: 2}}
)";
constexpr const char* kLstm = R"(
dataset: tiny_text
model: {kind: char_lstm, units: 16}
train: {epochs: 6, batch: 10, time_steps: 10, loss: cross_entropy, learning_rate: 0.01,
        schedule: {factor: 0.98, every: 1, after: 2}, clip_gradient: 1e-4,
        clip_gradient_at: step}
)";

// Draws of its own in every step, and another optimizer.
constexpr const char* kLayers = R"(
dataset: small
data: {augment: {crop: 1, flip: true}}
model:
  kind: layers
  layers: [conv: {channels: 4, kernel: 3, quantize: false}, batch_norm, relu, max_pool: 2, flatten,
           dropout: 0.3, dense: 16, batch_norm, relu, dropout: 0.3, dense: outputs]
train: {epochs: 4, batch: 20, loss: cross_entropy, learning_rate: 0.05, optimizer: sgd,
        weight_decay: 0.0001, schedule: {shape: cosine}}
)";

fs::path only_folder_in(const fs::path& folder) {
  std::vector<fs::path> found;
  if (fs::is_directory(folder)) {
    for (const auto& entry : fs::directory_iterator(folder)) found.push_back(entry.path());
  }
  return found.size() == 1 ? found.front() : fs::path();
}

/// Throws when the file cannot be read by those who read such files.
void read(const fs::path& file) {
  const std::string name = file.filename().string();
  if (name == "checkpoint.h5") record::CheckpointReader{file};
  if (name == "run.h5") record::read_run_record(file);
  if (name == "status.json") record::read_status(file);
  if (name == "config.yaml" && config::load_yaml(file).empty()) throw std::runtime_error("empty");
}

}  // namespace

void add_tiny_models(const Workplace& place) {
  place.add_pictures("small", {.train = 610, .validation = 70, .test = 530, .side = 8});
  add_text(place, tiny_words());
  write_text(place / "configs/experiments/tiny_mlp.yaml", kMlp);
  write_text(place / "configs/experiments/tiny_vgg.yaml", kVgg);
  write_text(place / "configs/experiments/tiny_lstm.yaml", kLstm);
  write_text(place / "configs/experiments/tiny_layers.yaml", kLayers);
}

const std::vector<std::string>& tiny_models() {
  static const std::vector<std::string> all{"tiny_mlp", "tiny_vgg", "tiny_lstm", "tiny_layers"};
  return all;
}

const std::vector<std::string>& tried_methods() {
  static const std::vector<std::string> all{"late", "lata", "ttq", "laq3_log", "lat2a"};
  return all;
}

std::vector<fs::path> temporaries(const fs::path& run) {
  std::vector<fs::path> found;
  if (!fs::is_directory(run)) return found;
  for (const auto& entry : fs::directory_iterator(run)) {
    if (holds(entry.path().filename().string(), ".tmp-")) found.push_back(entry.path());
  }
  return found;
}

Disturbed::Disturbed(const Workplace& place, Subject subject, std::uint64_t seed)
    : place_(place), subject_(std::move(subject)), random_(seed) {
  fs::remove_all(place_ / "whole");
  fs::remove_all(place_ / "disturbed");
  const Outcome outcome = run(call_to("whole"));
  if (outcome.exit_code != 0)
    throw std::runtime_error(outcome.command + "\n" + outcome.out + outcome.err);
  whole_seconds_ = outcome.seconds;
}

fs::path Disturbed::whole() const {
  return only_folder_in(only_folder_in(place_ / "whole" / subject_.experiment));
}

fs::path Disturbed::folder() const {
  return only_folder_in(only_folder_in(place_ / "disturbed" / subject_.experiment));
}

Call Disturbed::call_to(const std::string& runs) const {
  Call call = place_.call({"run", subject_.experiment, "--method", subject_.method, "--seed", "5",
                           "--runs", runs, "--threads", std::to_string(subject_.threads)});
  call.arguments.insert(call.arguments.end(), subject_.words.begin(), subject_.words.end());
  call.environment["OMP_NUM_THREADS"] = std::to_string(subject_.threads);
  call.environment["OMP_WAIT_POLICY"] = "passive";
  if (runs != "whole" && !subject_.disturbed_by.empty()) {
    call.program = subject_.disturbed_by;
    call.environment["SAVE_SECONDS"] = "0";
  }
  return call;
}

Call Disturbed::call() {
  constexpr std::array kSteps{0, 1, 2, 3, 7, 10};
  constexpr std::array kSeconds{"0", "0.01", "0.1"};
  Call call = call_to("disturbed");
  call.arguments.push_back(
      fmt::format("checkpoint.every_steps={}", kSteps[random_() % kSteps.size()]));
  if (call.environment.contains("SAVE_SECONDS"))
    call.environment["SAVE_SECONDS"] = kSeconds[random_() % kSeconds.size()];
  return call;
}

double Disturbed::moment() {
  return std::uniform_real_distribution<double>(0, whole_seconds_)(random_);
}

bool Disturbed::kill() {
  Program program(call());
  pause(moment());
  program.send(SIGKILL);
  if (program.finish().signal != SIGKILL) return false;
  look();
  return true;
}

std::optional<Outcome> Disturbed::stop(int signal_number) {
  Program program(call());
  if (!program.wait_for_file(place_ / "disturbed")) return std::nullopt;
  pause(moment());
  program.send(signal_number);
  Outcome outcome = program.finish();
  if (outcome.exit_code == 0) return std::nullopt;
  return outcome;
}

void Disturbed::look() {
  writing_ += temporaries(folder()).empty() ? 0 : 1;
  const fs::path checkpoint = folder() / "checkpoint.h5";
  if (!folder().empty() && fs::exists(checkpoint))
    mid_epoch_ += steps_in_epoch(folder()) > 0 ? 1 : 0;
}

std::string Disturbed::fault() {
  const fs::path run = folder();
  for (const std::string name : {"config.yaml", "status.json", "checkpoint.h5", "run.h5"}) {
    if (run.empty() || !fs::exists(run / name)) {
      if (seen_.contains(name)) return name + " is gone";
      continue;
    }
    seen_.insert(name);
    try {
      read(run / name);
    } catch (const std::exception& error) {
      return name + ": " + error.what();
    }
  }
  return "";
}

std::string Disturbed::finish() {
  const Outcome outcome = run(call_to("disturbed"));
  if (outcome.exit_code != 0) return outcome.command + "\n" + outcome.out + outcome.err;
  if (const std::string what = fault(); !what.empty()) return what;
  if (!temporaries(folder()).empty()) return "a temporary file is left";
  if (status_of(folder()).state != record::State::completed) return "it is not completed";
  const std::string different = first_difference(whole(), folder());
  fs::remove_all(place_ / "disturbed");
  seen_.clear();
  return different;
}

}  // namespace laq::integration
