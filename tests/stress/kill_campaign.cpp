#include <fmt/format.h>

#include <charconv>
#include <cstdio>
#include <stdexcept>

#include "integration/disturbed.hpp"

// kill_campaign KILLS SEED: kills real runs at random moments, the writing of their checkpoints
// included, and resumes them, over all models and methods. Every file must be readable after every
// kill, and every run must end with the bytes of one that was never killed.

namespace laq::integration {
namespace {

constexpr int kKillsOfARun = 6;

struct Tally {
  int kills = 0, writing = 0, mid_epoch = 0, compared = 0, faults = 0;
};

void note(Tally& tally, const std::string& where, const std::string& fault) {
  if (fault.empty()) return;
  ++tally.faults;
  fmt::print("  FAULT {}: {}\n", where, fault);
}

/// Kills one run a few times; it may end in between.
void disturb(Disturbed& run, const std::string& name, int kills, Tally& tally) {
  for (int done = 0; done < kills;) {
    if (run.kill()) {
      ++done;
      note(tally, name, run.fault());
    } else {
      note(tally, name, run.finish());
      ++tally.compared;
    }
  }
  note(tally, name, run.finish());
  ++tally.compared;
  tally.kills += kills;
  tally.writing += run.writing();
  tally.mid_epoch += run.mid_epoch();
}

Tally campaign(int kills, std::uint64_t seed) {
  const Workplace place;
  add_tiny_models(place);
  Tally tally;
  std::uint64_t number = seed * 1'000'003;
  for (int round = 0; tally.kills < kills; ++round) {
    for (const auto& method : tried_methods()) {
      for (const auto& model : tiny_models()) {
        if (tally.kills >= kills) return tally;
        const Subject subject{model, method, 1 + round % 2};
        const std::string name =
            fmt::format("{} {}, {} threads, seed {}", model, method, subject.threads, number);
        Disturbed run(place, subject, number++);
        disturb(run, name, std::min(kKillsOfARun, kills - tally.kills), tally);
        fmt::print("{}: {} of {} kills\n", name, tally.kills, kills);
        std::fflush(stdout);
      }
    }
  }
  return tally;
}

std::uint64_t number(const std::string& word) {
  std::uint64_t value = 0;
  const auto [end, failed] = std::from_chars(word.data(), word.data() + word.size(), value);
  if (failed != std::errc{} || end != word.data() + word.size())
    throw std::runtime_error("not a number: " + word);
  return value;
}

}  // namespace
}  // namespace laq::integration

int main(int argc, char** argv) {
  using namespace laq::integration;
  if (argc != 3) {
    fmt::print(stderr, "usage: kill_campaign KILLS SEED\n");
    return 2;
  }
  try {
    const Tally tally = campaign(static_cast<int>(number(argv[1])), number(argv[2]));
    fmt::print(
        "{} kills ({} while a file was written, {} with a checkpoint within an epoch), {} runs "
        "compared with undisturbed ones, {} faults\n",
        tally.kills, tally.writing, tally.mid_epoch, tally.compared, tally.faults);
    return tally.faults == 0 ? 0 : 1;
  } catch (const std::exception& error) {
    fmt::print(stderr, "kill_campaign: {}\n", error.what());
    return 1;
  }
}
