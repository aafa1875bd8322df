#include "integration/program.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <thread>

namespace laq::integration {
namespace fs = std::filesystem;
namespace {

#ifdef LAQ_SANITIZE
constexpr double kTimeLimit = 300;
#else
constexpr double kTimeLimit = 60;
#endif

double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

std::string content(int descriptor) {
  std::string text;
  char piece[4096];
  while (true) {
    const auto got = ::pread(descriptor, piece, sizeof piece, static_cast<off_t>(text.size()));
    if (got <= 0) return text;
    text.append(piece, static_cast<std::size_t>(got));
  }
}

// The environment that the user's own does not change.
std::vector<std::string> environment_of(const Call& call) {
  std::map<std::string, std::string> variables{{"OMP_NUM_THREADS", "1"}};
  for (const auto& [name, value] : call.environment) variables[name] = value;
  std::vector<std::string> all;
  for (char** entry = environ; *entry; ++entry) {
    const std::string text = *entry, name = text.substr(0, text.find('='));
    if (!name.starts_with("LAQ_") && !name.starts_with("OMP_") && !variables.contains(name))
      all.push_back(text);
  }
  for (const auto& [name, value] : variables) all.push_back(name + "=" + value);
  return all;
}

std::vector<char*> pointers(std::vector<std::string>& words) {
  std::vector<char*> all;
  for (auto& word : words) all.push_back(word.data());
  all.push_back(nullptr);
  return all;
}

[[noreturn]] void become(char** arguments, char** environment, const char* folder, int out,
                         int err) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (*folder && ::chdir(folder) != 0) ::_exit(126);
  const int nothing = ::open("/dev/null", O_RDONLY);
  ::dup2(nothing, STDIN_FILENO);
  ::dup2(out, STDOUT_FILENO);
  ::dup2(err, STDERR_FILENO);
  ::execve(arguments[0], arguments, environment);
  ::_exit(127);
}

}  // namespace

Program::Program(const Call& call) : out_here_(call.output_file.empty()), started_(now()) {
  std::vector<std::string> words{call.program.empty() ? LAQ_PROGRAM : call.program};
  words.insert(words.end(), call.arguments.begin(), call.arguments.end());
  command_ = call.program.empty() ? "laq" : call.program;
  for (const auto& word : call.arguments) command_ += " " + word;
  std::vector<std::string> variables = environment_of(call);
  auto arguments = pointers(words), environment = pointers(variables);
  out_ = out_here_ ? ::memfd_create("out", MFD_CLOEXEC)
                   : ::open(call.output_file.c_str(), O_WRONLY | O_CLOEXEC);
  err_ = ::memfd_create("err", MFD_CLOEXEC);
  if (out_ < 0 || err_ < 0) throw std::runtime_error("no file for the output of " + command_);
  child_ = ::fork();
  if (child_ == 0) become(arguments.data(), environment.data(), call.folder.c_str(), out_, err_);
  if (child_ < 0) throw std::runtime_error("cannot start " + command_);
}

Program::~Program() {
  if (running()) {
    ::kill(child_, SIGKILL);
    ::waitpid(child_, &wait_status_, 0);
  }
  ::close(out_);
  ::close(err_);
}

std::string Program::out() const {
  return out_here_ ? content(out_) : "";
}

std::string Program::err() const {
  return content(err_);
}

bool Program::running() {
  if (!ended_ && ::waitpid(child_, &wait_status_, WNOHANG) == child_) {
    ended_ = true;
    seconds_ = now() - started_;
  }
  return !ended_;
}

template <typename Condition>
bool Program::wait_for(const std::string& what, Condition condition) {
  const double limit = now() + kTimeLimit;
  while (true) {
    const bool more = running();  // asked first: what it wrote before it ended counts
    if (condition()) return true;
    if (!more) return false;
    if (now() > limit) {
      throw std::runtime_error(command_ + ": waited in vain for " + what + "\n" + out() + err());
    }
    pause(0.001);
  }
}

bool Program::wait_for_output(const std::string& text, int times) {
  return wait_for("'" + text + "'", [&] { return count(out(), text) >= times; });
}

bool Program::wait_for_file(const fs::path& file) {
  return wait_for(file.string(), [&] { return fs::exists(file); });
}

void Program::send(int signal_number) const {
  if (!ended_) ::kill(child_, signal_number);
}

Outcome Program::finish() {
  wait_for("its end", [] { return false; });
  Outcome outcome{-1, 0, out(), err(), seconds_, command_};
  if (WIFEXITED(wait_status_)) outcome.exit_code = WEXITSTATUS(wait_status_);
  if (WIFSIGNALED(wait_status_)) outcome.signal = WTERMSIG(wait_status_);
  return outcome;
}

Outcome run(const Call& call) {
  return Program(call).finish();
}

int count(const std::string& text, const std::string& part) {
  int found = 0;
  for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + part.size()))
    ++found;
  return found;
}

bool holds(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

std::vector<pid_t> processes_with(const std::string& text) {
  std::vector<pid_t> found;
  for (const auto& entry : fs::directory_iterator("/proc")) {
    const std::string name = entry.path().filename().string();
    if (name.find_first_not_of("0123456789") != std::string::npos) continue;
    std::ifstream in(entry.path() / "cmdline", std::ios::binary);
    std::ostringstream line;
    line << in.rdbuf();
    const auto pid = static_cast<pid_t>(std::stol(name));
    if (pid != ::getpid() && holds(line.str(), text)) found.push_back(pid);
  }
  return found;
}

void pause(double seconds) {
  std::this_thread::sleep_for(std::chrono::duration<double>(seconds));
}

}  // namespace laq::integration
