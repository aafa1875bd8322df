#include "support/tiny_training.hpp"

#include <algorithm>

#include "core/random.hpp"
#include "support/scratch.hpp"

namespace laq::test {
namespace {

constexpr std::int64_t kSide = 4, kClasses = 4, kOthers = 40;

data::ImageSet pictures(std::int64_t rows, const std::string& purpose, bool blank) {
  RandomStream stream(1, "test pictures " + purpose);
  data::ImageSet set{rows, 1, kSide, kSide, {}, {}};
  for (std::int64_t row = 0; row < rows; ++row) {
    const auto label = static_cast<std::int64_t>(stream.below(kClasses));
    set.labels.push_back(static_cast<std::uint8_t>(label));
    for (std::int64_t pixel = 0; pixel < kSide * kSide; ++pixel) {
      const double bright = pixel / kSide == label ? 200 : 60;  // a row of its own
      const double value = std::clamp(bright + 40 * stream.normal(), 0.0, 255.0);
      set.pixels.push_back(blank ? 0 : static_cast<std::uint8_t>(value));
    }
  }
  return set;
}

}  // namespace

train::ImageTask tiny_images(const TinyOptions& options) {
  return {data::ImageData(pictures(options.rows + kOthers, "training", options.blank),
                          pictures(kOthers, "test", options.blank),
                          {options.rows, kOthers, kOthers}, data::Preprocessing::mean_image),
          kClasses, train::Loss::squared_hinge, options.augmentation};
}

train::Run tiny_run(const std::string& method, std::int64_t seed,
                    const std::vector<std::string>& words) {
  train::RunRequest request{"mnist", method, "quick", seed, {}};
  for (const char* word : {"model.hidden=[16]", "train.batch=10", "train.epochs=3"})
    request.overrides.push_back(config::parse_override(word));
  for (const auto& word : words) request.overrides.push_back(config::parse_override(word));
  return train::resolve(project_configs(), request);
}

train::TextTask tiny_text() {
  std::string text = "ab";
  RandomStream stream(1, "test text");
  while (text.size() < 160) {
    const int sum = text[text.size() - 1] + 2 * text[text.size() - 2] - 3 * 'a';
    text += static_cast<char>('a' + (sum + (stream.uniform() < 0.1 ? 1 : 0)) % 5);
  }
  return train::TextTask(data::TextData(text, {60, 20, 20}, {4, 8, 0}));
}

train::Run tiny_text_run(const std::string& method, std::int64_t seed,
                         const std::vector<std::string>& words) {
  train::RunRequest request{"war_and_peace", method, "quick", seed, {}};
  for (const char* word : {"model.units=12", "train.batch=4", "train.time_steps=8",
                           "train.epochs=3", "train.learning_rate=0.01"}) {
    request.overrides.push_back(config::parse_override(word));
  }
  for (const auto& word : words) request.overrides.push_back(config::parse_override(word));
  return train::resolve(project_configs(), request);
}

void go_on(train::Training& training, std::int64_t most, std::int64_t at_a_time) {
  const std::int64_t end = training.position().steps + most;
  while (!training.done() && training.position().steps < end) {
    training.advance(std::min(at_a_time, end - training.position().steps));
    if (training.epoch_due()) training.finish_epoch();
  }
}

std::map<std::string, std::string> bytes_of(const train::Training& training) {
  std::map<std::string, std::string> all;
  for (const auto& blob : training.blobs()) {
    if (blob.name.find("seconds") != std::string::npos) continue;
    std::visit(
        [&, &name = blob.name](const auto& values) {
          const auto bytes = std::as_bytes(values);
          all[name].assign(reinterpret_cast<const char*>(bytes.data()), bytes.size());
        },
        blob.values);
  }
  return all;
}

}  // namespace laq::test
