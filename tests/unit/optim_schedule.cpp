#include <cmath>

#include "optim/schedule.hpp"
#include "support/scratch.hpp"

using namespace laq;
using namespace laq::optim;
using namespace laq::test;

namespace {

Schedule schedule(const std::string& yaml) {
  const config::Tree tree = config::parse_yaml(yaml, "t.yaml");
  config::Reader section(&tree, "train");
  Schedule read = read_schedule(section);
  section.finish();
  return read;
}

}  // namespace

TEST_CASE("rates drop when a number of epochs is finished", "[optim]") {
  const Schedule mnist = schedule("{learning_rate: 0.01, schedule: {factor: 0.1, at: [15, 25]}}");
  CHECK(mnist.rate(0) == 0.01);
  CHECK(mnist.rate(14) == 0.01);
  CHECK(mnist.rate(15) == Approx(0.001).epsilon(1e-15));
  CHECK(mnist.rate(24) == Approx(0.001).epsilon(1e-15));
  CHECK(mnist.rate(25) == Approx(0.0001).epsilon(1e-15));
  CHECK(mnist.rate(1000) == Approx(0.0001).epsilon(1e-15));
}

TEST_CASE("rates drop every so many epochs", "[optim]") {
  // CIFAR-10: halved every 15 epochs.
  const Schedule cifar = schedule("{learning_rate: 0.002, schedule: {factor: 0.5, every: 15}}");
  CHECK(cifar.rate(14) == 0.002);
  CHECK(cifar.rate(15) == 0.001);
  CHECK(cifar.rate(29) == 0.001);
  CHECK(cifar.rate(30) == 0.0005);
  // The language models: ×0.98 after every epoch beyond the 10th.
  const Schedule text =
      schedule("{learning_rate: 1, schedule: {factor: 0.98, every: 1, after: 10}}");
  CHECK(text.rate(10) == 1);
  CHECK(text.rate(11) == 0.98);
  CHECK(text.rate(13) == Approx(0.98 * 0.98 * 0.98).epsilon(1e-15));
  const Schedule both =
      schedule("{learning_rate: 1, schedule: {factor: 0.5, at: [1], every: 2, after: 2}}");
  CHECK(both.rate(0) == 1);
  CHECK(both.rate(1) == 0.5);
  CHECK(both.rate(3) == 0.5);
  CHECK(both.rate(4) == 0.25);
}

TEST_CASE("without a schedule the rate is constant", "[optim]") {
  CHECK(schedule("{learning_rate: 0.5}").rate(99) == 0.5);
  CHECK(schedule("{learning_rate: 0}").rate(0) == 0);
}

TEST_CASE("schedules are checked", "[optim]") {
  const auto refusal = [](const std::string& yaml) {
    return usage_message([&] { schedule(yaml); });
  };
  CHECK_THAT(refusal("{}"), Contains("'train.learning_rate' is missing"));
  CHECK_THAT(refusal("{learning_rate: -1}"), Contains("'train.learning_rate'"));
  CHECK_THAT(refusal("{learning_rate: 1, schedule: {factor: 1.5}}"),
             Contains("'train.schedule.factor'"));
  CHECK_THAT(refusal("{learning_rate: 1, schedule: {at: [0]}}"),
             Contains("'train.schedule.at[0]'"));
  CHECK_THAT(refusal("{learning_rate: 1, schedule: {ever: 2}}"), Contains("did you mean 'every'?"));
}

TEST_CASE("drops keep their place in a run of another length", "[optim]") {
  const config::Tree tree = config::parse_yaml(
      "{learning_rate: 0.01, schedule: {factor: 0.1, at: [15, 25], of: 50}}", "t.yaml");
  config::Reader planned(&tree, "train"), shorter(&tree, "train");
  CHECK(read_schedule(planned, 50).rate(14) == 0.01);
  CHECK(read_schedule(planned, 50).rate(15) == Approx(0.001).epsilon(1e-15));
  const Schedule short_run = read_schedule(shorter, 10);  // at 3 and 5
  CHECK(short_run.rate(2) == 0.01);
  CHECK(short_run.rate(3) == Approx(0.001).epsilon(1e-15));
  CHECK(short_run.rate(4) == Approx(0.001).epsilon(1e-15));
  CHECK(short_run.rate(5) == Approx(0.0001).epsilon(1e-15));
  // 25 · 14 / 50 is 7, which (14 / 50) · 25 in floating point is not.
  config::Reader other(&tree, "train");
  const Schedule exact = read_schedule(other, 14);
  CHECK(exact.rate(6) == Approx(0.001).epsilon(1e-15));
  CHECK(exact.rate(7) == Approx(0.0001).epsilon(1e-15));
}

TEST_CASE("a cosine takes the rate down to 0", "[optim]") {
  const auto read = [](const std::string& yaml) {
    const config::Tree tree = config::parse_yaml(yaml, "t.yaml");
    config::Reader section(&tree, "train");
    Schedule cosine = read_schedule(section, 8);
    section.finish();
    return cosine;
  };
  const Schedule cosine = read("{learning_rate: 0.4, schedule: {shape: cosine}}");
  CHECK(cosine.rate(0) == 0.4);
  CHECK(cosine.rate(2) == Approx(0.2 * (1 + std::sqrt(0.5))));
  CHECK(cosine.rate(4) == Approx(0.2));
  CHECK(cosine.rate(8) == Approx(0).margin(1e-15));
  CHECK_THAT(
      usage_message([&] { read("{learning_rate: 0.4, schedule: {shape: cosine, factor: 0.5}}"); }),
      Contains("'train.schedule.factor' has no meaning with shape: cosine"));
}
