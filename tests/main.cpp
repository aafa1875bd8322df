#define CATCH_CONFIG_RUNNER
#include <catch2/catch.hpp>
#include <cstdio>
#include <cstdlib>
#include <iostream>

int main(int argc, char** argv) {
  const int code = Catch::Session().run(argc, argv);
#ifndef LAQ_SANITIZE
  // As in laq: every test is a process, and LibTorch takes long to be taken down.
  std::cout.flush();
  std::fflush(nullptr);
  std::_Exit(code);
#endif
  return code;
}
