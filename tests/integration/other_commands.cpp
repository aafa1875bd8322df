#include <algorithm>
#include <catch2/catch.hpp>

#include "integration/workplace.hpp"

using namespace laq::integration;

TEST_CASE("every command has a help") {
  const Workplace place;
  for (const std::string command :
       {"run", "sweep", "status", "table", "quantize", "data", "keys", "doctor"}) {
    const Outcome outcome = place.laq({command, "--help"});
    check_done(outcome);
    CHECK_THAT(outcome.out, Catch::Contains("Usage: laq " + command));
  }
  const Outcome all = place.laq({"--help"});
  check_done(all);
  for (const char* word : {"run", "sweep", "status", "table", "quantize", "data", "keys", "doctor"})
    CHECK_THAT(all.out, Catch::Contains(word));
  for (const char* action : {"list", "fetch", "verify", "add"})
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
      {"--version"}, {"completion"}, {"sweep", "tiny", "--dry-run"}, {"data", "list"}};
  for (const auto& arguments : calls) {
    Call call = place.call(arguments);
    call.output_file = "/dev/full";
    check_refusal(run(call), 1, {"cannot write to standard output"});
  }
}

TEST_CASE("the program starts as quickly as a program with LibTorch can", "[alone]") {
  const Workplace place;
  Call empty;  // it ends as soon as LibTorch is loaded
  empty.program = LAQ_EMPTY_PROGRAM;
  double ours = 1e9, least = 1e9;
  for (int i = 0; i < 7; ++i) {
    const Outcome outcome = place.laq({"--version"});
    check_done(outcome);
    CHECK(outcome.out.starts_with("laq "));
    CHECK(count(outcome.out, "\n") == 1);
    const Outcome loaded = run(empty);
    check_done(loaded);
    ours = std::min(ours, outcome.seconds);
    least = std::min(least, loaded.seconds);
  }
#ifdef LAQ_SANITIZE
  CHECK(ours < 10 * least);
#else
  CHECK(ours <= 1.25 * least);
#endif
}
