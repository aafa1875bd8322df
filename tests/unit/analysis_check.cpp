#include <catch2/catch.hpp>

#include "analysis/check.hpp"
#include "analysis_support.hpp"

using namespace laq;
using namespace laq::analysis;
using namespace laq::analysis::test;

namespace {

std::string sweep_yaml(const std::string& methods, const std::string& seeds,
                       const std::string& more = "profile: paper\ntable: feedforward\n") {
  return "title: T\nexperiments: [mnist]\nmethods: [" + methods + "]\nseeds: [" + seeds + "]\n" +
         more;
}

Verdict verdict(double ours) {
  Bench bench(sweep_yaml("late", "1"));
  bench.complete({"late"}, ours);
  const CheckResult result = check(bench.table());
  REQUIRE(result.findings.size() == 1);
  CHECK(result.good() == (result.findings[0].verdict == Verdict::reproduced));
  return result.findings[0].verdict;
}

Error::Kind refusal(const Bench& bench) {
  try {
    check(bench.table());
  } catch (const Error& error) {
    return error.kind();
  }
  FAIL("not refused");
  return Error::Kind::failure;
}

}  // namespace

TEST_CASE("a single run may differ by one printed digit") {  // the paper prints 1.15
  CHECK(verdict(1.15) == Verdict::reproduced);
  CHECK(verdict(1.16) == Verdict::reproduced);
  CHECK(verdict(1.14) == Verdict::reproduced);
  CHECK(verdict(1.1601) == Verdict::off);
  CHECK(verdict(1.17) == Verdict::off);
  CHECK(verdict(1.13) == Verdict::off);
}

TEST_CASE("several runs may differ by two standard errors more") {
  // ±0.03 around the mean over two seeds: sd 0.03·√2, standard error 0.03, allowed 0.07.
  const auto verdict_at = [](double mean) {
    Bench bench(sweep_yaml("late", "1, 2"));
    bench.complete({"late", 1}, mean - 0.03);
    bench.complete({"late", 2}, mean + 0.03);
    return check(bench.table()).findings.at(0).verdict;
  };
  CHECK(verdict_at(1.22) == Verdict::reproduced);
  CHECK(verdict_at(1.221) == Verdict::off);
  CHECK(verdict_at(1.08) == Verdict::reproduced);
  CHECK(verdict_at(1.079) == Verdict::off);
  CHECK(tolerance({2, 1.2, 0.03 * 1.4142135623730951}, {1.15, 2, "1.15", false}) == Approx(0.07));
}

TEST_CASE("the check names what is reproduced, off and missing") {
  Bench bench(sweep_yaml("full, binaryconnect, late, twn", "1, 2"));
  for (const int seed : {1, 2}) {
    bench.complete({"binaryconnect", seed}, 1.28);
    bench.complete({"full", seed}, 1.11);
    bench.complete({"late", seed}, 1.35);
  }
  bench.complete({"twn", 1}, 1.23);
  bench.leave({"twn", 2}, State::diverged, "at epoch 2");
  const CheckResult result = check(bench.table());
  CHECK_FALSE(result.good());
  CHECK(result.count(Verdict::reproduced) == 2);
  CHECK(result.count(Verdict::off) == 1);
  CHECK(result.count(Verdict::missing) == 1);
  const std::string text = result.text();
  CAPTURE(text);
  CHECK(holds(text, "reproduced  full-precision, MNIST: ours 1.110 (n = 2), paper 1.11†"));
  CHECK(holds(text, "BinaryConnect, MNIST: ours 1.280 (n = 2), paper 1.28,"));
  CHECK(holds(text, "off by +0.200 LATe, MNIST: ours 1.350"));
  CHECK(holds(text, "TWN, MNIST: 1 of 2 runs, paper 1.23†; seed 2 diverged at epoch 2"));
  CHECK(holds(text, "2 of 4 cells reproduced, 1 off, 1 missing\n"));
}

TEST_CASE("only the paper's protocol is compared with the paper") {
  const std::string table = "table: feedforward\n";
  CHECK(refusal(Bench(sweep_yaml("full", "1", table + "profile: quick\n"))) == Error::Kind::usage);
  CHECK(refusal(Bench(sweep_yaml("full", "1"), {"train.epochs=2"})) == Error::Kind::usage);
  CHECK(refusal(Bench(sweep_yaml("full", "1", "profile: paper\n"))) == Error::Kind::usage);
}
