#include "integration/tiny_text.hpp"

#include <fmt/format.h>

#include "core/files.hpp"

namespace laq::integration {
namespace {

constexpr const char* kExperiment = R"(
dataset: tiny_text
model: {kind: char_lstm, units: 16}
train: {epochs: 4, batch: 10, time_steps: 20, loss: cross_entropy, learning_rate: 0.01,
        schedule: {factor: 0.98, every: 1, after: 10}, clip_gradient: 5}
)";

}  // namespace

std::string tiny_words() {
  const std::vector<std::string> all = {"one ", "two ", "three ", "four\n"};
  std::string text;
  unsigned state = 1;
  while (text.size() < 20000) {
    for (const auto& word : all) {
      state = state * 1103515245u + 12345u;
      if ((state >> 16) % 7 != 0) text += word;
    }
  }
  return text;
}

void add_text(const Workplace& place, const std::string& text) {
  std::string distinct;
  for (const char c : text) {
    if (distinct.find(c) == std::string::npos) distinct += c;
  }
  write_text(place / "configs/datasets/tiny_text.yaml",
             fmt::format("title: Words\nkind: text\nvocabulary: {}\n"
                         "splits: {{train: 80, validation: 10, test: 10}}\nfiles:\n"
                         "  - {{role: text, name: words.txt, bytes: {}, sha256: {}, "
                         "hash_checked: true}}\n",
                         distinct.size(), text.size(), sha256(text)));
  write_text(place / "data/tiny_text/words.txt", text);
  write_text(place / "configs/experiments/words.yaml", kExperiment);
}

}  // namespace laq::integration
