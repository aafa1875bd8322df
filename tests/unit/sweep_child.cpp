#include "support/scratch.hpp"
#include "sweep/child.hpp"

using namespace laq::sweep;
using namespace laq::test;

TEST_CASE("a program that cannot be started is told with the reason", "[sweep]") {
  const Scratch folder;
  // No system takes an argument of that length.
  CHECK_THAT(message_of([&] {
               start_again({"/a/laq", std::string(64 << 20, 'x')}, folder / "log");
             }),
             Contains("/a/laq: cannot start the program: Argument list too long"));
  CHECK_THAT(message_of([] { ask({"no-such-program"}); }),
             Contains("cannot run 'no-such-program': No such file or directory"));
  CHECK_THAT(message_of([&] { ask({folder.write("text", "no program")}); }),
             Contains("Permission denied"));
  // A program's own 127 is its answer.
  CHECK(ask({"/bin/sh", "-c", "exit 127"}).exit_code == 127);
}
