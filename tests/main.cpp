#define CATCH_CONFIG_RUNNER
#include <catch2/catch.hpp>

#include "core/leave.hpp"

// Every test is a process.
int main(int argc, char** argv) {
  return laq::leave(Catch::Session().run(argc, argv));
}
