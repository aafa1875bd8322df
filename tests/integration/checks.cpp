#include <catch2/catch.hpp>

#include "integration/workplace.hpp"

namespace laq::integration {

void check_refusal(const Outcome& outcome, int exit_code, const std::vector<std::string>& parts) {
  INFO(outcome.command << "\n" << outcome.out << outcome.err);
  CHECK(outcome.exit_code == exit_code);
  CHECK(outcome.out.empty());
  CHECK(outcome.err.starts_with("laq: "));
  CHECK(count(outcome.err, "\n") == 1);
  CHECK(outcome.err.size() < 600);
  CHECK_THAT(outcome.err, !Catch::Contains("179769313486"));  // the largest number tells nothing
  for (const auto& part : parts) CHECK_THAT(outcome.err, Catch::Contains(part));
}

void check_done(const Outcome& outcome) {
  INFO(outcome.command << "\n" << outcome.out << outcome.err);
  CHECK(outcome.exit_code == 0);
  CHECK(outcome.err.empty());
}

}  // namespace laq::integration
