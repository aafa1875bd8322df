#include <atomic>
#include <chrono>
#include <thread>

#include "core/background.hpp"
#include "support/scratch.hpp"

using namespace laq;
using namespace laq::test;

namespace {

void sleep(int milliseconds) {
  std::this_thread::sleep_for(std::chrono::milliseconds(milliseconds));
}

}  // namespace

TEST_CASE("work in the background goes on beside the caller, one at a time", "[core]") {
  std::atomic<int> running = 0, most = 0, done = 0;
  std::atomic<bool> let_go = false;
  Background background;
  background.wait();  // nothing
  background.begin([&] {
    while (!let_go) sleep(1);
    ++done;
  });
  CHECK(done == 0);  // and yet we are here
  let_go = true;
  for (int i = 1; i <= 5; ++i) {
    background.begin([&] {
      most = std::max<int>(most, ++running);
      sleep(3);
      --running;
      ++done;
    });
    CHECK(done >= i);  // those before
  }
  background.wait();
  CHECK(done == 6);
  CHECK(most == 1);
}

TEST_CASE("whoever destroys work in the background waits for it", "[core]") {
  std::atomic<bool> done = false;
  {
    Background background;
    background.begin([&] {
      sleep(20);
      done = true;
    });
  }
  CHECK(done);
}

TEST_CASE("an error in the background is told once, at the next call", "[core]") {
  Background background;
  const auto fail = [] { throw Error({.what = "the disk is full"}); };
  background.begin(fail);
  CHECK(message_of([&] { background.wait(); }) == "the disk is full");
  background.wait();
  background.begin(fail);
  bool begun = false;
  CHECK(message_of([&] { background.begin([&] { begun = true; }); }) == "the disk is full");
  background.wait();
  CHECK_FALSE(begun);
  background.begin([&] { begun = true; });
  background.wait();
  CHECK(begun);
}
