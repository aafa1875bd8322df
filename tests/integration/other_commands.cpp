#include <algorithm>
#include <catch2/catch.hpp>

#include "integration/workplace.hpp"

using namespace laq::integration;

TEST_CASE("every command has a help") {
  const Workplace place;
  for (const std::string command :
       {"run", "sweep", "status", "table", "quantize", "data", "doctor"}) {
    const Outcome outcome = place.laq({command, "--help"});
    check_done(outcome);
    CHECK_THAT(outcome.out, Catch::Contains("Usage: laq " + command));
  }
  const Outcome all = place.laq({"--help"});
  check_done(all);
  for (const char* word : {"run", "sweep", "status", "table", "quantize", "data", "doctor"})
    CHECK_THAT(all.out, Catch::Contains(word));
  for (const char* action : {"list", "fetch", "verify"})
    check_done(place.laq({"data", action, "--help"}));
}

TEST_CASE("the doctor tells what it found and what to mend") {
  const Workplace place;
  const Outcome outcome = place.laq({"doctor"});
  check_done(outcome);
  for (const char* word : {"LibTorch", "BLAS", "CPU", "threads", "allocator", "HDF5", "data tiny",
                           "data mnist", "data fashion_mnist", "mend"})
    CHECK_THAT(outcome.out, Catch::Contains(word));
  CHECK_THAT(outcome.out, Catch::Contains("laq data fetch mnist"));
  std::filesystem::remove_all(place.data());
  CHECK_THAT(place.laq({"doctor"}).out, Catch::Contains("laq data fetch tiny"));
}

TEST_CASE("data list tells where each dataset is") {
  const Workplace place;
  const Outcome outcome = place.laq({"data", "list"});
  check_done(outcome);
  CHECK_THAT(outcome.out, Catch::Contains("found in data/tiny"));
  CHECK_THAT(outcome.out, Catch::Contains("missing; laq data fetch mnist"));
  std::filesystem::remove(place.data() / "test-labels");
  CHECK_THAT(place.laq({"data", "list", "tiny"}).out, Catch::Contains("1 of 4 files missing"));
}

TEST_CASE("output that cannot be written is a failure") {
  const Workplace place;
  const std::vector<std::vector<std::string>> calls{
      {"--version"}, {"table", "tiny"}, {"sweep", "tiny", "--dry-run"}, {"data", "list"}};
  for (const auto& arguments : calls) {
    Call call = place.call(arguments);
    call.output_file = "/dev/full";
    check_refusal(run(call), 1, {"cannot write to standard output"});
  }
}

TEST_CASE("the program starts quickly", "[alone]") {
  const Workplace place;
  double best = 1e9;
  for (int i = 0; i < 3; ++i) {
    const Outcome outcome = place.laq({"--version"});
    check_done(outcome);
    CHECK(outcome.out.starts_with("laq "));
    CHECK(count(outcome.out, "\n") == 1);
    best = std::min(best, outcome.seconds);
  }
#ifdef LAQ_SANITIZE
  CHECK(best < 5);
#else
  CHECK(best <= 0.5);
#endif
}
