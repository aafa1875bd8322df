#include <ATen/ATen.h>

#include <map>
#include <set>

#include "gpu/runs.hpp"
#include "record/checkpoint.hpp"
#include "record/schema.hpp"
#include "support/layers.hpp"
#include "support/scratch.hpp"
#include "support/tiny_training.hpp"
#include "train/training.hpp"

using namespace laq;
using namespace laq::test;
using namespace laq::train;

namespace {

std::vector<float> floats_of(const Training& training, const std::string& name) {
  for (const auto& blob : training.blobs()) {
    if (blob.name == name) {
      const auto values = std::get<std::span<const float>>(blob.values);
      return {values.begin(), values.end()};
    }
  }
  FAIL("no blob " << name);
  return {};
}

void check_same_history(const record::History& a, const record::History& b) {
  for (const char* column :
       {"train_loss", "valid_loss", "valid_error", "test_loss", "test_error", "learning_rate"}) {
    INFO(column);
    CHECK(*a.epochs.find(column) == *b.epochs.find(column));
  }
  CHECK(a.epochs.index == b.epochs.index);
  CHECK(a.steps.index == b.steps.index);
  CHECK(*a.steps.find("loss") == *b.steps.find("loss"));
  REQUIRE(a.layers.size() == b.layers.size());
  for (std::size_t layer = 0; layer < a.layers.size(); ++layer) {
    REQUIRE(a.layers[layer].second.size() == b.layers[layer].second.size());
    for (std::size_t column = 0; column < a.layers[layer].second.size(); ++column) {
      INFO(a.layers[layer].first << " " << a.layers[layer].second[column].first);
      CHECK(a.layers[layer].second[column].second.values ==
            b.layers[layer].second[column].second.values);
    }
  }
}

const std::vector<std::string> kMethods = {
    "full",     "binaryconnect", "bwn",         "lab",         "twn",      "late",
    "lata",     "ttq",           "lat2e",       "lat2a",       "dorefa3",  "dorefa4",
    "laq3_log", "laq4_log",      "laq3_linear", "laq4_linear", "absmean",  "lsq3",
    "seq",      "lq_nets2",      "lq_nets3",    "parq",        "proxquant"};

}  // namespace

TEST_CASE("the loop counts its steps", "[train]") {
  const auto data = tiny_images({.rows = 65});
  const Run run = tiny_run("late");
  Training training(run, data);
  CHECK(training.position().steps_per_epoch == 6);  // the last 5 rows wait for another epoch
  CHECK(training.position().total_steps == 18);
  for (int i = 0; i < 5; ++i) training.advance();
  CHECK_FALSE(training.epoch_due());
  training.advance();
  CHECK(training.epoch_due());
  training.finish_epoch();
  CHECK(training.position().epoch == 1);
  CHECK(training.position().step_in_epoch == 0);
  CHECK(training.position().steps == 6);
  go_on(training);
  CHECK(training.done());
  CHECK(training.position().epoch == 3);
  CHECK(training.history().epochs.rows() == 3);
  CHECK(training.history().steps.index.back() == 18);
  CHECK(training.history().find("dense1.weight", "level_histogram")->width == 3);
}

TEST_CASE("max_steps ends the last epoch early", "[train]") {
  const auto data = tiny_images();
  const Run run = tiny_run("late", 1, {"train.max_steps=8"});
  Training training(run, data);
  go_on(training);
  CHECK(training.position().steps == 8);
  CHECK(training.position().epoch == 2);
  CHECK(training.history().epochs.rows() == 2);
  const auto& losses = *training.history().steps.find("loss");
  REQUIRE(losses.size() == 8);
  CHECK((*training.history().epochs.find("train_loss"))[1] ==
        Approx((losses[6] + losses[7]) / 2).epsilon(1e-12));
}

TEST_CASE("zero epochs leave the network as it was made", "[train]") {
  const auto data = tiny_images();
  const Run run = tiny_run("late", 1, {"train.epochs=0"});
  Training training(run, data);
  const auto before = bytes_of(training);
  CHECK(training.done());
  CHECK_FALSE(training.epoch_due());
  training.conclude();
  CHECK((bytes_of(training) == before));
  CHECK(std::get<std::int64_t>(training.history().final_values.at("best_epoch")) == 0);
  CHECK(std::get<double>(training.history().final_values.at("test_error")) > 40);
  // The weights are what a training of some epochs starts from.
  const Run longer = tiny_run("late");
  CHECK(bytes_of(Training(longer, data)).at("model:dense1.weight") ==
        before.at("model:dense1.weight"));
}

TEST_CASE("a batch larger than the data is refused", "[train]") {
  const auto data = tiny_images({.rows = 9});
  const Run run = tiny_run("late");
  CHECK_THAT(usage_message([&] { Training(run, data); }),
             Contains("train.batch: the batch is larger than the training part: found 10, expected "
                      "at most 9"));
}

TEST_CASE("all methods start from the same draws", "[train]") {
  const auto data = tiny_images();
  const auto latent = [&](const std::string& method, std::int64_t seed) {
    const Run run = tiny_run(method, seed);
    const Training training(run, data);
    return floats_of(training,
                     method == "full" ? "model:dense1.weight" : "optimizer:dense1.weight:latent");
  };
  const auto late = latent("late", 1);
  for (const auto& method : kMethods) {
    auto other = latent(method, 1);
    if (method == "full") {
      for (auto& w : other) w /= 2;  // Glorot's range is twice as wide
    }
    INFO(method);
    CHECK(other == late);
    CHECK(latent(method, 2) != latent(method, 1));
  }
}

TEST_CASE("all methods see the data in the same order", "[train]") {
  // Pictures without content: the outputs are the last biases alone, whatever the weights, and the
  // biases' gradients tell which labels were in each batch.
  const auto data = tiny_images({.rows = 40, .blank = true});
  const auto moments = [&](const std::string& method, std::int64_t seed) {
    const Run run = tiny_run(method, seed, {"train.batch=2"});
    Training training(run, data);
    std::vector<float> all;
    for (int step = 0; step < 45; ++step) {  // into the third epoch
      go_on(training, 1);
      const auto now = floats_of(training, "optimizer:norm2.bias:first_moment");
      all.insert(all.end(), now.begin(), now.end());
    }
    return all;
  };
  const auto distance = [](const std::vector<float>& a, const std::vector<float>& b) {
    float largest = 0;
    for (std::size_t i = 0; i < a.size(); ++i) largest = std::max(largest, std::abs(a[i] - b[i]));
    return largest;
  };
  const auto late = moments("late", 1);
  for (const char* method : {"full", "binaryconnect", "ttq", "dorefa3"}) {
    INFO(method);
    CHECK(distance(moments(method, 1), late) < 1e-4f);
  }
  CHECK(distance(moments("late", 2), late) > 1e-2f);
}

TEST_CASE("every epoch has an order of its own", "[train]") {
  const auto data = tiny_images();
  const Run run = tiny_run("full", 1, {"train.learning_rate=0", "train.epochs=2"});
  Training training(run, data);
  go_on(training);
  // Nothing is learned at rate 0, so that equal orders would give equal losses.
  const auto& losses = *training.history().steps.find("loss");
  const std::vector<double> first(losses.begin(), losses.begin() + 6);
  CHECK(first != std::vector<double>(losses.begin() + 6, losses.end()));
}

TEST_CASE("a small network learns with every method", "[train]") {
  const auto data = tiny_images({.rows = 400});
  for (const auto& method : kMethods) {
    const Run run = tiny_run(method, 1, {"train.epochs=6", "train.schedule.at=[4]"});
    Training training(run, data);
    go_on(training);
    training.conclude();
    const auto& loss = *training.history().epochs.find("train_loss");
    const auto& values = training.history().final_values;
    INFO(method << ": " << loss.front() << " to " << loss.back());
    CHECK(loss.back() < 0.7 * loss.front());
    CHECK(std::get<double>(values.at("test_error")) <= 10);  // chance is 75 or more
    CHECK(std::get<std::int64_t>(values.at("epochs")) == 6);
    CHECK(std::get<double>(values.at("step_ms")) > 0);
  }
}

TEST_CASE("a training records the columns of the schema, and no other", "[train]") {
  using record::Part;
  const auto data = tiny_images();
  std::map<Part, std::set<std::string>> found;
  for (const auto& method : {"full", "lata", "parq"}) {
    const Run run = tiny_run(method);
    Training training(run, data);
    go_on(training);
    training.conclude();
    const record::History& history = training.history();
    CHECK(history.layers.empty() == (method == std::string("full")));
    for (const auto& column : history.epochs.columns) found[Part::epochs].insert(column.first);
    for (const auto& column : history.steps.columns) found[Part::steps].insert(column.first);
    for (const auto& value : history.final_values) found[Part::final_values].insert(value.first);
    for (const auto& layer : history.layers) {
      for (const auto& column : layer.second) found[Part::layers].insert(column.first);
    }
  }
  CHECK(found.size() == 4);
  for (const auto& [part, names] : found) {
    std::set<std::string> known;
    for (const auto& column : record::columns_of(part)) known.emplace(column.name);
    CHECK(names == known);
  }
}

TEST_CASE("the best epoch is the latest with the least validation error, whatever the loss",
          "[train]") {
  const auto data = tiny_images();
  const char* loss = GENERATE("train.loss=squared_hinge", "train.loss=cross_entropy");
  const Run run = tiny_run("full", 1, {"train.epochs=4", loss});
  Training training(run, data);
  const std::vector<double> valid = {5, 3, 3, 4}, test = {10, 20, 30, 40};
  for (std::size_t i = 0; i < 4; ++i) {
    const double falls = 1.0 / static_cast<double>(i + 1);
    training.history().epochs.append(static_cast<std::int64_t>(i + 1), {{"valid_error", valid[i]},
                                                                        {"valid_loss", falls},
                                                                        {"test_error", test[i]},
                                                                        {"test_loss", 2.0}});
  }
  training.conclude();
  const auto& values = training.history().final_values;
  CHECK(std::get<std::int64_t>(values.at("best_epoch")) == 3);
  CHECK(std::get<double>(values.at("valid_error")) == 3);
  CHECK(std::get<double>(values.at("test_error")) == 30);
}

TEST_CASE("evaluation counts every row, in any number of batches", "[train]") {
  const auto data = tiny_images({.rows = 1100});
  const Run run = tiny_run("late", 1, {"train.epochs=1"});
  Training training(run, data);
  go_on(training);
  nn::Model& model = training.model();
  const auto before = bytes_of(training);
  const Score score = evaluate(model, data, data::Part::train);
  CHECK(model.is_training());
  CHECK((bytes_of(training) == before));  // batch norm's averages are left alone
  model.eval();
  const at::NoGradGuard no_gradient;
  double wrong = 0, loss = 0;
  for (std::int64_t row = 0; row < 1100; ++row) {
    const Batch one = data.gather(data::Part::train, std::span(&row, 1));
    const auto label = one.target.item<std::int64_t>();
    const auto output = values_of(model.forward(one.input));
    std::size_t best = 0;
    for (std::size_t c = 0; c < output.size(); ++c) {
      const double target = static_cast<std::int64_t>(c) == label ? 1 : -1;
      const double missing = std::max(0.0, 1 - target * static_cast<double>(output[c]));
      loss += missing * missing / static_cast<double>(output.size());
      best = output[c] > output[best] ? c : best;
    }
    wrong += static_cast<std::int64_t>(best) != label ? 1 : 0;
  }
  CHECK(score.error == Approx(100 * wrong / 1100).epsilon(1e-12));
  CHECK(score.loss == Approx(loss / 1100).epsilon(1e-5));
}

TEST_CASE("what gpu-check asks of runs holds on the CPU", "[train]") {
  for (const Run& run :
       {tiny_run("late", 1, {"train.epochs=1"}), tiny_text_run("lat2e", 1, {"train.epochs=1"})})
    CHECK(compare_run("a small run", run, at::kCPU).empty());
}

TEST_CASE("a training that is stopped and restored goes on bitwise as if it had not", "[train]") {
  const auto data = tiny_images();
  const Scratch folder;
  for (const auto& method : kMethods) {
    const Run run = tiny_run(method);
    Training whole(run, data);
    go_on(whole);
    // Before the first step, within an epoch, at its end, and one step before the last.
    for (const std::int64_t stop : {0, 1, 4, 6, 11, 12, 17}) {
      Training first(run, data);
      go_on(first, stop);
      record::write_checkpoint(folder / "checkpoint.h5", first.blobs(), first.checkpoint_state());
      Training second(run, data);
      second.restore(record::CheckpointReader(folder / "checkpoint.h5"));
      INFO(method << " stopped after " << stop);
      CHECK(second.position().steps == stop);
      CHECK((bytes_of(second) == bytes_of(first)));
      go_on(second);
      CHECK((bytes_of(second) == bytes_of(whole)));
      check_same_history(second.history(), whole.history());
    }
  }
}

TEST_CASE("a training that is stopped before an epoch's evaluation goes on bitwise", "[train]") {
  const auto data = tiny_images();
  const Scratch folder;
  for (const auto& method : kMethods) {
    for (const char* group : {"tensor", "row"}) {
      if (method == "full" && group == std::string("row")) continue;
      const Run run = method == "full"
                          ? tiny_run(method)
                          : tiny_run(method, 1, {std::string("quantizer.group=") + group});
      Training whole(run, data), first(run, data), second(run, data);
      go_on(whole);
      for (int i = 0; i < 6; ++i) first.advance();
      REQUIRE(first.epoch_due());
      const auto before = bytes_of(first);
      CHECK_FALSE(first.finish_epoch([] { return true; }));
      CHECK((bytes_of(first) == before));
      CHECK(first.model().is_training());
      CHECK(first.history().epochs.rows() == 0);
      record::write_checkpoint(folder / "checkpoint.h5", first.blobs(), first.checkpoint_state());
      second.restore(record::CheckpointReader(folder / "checkpoint.h5"));
      INFO(method << " by " << group);
      REQUIRE(second.epoch_due());
      second.finish_epoch();
      go_on(second);
      CHECK((bytes_of(second) == bytes_of(whole)));
      check_same_history(second.history(), whole.history());
    }
  }
}

// Only a layer of many weights carries something: 16 x 1100.
TEST_CASE("what the solver carries from step to step is in the checkpoint", "[train]") {
  const auto data = tiny_images();
  const Scratch folder;
  for (const char* method : {"late", "lat2e"}) {
    const Run run = tiny_run(method, 1, {"model.hidden=[1100]", "train.epochs=2"});
    Training whole(run, data), first(run, data), second(run, data);
    go_on(whole);
    go_on(first, 7);
    int carried = 0;
    for (const auto& blob : first.blobs()) {
      if (!blob.name.ends_with("dense1.weight:solver_state")) continue;
      const auto places = std::get<std::span<const double>>(blob.values);
      carried += *std::max_element(places.begin(), places.end()) > 1 ? 1 : 0;
    }
    CHECK(carried == 1);
    record::write_checkpoint(folder / "checkpoint.h5", first.blobs(), first.checkpoint_state());
    second.restore(record::CheckpointReader(folder / "checkpoint.h5"));
    CHECK((bytes_of(second) == bytes_of(first)));
    go_on(second);
    CHECK((bytes_of(second) == bytes_of(whole)));
  }
}

TEST_CASE("a checkpoint of before levels were kept is as good, within an epoch", "[train]") {
  const auto data = tiny_images();
  const Scratch folder;
  // LATa's rounds are not 0, and LATe carries something.
  for (const auto& [method, not_kept] : {std::pair("lata", 4), std::pair("late", 6)}) {
    INFO(method);
    const Run run = tiny_run(method);
    Training whole(run, data), first(run, data), second(run, data);
    go_on(whole);
    go_on(first, 8);
    auto blobs = first.blobs();
    const auto left_out = std::erase_if(blobs, [](const record::Blob& blob) {
      return blob.name.ends_with(":levels") || blob.name.ends_with(":rounds") ||
             blob.name.ends_with(":solver_state");
    });
    CHECK(left_out == static_cast<std::size_t>(not_kept));
    record::write_checkpoint(folder / "checkpoint.h5", blobs, first.checkpoint_state());
    second.restore(record::CheckpointReader(folder / "checkpoint.h5"));
    go_on(second);
    CHECK((bytes_of(second) == bytes_of(whole)));
    check_same_history(second.history(), whole.history());
  }
}

TEST_CASE("without an epoch, a loss of the initial network that is not finite is an error",
          "[train]") {
  const auto data = tiny_images();
  const Run run = tiny_run("full", 1, {"train.epochs=0"});
  Training training(run, data);
  {
    const at::NoGradGuard no_gradient;
    training.model().layers()[0].tensor.fill_(std::numeric_limits<float>::quiet_NaN());
  }
  const Error error = error_of([&] { training.conclude(); });
  CHECK(error.kind() == Error::Kind::not_finite);
  CHECK_THAT(error.what(), Contains("of the initial network is not finite"));
}

TEST_CASE("a checkpoint of another run is refused", "[train]") {
  const auto data = tiny_images();
  const Scratch folder;
  const Run late = tiny_run("late"), other_rate = tiny_run("late", 1, {"train.learning_rate=0.02"}),
            other_seed = tiny_run("late", 2);
  const Training first(late, data);
  record::write_checkpoint(folder / "checkpoint.h5", first.blobs(), first.checkpoint_state());
  const auto refusal = [&](const Run& run) {
    Training second(run, data);
    return message_of([&] { second.restore(record::CheckpointReader(folder / "checkpoint.h5")); });
  };
  CHECK_THAT(refusal(other_rate), Contains("is of another run") &&
                                      Contains("found hash " + late.hash.substr(0, 8)) &&
                                      Contains("expected hash " + other_rate.hash.substr(0, 8)));
  CHECK_THAT(refusal(other_seed), Contains("found seed 1, expected seed 2"));
}

TEST_CASE("a loss that is not finite ends the epoch with an error", "[train]") {
  const auto data = tiny_images();
  const Run run = tiny_run("full", 1, {"train.learning_rate=1000"});
  Training training(run, data);
  {
    const at::NoGradGuard no_gradient;
    training.model().layers()[0].tensor.fill_(std::numeric_limits<float>::quiet_NaN());
  }
  const Error error = error_of([&] { go_on(training, 6); });
  CHECK(error.kind() == Error::Kind::not_finite);
  CHECK_THAT(error.what(), Contains("the training loss is not finite at step 1 of epoch 1"));
}

TEST_CASE("a run begun before distributions were kept goes on without them", "[train]") {
  const auto data = tiny_images();
  const Run run = tiny_run("lata");
  Training training(run, data), whole(run, data);
  go_on(whole);
  while (!training.epoch_due()) training.advance();
  training.finish_epoch();
  const std::set<std::string> later = {"level_values", "latent_histogram", "latent_largest", "gap"};
  for (auto& [layer, columns] : training.history().layers)
    std::erase_if(columns, [&](const auto& column) { return later.contains(column.first); });
  go_on(training);
  for (const auto& column : later) {
    INFO(column);
    CHECK_FALSE(training.history().find("dense1.weight", column));
    REQUIRE(whole.history().find("dense1.weight", column));
  }
  CHECK(whole.history().find("dense1.weight", "latent_histogram")->values.size() ==
        3 * optim::kLatentBins);
  CHECK(training.history().find("dense1.weight", "flips")->values ==
        whole.history().find("dense1.weight", "flips")->values);
}

TEST_CASE("of a method that anneals only discrete epochs can be the best", "[train]") {
  const auto data = tiny_images();
  for (const char* method : {"binary_relax", "proxquant", "parq", "late_parq"}) {
    INFO(method);
    const Run run = tiny_run(method, 1, {"train.epochs=5", "quantizer.discrete_from=0.7"});
    Training training(run, data);
    for (std::int64_t epoch = 1; epoch <= 5; ++epoch) {
      while (!training.epoch_due()) training.advance();
      REQUIRE(training.finish_epoch());
      const auto row = static_cast<std::size_t>(epoch - 1);
      // The last step of epoch 4 is at 0.8.
      CHECK((training.relaxation_at(row) > 0) == (epoch < 4));
      if (epoch < 4) CHECK_FALSE(training.last_epoch_is_best());
      if (epoch == 4) CHECK(training.last_epoch_is_best());
    }
    training.conclude();
    CHECK(training.history().final_number("best_epoch").value() >= 4);
    for (const auto& [name, layer] : training.history().layers)
      CHECK(training.history().find(name, "relaxation"));
    // Codes and levels give every weight.
    for (const auto& weights : training.weights().quantized) {
      const auto values = weights.values();
      CHECK(values == floats_of(training, "model:" + weights.name));
    }
  }
  const Run late = tiny_run("late");
  Training discrete(late, data);
  go_on(discrete);
  discrete.finish_epoch();
  CHECK(discrete.relaxation_at(0) == 0);
  for (const auto& [name, layer] : discrete.history().layers)
    CHECK_FALSE(discrete.history().find(name, "relaxation"));
}

TEST_CASE("a run of one step ends discrete", "[train]") {
  const auto data = tiny_images();
  const Run run = tiny_run("parq", 1, {"train.max_steps=1"});
  Training training(run, data);
  training.advance();
  REQUIRE(training.finish_epoch());
  CHECK(training.relaxation_at(0) == 0);
}
