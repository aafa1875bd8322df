#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <cmath>
#include <random>

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

Error::Kind refusal(const Bench& bench) {
  try {
    const Table table = bench.table();
    if (!check(table)) refuse_check(table);
  } catch (const Error& error) {
    return error.kind();
  }
  FAIL("not refused");
  return Error::Kind::failure;
}

}  // namespace

TEST_CASE("a single run has no spread and is not judged") {
  Bench bench(sweep_yaml("late", "1"));
  bench.complete({"late"}, 1.15);  // what the paper prints
  const Table table = bench.table();
  const Check result = *check(table);
  REQUIRE(result.findings.size() == 1);
  CHECK(result.findings[0].verdict == Verdict::not_judged);
  CHECK_FALSE(result.good());
  CHECK(holds(result.text(),
              "not judged                 LATe, MNIST: ours 1.150 (n = 1), paper 1.15"));
  CHECK_FALSE(tolerance({1, 1.15, {}}, {1.15, 2, "1.15", false}));
}

TEST_CASE("several runs may differ from the print as far as a further run would") {
  // ±0.03 around the mean over two seeds: sd 0.03·√2; t₀.₉₇₅ of one degree of freedom, tan(0.475
  // π); √(1 + ½); half a printed unit: 0.66519 in all.
  const double allowed = 12.706204736 * 0.03 * 1.41421356237 * 1.22474487139 + 0.005;
  CHECK(*tolerance({2, 1.2, 0.03 * 1.41421356237}, {1.15, 2, "1.15", false}) == Approx(allowed));
  const auto verdict_at = [](double mean) {
    Bench bench(sweep_yaml("late", "1, 2"));
    bench.complete({"late", 1}, mean - 0.03);
    bench.complete({"late", 2}, mean + 0.03);
    return check(bench.table())->findings.at(0).verdict;
  };
  CHECK(verdict_at(1.15 + allowed - 0.001) == Verdict::consistent);
  CHECK(verdict_at(1.15 + allowed + 0.001) == Verdict::off);
  CHECK(verdict_at(1.15 - allowed + 0.001) == Verdict::consistent);
  CHECK(verdict_at(1.15 - allowed - 0.001) == Verdict::off);
  // Ten values with sd 0.05 (scipy: t.ppf(0.975, 9) * 0.05 * sqrt(1.1) + 0.005).
  CHECK(*tolerance({10, 1.2, 0.05}, {1.15, 2, "1.15", false}) == Approx(0.1236285).epsilon(1e-6));
}

TEST_CASE("95 % of runs of the same distribution are consistent, however many seeds there are") {
  std::mt19937_64 random(1);
  std::normal_distribution<double> error(1.2, 0.06);
  for (const std::size_t n : {3, 10, 30}) {
    int good = 0;
    constexpr int kTrials = 4000;
    for (int i = 0; i < kTrials; ++i) {
      std::vector<double> ours;
      for (std::size_t j = 0; j < n; ++j) ours.push_back(error(random));
      const Figure paper{std::round(error(random) * 100) / 100, 2, "", false};
      const Summary summary = summarize(ours);
      good += std::abs(summary.mean - paper.value) <= *tolerance(summary, paper) ? 1 : 0;
    }
    INFO(n);
    const double share = static_cast<double>(good) / kTrials;
    CHECK(share > 0.94);
    CHECK(share < 0.98);  // half a printed unit is more than rounding takes
  }
}

TEST_CASE("runs that are equal on the test pictures' grid have that grid's spread") {
  Bench bench(sweep_yaml("late", "1, 2, 3"));
  for (const int seed : {1, 2, 3}) bench.complete({"late", seed}, 1.16);
  // 0.01/√12 · t₀.₉₇₅(2) · √(4/3) + 0.005
  const double allowed = 0.01 / std::sqrt(12.0) * 4.30265273 * std::sqrt(4.0 / 3) + 0.005;
  const Table table = bench.table();
  const Check result = *check(table);
  CHECK(result.findings.at(0).verdict == Verdict::consistent);
  CHECK(holds(result.text(), fmt::format("within {:.3f}", allowed)));
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
  const Table table = bench.table();
  const Check result = *check(table);
  CHECK_FALSE(result.good());
  CHECK(result.count(Verdict::consistent) == 2);
  CHECK(result.count(Verdict::off) == 1);
  CHECK(result.count(Verdict::unfinished) == 1);
  const std::string text = result.text();
  CAPTURE(text);
  CHECK(holds(text,
              "consistent with the print  full-precision, MNIST: ours 1.110 (n = 2), paper 1.11†"));
  CHECK(holds(text, "BinaryConnect, MNIST: ours 1.280 (n = 2), paper 1.28,"));
  CHECK(holds(text, "off by +0.200              LATe, MNIST: ours 1.350"));
  CHECK(holds(text, "TWN, MNIST: 1 of 2 runs, paper 1.23†; seed 2 diverged at epoch 2"));
  CHECK(holds(text, " %; 1 off (LATe, MNIST), 0 not judged, 1 unfinished, 0 missing.\n"));
  CHECK(holds(text, "2 of 4 cells consistent with the print, each within 0."));
}

TEST_CASE("a reference that is named is compared with, whatever the protocol") {
  Bench bench(sweep_yaml("late", "1"));
  bench.complete({"late"}, 1.15);
  CHECK(holds(message([&] { check_against(bench.table(), bench.folder() / "none.json"); }),
              "none.json"));
}

TEST_CASE("only the paper's protocol is compared with the paper") {
  const std::string table = "table: feedforward\n";
  CHECK(refusal(Bench(sweep_yaml("full", "1", table + "profile: quick\n"))) == Error::Kind::usage);
  CHECK(refusal(Bench(sweep_yaml("full", "1"), {"train.epochs=2"})) == Error::Kind::usage);
  CHECK(refusal(Bench(sweep_yaml("full", "1", "profile: paper\n"))) == Error::Kind::usage);
}
