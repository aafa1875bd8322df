#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "record/checkpoint.hpp"
#include "support/layers.hpp"
#include "support/scratch.hpp"
#include "support/tiny_training.hpp"
#include "train/character_model.hpp"
#include "train/training.hpp"

using namespace laq;
using namespace laq::test;
using namespace laq::train;

namespace {

std::map<std::string, std::vector<float>> floats_of(const Training& training) {
  std::map<std::string, std::vector<float>> all;
  for (const auto& blob : training.blobs()) {
    if (const auto* values = std::get_if<std::span<const float>>(&blob.values))
      all[blob.name].assign(values->begin(), values->end());
  }
  return all;
}

void save(const Scratch& folder, const Run& run, const Training& training) {
  folder.write("config.yaml", run.yaml());
  record::write_checkpoint(folder / "checkpoint.h5", training.blobs(), training.checkpoint_state());
}

}  // namespace

TEST_CASE("a character model learns", "[train]") {
  const auto text = tiny_text();
  for (const char* method : {"full", "late", "laq4_log", "lab"}) {
    INFO(method);
    const Run run = tiny_text_run(method, 1, {"train.epochs=60", "model.units=24"});
    Training training(run, text);
    const double before = evaluate(training.model(), text, data::Part::train).loss;
    CHECK(before == Approx(std::log(5)).margin(0.05));  // five characters, nothing known
    go_on(training);
    CHECK(evaluate(training.model(), text, data::Part::train).loss < 0.8 * before);
  }
}

TEST_CASE("the loss of text is in nats per character, over all of a part", "[train]") {
  const auto text = tiny_text();
  const Run run = tiny_text_run("late");
  Training training(run, text);
  go_on(training, 4);
  nn::Model& model = training.model();
  const Score score = evaluate(model, text, data::Part::train);
  double loss = 0, wrong = 0;
  const at::NoGradGuard no_gradient;
  for (std::int64_t row = 0; row < 12; ++row) {
    const Batch one = text.gather(data::Part::train, std::span(&row, 1));
    const at::Tensor output = model.forward(one.input).to(at::kDouble);
    for (std::int64_t t = 0; t < 8; ++t) {
      const auto next = one.target[t].item<std::int64_t>();
      loss += (output[t].exp().sum().log() - output[t][next]).item<double>() / 96;
      wrong += output[t].argmax().item<std::int64_t>() != next ? 1 : 0;
    }
  }
  CHECK(score.loss == Approx(loss).epsilon(1e-5));
  CHECK(score.error == Approx(100 * wrong / 96));
}

TEST_CASE("a training on text that is restored goes on bitwise as if it had not stopped",
          "[train]") {
  const auto text = tiny_text();
  const Scratch folder;
  for (const char* method :
       {"full", "late", "lata", "ttq", "lat2a", "laq3_log", "laq4_linear", "dorefa4"}) {
    const Run run = tiny_text_run(method, 1, {"train.clip_gradient=1e-5"});
    Training whole(run, text);
    go_on(whole);
    CHECK(whole.position().total_steps == 9);
    for (const std::int64_t stop : {0, 1, 2, 3, 5, 8}) {
      INFO(method << " stopped after " << stop);
      Training first(run, text);
      go_on(first, stop);
      save(folder, run, first);
      Training second(run, text);
      second.restore(record::CheckpointReader(folder / "checkpoint.h5"));
      go_on(second);
      CHECK((floats_of(second) == floats_of(whole)));
      for (const char* column : {"train_loss", "valid_loss", "test_loss", "test_error"})
        CHECK(*second.history().epochs.find(column) == *whole.history().epochs.find(column));
    }
  }
}

TEST_CASE("gradients of text are clipped at time steps, or those of parameters", "[train]") {
  const auto text = tiny_text();
  constexpr float kBound = 1e-5f, kCharacters = 32;  // of a batch
  // The optimizer's first mean of gradients is a tenth of the first step's.
  const auto largest = [&](const std::string& layer, const std::vector<std::string>& words) {
    const Run run = tiny_text_run("late", 1, words);
    Training training(run, text);
    go_on(training, 1);
    const auto all = floats_of(training);
    const auto found = std::find_if(all.begin(), all.end(), [&](const auto& blob) {
      return blob.first.ends_with(layer + ":first_moment");
    });
    REQUIRE(found != all.end());
    float most = 0;
    for (const float value : found->second) most = std::max(most, 10.001f * std::abs(value));
    return most;
  };
  const std::string bound = "train.clip_gradient=1e-5";
  for (const std::string layer : {"lstm.weight_ih_l0", "lstm.weight_hh_l0", "lstm.bias_ih_l0"}) {
    INFO(layer);
    const float free = largest(layer, {"train.clip_gradient=0"}),
                at_steps = largest(layer, {bound});
    // A sum over steps is not clipped itself; hidden states make that of weight_hh small.
    if (layer != "lstm.weight_hh_l0") CHECK(at_steps > 2 * kBound);
    CHECK(at_steps <= 1.001f * kBound * kCharacters);
    CHECK(at_steps < free / 2);
    CHECK(largest(layer, {bound, "train.clip_gradient_at=parameter"}) ==
          Approx(kBound).epsilon(0.001));
  }
  CHECK(largest("output.bias", {bound}) == largest("output.bias", {"train.clip_gradient=0"}));
  CHECK(largest("output.bias", {bound}) > 100 * kBound);
}

TEST_CASE("the segments of a text are shuffled anew in every epoch, by the seed", "[train]") {
  const auto text = tiny_text();
  const auto losses = [&](std::int64_t seed) {
    const Run run = tiny_text_run("full", seed, {"train.learning_rate=0"});
    Training training(run, text);
    go_on(training);
    return *training.history().steps.find("loss");
  };
  const auto first = losses(1);
  CHECK(first == losses(1));
  CHECK(first != losses(2));
  CHECK(std::vector(first.begin(), first.begin() + 3) !=
        std::vector(first.begin() + 3, first.begin() + 6));
}

TEST_CASE("of text the epoch with the least validation loss is reported", "[train]") {
  const auto text = tiny_text();
  const Run run = tiny_text_run("late");
  Training training(run, text);
  const std::vector<double> loss = {3, 1, 2, 1, 4}, error = {1, 5, 5, 5, 5};
  for (std::size_t i = 0; i < loss.size(); ++i) {
    training.history().epochs.append(static_cast<std::int64_t>(i + 1),
                                     {{"valid_error", error[i]},
                                      {"valid_loss", loss[i]},
                                      {"test_error", 0},
                                      {"test_loss", 10 + static_cast<double>(i)}});
  }
  training.conclude();
  CHECK(std::get<std::int64_t>(training.history().final_values.at("best_epoch")) == 4);
  CHECK(std::get<double>(training.history().final_values.at("test_loss")) == 13);
}

TEST_CASE("gradients that are not finite end a training on text as diverged", "[train]") {
  const auto text = tiny_text();
  const Run run = tiny_text_run("binaryconnect");
  Training training(run, text);
  {
    const at::NoGradGuard no_gradient;
    training.model().layers()[1].tensor.fill_(std::numeric_limits<float>::quiet_NaN());
  }
  CHECK(error_of([&] { go_on(training); }).kind() == Error::Kind::not_finite);
}

TEST_CASE("text is sampled from a run's quantized weights", "[train]") {
  const auto text = tiny_text();
  const Scratch folder;
  const Run run = tiny_text_run("late", 1, {"train.epochs=20"});
  Training training(run, text);
  go_on(training);
  save(folder, run, training);
  CharacterModel model(folder.path());
  const std::string sample = model.sample("ab", {.length = 300});
  CHECK(sample.size() == 300);
  CHECK(sample.find_first_not_of("abcde") == std::string::npos);
  CHECK(model.sample("ab", {.length = 300}) == sample);
  CHECK(model.sample("ab", {.length = 300, .seed = 2}) != sample);
  CHECK(model.sample("ab", {.length = 0}).empty());

  // Without chance: the likeliest character by the trained network itself.
  const std::string likely = model.sample("ab", {.length = 6, .temperature = 0});
  std::string read = "ab";
  const at::NoGradGuard no_gradient;
  for (int i = 0; i < 6; ++i) {
    const at::Tensor input = at::empty({static_cast<std::int64_t>(read.size()), 1}, at::kLong);
    for (std::size_t t = 0; t < read.size(); ++t)
      input[static_cast<std::int64_t>(t)][0] = read[t] - 'a';
    read += static_cast<char>('a' + training.model().forward(input)[-1].argmax().item<int>());
  }
  CHECK("ab" + likely == read);

  CHECK_THAT(usage_message([&] { model.sample("abz", {.length = 1}); }),
             Contains("--prompt: character 3 is not in the training text"));
  CHECK_THAT(usage_message([&] { model.sample("", {.length = 1}); }),
             Contains("the prompt is empty"));
  CHECK_THAT(message_of([] { CharacterModel("nowhere"); }), Contains("there is no such run"));
}

TEST_CASE("a run on pictures writes no text", "[train]") {
  const auto pictures = tiny_images();
  const Scratch folder;
  const Run run = tiny_run("late");
  Training training(run, pictures);
  save(folder, run, training);
  CHECK_THAT(message_of([&] { CharacterModel{folder.path()}; }),
             Contains("not of a character model"));
}

TEST_CASE("configurations of text are checked", "[train]") {
  const auto refusal = [](const std::string& experiment, const std::string& word) {
    return usage_message([&] {
      RunRequest request{experiment, "late", "paper", 1, {config::parse_override(word)}};
      resolve(project_configs(), request);
    });
  };
  CHECK_THAT(refusal("war_and_peace", "train.time_steps=0"), Contains("'train.time_steps'"));
  CHECK_THAT(refusal("war_and_peace", "train.time_steps=1e9"), Contains("'train.time_steps'"));
  CHECK_THAT(refusal("war_and_peace", "train.batch=1"), Contains("'train.batch'"));
  CHECK_THAT(refusal("war_and_peace", "train.batch=30000"),
             Contains("'train.batch' times train.time_steps is longer than the training text"));
  CHECK_THAT(refusal("war_and_peace", "data.characters=9000"),
             Contains("longer than the training"));
  CHECK_THAT(refusal("war_and_peace", "train.clip_gradient=-1"), Contains("'train.clip_gradient'"));
  CHECK_THAT(refusal("war_and_peace", "train.clip_gradient_at=steps"),
             Contains("'train.clip_gradient_at'") && Contains("one of parameter, step"));
  for (const char* experiment : {"mnist", "cifar10"}) {
    CHECK_THAT(refusal(experiment, "train.clip_gradient_at=step"),
               Contains("'train.clip_gradient_at' needs time steps") && Contains("found 'step'") &&
                   Contains("parameter"));
  }
  CHECK_THAT(refusal("war_and_peace", "data.train_limit=5"), Contains("unknown key"));
  CHECK_THAT(refusal("war_and_peace", "dataset=mnist"),
             Contains("unknown key 'train.time_steps'") || Contains("char_lstm needs text"));
  CHECK_THAT(refusal("mnist", "dataset=penn_treebank"), Contains("text needs char_lstm"));
  CHECK_THAT(refusal("mnist", "train.time_steps=5"), Contains("unknown key 'train.time_steps'"));
}

TEST_CASE("the recurrent protocol is the paper's", "[train]") {
  const Run run = resolve(project_configs(), {"war_and_peace", "late", "paper", 1, {}});
  CHECK(run.train.epochs == 200);
  CHECK(run.train.batch == 100);
  CHECK(run.train.time_steps == 100);
  CHECK(run.train.loss == Loss::cross_entropy);
  CHECK(run.train.clip_at_steps == 5);
  CHECK(run.train.adam.clip_gradient == 0);
  CHECK(run.schedule.rate(0) == 0.002);
  CHECK(run.schedule.rate(10) == 0.002);
  CHECK(run.schedule.rate(11) == Approx(0.002 * 0.98));
  CHECK(run.schedule.rate(199) == Approx(0.002 * std::pow(0.98, 189)));
  CHECK(run.samples_per_step() == 10000);
  const Run quick = resolve(project_configs(), {"penn_treebank", "full", "quick", 1, {}});
  CHECK(quick.characters == 1000000);
  CHECK(quick.schedule.rate(1) == 0.01);
  CHECK(quick.samples_per_step() == 2000);
  CHECK(quick.train.epochs == 2);
  CHECK(quick.canonical["model"]["units"] == 128);
  // Segments are the experiment's, whatever the profile.
  CHECK(
      resolve(project_configs(), {"war_and_peace_ts10", "full", "quick", 1, {}}).train.time_steps ==
      10);
}
