#include <cmath>
#include <cstdlib>
#include <new>

#include "core/machine.hpp"
#include "core/text.hpp"
#include "support/scratch.hpp"

using namespace laq;
using namespace laq::test;

TEST_CASE("the nearest word is a likely typo or nothing", "[core]") {
  const std::vector<std::string> methods = {"late", "lata", "lab", "binaryconnect", "twn"};
  CHECK(nearest("lat", methods) == "late");  // the first of equally near ones
  CHECK(nearest("late", methods) == "late");
  CHECK(nearest("tnw", methods) == "twn");
  CHECK(nearest("binryconect", methods) == "binaryconnect");
  CHECK(nearest("resnet", methods).empty());
  CHECK(nearest("x", methods).empty());
  CHECK(nearest("", methods).empty());
  CHECK(nearest("late", {}).empty());
}

TEST_CASE("a suggestion names the near word, else all", "[core]") {
  CHECK(suggestion("epoch", {"epochs", "batch"}) == "did you mean 'epochs'?");
  CHECK(suggestion("zebra", {"epochs", "batch"}) == "known: epochs, batch");
}

TEST_CASE("texts are split and joined", "[core]") {
  CHECK(split("a.b..c", '.') == std::vector<std::string>{"a", "b", "", "c"});
  CHECK(split("", '.') == std::vector<std::string>{""});
  CHECK(split("a.", '.') == std::vector<std::string>{"a", ""});
  CHECK(join({"a", "b", "c"}) == "a, b, c");
  CHECK(join({"a"}, "/") == "a");
  CHECK(join({}).empty());
}

TEST_CASE("durations are short", "[core]") {
  CHECK(duration_text(-3) == "0 s");
  CHECK(duration_text(0.4) == "0 s");
  CHECK(duration_text(59.4) == "59 s");
  CHECK(duration_text(59.6) == "1 min 00 s");
  CHECK(duration_text(200) == "3 min 20 s");
  CHECK(duration_text(5 * 3600 + 3 * 60 + 59) == "5 h 03 min");
  CHECK(duration_text(INFINITY) == "unknown");
  CHECK(duration_text(NAN) == "unknown");
}

TEST_CASE("times are ISO 8601 in UTC", "[core]") {
  const std::string now = now_iso8601();
  REQUIRE(now.size() == 20);
  const std::string pattern = "0000-00-00T00:00:00Z";
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    INFO(now);
    CHECK((pattern[i] == '0' ? now[i] >= '0' && now[i] <= '9' : now[i] == pattern[i]));
  }
}

TEST_CASE("an error is one line with what is known", "[core]") {
  CHECK(std::string(Error({.what = "it broke"}).what()) == "it broke");
  const Error all({.what = "wrong value",
                   .where = "a.yaml:3",
                   .found = "'x'",
                   .expected = "a number",
                   .advice = "mend it"});
  CHECK(std::string(all.what()) == "a.yaml:3: wrong value: found 'x', expected a number; mend it");
  CHECK(std::string(Error({.what = "wrong", .expected = "a number"}).what()) ==
        "wrong: expected a number");
  CHECK(std::string(Error({.what = "two\nlines\r"}).what()) == "two lines ");
  CHECK(Error({.what = "x"}).kind() == Error::Kind::failure);
  CHECK(usage_error({.what = "x"}).kind() == Error::Kind::usage);
}

TEST_CASE("threads are the user's choice or the cores divided", "[core]") {
  const char* before = std::getenv("OMP_NUM_THREADS");
  const std::string kept = before ? before : "";
  ::setenv("OMP_NUM_THREADS", "3", 1);
  CHECK(threads_for(1) == 3);
  CHECK(threads_for(8) == 3);
  for (const char* useless : {"", "0", "-2", "many"}) {
    ::setenv("OMP_NUM_THREADS", useless, 1);
    CHECK(threads_for(1) == available_cores());
    CHECK(threads_for(1000000) == 1);
  }
  before ? ::setenv("OMP_NUM_THREADS", kept.c_str(), 1) : ::unsetenv("OMP_NUM_THREADS");
  CHECK(available_cores() >= 1);
  CHECK(peak_memory_mib() > 1);
}

TEST_CASE("a lack of memory reads the same whatever library noticed it", "[core]") {
  const std::runtime_error of_torch(
      "[enforce fail at alloc_cpu.cpp:75] err == 0. DefaultCPUAllocator: can't allocate memory: "
      "you "
      "tried to allocate 16777216 bytes. Error code 12 (Cannot allocate memory)");
  CHECK_THAT(reason_of(std::bad_alloc()), StartsWith("out of memory; allow the process more"));
  CHECK(reason_of(of_torch) == reason_of(std::bad_alloc()));
  CHECK(reason_of(std::bad_array_new_length()) == reason_of(std::bad_alloc()));
  CHECK(reason_of(std::runtime_error("no such key\nstack: …")) == "no such key");
}

TEST_CASE("an empty variable of the environment counts as not set", "[core]") {
  ::setenv("LAQ_TEST", "x", 1);
  CHECK(environment("LAQ_TEST") == "x");
  ::setenv("LAQ_TEST", "", 1);
  CHECK_FALSE(environment("LAQ_TEST").has_value());
  ::unsetenv("LAQ_TEST");
  CHECK_FALSE(environment("LAQ_TEST").has_value());
}
