#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <stdexcept>

#include "core/files.hpp"
#include "core/text.hpp"
#include "integration/run_results.hpp"
#include "integration/workplace.hpp"

using namespace laq;
using namespace laq::integration;
namespace fs = std::filesystem;

namespace {

constexpr double kPatience = 240;  // seconds, on a busy machine

/// A Slurm of this machine alone, started by slurm/cluster.sh; no daemon outlives this object, or
/// this process.
class Cluster {
 public:
  explicit Cluster(int max_array_size) {
    std::string pattern = (fs::temp_directory_path() / "laq-slurm-XXXXXX").string();
    if (!::mkdtemp(pattern.data())) throw std::runtime_error("no temporary folder");
    folder_ = pattern;
    const std::string script = std::string(LAQ_SOURCE_DIR) + "/tests/integration/slurm/cluster.sh",
                      most = std::to_string(max_array_size), errors = folder_ / "errors";
    int alive[2];
    if (::pipe2(alive, O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
    child_ = ::fork();
    if (child_ == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGTERM);
      ::dup2(alive[0], STDIN_FILENO);
      const int out = ::open(errors.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
      ::dup2(out, STDOUT_FILENO);
      ::dup2(out, STDERR_FILENO);
      ::execl(script.c_str(), script.c_str(), folder_.c_str(), most.c_str(), nullptr);
      ::_exit(127);
    }
    ::close(alive[0]);
    alive_ = alive[1];
    for (double waited = 0;
         !ready() && waited < kPatience && ::waitpid(child_, nullptr, WNOHANG) == 0; waited += 0.1)
      pause(0.1);
  }
  ~Cluster() {
    ::close(alive_);  // the end of its input ends the script, which ends the daemons
    ::waitpid(child_, nullptr, 0);
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
  }
  Cluster(const Cluster&) = delete;
  Cluster& operator=(const Cluster&) = delete;

  bool ready() const { return fs::exists(folder_ / "ready"); }
  std::string why_not() const { return read_file(folder_ / "errors"); }
  fs::path configuration() const { return folder_ / "slurm.conf"; }

 private:
  fs::path folder_;
  pid_t child_ = -1;
  int alive_ = -1;
};

/// Slurm, and the sweep `tiny` in a workplace to give to it.
struct Site {
  Cluster cluster;
  Workplace place;

  explicit Site(int max_array_size = 1001) : cluster(max_array_size) {}

  /// False, with the reason told: Slurm cannot run here. With LAQ_REQUIRE_SLURM=1 that is an error.
  bool usable() const {
    if (cluster.ready()) return true;
    const char* required = std::getenv("LAQ_REQUIRE_SLURM");
    if (required && std::string(required) == "1") FAIL("no Slurm: " << cluster.why_not());
    WARN("skipped: no Slurm can run here: " << cluster.why_not());
    return false;
  }
  Outcome laq(const std::vector<std::string>& arguments) const {
    Call call = place.call(arguments);
    call.environment["SLURM_CONF"] = cluster.configuration();
    return run(call);
  }
  Outcome submit(std::vector<std::string> words) const {
    words.insert(words.begin(), {"sweep", "tiny", "--executor", "slurm", "--runs", "runs"});
    return laq(words);
  }
  std::string status() const { return laq({"status", "runs", "--long"}).out; }
  /// Waits until `laq status` says so in its last line.
  void wait_for(const std::string& text) const {
    std::string last;
    for (double waited = 0; waited < kPatience; waited += 0.3) {
      const std::string now = status();
      const auto lines = split(now.substr(0, now.size() - 1), '\n');
      if (holds(lines.back(), text)) return;
      last = now;
      pause(0.3);
    }
    std::string logs;
    for (const auto& entry : fs::recursive_directory_iterator(place / "runs"))
      if (entry.path().extension() == ".log" || entry.path().extension() == ".txt")
        logs += entry.path().string() + ":\n" + read_file(entry.path());
    FAIL("waited in vain for '" << text << "'\n" << last << logs);
  }
  /// Runs one of Slurm's programs.
  std::string slurm(const std::string& command) const {
    const std::string line =
        "SLURM_CONF=" + cluster.configuration().string() + " " + command + " 2>&1";
    FILE* pipe = ::popen(line.c_str(), "r");
    std::string out;
    char block[4096];
    while (const auto got = std::fread(block, 1, sizeof block, pipe)) out.append(block, got);
    ::pclose(pipe);
    return out;
  }
};

}  // namespace

TEST_CASE("a job array of Slurm runs a sweep to its end", "[alone]") {
  const Site site;
  if (!site.usable()) return;
  const Outcome submitted = site.submit(
      {"seed=1,2", "--jobs", "1", "--slurm-option", "time=10", "--slurm-option", "comment=a b"});
  check_done(submitted);
  CHECK_THAT(submitted.out, Catch::Contains("submitted job 1: 4 runs"));
  // It returned at once; the shared folder tells the rest.
  const std::string script = read_file(site.place / "runs/sweep-tiny/slurm/0001.sh");
  CHECK_THAT(script, Catch::Contains("--array=0-3%1") && Catch::Contains("--time=10"));
  CHECK_THAT(site.status(), Catch::Contains("[Slurm 1_3]"));
  // What is with Slurm is not submitted again.
  const Outcome again = site.submit({"seed=1,2"});
  check_done(again);
  CHECK_THAT(again.out, Catch::Contains("are with Slurm already"));
  site.wait_for("4 completed");
  CHECK_THAT(site.submit({"seed=1,2"}).out, Catch::Contains("4 runs, 4 done"));
  CHECK_THAT(site.slurm("squeue --noheader"), Catch::Equals(""));
  // The same bytes as without Slurm.
  check_done(site.laq({"sweep", "tiny", "seed=2", "--runs", "local"}));
  for (const auto& entry : fs::directory_iterator(site.place / "runs/tiny")) {
    const fs::path run = entry.path().filename() / "seed-2";
    CHECK(first_difference(site.place / "runs/tiny" / run, site.place / "local/tiny" / run) == "");
  }
}

TEST_CASE("a task that Slurm signals saves, is requeued and ends with the same bytes", "[alone]") {
  const Site site;
  if (!site.usable()) return;
  const std::vector<std::string> words{"method=late", "train.epochs=250", "model.hidden=[32, 24]"};
  check_done(site.submit(words));
  site.wait_for("1 running");
  const fs::path folder = site.place.run_folder("late", "runs");
  for (double waited = 0; !fs::exists(folder / "run.h5") && waited < kPatience; waited += 0.1)
    pause(0.1);
  for (const char* signal :
       {"scancel --batch --signal=USR1 1_0", "scancel --full --signal=USR1 1_0"}) {
    const auto steps = status_of(folder).step;
    site.slurm(signal);
    site.wait_for("1 interrupted");
    CHECK(status_of(folder).step >= steps);
    site.wait_for("1 running");
    for (double waited = 0; status_of(folder).step == steps && waited < kPatience; waited += 0.1)
      pause(0.1);
  }
  site.wait_for("1 completed");
  CHECK_THAT(site.slurm("scontrol show job 1_0"), Catch::Contains("Restarts=2"));
  CHECK(count(read_file(site.place / "runs/sweep-tiny/slurm/0001-0.log"),
              "interrupted tiny late") == 2);
  auto alone = words;
  alone.insert(alone.begin(), {"sweep", "tiny", "--runs", "alone"});
  check_done(site.laq(alone));
  CHECK(first_difference(folder, site.place.run_folder("late", "alone")) == "");
}

TEST_CASE("more runs than Slurm's arrays hold become several arrays", "[alone]") {
  const Site site(3);
  if (!site.usable()) return;
  const Outcome submitted = site.submit({"seed=range(1,5)", "train.epochs=1", "--jobs", "2"});
  check_done(submitted);
  CHECK_THAT(submitted.out, Catch::Contains("submitted job 1: 3 runs") &&
                                Catch::Contains(": 3 runs\nsubmitted job ") &&
                                Catch::Contains(": 2 runs\n"));
  site.wait_for("8 completed");
}

TEST_CASE("a task of Slurm whose run crashes is shown as failed, and the sweep goes on",
          "[alone]") {
  const Site site;
  if (!site.usable()) return;
  check_done(site.submit({"method=full", "seed=1,2", "train.epochs=200", "--jobs", "1"}));
  site.wait_for("1 running");
  fs::path first;
  for (const auto& entry : fs::directory_iterator(site.place / "runs/tiny"))
    first = entry.path() / "seed-1";
  ::kill(static_cast<pid_t>(status_of(first).pid), SIGKILL);
  site.wait_for("1 completed, 1 failed");
  CHECK_THAT(site.status(), Catch::Contains("ended by signal 9"));
}

TEST_CASE("a runs folder whose name means something to Slurm is taken as it is", "[alone]") {
  const Site site;
  if (!site.usable()) return;
  const std::string runs = "50%a \"big\" #1 o'clock";
  check_done(site.laq({"sweep", "tiny", "--executor", "slurm", "--runs", runs, "train.epochs=1"}));
  const fs::path logs = site.place / (runs + "/sweep-tiny/slurm");
  for (double waited = 0; waited < kPatience; waited += 0.3) {
    if (holds(site.laq({"status", runs}).out, "2 completed")) break;
    pause(0.3);
  }
  CHECK_THAT(site.laq({"status", runs}).out, Catch::Contains("2 completed"));
  for (const char* log : {"0001-0.log", "0001-1.log"})
    CHECK_THAT(read_file(logs / log), Catch::StartsWith("completed tiny "));
  const Outcome refused =
      site.laq({"sweep", "tiny", "--executor", "slurm", "--runs", "two\nlines", "train.epochs=1"});
  CHECK(refused.exit_code == 2);
  CHECK_THAT(refused.err, Catch::Contains("Slurm cannot write its output below this folder"));
  CHECK_FALSE(fs::exists(site.place / "two\nlines/sweep-tiny/slurm/0001.array.json"));
}

TEST_CASE("without Slurm the executor says what is missing") {
  const Workplace place;
  Call call = place.call({"sweep", "tiny", "--executor", "slurm", "--runs", "runs"});
  call.environment["PATH"] = "/nowhere";
  const Outcome outcome = run(call);
  CHECK(outcome.exit_code == 1);
  CHECK_THAT(outcome.err,
             Catch::StartsWith("laq: cannot run 'scontrol'") && Catch::Contains("PATH"));
  check_refusal(place.laq({"sweep", "tiny", "--executor", "cloud"}), 2, {"--executor", "cloud"});
  check_refusal(place.laq({"sweep", "tiny", "--executor", "slurm", "--slurm-option", "time"}), 2,
                {"--slurm-option", "'time'", "partition=long"});
}
